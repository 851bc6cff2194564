"""PyTorch modules, scripts and exported programs pass the class that is shipped for adapters."""

import numpy as np
import pytest

from convscope.networks.conformance import Conformance

from .torch_models import Defined, torch


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
            (torch.nn.Module.__call__, torch.nn.Module._call_impl),
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
