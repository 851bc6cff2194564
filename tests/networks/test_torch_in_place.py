"""What an in-place operation overwrites is recorded as it was."""

import copy

import numpy as np
import pytest

import convscope

from .torch_models import DenseNet, ResNet18, nn, settled, torch, vgg

MODELS = {
    "resnet": lambda: settled(ResNet18()),
    "vgg": vgg,
    "densenet": lambda: settled(DenseNet()),
}


F = nn.functional


def photos(*shape, seed=1):
    return np.random.default_rng(seed).uniform(0, 1, shape).astype("float32")


def copied_by_hooks(model, x):
    """Copy what every module without parts gives out, at the moment when it does so."""
    found, counts = {}, {}

    def keeper(name):
        def keep(_, __, output):
            counts[name] = counts.get(name, 0) + 1
            found[name + (f"#{counts[name]}" if counts[name] > 1 else "")] = output.clone()

        return keep

    for name, module in model.named_modules():
        if not list(module.children()):
            module.register_forward_hook(keeper(name))
    with torch.no_grad():
        model(torch.from_numpy(x))
    return found


@pytest.mark.parametrize("kind", MODELS)
def test_modules_give_what_copies_at_the_moment_hold(kind):
    model, x = MODELS[kind](), photos(2, 3, 32, 32)
    expected = copied_by_hooks(copy.deepcopy(model), x)
    activations = convscope.open(model, input_shape=(3, 32, 32)).activations(x)
    assert set(expected) <= set(activations)
    for name, value in expected.items():
        np.testing.assert_array_equal(activations[name].values, value.numpy(), err_msg=name)


@pytest.mark.parametrize("kind", MODELS)
def test_the_same_model_without_in_place_rectifiers_gives_the_same(kind):
    model, x = MODELS[kind](), photos(1, 3, 32, 32)
    plain = copy.deepcopy(model)
    for module in plain.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    one, other = (
        convscope.open(each, input_shape=(3, 32, 32)).activations(x) for each in (model, plain)
    )
    assert list(one) == list(other)
    for name in one:
        np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=name)


@pytest.mark.parametrize("kind", MODELS)
def test_gradients_do_not_care_how_it_is_computed(kind):
    model, x = MODELS[kind](), photos(2, 3, 32, 32)
    plain = copy.deepcopy(model)
    for module in plain.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    found = []
    for each in (model, plain):
        network = convscope.open(each, input_shape=(3, 32, 32))
        (head,) = network.heads.values()
        batch = network.batches(x)[0]
        seed = np.zeros((2, network.layers[head.layer].channels), "f4")
        seed[:, 1] = 1
        found.append(network.gradients(batch, head.layer, seed, list(network.layers)))
    for name, slope in found[0].gradients.items():
        np.testing.assert_allclose(slope, found[1].gradients[name], atol=1e-6, err_msg=name)
        assert np.isfinite(slope).all()
    np.testing.assert_allclose(found[0].inputs["x" if "x" in found[0].inputs else "input"],
                               next(iter(found[1].inputs.values())), atol=1e-6)  # fmt: skip


def test_resnet_s_nine_rectifiers_are_seventeen_layers():
    layers = convscope.open(settled(ResNet18())).layers
    rectifiers = [layer for layer in layers.values() if layer.operation == "ReLU"]
    assert len(rectifiers) == 17
    assert [layer.name for layer in rectifiers][:3] == [
        "relu",
        "layer1.0.relu",
        "layer1.0.relu#2",
    ]
    assert layers["layer1.0.add"].inputs == ("layer1.0.bn2", "maxpool")


def test_what_a_later_pass_overwrites_is_copied_then():
    class Moody(nn.Module):
        """Writes over its first value only where it is large, which no trace shows."""

        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(3, 2), nn.Linear(2, 2)

        def forward(self, x):
            y = self.first(x)
            if bool((x > 5).any()):
                y.mul_(0)
            return self.second(y)

    model = Moody().eval()
    network = convscope.open(model, input_shape=(3,))
    x = np.array([[9, 1, 2]], "f4")
    with torch.no_grad():
        expected = model.first(torch.from_numpy(x)).numpy()
    np.testing.assert_array_equal(network.activations(x)["first"].values, expected)


