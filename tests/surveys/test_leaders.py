"""The images that lead each channel: which, why, where, and what their peaks see."""

import numpy as np
import pytest

from convscope import contributions, receptive_field, survey
from convscope.errors import InputError, SelectionError
from surveys.expected import check_leaders, leaders, peaks
from surveys.plain import Plain, dataset
from surveys.test_figures import activations, images_of


def test_the_highest_peaks_lead_and_their_places_are_right(network, store):
    given = images_of(network)
    found = survey(network, given, store, batch=16, k=5)
    for name, values in activations(network, given).items():
        check_leaders(found[name], values, peaks(values), 5)
        label = given.labels[found[name]["top_image"].to_numpy()]
        np.testing.assert_array_equal(found[name]["top_label"], label)


def test_of_equal_peaks_the_first_images_lead_also_across_shards(store):
    network, given = Plain(), dataset(700)
    found = survey(network, given, store, k=4, batch=16)
    for name, values in activations(network, given).items():
        order, best = leaders(peaks(values), 4)
        np.testing.assert_array_equal(found[name]["top_image"], order)
        np.testing.assert_array_equal(found[name]["top_value"], best)
        flat = values.reshape(*values.shape[:2], -1)
        place = flat[order, np.arange(len(order))[:, None]].argmax(axis=2)
        space = values.shape[2:] or (1,)
        wanted = np.stack(np.unravel_index(place, space), axis=-1)[..., : values.ndim - 2]
        np.testing.assert_array_equal(found[name]["top_position"], wanted)


def test_fewer_images_than_places(store):
    layer = survey(Plain(), dataset(3), store, k=5)["maps"]
    assert (layer["top_image"][:, :3] >= 0).all()
    assert (layer["top_image"][:, 3:] == -1).all()
    assert (layer["top_position"][:, 3:] == -1).all()
    assert (layer["top_label"][:, 3:] == -1).all()
    assert np.isnan(layer["top_value"][:, 3:]).all()


def test_crops_are_receptive_fields(keras_network, store):
    found = survey(keras_network, images_of(keras_network), store, k=6)
    check_crops(keras_network, found)


@pytest.mark.parametrize("pads", [((2, 0), (0, 0)), ((0, 2), (0, 0)), ((0, 0), (3, 1))])
def test_crops_beside_padding_on_one_side(pads, store):
    import keras

    import convscope

    inputs = keras.Input((5, 9, 1))
    padded = keras.layers.ZeroPadding2D(pads, name="padded")(inputs)
    x = keras.layers.Rescaling(-1, offset=1, name="turned")(padded)
    x = keras.layers.Conv2D(2, 2, name="conv")(x)
    network = convscope.open(keras.Model(inputs, x))
    given = dataset(40, images=np.random.default_rng(0).integers(0, 256, (40, 5, 9), np.uint8))
    check_crops(network, survey(network, given, store, k=9))


def test_crops_behind_an_excitation_are_the_whole_image_or_padding(store):
    import keras

    import convscope

    inputs = keras.Input((5, 9, 1))
    squeezed = keras.layers.GlobalAveragePooling2D(keepdims=True, name="squeezed")(inputs)
    excited = keras.layers.Multiply(name="excited")([inputs, squeezed])
    padded = keras.layers.ZeroPadding2D(1, name="padded")(excited)
    turned = keras.layers.Rescaling(-1, offset=1, name="turned")(padded)
    conv = keras.layers.Conv2D(2, 2, name="conv")(turned)
    network = convscope.open(keras.Model(inputs, conv))
    given = dataset(40, images=np.random.default_rng(0).integers(0, 256, (40, 5, 9), np.uint8))
    found = survey(network, given, store, k=9)
    check_crops(network, found)
    assert (found["excited"]["top_crop"] == [[0, 5], [0, 9]]).all()


def check_crops(network, found):
    for name, layer in found.items():
        units = layer["top_position"].to_numpy()
        units = units.reshape(layer["top_image"].size, units.shape[-1])
        crops = layer["top_crop"].to_numpy().reshape(-1, 2, 2)
        for unit, crop in {
            tuple(map(int, unit)): crop for unit, crop in zip(units, crops, strict=True)
        }.items():
            box = receptive_field(network, name, unit).box
            assert crop.tolist() == [list(ends) for ends in box], (name, unit)


@pytest.mark.parametrize("framework", ["keras", "torch"])
def test_by_contribution_to_their_own_class(framework, store):
    from surveys.conftest import opened

    network = opened(framework)
    given = images_of(network)
    found = survey(network, given, store, ranking="contribution", k=5, batch=16)
    values = activations(network, given)
    books = [
        contributions(network, given[place].pixels, int(label))
        for place, label in enumerate(given.labels)
    ]
    checked = 0
    for name in found:
        if all(name in one for one in books):
            shares = np.concatenate([one[name].to_numpy() for one in books])
            check_leaders(found[name], values[name], shares, 5)
            checked += 1
    assert checked > 3


def test_by_contribution_where_a_class_is_unknown_the_one_that_is_given(keras_network, store):
    given = images_of(keras_network, 20)
    given = dataset(20, images=given.images, labels=None, class_names=())
    found = survey(keras_network, given, store, ranking="contribution", k=5)
    values = activations(keras_network, given)
    books = contributions(keras_network, [given[place] for place in range(20)])
    check_leaders(found["relu"], values["relu"], books["relu"].to_numpy(), 5)


def test_among_mistakes_alone(store):
    network, given = Plain(), dataset(300)
    found = survey(network, given, store, among="mistakes", k=4)
    values = activations(network, given)
    wrong = np.flatnonzero(values["scores"].argmax(axis=1) != given.labels)
    assert 0 < len(wrong) < 300
    for name in found:
        order, best = leaders(peaks(values[name])[wrong], 4)
        np.testing.assert_array_equal(found[name]["top_image"], wrong[order])
        np.testing.assert_array_equal(found[name]["top_value"], best)


def test_what_cannot_be_ranked_by_is_refused_in_one_line(store):
    network = Plain()
    with pytest.raises(SelectionError, match="gives no gradients.*rank by peak"):
        survey(network, dataset(9), store, ranking="contribution")
    with pytest.raises(SelectionError, match="ranking 'loudest': one of: peak, contr"):
        survey(network, dataset(9), store, ranking="loudest")
    with pytest.raises(SelectionError, match="'some': one of: all, mistakes"):
        survey(network, dataset(9), store, among="some")
    with pytest.raises(SelectionError, match="k 0: a whole number from 1"):
        survey(network, dataset(9), store, k=0)
    with pytest.raises(SelectionError, match="what a mistake is"):
        survey(network, dataset(9, labels=None, class_names=()), store, among="mistakes")
    with pytest.raises(InputError, match="has no labels"):
        survey(network, dataset(9, labels=None, class_names=()), store, per_class="maps")
    assert not store.exists()
