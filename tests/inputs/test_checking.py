"""What is said of arrays that are given as prepared."""

import numpy as np
import pytest

from convscope.inputs import Preparation, check
from convscope.inputs.preparation import application_preparation

PIXELS = np.random.default_rng(2).integers(0, 256, (2, 30, 30, 3)).astype(np.float32)
PLAIN = Preparation((30, 30), 3)
SIGNED = Preparation((30, 30), 3, -1, 1)
BYTES = Preparation((30, 30), 3, 0, 255)
TORCH = application_preparation("DenseNet121", (30, 30))
CAFFE = application_preparation("VGG16", (30, 30))


@pytest.mark.parametrize(
    ("array", "preparation"),
    [
        (PIXELS / 255, PLAIN),
        (PIXELS / 255 * 1.009, PLAIN),
        (PIXELS / 127.5 - 1, SIGNED),
        (PIXELS, BYTES),
        ((PIXELS / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225], TORCH),
        (PIXELS[..., ::-1] - [103.939, 116.779, 123.68], CAFFE),
        (np.zeros((1, 30, 30, 3)), BYTES),
        (np.zeros((1, 30, 30, 3)), SIGNED),
    ],
)
def test_what_is_prepared_well_passes(array, preparation):
    assert check(array, preparation) == []


@pytest.mark.parametrize(
    ("array", "preparation", "remedy"),
    [
        (PIXELS, PLAIN, "divide by 255, or give the image as uint8"),
        (PIXELS, SIGNED, "bring 0..255 to -1..1, or give the image as uint8"),
        (PIXELS, TORCH, "bring 0..255 to -2.1"),
        (PIXELS / 255, BYTES, "multiply by 255, or give the image as uint8"),
        (PIXELS / 127.5 - 1, PLAIN, "bring it to 0..1"),
        (PIXELS / 255, SIGNED, "bring 0..1 to -1..1"),
        (PIXELS / 255, TORCH, "bring 0..1 to -2.1"),
        (PIXELS / 255, CAFFE, "bring it to -123.68..151.061"),
        (PIXELS / 127.5 - 1, BYTES, "bring it to 0..255"),
        (PIXELS, CAFFE, "bring it to -123.68..151.061"),
        (PIXELS * 257, PLAIN, "bring it to 0..1"),
        (PIXELS / 255 * 1.02, PLAIN, "bring it to 0..1"),
    ],
)
def test_a_wrong_range_names_the_remedy(array, preparation, remedy):
    (problem,) = check(array, preparation)
    assert remedy in problem
    assert "the network expects" in problem
    assert preparation.describe() in problem
    assert "\n" not in problem


def test_values_that_are_not_finite():
    array = (PIXELS / 255).copy()
    array[0, 0, 0] = [np.nan, np.inf, -np.inf]
    (problem,) = check(array, PLAIN)
    assert "3 values of 5400 that are not finite" in problem
    assert "nan_to_num" in problem
    assert len(check(array * 255, PLAIN)) == 2
    assert len(check(np.full((1, 2, 2, 3), np.nan), PLAIN)) == 1


def test_an_empty_array():
    (problem,) = check(np.zeros((0, 30, 30, 3)), PLAIN)
    assert "give at least one image" in problem
