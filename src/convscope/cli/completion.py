"""What the Tab key offers: names that are known without opening anything."""

from __future__ import annotations

__all__ = ["DATASETS", "RECIPES", "dataset_names", "recipe_names"]

# The rooms that own these names import numpy, for which nobody waits at a Tab; a test compares.
DATASETS = ("mnist", "fashion_mnist", "cifar10", "cifar100", "digits")
RECIPES = ("digits", "mnist", "fashion-mnist", "cats-vs-dogs", "embedded")


def dataset_names(incomplete: str) -> list[str]:
    """Give the datasets whose names begin so; for paths the shell completes by itself."""
    return [name for name in DATASETS if name.startswith(incomplete)]


def recipe_names(incomplete: str) -> list[str]:
    """Give the recipes whose names begin so."""
    return [name for name in RECIPES if name.startswith(incomplete)]
