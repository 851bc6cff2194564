"""A whole network beside arithmetic: what agrees, and what must not go unseen."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers
from networks.models import Residual, Subclassed, branched, classifier, photos, settled
from networks.test_real_files import FILES

import convscope
from convscope.analysis.verification import UNITS
from convscope.errors import SelectionError
from convscope.networks import Network, Run


def nested():
    """Make a model in a model, called twice."""
    inner_input = keras.Input((6, 6, 2))
    inner = keras.Model(inner_input, layers.Conv2D(2, 3, padding="same", name="conv")(inner_input),
                        name="inner")  # fmt: skip
    inputs = keras.Input((6, 6, 2))
    relu = layers.ReLU(name="relu")
    x = relu(inner(relu(inner(inputs))))
    return settled(keras.Model(inputs, layers.GlobalMaxPooling2D(name="peak")(x), name="outer"))


def hand_written():
    model = Subclassed(name="hand")
    model(photos(1, 6, 6, 3))
    return settled(model)


@pytest.mark.parametrize("make", [classifier, branched, nested])
def test_every_layer_is_understood_and_agrees(make):
    network = convscope.open(make())
    found = convscope.verify(network)
    assert [check.name for check in found.layers] == list(network.layers)
    assert found.ok and found.understood == len(network.layers)
    for check in found.layers:
        shape = network.layers[check.name].shape
        assert check.all_units == np.prod(shape)
        assert check.units == min(UNITS, check.all_units)
        assert check.max_rel <= check.tolerance and check.ok


def test_a_hand_written_block_is_named_as_not_understood_and_its_parts_are():
    found = convscope.verify(convscope.open(hand_written()))
    checks = {check.name: check for check in found.layers}
    assert found.ok and not checks["block"].understood and checks["block"].ok is None
    assert all(check.understood for name, check in checks.items() if name != "block")
    assert found.kinds["composite"] == (0, 1) and found.kinds["conv"] == (3, 3)


def test_a_residual_block_in_a_functional_model():
    inputs = keras.Input((5, 5, 3))
    model = settled(keras.Model(inputs, Residual(3, name="block")(inputs)))
    found = convscope.verify(convscope.open(model))
    assert found.ok and found.understood == 2


@Network.register
class Altered:
    """A network one value of which is not what it computed."""

    def __init__(self, network, layer, place, factor):
        self._network, self._layer, self._place, self._factor = network, layer, place, factor

    def __getattr__(self, name):
        return getattr(self._network, name)

    def run(self, batch, names, *, outputs=True):
        run = self._network.run(batch, names, outputs=outputs)
        values = dict(run.values)
        if self._layer in values:
            changed = values[self._layer].copy()
            changed[(0, *self._place)] *= self._factor
            values[self._layer] = changed
        return Run(values, run.outputs)


@pytest.mark.parametrize("layer", list(convscope.open(classifier()).layers))
def test_a_value_altered_by_one_per_cent_is_found_wherever_it_is(layer):
    network, photo = convscope.open(classifier()), photos(1, 12, 12, 1)
    values = network.activations(photo)[layer].values[0]
    rng = np.random.default_rng(2)
    places = [tuple(int(at) for at in place) for place in np.argwhere(values != 0)]
    for choice in rng.choice(len(places), min(6, len(places)), replace=False):
        found = convscope.verify(Altered(network, layer, places[choice], 1.01), photo)
        wrong = [check.name for check in found.layers if check.ok is False]
        assert wrong == [layer] and not found.ok


def test_a_value_that_is_not_a_number_is_found():
    network, photo = convscope.open(classifier()), photos(1, 12, 12, 1)
    found = convscope.verify(Altered(network, "pool", (1, 2, 2), np.nan), photo)
    check = found.layers[1]
    assert check.name == "pool" and check.ok is False and check.max_abs == np.inf
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert told["layers"][1]["max_abs"] is None and told["ok"] is False


@Network.register
class Corrupted:
    """A network one weight of which arithmetic reads otherwise than the framework."""

    def __init__(self, network, layer, name, place, factor):
        self._network, self._layer, self._change = network, layer, (name, place, factor)

    def __getattr__(self, name):
        return getattr(self._network, name)

    def computation(self, layer):
        computation = self._network.computation(layer)
        if layer != self._layer:
            return computation
        name, place, factor = self._change
        weight = computation.weights[name].copy()
        weight[place] *= factor
        return replace(computation, weights={**computation.weights, name: weight})


@pytest.mark.parametrize(
    ("layer", "name", "place"),
    [
        ("conv2d", "kernel", (2, 0, 1, 2)),
        ("conv2d", "bias", (3,)),
        ("bn", "factor", (1, 0, 0)),
        ("bn", "centre", (2, 0, 0)),
        ("dense", "kernel", (4, 37)),
        ("dense_1", "kernel", (0, 1)),
        ("dense_1", "bias", (2,)),
    ],
)
def test_one_corrupted_weight_is_found(layer, name, place):
    network, photo = convscope.open(classifier()), photos(1, 12, 12, 1)
    found = convscope.verify(Corrupted(network, layer, name, place, 1.05), photo)
    assert [check.name for check in found.layers if check.ok is False] == [layer]


def test_weights_that_change_are_read_anew():
    model = classifier()
    network, photo = convscope.open(model), photos(1, 12, 12, 1)
    assert convscope.verify(network, photo).ok
    before = network.activations(photo)["dense"].values.copy()
    settled(model, seed=9)
    assert convscope.verify(network, photo).ok
    assert not np.allclose(network.activations(photo)["dense"].values, before)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_has_a_tolerance_of_its_own(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = classifier()
    finally:
        keras.config.set_dtype_policy("float32")
    found = convscope.verify(convscope.open(model), photos(1, 12, 12, 1))
    assert found.ok and found.understood == 7
    assert found.layers[0].tolerance == {"mixed_float16": 2**-9, "mixed_bfloat16": 2**-6}[policy]
    assert found.layers[0].max_rel > 2e-6, "it is half precision"


def test_any_size_and_several_inputs():
    wide = keras.Sequential([layers.Input((None, None, 3)),
                             layers.Conv2D(2, 3, strides=2, padding="same"),
                             layers.GlobalAveragePooling2D()])  # fmt: skip
    for side in (7, 10):
        assert convscope.verify(convscope.open(settled(wide)), photos(1, side, side, 3)).ok
    assert convscope.verify(convscope.open(wide)).ok
    left, right = keras.Input((4,)), keras.Input((4,))
    both = keras.Model([left, right], layers.Multiply()([left, right]))
    assert convscope.verify(convscope.open(both)).ok


def test_the_same_numbers_every_time():
    network = convscope.open(classifier())
    assert convscope.verify(network) == convscope.verify(network)


def test_several_images_are_too_many():
    with pytest.raises(SelectionError, match="2 images were given: give one"):
        convscope.verify(convscope.open(classifier()), photos(2, 12, 12, 1))


def test_progress_is_told_by_layer():
    network, told = convscope.open(classifier()), []
    convscope.verify(network, progress=told.append)
    assert told == list(network.layers)


def test_a_network_of_keras_applications():
    keras.utils.set_random_seed(4)
    model = keras.applications.MobileNetV2(weights=None, input_shape=(48, 48, 3), classes=10)
    found = convscope.verify(convscope.open(model))
    assert found.ok and found.understood == len(found.layers), found


@pytest.mark.parametrize("name", FILES)
def test_files_that_people_published(name, shared):
    found = convscope.verify(convscope.open(shared / "models" / "keras" / name))
    assert found.ok and found.understood == len(found.layers), found
