"""What may be surveyed: samples, images of unlike sizes, colours, networks of any size."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import convscope
from convscope import survey
from convscope.errors import ConvscopeError, InputError, SelectionError
from convscope.inputs.datasets import open_dataset
from surveys.expected import check_figures, leaders, peaks
from surveys.plain import Plain, dataset, pictures
from surveys.test_figures import activations, images_of
from surveys.test_leaders import check_crops


@pytest.fixture(scope="module")
def free():
    """Make a model that takes images of any size."""
    import keras
    from networks.models import settled

    layers = keras.layers
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, strides=2, activation="relu", name="conv")(inputs)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dense(2, name="scores")(x)
    return settled(keras.Model(inputs, x, name="free"))


@pytest.fixture
def folder(tmp_path):
    """Save images of unlike sizes, grey and in colour, in a folder a class."""
    rng = np.random.default_rng(0)
    for place, (name, size) in enumerate(
        [("cat", (9, 14)), ("cat", (20, 7)), ("dog", (9, 14)), ("dog", (11, 11)), ("dog", (8, 8))]
    ):
        shape = size if place % 2 else (*size, 3)
        path = tmp_path / "pictures" / name / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(path)
    return tmp_path / "pictures"


def check_unlike(network, given, found):
    """Compare with the activations of one image after the other."""
    for name, layer in found.items():
        values = [
            network.activations([image], layers=[name])[name].to_numpy()[0] for image in given
        ]
        flat = np.concatenate([value.reshape(len(value), -1) for value in values], axis=1)
        np.testing.assert_array_equal(layer["count"], flat.shape[1])
        np.testing.assert_allclose(layer["mean"], flat.mean(axis=1), 1e-5, 1e-6)
        np.testing.assert_allclose(layer["variance"], flat.var(axis=1), 1e-4, 1e-7)
        highest = np.stack([value.reshape(len(value), -1).max(axis=1) for value in values])
        order, _ = leaders(highest, 2)
        np.testing.assert_array_equal(layer["top_image"], order)


@pytest.mark.parametrize("batch", [None, 3])
def test_images_of_unlike_size(free, folder, store, batch):
    network = convscope.open(free)
    given = open_dataset(folder)
    found = survey(network, given, store, k=2, batch=batch)
    check_unlike(network, given, found)
    assert "top_crop" not in found["conv"]


def test_a_network_of_any_size_that_is_given_one(free, folder, store):
    network = convscope.open(free, size=(10, 12))
    given = open_dataset(folder)
    found = survey(network, given, store, k=2, per_class="conv")
    check_unlike(network, given, found)
    assert found["conv"]["class_map"].sizes["y"] == 4
    conv = network.activations([given[0]])["conv"].to_numpy()
    assert found["conv"]["top_position"].shape == (4, 2, 2)
    assert conv.shape[2:] == (4, 5)
    crop = found["conv"]["top_crop"].to_numpy()
    place = found["conv"]["top_position"].to_numpy()
    np.testing.assert_array_equal(crop[..., 0], 2 * place)
    np.testing.assert_array_equal(crop[..., 1], 2 * place + 3)


def test_maps_by_class_need_one_size(free, folder, store):
    with pytest.raises(SelectionError, match="--size"):
        survey(convscope.open(free), open_dataset(folder), store, per_class="conv")


def test_outputs_with_space_decide_nothing(store):
    import keras
    from networks.models import settled

    inputs = keras.Input((12, 12, 1))
    x = keras.layers.Conv2D(3, 3, name="scores")(inputs)
    network = convscope.open(settled(keras.Model(inputs, x, name="spatial")))
    given = images_of(network, 20)
    found = survey(network, given, store)
    assert found.accuracy is None
    with pytest.raises(SelectionError, match="what a mistake is"):
        survey(network, given, store, among="mistakes")
    with pytest.raises(SelectionError, match="no scores of classes.*rank by peak"):
        survey(network, given, store, ranking="contribution")
    check_crops(network, found)


def test_a_sample_is_the_same_for_a_seed_and_keeps_the_images_names(store, tmp_path):
    network, given = Plain(), dataset(400)
    found = survey(network, given, store, sample=60, seed=3, k=4)
    chosen = np.sort(np.random.default_rng(3).choice(400, 60, replace=False))
    values = activations(network, given)
    for name, layer in found.items():
        own = values[name][chosen]
        check_figures(layer, own)
        order, _ = leaders(peaks(own), 4)
        np.testing.assert_array_equal(layer["top_image"], chosen[order])
        np.testing.assert_array_equal(layer["top_label"], given.labels[chosen[order]])
    assert found.images == 60
    other = survey(network, given, tmp_path / "other.zarr", sample=60, seed=4)
    assert not np.array_equal(other["maps"]["mean"], found["maps"]["mean"])
    with pytest.raises(SelectionError, match="sample 0: a whole number"):
        survey(network, given, tmp_path / "none.zarr", sample=0)


@pytest.mark.parametrize("batch", [1, 5, 64, 1000])
def test_the_batch_makes_no_difference(store, batch):
    network, given = Plain(), dataset(130)
    found = survey(network, given, store, batch=batch)
    for name, values in activations(network, given).items():
        check_figures(found[name], values)
        order, _ = leaders(peaks(values), 9)
        np.testing.assert_array_equal(found[name]["top_image"], order)


@pytest.mark.parametrize(("network_channels", "image_channels"), [(1, 3), (3, 1), (3, 3)])
def test_grey_and_colour(network_channels, image_channels, store):
    from surveys.networks import torch_network

    network = torch_network(network_channels)
    images, labels = pictures(20, shape=(12, 12, image_channels))
    given = dataset(20, images=images, labels=labels)
    found = survey(network, given, store)
    for name, values in activations(network, given).items():
        np.testing.assert_allclose(
            found[name]["mean"],
            values.reshape(20, len(values[0]), -1).mean(axis=(0, 2)),
            1e-4,
            1e-6,
        )


def test_one_image(store):
    found = survey(Plain(), dataset(1), store)
    check_figures(found["maps"], activations(Plain(), dataset(1))["maps"])


def test_damaged_images_are_skipped_counted_and_listed(folder, store):
    for name in ("cat/0.png", "dog/3.png"):
        (folder / name).write_bytes((folder / name).read_bytes()[:60])
    network, given = Plain(labels=()), open_dataset(folder)
    found = survey(network, given, store, batch=2)
    assert [place for place, _ in found.skipped] == [0, 3]
    assert all("0.png" in reason or "3.png" in reason for _, reason in found.skipped)
    assert all("\n" not in reason for _, reason in found.skipped)
    assert found.images == 3
    assert found["maps"]["count"][0] == 3 * 36
    assert not {0, 3} & set(found["maps"]["top_image"].to_numpy().ravel().tolist())
    values = activations(network, [given[place] for place in (1, 2, 4)])
    check_figures(found["maps"], values["maps"])


def test_a_damaged_image_of_a_sample_is_listed_under_its_own_index(folder, store):
    (folder / "dog/3.png").write_bytes(b"nothing")
    found = survey(Plain(labels=()), open_dataset(folder), store, sample=4, seed=1)
    assert [place for place, _ in found.skipped] == [3]


def test_where_no_image_can_be_read_that_is_said(folder, store):
    for path in folder.rglob("*.png"):
        path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="no image of pictures could be read: .*png"):
        survey(Plain(labels=()), open_dataset(folder), store)


def test_a_batch_of_which_no_image_can_be_read(store):
    given = dataset(600)

    class Torn:
        def __len__(self):
            return 600

        def pixels(self, index, name):
            if 256 <= index < 530:
                raise InputError(f"{name} is torn")
            return given.images[index][:, :, None]

        def contents(self):
            yield "torn", 600

    found = survey(Plain(), replace(given, images=Torn()), store, batch=16)
    assert [place for place, _ in found.skipped] == list(range(256, 530))
    kept = [*range(256), *range(530, 600)]
    check_figures(found["maps"], activations(Plain(), given)["maps"][kept])
    assert found.skipped[0][1] == "shapes:256 is torn"


def test_a_network_of_no_images_is_refused(store):
    class Facts(Plain):
        preparation = None

    with pytest.raises(ConvscopeError, match="takes no images"):
        survey(Facts(), dataset(9), store)
