"""What excites a channel most: uphill, the same for the same seed, more than real images do."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.analysis.canvas import Canvas
from convscope.analysis.excitation import excitation
from convscope.analysis.maximisation import maximise
from convscope.errors import InputError, ModelError, SelectionError


def small(**options):
    keras.utils.set_random_seed(4)
    model = keras.Sequential(
        [
            layers.Input((16, 14, 3)),
            layers.Conv2D(6, 3, activation="relu", name="conv"),
            layers.MaxPooling2D(name="pool"),
            layers.Conv2D(4, 3, name="second"),
            layers.ReLU(name="relu"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(2, activation="softmax", name="dense"),
        ],
        name="small",
    )
    return convscope.open(model, **options)


@pytest.fixture(scope="module")
def network():
    return small()


def test_gradients_come_back_through_the_canvas():
    """Against a difference quotient, in the direction of the gradient and in a random one."""
    rng = np.random.default_rng(0)
    for colours in (1, 3):
        canvas = Canvas((6, 5), colours)
        waves = canvas.begin([[1]]) * 10
        weights = rng.normal(size=(1, colours, 6, 5)).astype("float32")
        slopes = canvas.trace_back(canvas.paint(waves), weights)
        for direction in (slopes, rng.normal(size=slopes.shape)):
            step = 0.01 * direction / np.linalg.norm(direction)
            ends = [(canvas.paint(waves + side * step) * weights).sum() for side in (1, -1)]
            assert ends[0] - ends[1] == pytest.approx(2 * (slopes * step).sum(), rel=2e-2, abs=1e-5)


def test_the_images_stay_in_range_and_begin_near_grey():
    painted = Canvas((8, 8), 3).paint(Canvas((8, 8), 3).begin([[0], [1]]))
    assert painted.shape == (2, 3, 8, 8) and abs(painted - 0.5).max() < 0.5
    assert (painted[0] != painted[1]).any()


@pytest.mark.parametrize("layer", ["conv", "pool", "second", "relu", "mean", "dense:linear"])
def test_it_climbs(network, layer):
    found = maximise(network, layer, [0, 1], steps=24)
    begun = maximise(network, layer, [0, 1], steps=0)
    assert (found.excitation > begun.excitation).all()
    assert found.course.shape == (24, 2)
    assert found.images.shape == (2, 16, 14, 3) and found.images.dtype == np.uint8


def test_the_excitation_is_that_of_the_image_itself(network):
    found = maximise(network, "conv", [3, 1], steps=4)
    maps = network.activations(list(found.images), "conv")["conv"].values
    expected = [maps[0, 3].mean(), maps[1, 1].mean()]
    np.testing.assert_allclose(found.excitation, expected, rtol=1e-5)


def test_the_seed_decides(network):
    once, again = (maximise(network, "conv", [2], steps=6, seed=5) for _ in range(2))
    np.testing.assert_array_equal(once.images, again.images)
    assert once.excitation == again.excitation
    other = maximise(network, "conv", [2], steps=6, seed=6)
    assert (other.images != once.images).any()


def test_progress_counts_steps_and_channels(network):
    called = []
    maximise(network, "conv", [0, 1, 2], steps=5, progress=lambda: called.append(1))
    assert len(called) == 15


def test_a_silent_channel_is_brought_to_life():
    network = small()
    conv = network.model.get_layer("conv")
    kernel, bias = conv.get_weights()
    # Silent on grey: it fires where there is more red than green, by a wide margin.
    kernel[..., 0], bias[0] = 0, -0.2
    kernel[1, 1, :, 0] = 1, -1, 0
    conv.set_weights([kernel, bias])
    grey = np.full((1, 16, 14, 3), 128, np.uint8)
    assert excitation(network, "conv", grey).values[0, 0] == 0
    for layer in ("conv", "pool"):
        assert maximise(network, layer, [0], steps=48).excitation[0] > 0.1


@pytest.mark.parametrize(
    "options",
    [
        {"pixel_range": (0, 255), "pixel_mean": (10, 100, 200), "pixel_order": "bgr"},
        {"pixel_range": (-1, 1), "pixel_std": (0.5, 2, 1)},
    ],
)
def test_images_are_fed_as_they_are_prepared(options):
    """The course, made of exact images, ends where the 8-bit image lies when read again."""
    network = small(**options)
    found = maximise(network, "second", [0, 1], steps=40)
    # The image moves by a pixel from step to step, and is rounded at the end.
    np.testing.assert_allclose(found.excitation, found.course[-5:].mean(axis=0), rtol=0.25)


def test_excitation_is_the_mean_of_each_map(network):
    photos = np.random.default_rng(1).integers(0, 256, (70, 16, 14, 3), np.uint8)
    found = excitation(network, "conv", list(photos))
    assert found.dims == ("image", "channel") and found.shape == (70, 6)
    expected = network.activations(list(photos), "conv")["conv"].values.mean(axis=(2, 3))
    np.testing.assert_allclose(found.values, expected, rtol=1e-5)


def test_without_gradients(network, monkeypatch):
    monkeypatch.setattr(type(network), "differentiable", property(lambda self: False))
    with pytest.raises(ModelError, match="no gradients.*kernels"):
        maximise(network, "conv", [0])


def test_what_is_not_there(network):
    with pytest.raises(SelectionError, match="no channel 6: its channels are 0 to 5"):
        maximise(network, "conv", [6])
    with pytest.raises(SelectionError, match="no channel was chosen"):
        maximise(network, "conv", [])
    signal = convscope.open(keras.Sequential([layers.Input((9, 2)), layers.Conv1D(2, 3)]))
    with pytest.raises(InputError, match="takes no images"):
        maximise(signal, 0, [0])


def test_more_than_the_strongest_of_2000_real_images(shared):
    """Ten named channels of the network that comes with the package, on MNIST's own images."""
    from convscope.training.recipes import embedded

    network = convscope.open(embedded())
    images = [f"{shared / 'data' / 'mnist' / 'train'}:{place}" for place in range(2000)]
    for layer, channels in {"conv2": (0, 2, 4, 6, 8), "conv3": (1, 3, 5, 7, 9)}.items():
        strongest = excitation(network, layer, images).values.max(axis=0)
        made = maximise(network, layer, channels)
        assert (made.excitation > strongest[list(channels)]).all(), layer
