"""Files that people published: every feature map, and the same prediction while recording."""

from math import prod

import keras
import numpy as np
import pytest

import convscope

from .expected import TOLERANCE, numbers

FILES = [
    "aman21k_fashion_mnist.keras",
    "afiliot_unet.h5",
    "oarriaga_fer2013_mini_XCEPTION.102-0.66.hdf5",
    "snch1211_3d_cnn_model.h5",
    "adityadutt_birdsong_encoder.h5",
]


def flat_layers(model):
    """List the layers of a model and of the models inside it, inputs left out."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from flat_layers(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            yield layer


@pytest.fixture(scope="module", params=FILES)
def network(request, shared):
    return convscope.open(shared / "models" / "keras" / request.param)


@pytest.fixture(scope="module")
def given(network):
    rng = np.random.default_rng(3)
    return {
        entry.name: rng.uniform(0, 1, (1, *(size or 64 for size in entry.shape))).astype(
            entry.dtype
        )
        for entry in network.inputs
    }


@pytest.fixture(scope="module")
def activations(network, given):
    return network.activations(given)


def test_every_feature_map_is_there(network, activations):
    said = [layer.output.shape for layer in flat_layers(network.model)]
    assert len(activations) == len(said)
    maps = sum(array.sizes.get("channel", 1) for array in activations.values())
    assert maps == sum(shape[-1] if len(shape) > 1 else 1 for shape in said)


def test_shapes_are_keras_s_own(network, activations):
    layers = list(flat_layers(network.model))
    units = {layer.name: prod(size for size in layer.output.shape[1:]) for layer in layers
             if None not in layer.output.shape[1:]}  # fmt: skip
    for name, array in activations.items():
        if name in units:
            assert array[0].size == units[name], name


def test_values_of_the_first_and_a_middle_layer(network, given, activations):
    layers = list(flat_layers(network.model))
    for layer in (layers[0], layers[len(layers) // 2]):
        part = keras.Model(network.model.inputs, layer.output)
        value = numbers(
            part(list(given.values()) if len(given) > 1 else given[network.inputs[0].name])
        )
        value = np.moveaxis(value, -1, 1) if 3 <= value.ndim <= 5 else value
        np.testing.assert_allclose(activations[layer.name].values, value, **TOLERANCE)


def test_recording_changes_no_prediction(network, given, activations):
    packed = network._description_signature().pack(list(given.values()))
    bare = numbers(keras.tree.flatten(network.model(packed, training=False))[0])
    alone = np.asarray(network.predict(given).values)
    last = activations[list(activations)[-1]].values
    ordered = np.moveaxis(bare, -1, 1) if 3 <= bare.ndim <= 5 else bare
    np.testing.assert_allclose(alone, ordered, **TOLERANCE)
    np.testing.assert_allclose(last, ordered, **TOLERANCE)


def test_parameters_are_the_model_s(network):
    counted = sum(layer.parameters for layer in network.layers.values())
    assert counted == network.model.count_params() == network.parameters[0]
