"""Gradients by a late layer: what comes before it saves nothing, which must change no value."""

import copy

import numpy as np
import pytest

import convscope
from convscope.errors import ModelError

torch = pytest.importorskip("torch")
nn, checkpoint = torch.nn, torch.utils.checkpoint.checkpoint


class Mixed(nn.Module):
    """Frozen and trained parts, recomputed parts, writes in place, on both sides of a layer."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
        self.third, self.last = nn.Conv2d(4, 4, 3), nn.Linear(4, 3)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        """Give three scores."""
        with torch.no_grad():
            x = self.relu(self.first(x))
        x = checkpoint(self.second, x, use_reentrant=False).tanh_()
        x = self.relu(checkpoint(self.third, x, use_reentrant=False))
        return self.last(x.mean(dim=(2, 3)))


class Spoiling(nn.Module):
    """Writes over what a gradient needs, which only inference forgives."""

    def __init__(self):
        super().__init__()
        self.conv, self.dense = nn.Conv2d(3, 2, 3), nn.Linear(2, 2)

    def forward(self, x):
        """Give two scores."""
        return self.dense(self.conv(x).exp().mul_(3).mean(dim=(2, 3)))


def photos():
    return np.random.default_rng(0).random((2, 3, 10, 10), np.float32)


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("layer", ["first", "second", "third"])
def test_they_are_those_of_the_whole_graph(layer, frozen):
    torch.manual_seed(0)
    model = Mixed().eval()
    model.requires_grad_(not frozen)
    flags = [parameter.requires_grad for parameter in model.parameters()]
    network = convscope.open(model, input_shape=(3, 10, 10))
    (batch,), seed = network.batches(photos()), np.eye(3, dtype=np.float32)[:2]
    found = network.gradients(batch, "last", seed, [layer], inputs=False)

    plain, kept = copy.deepcopy(model), []
    for part in plain.modules():
        if isinstance(part, nn.ReLU):
            part.inplace = False

    def keep(_, __, output):
        if not kept:
            kept.append(output.detach().requires_grad_(True))
            return kept[0].clone()
        return output

    # A leaf in place of the value, and the pass goes on with gradients.
    getattr(plain, layer).register_forward_hook(keep)
    with torch.enable_grad():
        x = torch.from_numpy(photos())
        if layer == "first":
            x = plain.first(x).relu()
        else:
            x = plain.second(plain.first(x).relu().detach()).tanh()
        score = (plain.last(plain.third(x if layer != "first" else plain.second(x).tanh()).relu()
                            .mean(dim=(2, 3))) * torch.from_numpy(seed)).sum()  # fmt: skip
        (expected,) = torch.autograd.grad(score, kept)
    if layer == "first":
        # The model itself lets no gradient through there.
        expected = torch.zeros_like(expected)
    np.testing.assert_allclose(found.gradients[layer], expected.numpy(), atol=1e-6)
    np.testing.assert_allclose(found.values[layer], kept[0].detach().numpy(), atol=1e-6)
    assert [parameter.requires_grad for parameter in model.parameters()] == flags
    assert all(parameter.grad is None for parameter in model.parameters())


def test_what_is_written_over_is_refused_and_not_wrong():
    network = convscope.open(Spoiling().eval(), input_shape=(3, 10, 10))
    (batch,), seed = network.batches(photos()), np.ones((2, 2), np.float32)
    with pytest.raises(ModelError, match="in place|inplace"):
        network.gradients(batch, "dense", seed, ["conv"], inputs=False)
    with pytest.raises(ModelError, match="in place|inplace"):
        network.gradients(batch, "dense", seed, ["conv"])
