"""What is known of the layers of a PyTorch network, and what it takes."""

import numpy as np
import pytest

import convscope
from convscope.errors import InputError, ModelError, SelectionError

from .torch_models import DenseNet, ResNet18, nn, settled, torch, vgg

F = nn.functional


def photos(*shape, seed=1):
    return np.random.default_rng(seed).uniform(0, 1, shape).astype("float32")


class Hand(nn.Module):
    """Functional calls between modules, in a part of its own and beside it."""

    class Gate(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Conv2d(4, 4, 1)

        def forward(self, x):
            return x * torch.sigmoid(self.fc(F.adaptive_avg_pool2d(x, 1)))

    class Swish(nn.Module):
        def forward(self, x):
            return x * x.sigmoid()

    def __init__(self):
        super().__init__()
        self.conv, self.gate, self.act = nn.Conv2d(3, 4, 3), self.Gate(), self.Swish()
        self.head = nn.Linear(4, 2)
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        x = self.act(self.gate(x)) + x
        x = x.mean(dim=(2, 3)) * self.scale
        return F.softmax(self.head(x), dim=-1)


def test_functional_calls_are_layers_in_execution_order():
    layers = convscope.open(Hand()).layers
    assert [(layer.name, layer.kind, layer.operation) for layer in layers.values()] == [
        ("conv", "conv", "Conv2d"),
        ("relu", "activation", "relu"),
        ("max_pool2d", "pool", "max_pool2d"),
        ("gate.adaptive_avg_pool2d", "pool", "adaptive_avg_pool2d"),
        ("gate.fc", "conv", "Conv2d"),
        ("gate.sigmoid", "activation", "sigmoid"),
        ("gate.mul", "merge", "mul"),
        ("act.sigmoid", "activation", "sigmoid"),
        ("act", "merge", "mul"),
        ("add", "merge", "add"),
        ("mean", "reduction", "mean"),
        ("mul", "merge", "mul"),
        ("head", "dense", "Linear"),
        ("softmax", "activation", "softmax"),
    ]
    assert layers["gate.mul"].inputs == ("max_pool2d", "gate.sigmoid")
    assert layers["mul"].parameters == 1 and layers["conv"].parameters == 112
    assert layers["conv"].receptive_field == (3, 3)
    assert layers["max_pool2d"].receptive_field == (4, 4)


def test_the_head_is_the_logits_behind_a_functional_softmax():
    network = convscope.open(Hand())
    head = network.heads["output"]
    assert (head.layer, head.activation) == ("head", "softmax")
    head = convscope.open(settled(DenseNet())).heads["output"]
    assert (head.layer, head.activation) == ("classifier", "softmax")
    head = convscope.open(settled(ResNet18())).heads["output"]
    assert (head.layer, head.activation) == ("fc", "linear")


@pytest.mark.parametrize("make", [lambda: settled(ResNet18()), vgg, lambda: settled(DenseNet())])
def test_the_sum_of_parameters_is_the_model_s(make):
    model = make()
    first = next(model.parameters())
    first.requires_grad_(False)
    network = convscope.open(model)
    total = sum(weight.numel() for weight in model.parameters())
    assert sum(layer.parameters for layer in network.layers.values()) == total
    assert network.parameters == (total, total - first.numel())
    assert sum(layer.trainable for layer in network.layers.values()) == network.parameters[1]


def test_sizes_are_free_where_the_network_takes_any():
    network = convscope.open(settled(ResNet18()))
    assert network.inputs[0].shape == (3, None, None)
    assert network.layers["conv1"].shape == (8, None, None)
    assert network.layers["fc"].shape == (10,)
    assert network.layers["avgpool"].sees_everything
    assert network.preparation.size is None and network.preparation.channels == 3
    for size in (32, 57):
        assert network.activations(photos(1, 3, size, size))["fc"].shape == (1, 10)


def test_a_size_that_a_dense_layer_fixes_is_found():
    class LeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv2d(1, 4, 5), nn.Linear(4 * 12 * 12, 10)

        def forward(self, x):
            return self.fc(F.max_pool2d(F.relu(self.conv(x)), 2).view(-1, 4 * 12 * 12))

    network = convscope.open(LeNet())
    assert network.inputs[0].shape == (1, 28, 28)
    assert network.preparation.size == (28, 28)
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 8))
    assert convscope.open(flat).inputs[0].shape == (3, 16, 16)


