"""Receptive fields: published sizes, and boxes outside of which nothing matters."""

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers

import convscope
from convscope.networks.geometry import Field, Geometry

from .models import KERAS

# Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill
# (2019), table 1 and its accompanying figures.
PUBLISHED = [
    ("VGG16", "block5_pool", 212),
    ("ResNet50", "conv5_block3_out", 483),
    ("MobileNetV2", "Conv_1", 491),
]


@pytest.mark.parametrize(("name", "layer", "size"), PUBLISHED)
def test_published_sizes(name, layer, size, monkeypatch):
    # The weights do not matter, and drawing 15 million of them takes its time.
    monkeypatch.setattr(
        keras.initializers.VarianceScaling,
        "__call__",
        lambda self, shape, dtype=None, **_: np.zeros(shape, dtype or "float32"),
    )
    model = getattr(keras.applications, name)(
        weights=None, include_top=False, input_shape=(224, 224, 3)
    )
    assert convscope.open(model).layers[layer].receptive_field == (size, size)


def test_dense_and_global_pooling_see_everything():
    model = keras.Sequential(
        [
            layers.Input((9, 7, 1)),
            layers.Conv2D(2, 3, name="conv"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(2, name="dense"),
        ]
    )
    records = convscope.open(model).layers
    assert records["conv"].receptive_field == (3, 3) and not records["conv"].sees_everything
    for name in ("mean", "dense"):
        assert records[name].receptive_field == (9, 7) and records[name].sees_everything


def test_a_merge_sees_what_its_widest_branch_sees():
    inputs = keras.Input((9, 9, 2))
    wide = layers.Conv2D(2, 5, padding="same", name="wide")(inputs)
    narrow = layers.Conv2D(2, 1, name="narrow")(inputs)
    model = keras.Model(inputs, layers.Add(name="sum")([wide, narrow]))
    assert convscope.open(model).layers["sum"].receptive_field == (5, 5)


def test_branches_of_unlike_steps_have_no_common_field():
    assert Field.union([Field(jump=1), Field(jump=2)]) is None
    assert Field.union([]) is None


def test_three_by_three_with_stride_two_by_hand():
    field = Field()
    for stride in (2, 2, 1):
        field = field.through(Geometry((3,), (stride,), (1,), ((0, 0),)), 0)
    # 1 -> 3 -> 3 + 2 x 2 = 7 -> 7 + 2 x 4 = 15
    assert field.size == 15 and field.jump == 4


WINDOWS = st.tuples(st.integers(1, 3), st.integers(1, 2), st.sampled_from(["valid", "same"]))


def layer_of(kind, window):
    kernel, stride, padding = window
    if kind == "conv":
        return layers.Conv1D(1, kernel, stride, padding, kernel_initializer="ones")
    if kind == "dilated":
        return layers.Conv1D(1, kernel, 1, padding, dilation_rate=stride, kernel_initializer="ones")
    if kind == "transposed":
        return layers.Conv1DTranspose(1, kernel, stride, padding, kernel_initializer="ones")
    if kind == "padded":
        # Keras refuses 0 before 3.11.
        extra = stride - 1 if stride > 1 or KERAS >= (3, 11) else None
        return layers.Conv1DTranspose(
            1, kernel, 2, padding, output_padding=extra, kernel_initializer="ones"
        )
    if kind == "pool":
        return layers.AveragePooling1D(kernel, stride, padding)
    if kind == "up":
        return layers.UpSampling1D(stride)
    return layers.ZeroPadding1D(kernel)


STACKS = st.lists(
    st.tuples(
        st.sampled_from(["conv", "dilated", "transposed", "padded", "pool", "up", "padding"]),
        WINDOWS,
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(STACKS)
def test_nothing_outside_the_box_changes_a_unit_and_its_ends_do(stack):
    size = 13
    model = keras.Sequential([layers.Input((size, 1)), *(layer_of(*entry) for entry in stack)])
    field = Field()
    for record in convscope.open(model).layers.values():
        field = field.through(record.geometry, 0)
    # All weights are positive, so that a unit that sees an input changes with it. One image a
    # changed input:
    changed = np.concatenate([np.zeros((1, size)), np.eye(size)]).astype("float32")[..., None]
    values = convscope.open(model).activations(changed, -1)
    values = values[next(iter(values))].values[:, 0]
    seen = values[1:] != values[0]
    for unit in range(values.shape[1]):
        low, high = field.jump * unit + field.low, field.jump * unit + field.high
        outside = [place for place in range(size) if not low <= place <= high]
        assert not seen[outside, unit].any(), (unit, low, high, seen[:, unit])
    middle = seen[:, values.shape[1] // 2].nonzero()[0]
    if len(middle):
        assert middle[-1] - middle[0] + 1 <= field.size
