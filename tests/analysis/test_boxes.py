"""What all units see, against what they answer to."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.analysis.boxes import boxes, seeing_all
from convscope.analysis.receptive_field import box_of

HEIGHT, WIDTH = 13, 11


def strided(x):
    x = layers.Conv2D(2, 3, strides=2, padding="same", name="a")(x)
    return layers.MaxPooling2D(2, name="b")(x)


def dilated(x):
    x = layers.Conv2D(2, 3, dilation_rate=2, name="a")(x)
    return layers.Conv2D(2, (1, 3), name="b")(x)


def branches(x):
    wide = layers.Conv2D(2, 5, padding="same", name="wide")(x)
    narrow = layers.Conv2D(2, 1, name="narrow")(x)
    return layers.Concatenate(name="both")([layers.Add(name="sum")([wide, narrow]), narrow])


def transposed(x):
    x = layers.Conv2D(2, 3, strides=2, name="a")(x)
    return layers.Conv2DTranspose(2, 2, strides=3, name="b")(x)


def padded(x):
    x = layers.ZeroPadding2D(((4, 0), (1, 1)), name="pad")(x)
    return layers.Conv2D(2, 3, name="a")(x)


def cut(x):
    x = layers.Cropping2D(((1, 2), (0, 3)), name="crop")(x)
    return layers.UpSampling2D(2, name="up")(x)


def made(build):
    """Make a network without biases whose weights are positive, so that nothing cancels."""
    inputs = keras.Input((HEIGHT, WIDTH, 1))
    model = keras.Model(inputs, build(inputs))
    for variable in model.variables:
        values = np.ones(variable.shape) if "kernel" in variable.path else np.zeros(variable.shape)
        variable.assign(values)
    return model


def answering(model, layer, axis):
    """Give what each position along an axis answers to, by lighting the input line by line."""
    part = keras.Model(model.inputs[0], model.get_layer(layer).output)
    starts, stops = {}, {}
    for at in range((HEIGHT, WIDTH)[axis]):
        lit = np.zeros((1, HEIGHT, WIDTH, 1), np.float32)
        lit[(0, at) if axis == 0 else (0, slice(None), at)] = 1
        lines = np.asarray(part(lit))[0].max(axis=(1 - axis, 2))
        for place in np.flatnonzero(lines > 0):
            starts.setdefault(place, at)
            stops[place] = at + 1
        count = len(lines)
    return [starts.get(at, 0) for at in range(count)], [stops.get(at, 0) for at in range(count)]


@pytest.mark.parametrize("build", [strided, dilated, branches, transposed, padded, cut])
def test_boxes_hold_what_the_units_answer_to(build):
    model = made(build)
    network = convscope.open(model)
    sizes = {layer.name: layer.space for layer in network.layers.values()}
    entry = network.inputs[0].name
    found = boxes(network, sizes | {entry: (HEIGHT, WIDTH)}, entry)
    assert set(found) == set(network.layers)
    for name, axes in found.items():
        for axis, (starts, stops) in enumerate(axes):
            expected = answering(model, name, axis)
            assert (starts.tolist(), stops.tolist()) == expected, (name, axis)


def test_what_does_not_compose_is_left_to_the_walk_unit_by_unit():
    inputs = keras.Input((6, 5, 1))
    upper = layers.Conv2D(2, 3, padding="same", name="upper")(inputs)
    lower = layers.Conv2D(2, 1, name="lower")(inputs)
    stacked = layers.Concatenate(axis=1, name="stacked")([upper, lower])
    behind = layers.Conv2D(1, 1, name="behind")(stacked)
    outputs = layers.Dense(2, name="dense")(layers.GlobalAveragePooling2D(name="mean")(behind))
    network = convscope.open(keras.Model(inputs, outputs))
    sizes = {layer.name: layer.space for layer in network.layers.values()}
    entry = network.inputs[0].name
    assert set(boxes(network, sizes | {entry: (6, 5)}, entry)) == {"upper", "lower"}


def test_a_branch_that_sees_padding_alone_is_left_to_the_walk():
    inputs = keras.Input((4, 4, 1))
    below = layers.ZeroPadding2D(((2, 0), (0, 0)), name="below")(inputs)
    above = layers.ZeroPadding2D(((0, 2), (0, 0)), name="above")(inputs)
    network = convscope.open(keras.Model(inputs, layers.Add(name="sum")([below, above])))
    entry = network.inputs[0].name
    sizes = {layer.name: layer.space for layer in network.layers.values()} | {entry: (4, 4)}
    found = boxes(network, sizes, entry)
    assert set(found) == {"below", "above"}
    for name in found:
        for y in range(6):
            expected = box_of(network, network.layers[name], (y, 1), sizes, entry)[0]
            assert tuple(int(end[y]) for end in found[name][0]) == expected[0]


def test_behind_an_excitation_every_unit_needs_the_whole_input():
    inputs = keras.Input((6, 5, 1))
    first = layers.Conv2D(2, 3, name="first")(inputs)
    squeezed = layers.GlobalAveragePooling2D(keepdims=True, name="squeezed")(first)
    excited = layers.Multiply(name="excited")([first, layers.Conv2D(2, 1, name="gate")(squeezed)])
    after = layers.Conv2D(2, 3, padding="same", name="after")(excited)
    padded = layers.ZeroPadding2D(1, name="padded")(after)
    behind = layers.Conv2D(1, 2, name="behind")(padded)
    flat = layers.Flatten(name="flat")(behind)
    network = convscope.open(keras.Model(inputs, layers.Dense(2, name="dense")(flat)))
    entry = network.inputs[0].name
    sizes = {layer.name: layer.space for layer in network.layers.values()} | {entry: (6, 5)}
    found = seeing_all(network, sizes, entry)
    assert found == {"squeezed", "gate", "excited", "after", "flat", "dense"}
    everything = ((0, 6), (0, 5))
    for name in found:
        units = np.ndindex(*sizes[name])
        boxed = {box_of(network, network.layers[name], unit, sizes, entry)[0] for unit in units}
        assert boxed == {everything}, name
    corner = box_of(network, network.layers["padded"], (0, 0), sizes, entry)[0]
    assert corner == ((0, 0), (0, 0))
