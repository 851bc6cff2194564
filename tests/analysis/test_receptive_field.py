"""The box of one unit: nothing outside changes it, its edges do; and the effective field."""

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers

import convscope
from convscope.analysis.reach import reach
from convscope.errors import InputError, SelectionError

from .graphs import SIZE, graph, steps

SHARES = st.tuples(st.floats(0, 1), st.floats(0, 1))


def unit_at(layer, shares):
    """Choose a unit by where in the map it lies, 0..1 along each axis."""
    return tuple(round(share * (size - 1)) for share, size in zip(shares, layer.space, strict=True))


def inside(box, space=SIZE):
    where = np.zeros(space, bool)
    where[tuple(slice(*ends) for ends in box)] = True
    return where


# Where a unit lies on an input, torch rounds its position, so that a bilinear weight of zero is
# 1.5e-8 there.
ROUNDING = 1e-5 if keras.backend.backend() == "torch" else 0.0


def last_map(network, images):
    """Give what each image makes of the last layer."""
    return next(iter(network.activations(images.astype("float32"), -1).values())).values


def last_values(network, images, unit):
    """Give what each image makes of a unit of the last layer, all channels."""
    return last_map(network, images)[(slice(None), slice(None), *unit)]


def found_in(model, shares):
    network = convscope.open(model)
    layer = list(network.layers.values())[-1]
    unit = unit_at(layer, shares)
    return network, unit, convscope.receptive_field(network, layer.name, unit)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps(linear=False), SHARES)
def test_nothing_outside_the_box_changes_the_unit(drawn, shares):
    network, unit, field = found_in(graph(drawn, positive=False), shares)
    rng = np.random.default_rng(1)
    base = rng.normal(size=(*SIZE, 2))
    images = np.stack([base, *rng.normal(size=(4, *SIZE, 2)) * 9])
    images[:, inside(field.box)] = base[inside(field.box)]
    maps = last_map(network, images)
    values = maps[(slice(None), slice(None), *unit)]
    assert (np.abs(values - values[0]) <= ROUNDING * np.abs(maps).max()).all(), field
    effective = np.abs(field.effective.values)
    assert (effective[~inside(field.box)] <= ROUNDING * effective.max()).all(), field


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps(linear=True), SHARES)
def test_every_edge_of_the_box_changes_the_unit(drawn, shares):
    network, unit, field = found_in(graph(drawn, positive=True), shares)
    if field.box == ((0, 0), (0, 0)):
        images = np.stack([np.zeros((*SIZE, 2)), np.ones((*SIZE, 2))])
        values = last_values(network, images, unit)
        assert (values[0] == values[1]).all()
        return
    images = np.zeros((5, *SIZE, 2))
    (top, bottom), (left, right) = field.box
    images[1, top], images[2, bottom - 1] = 9, 9
    images[3, :, left], images[4, :, right - 1] = 9, 9
    values = last_values(network, images, unit)
    assert (values[1:] != values[0]).any(axis=1).all(), field


@settings(max_examples=30, deadline=None)
@given(steps(linear=True), SHARES)
def test_the_box_is_the_unclipped_one_cut_off_or_smaller(drawn, shares):
    _, _, field = found_in(graph(drawn, positive=True), shares)
    if field.box != ((0, 0), (0, 0)):
        for (start, stop), (low, high), size in zip(field.box, field.unclipped, SIZE, strict=True):
            assert max(low, 0) <= start < stop <= min(high, size)


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos3", "lanczos5"])
def test_weights_of_an_interpolation_that_are_rounding_alone_lie_in_the_box(interpolation, factor):
    if keras.backend.backend() == "torch" and interpolation.startswith("lanczos"):
        pytest.skip("Keras has no Lanczos on torch")
    upsampling = layers.UpSampling2D(factor, interpolation=interpolation, name="up")
    network = convscope.open(keras.Sequential([layers.Input((14, 14, 1)), upsampling]))
    for at in range(6 * factor, 7 * factor):
        field = convscope.receptive_field(network, "up", (at, at))
        assert not field.effective.values[~inside(field.box, (14, 14))].any(), field


# Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill
# (2019), its table of sizes.
PUBLISHED = [
    ("VGG16", "block5_pool", 224, 212),
    ("ResNet50", "conv5_block3_out", 224, 483),
    ("MobileNetV2", "Conv_1", 224, 491),
    ("InceptionV3", "mixed10", 299, 1311),
]


@pytest.fixture
def weightless(monkeypatch):
    """Let initial weights be zeros: drawing 15 million of them takes its time."""
    monkeypatch.setattr(
        keras.initializers.VarianceScaling,
        "__call__",
        lambda self, shape, dtype=None, **_: np.zeros(shape, dtype or "float32"),
    )


