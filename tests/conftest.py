"""Where the tests find real data, and what they say when it is not there."""

import os

# Before anything imports Keras: the tests run on jax unless the caller chose another backend.
os.environ.setdefault("KERAS_BACKEND", "jax")

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of real data, models and pictures; skip where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip("no folder of real data (../shared) beside the checkout")
    return SHARED
