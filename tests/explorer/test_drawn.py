"""What is shown when no image was given fits the network, and a session takes it."""

import keras
import numpy as np
import pytest

import convscope
from convscope.explorer.drawn import drawn_images
from convscope.explorer.landscape import landscape
from convscope.explorer.session import Session
from convscope.training.strokes import digits


def network_of(*shape):
    entry = keras.Input(shape)
    layer = {2: keras.layers.Conv1D, 3: keras.layers.Conv2D, 4: keras.layers.Conv3D}[len(shape)]
    return convscope.open(keras.Model(entry, layer(2, 3)(entry)))


@pytest.mark.parametrize(("shape", "count"), [((28, 28, 1), 10), ((64, 64, 1), 10)])
def test_small_grey_networks_get_the_digits(shape, count):
    images = drawn_images(network_of(*shape))
    assert [image.label for image in images] == list(range(count))
    for image, (_, pixels) in zip(images, digits(), strict=True):
        np.testing.assert_array_equal(image.pixels[..., 0], pixels)


@pytest.mark.parametrize("shape", [(28, 28, 3), (65, 65, 1), (None, None, 1), (224, 224, 3)])
def test_others_get_a_landscape(shape):
    (image,) = drawn_images(network_of(*shape))
    assert image.name == "landscape" and image.label is None
    np.testing.assert_array_equal(image.pixels, landscape())


@pytest.mark.parametrize(
    "shape", [(28, 28, 1), (32, 32, 3), (None, None, 3), (100, 2), (8, 8, 8, 1), (20, 20, 5)]
)
def test_a_session_runs_on_what_is_drawn(shape):
    network = network_of(*shape)
    session = Session(network, drawn_images(network))
    reply, _ = session.answer({"id": 1, "type": "run", "image": 0}, [])
    assert reply["type"] == "run", reply


def test_the_landscape_is_one_and_mirrors_itself_in_its_lake():
    picture = landscape(224)
    assert picture.shape == (224, 224, 3) and picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, landscape(224))
    shore = round(0.62 * 224)
    land = picture[shore - 60 : shore].astype(float).mean(axis=2)
    lake = picture[shore : shore + 60][::-1].astype(float).mean(axis=2)
    assert np.corrcoef(land.ravel(), lake.ravel())[0, 1] > 0.8
    assert lake.mean() < land.mean()
    sky = picture[:10].reshape(-1, 3).mean(axis=0)
    assert sky[2] > sky[1] > sky[0]
    # Edges of every direction: no eighth of the compass is without.
    down, right = np.gradient(picture.astype(float).mean(axis=2))
    steep = np.hypot(down, right) > 10
    turn = np.arctan2(down, right)[steep]
    counts, _ = np.histogram(turn, 8, (-np.pi, np.pi))
    assert counts.min() > 100
