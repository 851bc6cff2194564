"""Small networks of every framework: grey and colour images in three classes."""

import numpy as np
import pytest

import convscope


def keras_network(channels=1):
    """Open a Keras model with a block, a branch and a sum."""
    import keras
    from networks.models import settled

    layers = keras.layers
    part = keras.Input((6, 6, 4))
    inner = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(part)
    block = keras.Model(part, inner, name="block")
    inputs = keras.Input((12, 12, channels))
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="first")(inputs)
    x = layers.ReLU(name="relu")(x)
    x = layers.Add(name="sum")([x, block(x)])
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dense(3, activation="softmax", name="dense")(x)
    return convscope.open(settled(keras.Model(inputs, x, name="keras"), seed=3))


def torch_network(channels=1):
    """Open a PyTorch model whose rectifier works in place."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(channels, 4, 3, stride=2, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(36, 3),
    )
    return convscope.open(model.eval(), input_shape=(channels, 12, 12))


def onnx_network(channels=1):
    """Open an ONNX model whose names hold what selectors mean something by."""
    pytest.importorskip("onnxruntime")
    from networks.onnx_graphs import graph, node, weights

    rng = np.random.default_rng(2)
    nodes = [
        node("Conv", ["image", "kernel"], "maps,0", name="/maps/Conv,0", pads=[1, 1, 1, 1]),
        node("Relu", ["maps,0"], "relu[*]", name="relu[*]"),
        node("GlobalAveragePool", ["relu[*]"], "mean", name="mean"),
        node("Flatten", ["mean"], "flat", name="flat"),
        node("Gemm", ["flat", "matrix"], "scores", name="scores"),
    ]
    made = {"kernel": weights(rng, 4, channels, 3, 3), "matrix": weights(rng, 4, 3)}
    return convscope.open(graph(nodes, {"image": ["n", channels, 12, 12]}, ["scores"], made))


OPENERS = {"keras": keras_network, "torch": torch_network, "onnx": onnx_network}
