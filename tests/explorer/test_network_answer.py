"""What a page is told of a network, against Keras."""

import keras
import numpy as np
import pytest

import convscope
from convscope.explorer import Session
from convscope.inputs.images import Image
from convscope.networks.blocks import blocks
from convscope.pictures.colormap import full_palette

from .asking import ask
from .models import nested, residual


def test_layers_are_those_of_keras(session, network):
    reply = ask(session, "network")
    model = network.model
    assert [row["name"] for row in reply["layers"]] == [layer.name for layer in model.layers[1:]]
    assert [row["index"] for row in reply["layers"]] == list(range(len(reply["layers"])))
    for row in reply["layers"]:
        layer = model.get_layer(row["name"])
        _, *space, channels = layer.output.shape
        height, width = space or (1, 1)
        assert row["shape"] == [channels, height, width]
        assert row["space"] == list(space)
        assert row["parameters"] == layer.count_params()
        assert row["operation"] == type(layer).__name__
    assert reply["parameters"][0] == model.count_params()
    assert reply["name"] == "residual" and reply["networks"] == ["residual", "digits"]
    assert reply["inputs"] == [{"name": "photo", "shape": [20, 16, 3], "dtype": "float32"}]
    assert reply["labels"] == ["ant", "bee", "cat", "dog"]
    (output,) = reply["outputs"]
    assert output["layer"] == "classes:linear"
    assert (output["activation"], output["classes"]) == ("softmax", 4)
    assert reply["size"] == [20, 16] and reply["colours"] == 3 and reply["draws"] is False


def test_edges_are_the_calls_of_the_model(session):
    reply = ask(session, "network")
    names = [row["name"] for row in reply["layers"]]
    edges = [(names[a] if a >= 0 else "", names[b]) for a, b in reply["edges"]]
    assert ("", "stem") in edges and ("stem", "block1_0_conv") in edges
    assert ("block1_0_conv", "block1_add") in edges and ("block1_2_conv", "block1_add") in edges
    # Every layer takes one value but the two sums.
    assert len(edges) == len(names) + 2


def test_residual_blocks_fold(session):
    reply = ask(session, "network")
    names = [row["name"] for row in reply["layers"]]
    folded = {block["name"]: names[block["first"] : block["last"] + 1] for block in reply["blocks"]}
    for block in ("block1", "block2"):
        assert sorted(folded[block]) == sorted(name for name in names if name.startswith(block))
    assert set(folded) == {"block1", "block2"}


def test_nested_models_fold_and_blocks_never_cross():
    network = convscope.open(nested())
    (base,) = (block for block in blocks(network) if block.name == "base")
    names = list(network.layers)
    assert names[base.first : base.last + 1] == ["base/conv1", "base/relu1"]


@pytest.mark.parametrize("name", ["ResNet50", "MobileNetV2", "InceptionV3", "DenseNet121"])
def test_blocks_of_applications(name):
    network = convscope.open(getattr(keras.applications, name)(weights=None))
    found = blocks(network)
    names = list(network.layers)
    for block in found:
        for other in found:
            apart = block.last < other.first or other.last < block.first
            inside = other.first <= block.first and block.last <= other.last
            around = block.first <= other.first and other.last <= block.last
            assert apart or inside or around
    match name:
        case "ResNet50":
            counts = {2: 3, 3: 4, 4: 6, 5: 3}
            expected = {f"conv{s}_block{b + 1}" for s, n in counts.items() for b in range(n)}
            assert {block.name for block in found} == expected
            for block in found:
                own = [name for name in names if name.startswith(block.name + "_")]
                assert names[block.first : block.last + 1] == own
        case "MobileNetV2":
            # Blocks of stride 1 whose channels stay have a way beside them: Sandler et al. 2018.
            assert len(found) == 10
        case "InceptionV3":
            ends = {names[block.last] for block in found}
            assert {f"mixed{place}" for place in range(11)} <= ends
        case "DenseNet121":
            ends = [names[block.last] for block in found]
            assert sum(end.endswith("_concat") for end in ends) == 6 + 12 + 24 + 16


def test_palettes_and_words(session):
    reply = ask(session, "network")
    assert set(reply["palettes"]) == set(reply["colormaps"])
    for name, colours in reply["palettes"].items():
        assert colours.dtype == np.uint8
        np.testing.assert_array_equal(colours, full_palette(name))
    words = ["active", "zero here", "constant", "saturated", "not a number", "muted"]
    assert reply["words"] == words
    assert {method["name"] for method in reply["methods"]} >= {"grad-cam", "occlusion"}
    assert reply["version"] == convscope.__version__ and reply["live"] is True


def test_thumbnails_are_the_images(session, photos):
    for told, photo in zip(ask(session, "network")["images"], photos, strict=True):
        assert told["name"] == photo.name and told["label"] == photo.label
        assert told["class_name"] == "thing"
        np.testing.assert_array_equal(told["thumbnail"], photo.pixels)


def test_large_images_get_small_thumbnails(network):
    pixels = np.zeros((300, 600, 3), np.uint8)
    pixels[:, 300:] = (200, 100, 50)
    told = ask(Session(network, [Image(pixels, "wide")]), "network")["images"][0]["thumbnail"]
    assert told.shape == (48, 96, 3)
    np.testing.assert_array_equal(told[:, :47], 0)
    np.testing.assert_array_equal(told[10, 90], (200, 100, 50))


def test_network_without_pictures(wave):
    reply = ask(wave, "network")
    assert reply["takes_images"] is False and reply["preparation"] is None
    assert reply["size"] is None and reply["colours"] is None
    conv = reply["layers"][0]
    assert conv["shape"] == [4, 1, 9] and conv["space"] == [9] and conv["dims"] == ["channel", "x"]
    assert [image["thumbnail"] for image in reply["images"]] == [None, None]
    assert reply["outputs"][0]["classes"] == 2


def test_maps_of_volumes_have_the_size_of_a_slice(scan):
    conv = ask(scan, "network")["layers"][0]
    assert conv["shape"] == [3, 6, 5] and conv["space"] == [3, 6, 5]


def test_small_grey_networks_are_drawn_on(drawing):
    reply = ask(drawing, "network")
    assert reply["draws"] is True and reply["colours"] == 1
    assert reply["images"] == []


def test_sizes_that_depend_on_the_image_are_left_open():
    inputs = keras.Input((None, None, 3))
    conv = keras.layers.Conv2D(4, 3, name="conv")(inputs)
    network = convscope.open(keras.Model(inputs, conv))
    session = Session(network, [Image(np.zeros((9, 11, 3), np.uint8), "any")])
    reply = ask(session, "network")
    assert reply["size"] is None and reply["layers"][0]["shape"] is None
    run = ask(session, "run", image=0)["run"]
    assert ask(session, "layer", run=run, layer="conv")["shape"] == [4, 7, 9]
    fields = ask(session, "fields", layer="conv")
    assert fields["starts"] == [list(range(7)), list(range(9))]


def test_blocks_of_a_network_without_branches_are_none():
    model = residual()
    plain = convscope.open(keras.Model(model.input, model.get_layer("block1_1_bn").output))
    assert blocks(plain) == []
