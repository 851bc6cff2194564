"""By what a survey knows its network again: the layers and weights, and nothing else."""

import numpy as np
import pytest

import convscope
from surveys.networks import OPENERS


@pytest.mark.parametrize("framework", list(OPENERS))
def test_equal_for_equal_networks_and_unlike_for_other_weights(framework):
    one, other = OPENERS[framework](), OPENERS[framework]()
    assert one.fingerprint() == other.fingerprint()
    assert OPENERS[framework](3).fingerprint() != one.fingerprint()


def test_a_weight_that_changes_changes_it(keras_network):
    before = keras_network.fingerprint()
    kernel = keras_network.model.get_layer("dense").kernel
    value = np.array(kernel)
    kernel.assign(np.nextafter(value, 9))
    assert keras_network.fingerprint() != before
    kernel.assign(value)
    assert keras_network.fingerprint() == before


def test_a_file_opened_again_is_the_same_network_whatever_dropout_draws(tmp_path):
    from networks.models import classifier

    path = tmp_path / "small.keras"
    classifier().save(path)
    convscope.open(path).predict(np.zeros((1, 12, 12, 1), np.float32))
    prints = {convscope.open(path).fingerprint() for _ in range(3)}
    assert len(prints) == 1


def test_a_torch_file_with_moving_statistics(tmp_path):
    torch = pytest.importorskip("torch")
    from surveys.networks import torch_network

    path = tmp_path / "small.pt"
    torch.jit.trace(torch_network().model, torch.zeros(2, 1, 12, 12)).save(path)
    assert convscope.open(path).fingerprint() == convscope.open(path).fingerprint()


def test_silent_channels_make_another_network(keras_network):
    layer = next(name for name, one in keras_network.layers.items() if one.kind == "conv")
    one, again, other = (convscope.mute(keras_network, layer, channel) for channel in (0, 0, 1))
    assert one.fingerprint() == again.fingerprint()
    assert len({each.fingerprint() for each in (keras_network, one, other)}) == 3
