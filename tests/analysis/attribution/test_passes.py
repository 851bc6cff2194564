"""How often a heat map runs the network, and that the values do not depend on it."""

import numpy as np
import pytest

import convscope

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.fixture
def counted():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    ).eval()
    network = convscope.open(model, input_shape=(3, 9, 9), pixel_range=(0, 1))
    # The layers are found by passes of their own.
    assert len(network.layers) == 5
    passes = []
    model[0].register_forward_pre_hook(lambda *_: passes.append(1))
    return model, network, passes


@pytest.mark.parametrize("method", ["grad-cam", "layer-cam"])
@pytest.mark.parametrize("target", [None, 2, (0, 1)])
@pytest.mark.parametrize("layer", [None, "1"])
def test_one_pass_is_enough(counted, method, target, layer):
    model, network, passes = counted
    images = np.random.default_rng(0).random((2, 3, 9, 9), np.float32)
    found = convscope.heatmap(network, images, target, method, layer)
    assert len(passes) == 1
    scores = model(torch.from_numpy(images)).detach().numpy()
    match target:
        case None:
            expected = scores.max(axis=1)
            words = [f"output of {best}" for best in scores.argmax(axis=1)]
        case int():
            expected, words = scores[:, target], [f"output of {target}"] * 2
        case one, other:
            expected = scores[:, one] - scores[:, other]
            words = [f"output of {one} - output of {other}"] * 2
    np.testing.assert_allclose(found.score, expected, atol=1e-6)
    assert [said.split(" (")[0] for said in found.words] == words


def test_the_class_that_wins_gives_the_map_of_that_class(counted):
    model, network, _ = counted
    images = np.random.default_rng(1).random((3, 3, 9, 9), np.float32)
    best = model(torch.from_numpy(images)).argmax(dim=1).tolist()
    found = convscope.heatmap(network, images)
    for place, label in enumerate(best):
        named = convscope.heatmap(network, images[place : place + 1], label)
        np.testing.assert_allclose(found.maps[place], named.maps[0], atol=1e-6)