def test_a_view_that_is_written_into_reaches_what_comes_after():
    class Halves(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.last = nn.Conv2d(1, 4, 1), nn.Conv2d(4, 1, 1)

        def forward(self, x):
            y = self.conv(x)
            y[:, :2].clamp_(max=0.1)
            y[:, 3] = y[:, 2]
            return self.last(y)

    model, x = Halves().eval(), photos(2, 1, 4, 4)
    activations = convscope.open(model).activations(x)
    with torch.no_grad():
        conv = model.conv(torch.from_numpy(x))
        changed = conv.clone()
        changed[:, :2] = conv[:, :2].clamp(max=0.1)
        changed[:, 3] = conv[:, 2]
        last = model.last(changed)
    np.testing.assert_array_equal(activations["conv"].values, conv.numpy())
    np.testing.assert_array_equal(activations["last"].values, last.numpy())


def test_an_edit_of_an_in_place_rectifier_is_felt_by_what_comes_after():
    model, x = vgg(), photos(1, 3, 32, 32)
    network = convscope.open(model, input_shape=(3, 32, 32))
    muted = convscope.mute(network, "features.1", [0, 1]).activations(x)
    assert not muted["features.1"].values[:, :2].any()
    with torch.no_grad():
        value = model.features[1](model.features[0](torch.from_numpy(x)))
        value[:, :2] = 0
        expected = model.classifier(model.flatten(model.avgpool(model.features[2:](value)))).numpy()
    np.testing.assert_allclose(muted["classifier.3"].values, expected, atol=1e-6)


def viewed(y):
    part = y[:, :2]
    torch.relu_(y)
    return part * 2 + y[:, 2:]


def also_held(y):
    identity = y
    y += 1
    return y * identity


def part_alone(y):
    torch.relu_(y[:, :2])
    return y


def twice(y):
    F.relu(y, inplace=True)
    y.mul_(2)
    return y.clamp_(max=0.5)


def left_alone(y):
    return F.dropout(y, training=False, inplace=True).add_(1)


def other_type(y):
    y += y.double()
    return y


def turned(y):
    y = y.transpose(2, 3)
    return F.leaky_relu(y, 0.5, True) + 1


@pytest.mark.parametrize(
    "change", [viewed, also_held, part_alone, twice, left_alone, other_type, turned]
)
def test_what_is_written_over_is_felt_by_all_that_share_its_memory(change):
    class Changing(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.last = nn.Conv2d(1, 4, 3), nn.LazyConv2d(2, 1)

        def forward(self, x):
            return self.last(change(self.conv(x)))

    model, x = Changing().eval(), photos(2, 1, 6, 7) - 0.5
    with torch.no_grad():
        model(torch.from_numpy(x))
        expected = model.conv(torch.from_numpy(x)).clone(), model(torch.from_numpy(x))
    network = convscope.open(model, input_shape=(1, 6, 7), pixel_range=(-1, 1))
    for _ in range(2):
        activations = network.activations(x)
        np.testing.assert_array_equal(activations["conv"].values, expected[0].numpy())
        np.testing.assert_array_equal(activations["last"].values, expected[1].numpy())
    muted = convscope.mute(network, "conv", [0, 1, 2, 3]).activations(x, ["conv", "last"])
    with torch.no_grad():
        bare = model.last(change(torch.zeros_like(expected[0])))
    np.testing.assert_array_equal(muted["last"].values, bare.numpy())


def test_a_rectifier_in_place_costs_no_copy():
    """What it overwrites is left where it is, and what it gives lies elsewhere."""
    kept = []
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 2, 1)).eval()
    model[0].register_forward_hook(lambda _, __, output: kept.append(output.data_ptr()))
    network = convscope.open(model, input_shape=(1, 6, 6))
    (batch,) = network.batches(photos(1, 1, 6, 6))
    run = network.run(batch, list(network.layers))
    assert run.values["0"].ctypes.data == kept[-1] != run.values["1"].ctypes.data
