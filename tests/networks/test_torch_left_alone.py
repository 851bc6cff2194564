"""A PyTorch model that was looked into is the model that it was."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import convscope
from convscope.errors import ModelError

from .torch_models import ResNet18, nn, settled, torch, vgg


def photos(*shape, seed=1):
    return np.random.default_rng(seed).uniform(0, 1, shape).astype("float32")


def everything_of(model):
    return {
        "training": [module.training for module in model.modules()],
        "attributes": [sorted(vars(module)) for module in model.modules()],
        "hooks": [
            (
                len(module._forward_hooks),
                len(module._forward_pre_hooks),
                len(module._backward_hooks),
            )
            for module in model.modules()
        ],
        "tensors": [
            (value._version, value.data_ptr(), value.stride(), value.grad, value.requires_grad)
            for value in (*model.parameters(), *model.buffers())
        ],
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "call": (nn.Module.__call__, nn.Module._call_impl),
    }


def looked_into(model, x):
    network = convscope.open(model, input_shape=x.shape[1:])
    network.activations(x)
    network.predict(x)
    convscope.contributions(network, x)
    return network


@pytest.mark.parametrize("grad", [True, False])
def test_modes_hooks_gradients_and_memory(grad):
    model = settled(ResNet18()).to(memory_format=torch.channels_last)
    model.layer1.train()
    model.fc.weight.requires_grad_(False)
    seen = []
    model.conv1.register_forward_hook(lambda *_: seen.append(1))
    with torch.set_grad_enabled(grad):
        before = everything_of(model)
        looked_into(model, photos(2, 3, 32, 32))
        assert everything_of(model) == before
    assert seen, "the person's own hook was kept from running"


def test_a_hook_that_changes_a_value_is_honoured():
    model, x = vgg(), photos(1, 3, 32, 32)
    model.features[0].register_forward_hook(lambda _, __, output: output * 0 + 3.0)
    activations = convscope.open(model, input_shape=(3, 32, 32)).activations(x)
    np.testing.assert_array_equal(activations["features.0"].values, 3.0)


def test_an_exception_leaves_nothing_behind():
    class Failing(nn.Module):
        def __init__(self):
            super().__init__()
            self.dense, self.last = nn.Linear(3, 2), nn.Linear(2, 2)
            self.broken = False

        def forward(self, x):
            y = self.dense(x)
            if self.broken:
                raise RuntimeError("broken on purpose")
            return self.last(y)

    model = Failing()
    network = convscope.open(model)
    assert list(network.layers) == ["dense", "last"]
    before = everything_of(model)
    model.broken = True
    with pytest.raises(ModelError, match="broken on purpose") as caught:
        network.activations(photos(2, 3))
    assert "\n" not in str(caught.value)
    assert everything_of(model) == before
    model.broken = False
    assert network.activations(photos(1, 3))["last"].shape == (1, 2)


def test_training_afterwards_is_honoured():
    model, x = vgg(), photos(4, 3, 32, 32)
    network = looked_into(model, x)
    before = network.activations(x, "classifier.0")["classifier.0"].values
    moment = network.moment
    assert network.moment == moment
    model.train()
    optimiser = torch.optim.SGD(model.parameters(), 0.5)
    loss = nn.functional.cross_entropy(model(torch.from_numpy(x)), torch.tensor([0, 1, 2, 3]))
    loss.backward()
    optimiser.step()
    assert network.moment != moment and model.training
    after = network.activations(x, "classifier.0")["classifier.0"].values
    assert np.abs(after - before).max() > 1e-6
    assert convscope.verify(network, x[:1]).ok


def test_weights_that_are_other_tensors_are_honoured():
    model, x = vgg(), photos(1, 3, 32, 32)
    network = looked_into(model, x)
    model.features[0].weight = nn.Parameter(torch.rand(4, 3, 3, 3))
    assert convscope.verify(network, x).ok
    with torch.no_grad():
        expected = model.features[0](torch.from_numpy(x)).numpy()
    np.testing.assert_array_equal(network.activations(x)["features.0"].values, expected)


def test_the_arrays_that_were_given_are_not_written_into():
    model = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(1, 2, 1))
    x = photos(2, 1, 4, 4) - 0.5
    kept = x.copy()
    activations = convscope.open(model, pixel_range=(-1, 1)).activations(x)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(activations["0"].values, np.maximum(kept, 0))


def test_inside_inference_mode():
    model, x = vgg(), photos(1, 3, 32, 32)
    expected = convscope.open(model, input_shape=(3, 32, 32)).activations(x)
    with torch.inference_mode():
        found = convscope.open(model, input_shape=(3, 32, 32)).activations(x)
    for name in expected:
        np.testing.assert_array_equal(found[name].values, expected[name].values)


def test_two_threads_on_a_model_that_trains():
    model, x = vgg().train(), photos(2, 3, 32, 32)
    network = convscope.open(model, input_shape=(3, 32, 32))
    names = list(network.layers)
    expected = network.activations(x)
    with ThreadPoolExecutor(4) as pool:
        tasks = [pool.submit(network.activations, x, name) for name in names * 4]
        for name, task in zip(names * 4, tasks, strict=True):
            np.testing.assert_array_equal(task.result(60)[name].values, expected[name].values)
    assert all(module.training for module in model.modules())


def test_what_another_thread_runs_meanwhile_is_not_recorded():
    inside, done = threading.Event(), threading.Event()
    bystander = nn.Linear(3, 2)

    class Waiting(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(3, 3), nn.Linear(3, 2)

        def forward(self, x):
            x = self.first(x)
            inside.set()
            assert done.wait(30), "the other thread was kept from running"
            return self.last(x)

    model, outcomes = Waiting(), []

    def meanwhile():
        inside.wait(30)
        outcomes.append(bystander(torch.rand(2, 3)).shape)
        outcomes.append(model.first(torch.rand(2, 3)).shape)
        done.set()

    thread = threading.Thread(target=meanwhile)
    thread.start()
    names = list(convscope.open(model).layers)
    thread.join(30)
    assert [tuple(shape) for shape in outcomes] == [(2, 2), (2, 3)]
    assert names == ["first", "last"]
