"""What may be given to a network, and what is said of what may not."""

import warnings

import keras
import numpy as np
import PIL.Image
import pytest
from keras import layers

import convscope
from convscope.errors import ConvscopeWarning, InputError

from .expected import TOLERANCE, numbers
from .models import classifier, photos


@pytest.fixture(scope="module")
def network():
    return convscope.open(classifier())


def test_integer_arrays_are_images_and_are_prepared(network):
    picture = np.random.default_rng(0).integers(0, 256, (12, 12), np.uint8)
    expected = numbers(network.model(picture[None, ..., None] / np.float32(255)))
    for given in (picture, picture[..., None], picture[None], PIL.Image.fromarray(picture)):
        np.testing.assert_allclose(network.predict(given).values, expected, **TOLERANCE)


def test_floats_with_an_image_axis_are_taken_as_prepared(network):
    x = photos(2, 12, 12, 1)
    np.testing.assert_allclose(network.predict(x).values, numbers(network.model(x)), **TOLERANCE)


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_other_floats_are_cast(network, dtype):
    x = photos(1, 12, 12, 1).astype(dtype)
    wanted = numbers(network.model(x.astype("float32")))
    np.testing.assert_allclose(network.predict(x).values, wanted, **TOLERANCE)


def test_names_and_labels_are_coordinates(network):
    activations = network.activations(photos(2, 12, 12, 1), "dense")
    assert list(activations["dense"]["image"].values) == ["image 0", "image 1"]
    assert activations.labels == (None, None)


def test_a_dict_of_a_wrong_shape_names_both_shapes(network):
    name = network.inputs[0].name
    with pytest.raises(InputError, match=r"\(2, 9, 12, 1\).*\(images, 12, 12, 1\)"):
        network.activations({name: photos(2, 9, 12, 1)})


def test_a_dict_of_words_is_refused(network):
    name = network.inputs[0].name
    with pytest.raises(InputError, match=r"give a floating-point array for"):
        network.activations({name: np.full((1, 12, 12, 1), "x")})


def test_an_empty_dict_is_refused(network):
    with pytest.raises(InputError, match="given for nothing"):
        network.activations({})


@pytest.mark.parametrize("shape", [(2, 12, 12, 5), (2, 12, 12, 1, 1), (7,)])
def test_a_float_array_of_a_wrong_shape_is_one_line(network, shape):
    with pytest.raises(InputError) as caught:
        network.activations(photos(*shape))
    assert "\n" not in str(caught.value) and str(caught.value)


def test_nan_is_refused_with_their_number(network):
    x = photos(2, 12, 12, 1)
    x[0, 3, 3, 0] = np.nan
    x[1, 0, 0, 0] = np.inf
    with pytest.raises(InputError, match=r"holds 2 values of 288 that are not finite.*nan_to_num"):
        network.activations(x)


def test_bytes_as_floats_warn_with_the_remedy(network):
    with pytest.warns(ConvscopeWarning, match="divide by 255"):
        network.activations(photos(1, 12, 12, 1) * 255)


@pytest.mark.parametrize("ask", ["batches", "activations", "predict"])
def test_the_warning_points_at_the_line_that_asked(network, ask):
    with pytest.warns(ConvscopeWarning) as caught:
        getattr(network, ask)(photos(1, 12, 12, 1) * 255)
    assert caught[0].filename == __file__


def test_what_is_right_does_not_warn(network):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvscopeWarning)
        network.activations(photos(1, 12, 12, 1))


def test_no_image_is_refused(network):
    with pytest.raises(InputError):
        network.activations([])
    with pytest.raises(InputError, match="at least one"):
        network.activations(np.zeros((0, 12, 12, 1), "float32"))


def test_a_network_that_takes_no_images_says_what_it_takes():
    model = keras.Sequential([layers.Input((4,), name="features"), layers.Dense(2)], name="table")
    with pytest.raises(InputError, match=r"table takes no images: give .*\(images, 4\)"):
        convscope.open(model).activations("photo.png")


def test_colour_and_grey_are_brought_to_what_the_network_takes(network):
    colour = np.zeros((20, 16, 3), np.uint8)
    colour[..., 1] = 200
    assert network.activations(colour, "conv2d")["conv2d"].shape == (1, 4, 10, 10)