def test_shapes_that_nothing_tells():
    class Either(nn.Module):
        def forward(self, image):
            return image.mean((2, 3)) * 2

    network = convscope.open(Either())
    with pytest.raises(ModelError, match="--input-shape"):
        _ = network.layers
    with pytest.raises(InputError, match="unknown"):
        network.activations("nothing.png")
    activations = network.activations(photos(2, 5, 4, 4))
    assert list(activations) == ["mean", "mul"]
    assert network.inputs[0].name == "image" and network.inputs[0].shape == (5, 4, 4)
    assert convscope.open(Either(), input_shape=(3, None, None)).layers["mul"].shape == (3,)
    with pytest.raises(SelectionError, match="whole numbers from 1, or None"):
        convscope.open(Either(), input_shape="224")


def test_several_inputs_of_unlike_kinds_and_nested_outputs():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.conv = nn.Embedding(7, 4), nn.Conv2d(3, 4, 3)

        def forward(self, image, tokens):
            told = self.words(tokens).mean(1)
            seen = self.conv(image).amax((2, 3))
            return {"sum": told + seen, "parts": (told, seen)}

    network = convscope.open(Both())
    given = {"image": photos(2, 3, 6, 6), "tokens": np.array([[1, 2], [3, 4]])}
    activations = network.activations(given)
    assert list(activations) == ["words", "mean", "conv", "amax", "add"]
    outputs = network.predict(given)
    assert list(outputs) == ["sum", "parts/0", "parts/1"]
    np.testing.assert_array_equal(outputs["sum"].values, activations["add"].values)