@pytest.mark.parametrize(("name", "layer", "side", "size"), PUBLISHED)
def test_published_sizes_of_a_central_unit(name, layer, side, size, weightless):
    model = getattr(keras.applications, name)(
        weights=None, include_top=False, input_shape=(side, side, 3)
    )
    network = convscope.open(model)
    unit = tuple(extent // 2 for extent in network.layers[layer].space)
    sizes = {one.name: one.space for one in network.layers.values()}
    entry = network.inputs[0].name
    sizes[entry] = (side, side)
    found = reach(network, network.layers[layer], unit, sizes, entry, clip=False)
    assert [int(along[-1] - along[0]) + 1 for along in found.positions] == [size, size]


def inception_by_hand():
    """Follow the widest path through InceptionV3 as its paper draws it.

    Each step is a window's size and stride. The stem: 3/2, 3, 3, pool 3/2, 1, 3, pool 3/2. Three
    blocks at 35 x 35, widest 3 x 3 twice or 5 x 5. A reduction, widest 3 and then 3/2. Four
    blocks at 17 x 17, widest 7 x 1 and 1 x 7 twice along each axis. A reduction, widest 7 and then
    3/2. Two blocks at 8 x 8, widest 3 x 3 and then 1 x 3 beside 3 x 1.
    """
    stem = [(3, 2), (3, 1), (3, 1), (3, 2), (1, 1), (3, 1), (3, 2)]
    a = [(3, 1), (3, 1)]
    c = [(7, 1), (7, 1)]
    return [*stem, *a * 3, (3, 1), (3, 2), *c * 4, (7, 1), (3, 2), *[(3, 1), (3, 1)] * 2]


def test_inception_v3_by_hand():
    size, jump = 1, 1
    for window, stride in inception_by_hand():
        size += (window - 1) * jump
        jump *= stride
    assert (size, jump) == (1311, 32)


def two_convolutions():
    return keras.Sequential(
        [
            layers.Input((9, 9, 1)),
            layers.Conv2D(2, 3, padding="same", activation="relu", name="first"),
            layers.Conv2D(2, 3, strides=2, name="second"),
            layers.Flatten(name="flatten"),
            layers.Dense(3, name="dense"),
            layers.Softmax(name="softmax"),
        ]
    )


def test_boxes_by_hand():
    network = convscope.open(two_convolutions())
    corner = convscope.receptive_field(network, "first", (0, 8))
    assert corner.box == ((0, 2), (7, 9)) and corner.unclipped == ((-1, 2), (7, 10))
    assert corner.size == (3, 3) and not corner.whole
    # Unit 1 of the second looks at 2..4 of the first, and these at 1..5.
    middle = convscope.receptive_field(network, "second", (1, 0))
    assert middle.box == ((1, 6), (0, 4)) and middle.unclipped == ((1, 6), (-1, 4))
    linear = convscope.receptive_field(network, "first:linear", (4, 4))
    assert linear.box == ((3, 6), (3, 6))
    assert "1..5 x 0..3" in str(middle)


def test_after_a_dense_layer_it_is_the_whole_input():
    network = convscope.open(two_convolutions())
    field = convscope.receptive_field(network, "softmax", ())
    assert field.whole and field.box == ((0, 9), (0, 9)) and field.size == (9, 9)
    assert field.because == "flatten" and "whole input" in str(field)


def test_what_brings_positions_together():
    inputs = keras.Input((6, 6, 6))
    model = keras.Model(
        inputs,
        [
            layers.LayerNormalization(axis=(1, 2), name="normed")(inputs),
            layers.Softmax(axis=(1, 2), name="shares")(inputs),
            layers.Permute((2, 1, 3), name="turned")(inputs),
            layers.Reshape((4, 9, 6), name="reshaped")(inputs),
            layers.LayerNormalization(name="own")(inputs),
            keras.ops.pad(inputs, ((0, 0), (1, 0), (0, 2), (0, 0))),
            keras.ops.matmul(inputs, inputs),
        ],
    )
    network = convscope.open(model)
    # Keras numbers the operations.
    product, pad = sorted(name for name in network.layers if name[:3] in {"mat", "pad"})
    for name in ("normed", "shares", "turned", "reshaped", product):
        assert convscope.receptive_field(network, name, (1, 1)).whole, name
    assert convscope.receptive_field(network, "own", (1, 2)).box == ((1, 2), (2, 3))
    assert convscope.receptive_field(network, pad, (1, 2)).box == ((0, 1), (2, 3))
    assert convscope.receptive_field(network, pad, (0, 2)).box == ((0, 0), (0, 0))


def test_a_value_spread_over_a_map_is_seen_by_every_unit():
    inputs = keras.Input((6, 6, 4))
    corner = layers.Cropping2D(((0, 5), (0, 5)))(inputs)
    near = layers.Conv2D(4, 3, name="near")(inputs)
    model = keras.Model(inputs, layers.Add(name="sum")([near, corner]))
    field = convscope.receptive_field(convscope.open(model), "sum", (2, 3))
    assert field.box == ((0, 5), (0, 6)) and not field.whole


def test_hand_written_code_hides_the_box_and_not_the_effective_field():
    class Doubled(keras.layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.inner = layers.Conv2D(1, 3, padding="same", name="inner")

        def call(self, x):
            return 2 * self.inner(keras.ops.flip(x, axis=1))

    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, layers.Conv2D(1, 1, name="after")(Doubled(name="block")(inputs)))
    field = convscope.receptive_field(convscope.open(model), "after", (1, 4))
    assert field.box is None and field.size is None and not field.whole
    assert field.because == "block" and "unknown" in field.words
    seen = np.argwhere(field.effective.values)
    assert seen.min(axis=0).tolist() == [5, 3] and seen.max(axis=0).tolist() == [7, 5]


def test_the_effective_field_is_the_absolute_gradient():
    model = keras.Sequential(
        [layers.Input((7, 7, 3)), layers.Conv2D(4, 3, name="conv")], name="plain"
    )
    kernel = model.get_layer("conv").get_weights()[0]
    network = convscope.open(model)
    field = convscope.receptive_field(network, "conv", (2, 1), channel=3)
    expected = np.zeros((7, 7))
    expected[2:5, 1:4] = np.abs(kernel[..., 3]).sum(axis=2)
    np.testing.assert_allclose(field.effective.values, expected, rtol=1e-5)
    assert field.effective.dims == ("y", "x") and field.channels == (3,)
    every = convscope.receptive_field(network, "conv", (2, 1)).effective.values
    np.testing.assert_allclose(every[2:5, 1:4], np.abs(kernel).sum(axis=2).mean(axis=2), rtol=1e-5)


def test_it_is_the_mean_over_images():
    network = convscope.open(two_convolutions())
    photos = np.random.default_rng(0).uniform(0, 1, (2, 9, 9, 1)).astype("float32")
    apart = [
        convscope.receptive_field(network, "dense", (), photos[[place]]).effective.values
        for place in (0, 1)
    ]
    both = convscope.receptive_field(network, "dense", (), photos).effective.values
    np.testing.assert_allclose(both, np.mean(apart, axis=0), rtol=1e-4, atol=1e-6)


def test_a_network_of_any_size_needs_an_image():
    inputs = keras.Input((None, None, 1))
    x = layers.Conv2D(1, 3, strides=2, padding="same", name="conv")(inputs)
    network = convscope.open(keras.Model(inputs, x, name="free"))
    with pytest.raises(InputError, match="give images of one size"):
        convscope.receptive_field(network, "conv", (0, 0))
    # 'same' puts one unit before an odd size, and none before an even one.
    odd, even = (
        convscope.receptive_field(network, "conv", (1, 1), np.ones((1, size, size, 1), "float32"))
        for size in (9, 10)
    )
    assert odd.box == ((1, 4), (1, 4)) and even.box == ((2, 5), (2, 5))


def test_several_inputs_and_signals():
    left, right = keras.Input((10, 1), name="left"), keras.Input((10, 1), name="right")
    model = keras.Model(
        [left, right],
        layers.Add(name="sum")(
            [
                layers.Conv1D(1, 3, padding="causal", name="one")(left),
                layers.Conv1D(1, 5, padding="same", name="other")(right),
            ]
        ),
    )
    network = convscope.open(model)
    assert convscope.receptive_field(network, "sum", 4).box == ((2, 5),)
    assert convscope.receptive_field(network, "sum", (4,), input="right").box == ((2, 7),)
    assert convscope.receptive_field(network, "one", 4, input="right").box == ((0, 0),)
    with pytest.raises(SelectionError, match="no input 'rigth': did you mean 'right'"):
        convscope.receptive_field(network, "sum", 4, input="rigth")


@pytest.mark.parametrize(
    ("layer", "unit", "channel", "words"),
    [
        ("first", (9, 0), None, "y from 0 to 8, x from 0 to 8"),
        ("first", (0, -1), None, "y from 0 to 8, x from 0 to 8"),
        ("first", 3, None, "y from 0 to 8, x from 0 to 8"),
        ("dense", (0, 0), None, "no space: give only a channel"),
        ("first", (0, 0), 2, "channels are 0 to 1"),
        ("0:2", (0, 0), None, "name one"),
        ("frist", (0, 0), None, "first"),
    ],
)
def test_what_is_not_there(layer, unit, channel, words):
    network = convscope.open(two_convolutions())
    with pytest.raises(SelectionError, match=words):
        convscope.receptive_field(network, layer, unit, channel=channel)


def test_without_gradients_there_is_a_box_alone(monkeypatch):
    network = convscope.open(two_convolutions())
    monkeypatch.setattr(type(network), "differentiable", property(lambda self: False))
    field = convscope.receptive_field(network, "second", (0, 0))
    assert field.effective is None and field.box == ((0, 4), (0, 4))
