"""The digits network that comes with the package, in Keras, PyTorch and ONNX: the same pictures."""

import gzip

import keras
import numpy as np
import pytest

import convscope
from convscope.analysis.diagnosis import diagnosis
from convscope.errors import SelectionError
from convscope.training.recipes import embedded
from convscope.training.strokes import digits

from .onnx_graphs import graph, node
from .torch_models import nn, weighted

# What Keras calls a value, and what the others call it, whose activation functions are layers.
FUSED = ("conv1", "conv2", "conv3", "conv4", "dense1", "dense2")
NAMES = {f"{name}:linear": name for name in FUSED}
NAMES |= {name: f"{name}_activation" for name in FUSED}
NAMES |= {name: name for name in ("pool1", "pool2", "flatten")}

# Channels come last in Keras, so that it flattens 4 x 4 x 32 where the others flatten 32 x 4 x 4.
ORDER = np.arange(512).reshape(32, 4, 4).transpose(1, 2, 0).reshape(-1)

POOLS = {"conv2": "pool1", "conv4": "pool2"}
WHOLE = ("conv1", "conv2", "conv3", "conv4")


@pytest.fixture(scope="module")
def arrays():
    """Give the weights by layer, in the order of PyTorch and ONNX: (out, in, y, x), (out, in)."""
    model = keras.saving.load_model(embedded())
    found = {}
    for name in FUSED:
        kernel, bias = (np.asarray(value) for value in model.get_layer(name).get_weights())
        found[name] = kernel.transpose((3, 2, 0, 1) if kernel.ndim == 4 else (1, 0)), bias
    kernel, bias = found["dense1"]
    turned = np.empty_like(kernel)
    turned[:, ORDER] = kernel
    found["dense1"] = turned, bias
    return {name: tuple(np.ascontiguousarray(one) for one in pair) for name, pair in found.items()}


@pytest.fixture(scope="module")
def networks(arrays):
    return {
        "keras": convscope.open(embedded()),
        "torch": convscope.open(torch_model(arrays), input_shape=(1, 28, 28)),
        "onnx": convscope.open(onnx_model(arrays)),
    }


def torch_model(arrays):
    model = nn.Sequential()
    for name, (kernel, bias) in arrays.items():
        made = nn.Conv2d if kernel.ndim == 4 else nn.Linear
        layer = made(*kernel.shape[1::-1], *kernel.shape[2:3])
        model.add_module(name, weighted(layer, weight=kernel, bias=bias))
        last = nn.Softmax(dim=1) if name == "dense2" else nn.ReLU(inplace=True)
        model.add_module(f"{name}_activation", last)
        if name in POOLS:
            model.add_module(POOLS[name], nn.MaxPool2d(2))
        if name == "conv4":
            model.add_module("flatten", nn.Flatten())
    return model.eval()


def onnx_model(arrays):
    nodes, value = [], "image"
    for name, (kernel, _) in arrays.items():
        given = [value, f"{name}.kernel", f"{name}.bias"]
        options = {} if kernel.ndim == 4 else {"transB": 1}
        nodes.append(node("Conv" if kernel.ndim == 4 else "Gemm", given, name, **options))
        last = {"axis": 1} if name == "dense2" else {}
        value = f"{name}_activation"
        nodes.append(node("Softmax" if last else "Relu", [name], value, **last))
        if name in POOLS:
            size = {"kernel_shape": [2, 2], "strides": [2, 2]}
            nodes.append(node("MaxPool", [value], POOLS[name], **size))
            value = POOLS[name]
        if name == "conv4":
            nodes.append(node("Flatten", [value], "flatten"))
            value = "flatten"
    given = {f"{name}.{part}": array for name, pair in arrays.items()
             for part, array in zip(("kernel", "bias"), pair, strict=True)}  # fmt: skip
    return graph(nodes, {"image": ["n", 1, 28, 28]}, [value], given)


def drawn():
    return list(digits())


def real(shared):
    """Give the first image of every digit among MNIST's test images."""
    found = []
    for name, start in (("t10k-images-idx3-ubyte.gz", 16), ("t10k-labels-idx1-ubyte.gz", 8)):
        data = gzip.decompress((shared / "data" / "mnist" / name).read_bytes())
        found.append(np.frombuffer(data, np.uint8, offset=start))
    images, labels = found[0].reshape(-1, 28, 28), found[1]
    return [(label, images[np.flatnonzero(labels == label)[0]]) for label in range(10)]


@pytest.fixture(params=["drawn", "real"])
def samples(request):
    """Give labels and images."""
    chosen = drawn() if request.param == "drawn" else real(request.getfixturevalue("shared"))
    labels, images = zip(*chosen, strict=True)
    return list(labels), list(images)


def called(framework, name):
    return name if framework == "keras" else NAMES[name]


def in_keras_order(framework, name, values):
    """Bring the last axis, flattened channels before space, into Keras's order."""
    return values[..., ORDER] if name == "flatten" and framework != "keras" else values


