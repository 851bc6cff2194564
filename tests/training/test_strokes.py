"""Digits drawn in code look as MNIST frames them."""

import numpy as np
import pytest

from convscope.errors import SelectionError
from convscope.training.strokes import digit, digits


def test_all_ten():
    drawn = digits()
    assert [label for label, _ in drawn] == list(range(10))
    for label, image in drawn:
        assert image.shape == (28, 28)
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image, digit(label))
    assert len({image.tobytes() for _, image in drawn}) == 10


@pytest.mark.parametrize("label", range(10))
def test_framed_as_mnist(label):
    image = digit(label).astype(float)
    assert image.max() == 255
    places = np.argwhere(image > 0)
    extent = np.ptp(places, axis=0) + 1
    # Not on the grid, a box of 20 pixels touches 21, and a pen of odd width one more.
    assert 20 <= extent.max() <= 22
    at = np.arange(28) + 0.5
    mass = np.array([image.sum(axis=1) @ at, image.sum(axis=0) @ at]) / image.sum()
    np.testing.assert_allclose(mass, 14, atol=0.2)
    # The strokes are antialiased: some pixels are neither black nor white.
    assert 0.2 < ((image > 0) & (image < 255)).sum() / (image > 0).sum() < 0.9


def test_ink_is_as_in_mnist(shared):
    from convscope.inputs.datasets import open_dataset

    dataset = open_dataset(shared / "data" / "mnist", "test")
    ink = dataset.images.mean(axis=(1, 2))
    for label, image in digits():
        low, high = np.percentile(ink[dataset.labels == label], [1, 99])
        assert low < image.mean() < high, label


@pytest.mark.parametrize("label", [-1, 10])
def test_no_such_digit(label):
    with pytest.raises(SelectionError, match=f"no digit {label}: give 0 to 9"):
        digit(label)
