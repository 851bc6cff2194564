"""Libraries that look into PyTorch models, for tests that compare with them."""

import importlib

import pytest


def library(name):
    """Import a library that stands on torch; skip, with the reason, where it cannot be had."""
    torch = pytest.importorskip("torch")
    try:
        _declare(torch)
        return importlib.import_module(name)
    except Exception as error:
        pytest.skip(f"{name} cannot be imported ({type(error).__name__}: {error})")


def _declare(torch):
    """Declare the operators that torchvision's Python expects to be there when it is imported.

    Its wheels are built for CUDA, so that beside PyTorch's small build for processors their
    compiled part does not load; its models and transforms need nothing of that.
    """
    try:
        importlib.import_module("torchvision")
    except ModuleNotFoundError:
        return
    except RuntimeError:
        operators = torch.library.Library("torchvision", "FRAGMENT")
        operators.define("nms(Tensor dets, Tensor scores, float threshold) -> Tensor")
        operators.define("qnms(Tensor dets, Tensor scores, float threshold) -> Tensor")
        _declared.append(operators)


# An operator is there as long as what declared it.
_declared = []