def ordered(pieces):
    """Give a value of every framework, beside that of Keras."""
    return [(framework, pieces[framework]) for framework in ("torch", "onnx")]


@pytest.mark.parametrize("scale", ["channel", "layer", "shared", "sigma"])
def test_pictures_are_the_same_level_for_level(networks, samples, scale):
    _, images = samples
    drawn = {}
    for framework, network in networks.items():
        chosen = [called(framework, name) for name in NAMES]
        drawn[framework] = convscope.maps(network, images, chosen, scale=scale)
    for place in range(len(images)):
        shown = {framework: pictures.image(place) for framework, pictures in drawn.items()}
        for name in NAMES:
            expected = shown["keras"][name].levels.astype(int)
            for framework, pictures in ordered(shown):
                levels = in_keras_order(framework, name, pictures[NAMES[name]].levels).astype(int)
                what = f"{name} of image {place} in {framework}"
                assert levels.shape == expected.shape, what
                # Above 239 are the marks of gaps and of blank maps.
                marks = (levels > 239) | (expected > 239)
                assert (levels[marks] == expected[marks]).all(), what
                assert np.abs(levels - expected).max() <= 1, what


def test_predictions_and_values_are_the_same(networks, samples):
    labels, images = samples
    for framework, network in networks.items():
        outputs = network.predict(images).values
        assert (outputs.argmax(axis=1) == labels).all(), framework
    values = {
        framework: network.activations(images, [called(framework, name) for name in NAMES])
        for framework, network in networks.items()
    }
    for name in NAMES:
        expected = values["keras"][name].values
        for framework, other in ordered(values):
            found = in_keras_order(framework, name, other[NAMES[name]].values)
            # The softmax leaves numbers far below those that differ by rounding.
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-5, err_msg=name)


def test_receptive_fields_are_the_same(networks):
    image = drawn()[7][1]
    for name in [*WHOLE, "pool1", "pool2", "flatten", "dense1", "dense2"]:
        expected = networks["keras"].layers[name]
        for framework, network in ordered(networks):
            found = network.layers[called(framework, name)]
            assert found.receptive_field == expected.receptive_field, (framework, name)
            assert found.sees_everything == expected.sees_everything, (framework, name)
    for name, unit in (
        ("conv1", (0, 25)),
        ("pool1", (3, 11)),
        ("conv4", (7, 2)),
        ("pool2", (1, 1)),
    ):
        boxes = {
            framework: convscope.receptive_field(network, called(framework, name), unit, image).box
            for framework, network in networks.items()
        }
        assert len(set(boxes.values())) == 1, boxes


def test_diagnoses_are_the_same(networks, samples):
    _, images = samples
    words = {}
    for framework, network in networks.items():
        for name in [*WHOLE, "pool1", "pool2", "dense1"]:
            layer = network.layers[called(framework, name)]
            values = network.activations(images, layer.name)[layer.name]
            for image in range(len(images)):
                word = diagnosis(values.isel(image=[image]), bounds=layer.bounds)
                words.setdefault((name, image), {})[framework] = word
    assert all(found["keras"] == found["torch"] == found["onnx"] for found in words.values())
    assert any("zero here" in found["keras"] for found in words.values())


def test_contributions_are_the_same(networks, samples):
    """ONNX has no gradients, and says so."""
    _, images = samples
    books = {
        framework: convscope.contributions(networks[framework], images, target=3)
        for framework in ("keras", "torch")
    }
    np.testing.assert_allclose(books["torch"].score, books["keras"].score, rtol=1e-4, atol=1e-4)
    for name in [*WHOLE, "pool1", "pool2", "dense1"]:
        expected = books["keras"][name].values
        scale = np.abs(expected).max()
        found = books["torch"][NAMES[name]].values
        np.testing.assert_allclose(found, expected, atol=1e-4 * scale, err_msg=name)
        bias = books["keras"].biases[name]
        np.testing.assert_allclose(books["torch"].biases[NAMES[name]], bias, rtol=1e-3, atol=1e-3)
    with pytest.raises(SelectionError, match="gradients"):
        convscope.contributions(networks["onnx"], images)


@pytest.mark.parametrize(
    "method", ["grad-cam", "layer-cam", "score-cam", "ablation-cam", "eigen-cam", "occlusion"]
)
def test_heat_maps_are_the_same(networks, method):
    image = drawn()[4][1]
    having = ["keras", "torch"] + ["onnx"] * (method not in {"grad-cam", "layer-cam"})
    found = {
        framework: convscope.heatmap(
            networks[framework], image, target=None if method == "eigen-cam" else 4, method=method,
            layer=None if method == "occlusion" else called(framework, "conv4"),
        ).maps
        for framework in having
    }  # fmt: skip
    scale = np.abs(found["keras"]).max()
    assert scale > 0
    for framework in having[1:]:
        np.testing.assert_allclose(found[framework], found["keras"], atol=2e-3 * scale)