def test_an_operation_with_several_results():
    class Split(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.lstm = nn.Conv1d(2, 6, 1), nn.LSTM(5, 3, batch_first=True)

        def forward(self, x):
            one, other = self.conv(x).chunk(2, dim=1)
            return self.lstm(one + other)[0]

    network = convscope.open(Split(), input_shape=(2, 5))
    activations = network.activations(photos(2, 2, 5))
    assert list(activations) == ["conv", "chunk:0", "chunk:1", "add", "lstm:0", "lstm:1", "lstm:2"]
    both = np.concatenate([activations["chunk:0"].values, activations["chunk:1"].values], axis=1)
    np.testing.assert_array_equal(both, activations["conv"].values)
    assert network.layers["lstm:0"].kind == "recurrent"


def test_a_value_that_no_function_makes_is_the_module_s():
    class Own(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.detach() * 2

        @staticmethod
        def backward(ctx, slope):
            return slope * 2

    class Doubling(nn.Module):
        def forward(self, x):
            return Own.apply(x)

    model = nn.Sequential(nn.Conv2d(1, 2, 1), Doubling(), nn.Identity(), nn.Conv2d(2, 1, 1))
    network = convscope.open(model)
    activations = network.activations(photos(1, 1, 3, 3))
    assert list(activations) == ["0", "1", "2", "3"]
    np.testing.assert_array_equal(activations["1"].values, activations["0"].values * 2)
    assert network.layers["1"].operation == "Doubling" and network.layers["2"].kind == "dropout"


COMPUTED = {
    "conv": nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2),
    "same": nn.Conv2d(4, 2, 4, padding="same"),
    "depthwise": nn.Conv2d(4, 8, 3, groups=4, bias=False),
    "transposed": nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
    "batch": nn.BatchNorm2d(4, affine=False),
    "group": nn.GroupNorm(2, 4),
    "instance": nn.InstanceNorm2d(4, affine=True),
    "layer": nn.LayerNorm([4, 8, 8]),
    "max": nn.MaxPool2d(3, 2, 1),
    "ceil": nn.MaxPool2d(3, 2, ceil_mode=True),
    "average": nn.AvgPool2d(3, 2, 1),
    "uncounted": nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "divided": nn.AvgPool2d(2, divisor_override=3),
    "adaptive": nn.AdaptiveAvgPool2d((4, 2)),
    "global": nn.AdaptiveMaxPool2d(1),
    "prelu": nn.PReLU(4),
    "one slope": nn.PReLU(),
    "leaky": nn.LeakyReLU(0.2),
    "elu": nn.ELU(0.5),
    "gelu": nn.GELU(),
    "tanh gelu": nn.GELU("tanh"),
    "silu": nn.SiLU(),
    "mish": nn.Mish(),
    "selu": nn.SELU(),
    "celu": nn.CELU(0.7),
    "relu6": nn.ReLU6(),
    "hardtanh": nn.Hardtanh(0, 0.5),
    "hardswish": nn.Hardswish(),
    "hardsigmoid": nn.Hardsigmoid(),
    "softplus": nn.Softplus(),
    "softsign": nn.Softsign(),
    "softmax": nn.Softmax2d(),
    "logsigmoid": nn.LogSigmoid(),
    "shrink": nn.Softshrink(0.1),
    "nearest": nn.Upsample(scale_factor=2),
    "bilinear": nn.Upsample(scale_factor=(2, 3), mode="bilinear"),
    "zeros": nn.ZeroPad2d((1, 2, 0, 3)),
    "dropout": nn.Dropout2d(),
    "identity": nn.Identity(),
    "flatten": nn.Flatten(),
    "unflatten": nn.Unflatten(1, (2, 2)),
}


@pytest.mark.parametrize("kind", COMPUTED)
def test_what_is_understood_is_recomputed_exactly(kind):
    model = nn.Sequential(settled(nn.Sequential(COMPUTED[kind])))
    network = convscope.open(model, input_shape=(4, 8, 8))
    (name,) = network.layers
    found = convscope.verify(network, photos(1, 4, 8, 8) * 4 - 2)
    assert found.ok
    assert network.computation(name) is not None


class Operations(nn.Module):
    def forward(self, x):
        y = 1 - x * 2.0
        y = (y / 3 + x).permute(0, 2, 1, 3).transpose(1, 2)
        y = torch.cat([y, x, torch.maximum(x, y)], dim=2) - 0.5
        y = y.clamp(min=0).reshape(len(y), 4, -1)
        return torch.flatten(y, 1)


@pytest.mark.parametrize("rank", [1, 3])
def test_other_ranks_and_operations(rank):
    conv, pool, norm = (getattr(nn, f"{kind}{rank}d") for kind in ("Conv", "MaxPool", "BatchNorm"))
    model = settled(nn.Sequential(conv(2, 3, 3, padding=1), norm(3), pool(2), nn.ReLU()))
    x = photos(2, 2, *(6,) * rank)
    found = convscope.verify(convscope.open(model, input_shape=(2, *(6,) * rank)), x[:1])
    assert found.ok and convscope.open(model).layers["3"].receptive_field == (4,) * rank
    network = convscope.open(Operations(), input_shape=(4, 5, 5))
    found = convscope.verify(network, photos(1, 4, 5, 5))
    assert found.ok
    assert all(network.computation(name) is not None for name in network.layers)


def test_the_books_of_a_network_balance():
    model, x = vgg(), photos(2, 3, 32, 32)
    network = convscope.open(model, input_shape=(3, 32, 32))
    books = convscope.contributions(network, x)
    for layer in books:
        assert books.reason(layer) == "", books.reason(layer)
        assert np.abs(books.remainder[layer] / books.score).max() < 1e-4, layer


def test_half_precision_and_double():
    for dtype, tolerance in ((torch.float16, 2e-2), (torch.bfloat16, 5e-2), (torch.float64, 1e-5)):
        model, x = vgg(), photos(1, 3, 32, 32)
        with torch.no_grad():
            expected = model(torch.from_numpy(x)).numpy()
        network = convscope.open(model.to(dtype), input_shape=(3, 32, 32))
        assert network.predict(x).values.dtype == np.float32
        scale = np.abs(expected).max()
        assert np.abs(network.predict(x).values - expected).max() <= tolerance * scale
        assert convscope.verify(network, x).ok
