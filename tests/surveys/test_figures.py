"""Every figure of a survey against NumPy on the activations of all images."""

from dataclasses import replace

import numpy as np
import pytest

from convscope import open_survey, survey
from surveys.expected import (
    check_figures,
    check_histogram,
    figures,
    histogram,
    peaks,
    spread_of,
)
from surveys.plain import Plain, dataset, pictures


def images_of(network, count=70, channels=1):
    images, labels = pictures(count, shape=(12, 12, channels))
    return dataset(count, images=images, labels=labels)


def activations(network, given):
    found = network.activations(list(given))
    return {layer: found[layer].to_numpy() for layer in network.layers}


def test_a_network_of_each_framework_by_class_and_together(network, store):
    given = images_of(network)
    labels = np.where(np.arange(70) % 9 == 4, -1, given.labels)
    given = replace(given, labels=labels)
    found = survey(network, given, store, per_class="0:3", batch=16)
    assert list(found) == list(network.layers)
    assert found.images == 70
    for name, values in activations(network, given).items():
        check_layer(found[name], values, labels, name in found.plan.per_class)


def check_layer(layer, values, labels, detailed):
    layer = layer.assign_coords({"class": [0, 1, 2]})
    near = {"rtol": 1e-5, "atol": 1e-6}
    wanted = figures(values)
    for name, value in wanted.items():
        np.testing.assert_allclose(layer[name], value, **near, err_msg=name)
    check_histogram(layer["histogram"].to_numpy(), peaks(values))
    means = values.reshape(*values.shape[:2], -1).mean(axis=2, dtype=np.float64)
    check_histogram(layer["mean_histogram"].to_numpy(), means)
    for label in range(3):
        own = values[labels == label]
        one = layer.sel({"class": label})
        assert one["class_images"] == len(own)
        for name, value in figures(own).items():
            np.testing.assert_allclose(one[f"class_{name}"], value, **near, err_msg=name)
        if detailed:
            check_histogram(one["class_histogram"].to_numpy(), peaks(own))
            check_histogram(one["class_mean_histogram"].to_numpy(), means[labels == label])
            np.testing.assert_allclose(one["class_map"], own.mean(axis=0), **near)
    assert ("class_map" in layer) == detailed


def test_exactly_what_numpy_gives_of_dead_flat_and_far_channels_blocks_and_their_parts(store):
    network, given = Plain(), dataset(600)
    found = survey(network, given, store, per_class="*", batch=37)
    for name, values in activations(network, given).items():
        layer = found[name].assign_coords({"class": [0, 1, 2]})
        check_figures(layer, values)
        np.testing.assert_array_equal(layer["histogram"], histogram(peaks(values)))
        for label in range(3):
            own = values[given.labels == label]
            check_figures(layer, own, "class_", spread_of(values), **{"class": label})
            np.testing.assert_array_equal(
                layer["class_histogram"].sel({"class": label}), histogram(peaks(own))
            )
            np.testing.assert_allclose(
                layer["class_map"].sel({"class": label}), own.mean(axis=0, dtype=np.float64), 1e-6
            )


@pytest.mark.parametrize("labels", [None, np.full(30, -1)])
def test_images_without_classes(store, labels):
    given = dataset(30, labels=labels, class_names=())
    network = Plain()
    found = survey(network, given, store)
    assert found.images == 30
    assert found.accuracy is None
    for name, values in activations(network, given).items():
        check_figures(found[name], values)


def test_outputs_are_counted_by_class(store):
    network, given = Plain(), dataset(300)
    found = survey(network, given, store, batch=16)
    scores = activations(network, given)["scores"]
    wanted = np.zeros((3, 3), int)
    np.add.at(wanted, (given.labels, scores.argmax(axis=1)), 1)
    np.testing.assert_array_equal(found.confusion, wanted)
    assert found.accuracy == np.mean(scores.argmax(axis=1) == given.labels)
    assert list(found.confusion["output"].values) == ["round", "square", "flat"]


def test_not_a_number_is_never_skipped(store):
    class Broken(Plain):
        def run(self, batch, layers, *, outputs=True, edits=None):
            run = super().run(batch, layers, outputs=outputs)
            for place, name in enumerate(batch.names):
                if name == "shapes:7" and "maps" in run.values:
                    run.values["maps"][place, 2, 3, 3] = np.nan
            return run

    network, given = Broken(), dataset(30)
    found = survey(network, given, store, per_class="maps", batch=8)
    layer = found["maps"].assign_coords({"class": [0, 1, 2]})
    values = activations(network, given)["maps"]
    check_figures(layer, values)
    assert np.isnan(layer["mean"][2])
    assert layer["histogram"][2].sum() == 29
    assert 7 not in layer["top_image"][2]
    own = int(given.labels[7])
    assert np.isnan(layer["class_map"].sel({"class": own})[2, 3, 3])
    for label in range(3):
        check_figures(
            layer, values[given.labels == label], "class_", spread_of(values), **{"class": label}
        )


def test_what_is_read_is_what_was_given_back(store):
    found = survey(Plain(), dataset(20), store)
    again = open_survey(store)
    assert list(found) == list(again)
    for name in found:
        assert found[name].identical(again[name])
