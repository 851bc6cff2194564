"""Keras models pass the class that is shipped for adapters."""

import keras
import numpy as np
from keras import layers

from convscope.networks.conformance import Conformance


class TestKeras(Conformance):
    def build(self, definition, dtype="float32"):
        return keras_model(definition, dtype)

    def state(self, model):
        return [
            (variable.path, np.asarray(variable.value).tobytes(), variable.trainable)
            for variable in model.variables
        ], [(layer.name, sorted(vars(layer))) for layer in model._flatten_layers()]

    def failing(self):
        class Failing(keras.Model):
            def __init__(self):
                super().__init__(name="failing")
                self.dense = layers.Dense(2, name="dense")

            def call(self, x):
                y = self.dense(x)
                if x.shape[0] == 1:
                    raise RuntimeError("one image is not enough")
                return y

        model = Failing()
        model(np.zeros((2, 3), "f4"))
        return model, {"input": np.zeros((1, 3), "f4")}


def keras_model(definition, dtype):
    # Channels last, as Keras has them by default.
    values = {
        name: keras.Input((*shape[1:], shape[0]), name=name, dtype=dtype)
        for name, shape in definition.inputs.items()
    }
    inputs, called = list(values.values()), {}
    for node in definition.nodes:
        if not node.shares:
            called[node.name] = keras_layer(node, dtype)
        given = [values[name] for name in node.inputs]
        layer = called[node.shares or node.name]
        values[node.name] = layer(given[0] if len(given) == 1 else given)
        set_weights(layer, node)
    outputs = [values[name] for name in definition.outputs]
    return keras.Model(
        inputs if len(inputs) > 1 else inputs[0],
        outputs if len(outputs) > 1 else outputs[0],
        name=definition.name,
    )


def keras_layer(node, dtype):
    named = {"name": node.name, "dtype": dtype}
    match node.operation:
        case "network":
            return keras_model(node.inner, dtype)
        case "convolution":
            out, _, *kernel = node.weights["kernel"].shape
            padding = "same" if node.options.get("padding") else "valid"
            strides = node.options.get("stride", 1)
            return layers.Conv2D(out, kernel, strides=strides, padding=padding, **named)
        case "dense":
            return layers.Dense(len(node.weights["bias"]), **named)
        case "normalization":
            return layers.BatchNormalization(epsilon=node.options["epsilon"], **named)
        case "relu":
            return layers.ReLU(**named)
        case "softmax":
            return layers.Softmax(**named)
        case "maximum pooling":
            return layers.MaxPooling2D(node.options["size"], **named)
        case "average pooling":
            return layers.AveragePooling2D(node.options["size"], **named)
        case "global average":
            return layers.GlobalAveragePooling2D(**named)
        case "add":
            return layers.Add(**named)
        case "concatenate":
            return layers.Concatenate(**named)


def set_weights(layer, node):
    weights = node.weights
    if node.operation == "convolution":
        layer.set_weights([np.transpose(weights["kernel"], (2, 3, 1, 0)), weights["bias"]])
    elif node.operation == "dense":
        layer.set_weights([weights["kernel"].T, weights["bias"]])
    elif node.operation == "normalization":
        layer.set_weights([weights[name] for name in ("scale", "offset", "mean", "variance")])
