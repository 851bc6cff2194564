"""Every adapter passes the class that is shipped for third parties."""

import keras
import numpy as np
import pytest
import torch
from keras import layers

from convscope.networks.conformance import Conformance

from .torch_models import Defined


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


class TestTorch(Conformance):
    def build(self, definition, dtype="float32"):
        model = Defined(definition).to(getattr(torch, dtype))
        # What must come back: the first module trains, the others do not.
        model.eval()
        next(model.children()).train()
        return model

    def options(self, definition):
        shapes = dict(definition.inputs)
        return {"input_shape": shapes if len(shapes) > 1 else next(iter(shapes.values()))}

    def layer_name(self, name):
        return name.replace("/", ".")

    def state(self, model):
        return (
            [(name, value._version, value.data_ptr(), value.requires_grad, value.grad)
             for name, value in (*model.named_parameters(), *model.named_buffers())],
            [(name, module.training, sorted(vars(module)), list(module._forward_hooks))
             for name, module in model.named_modules()],
            torch.is_grad_enabled(),
            torch.nn.Module.__call__,
        )  # fmt: skip

    def failing(self):
        class Failing(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.dense = torch.nn.Linear(3, 2)

            def forward(self, x):
                y = self.dense(x)
                if len(x) == 1:
                    raise RuntimeError("one image is not enough")
                return y

        return Failing(), {"x": np.zeros((1, 3), "f4")}

    def refused(self):
        return (*super().refused(), "there/is/no/such.pt", torch.zeros(3))


class TestScripted(TestTorch):
    """The same models, traced by TorchScript."""

    dtypes = ("float32",)

    def build(self, definition, dtype="float32"):
        return script(super().build(definition, dtype), definition)

    def state(self, model):
        return [(name, value.data_ptr(), value.requires_grad)
                for name, value in model.named_parameters()]  # fmt: skip

    def failing(self):
        return None


def script(model, definition):
    arrays = [torch.from_numpy(array) for array in definition.arrays(2).values()]
    return torch.jit.trace(model.eval(), arrays, check_trace=False)


class TestExported(TestTorch):
    """The same models, exported by ``torch.export``."""

    dtypes = ("float32",)

    def build(self, definition, dtype="float32"):
        model = super().build(definition, dtype).eval()
        arrays = tuple(torch.from_numpy(array) for array in definition.arrays(2).values())
        images = torch.export.Dim("images")
        return torch.export.export(model, arrays, dynamic_shapes=[{0: images}] * len(arrays))

    def state(self, model):
        return [(name, value.data_ptr()) for name, value in model.state_dict.items()]

    def failing(self):
        return None


@pytest.fixture(autouse=True)
def quiet(recwarn):
    """Keep what PyTorch says of tracing out of the report."""
