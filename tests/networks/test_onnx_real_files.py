"""ONNX files that people published."""

import numpy as np
import pytest

import convscope
from convscope.views.maps import maps

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

FILES = ("SqueezeNet_fp16", "mnist", "winml_cifar_ImageClassifier")


@pytest.mark.parametrize("name", FILES)
def test_they_open_are_verified_and_give_all_their_pictures(shared, name):
    path = shared / "models" / "onnx" / f"{name}.onnx"
    before = path.read_bytes()
    network = convscope.open(path)
    found = convscope.verify(network)
    assert found.ok
    assert found.understood == len(network.layers)
    entry = network.inputs[0]
    x = np.random.default_rng(0).random((1, *entry.shape)).astype(entry.dtype)
    drawn = maps(network, x)
    assert all(drawn[layer].levels.size for layer in network.layers)
    assert path.read_bytes() == before


@pytest.mark.parametrize("pixels", [None, (0, 255)])
def test_mnist_tells_digits_apart(shared, pixels):
    """It has learned on 0..255; its biases are small, and so 0..1 does as well."""
    network = convscope.open(shared / "models" / "onnx" / "mnist.onnx", pixel_range=pixels)
    images, labels = digits(shared)
    found = network.predict(images).values.argmax(axis=1)
    assert (found == labels).mean() > 0.985


def digits(shared):
    import gzip

    def array(name, start):
        data = gzip.decompress((shared / "data" / "mnist" / name).read_bytes())
        return np.frombuffer(data, np.uint8, offset=start)

    images = array("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
    return images, array("t10k-labels-idx1-ubyte.gz", 8)
