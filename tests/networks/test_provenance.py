"""Hashes of networks and images, beside hashlib's own."""

import hashlib

import numpy as np
import pytest
from PIL import Image

import convscope
from convscope.training import recipes

PIXELS = np.arange(784, dtype=np.uint8).reshape(28, 28)


@pytest.fixture(scope="module")
def network():
    return convscope.open(recipes.embedded())


def test_a_file_has_the_hash_that_sha256sum_prints(network, tmp_path):
    path = tmp_path / "digit.png"
    Image.fromarray(PIXELS).save(path)
    found = network.provenance(path)
    assert found["images"] == [
        {
            "name": "digit.png",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "of": "file",
        }
    ]
    assert found["fingerprint"] == network.fingerprint()
    assert found["network"] == network.name and found["source"] == "embedded.keras"
    assert found["convscope"] == convscope.__version__


def test_arrays_have_the_hash_of_their_bytes(network):
    several = [PIXELS, PIXELS.T.copy()]
    found = network.provenance(several)["images"]
    assert [one["sha256"] for one in found] == [
        hashlib.sha256(array.tobytes()).hexdigest() for array in several
    ]
    stack = network.provenance(np.stack(several))["images"]
    assert [one["sha256"] for one in stack] == [one["sha256"] for one in found]
    assert {one["of"] for one in found} == {"array"}


def test_arrays_given_as_prepared_have_theirs(network):
    prepared = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    expected = [hashlib.sha256(one.tobytes()).hexdigest() for one in prepared]
    for given in (prepared, {network.inputs[0].name: prepared}):
        found = network.provenance(given)["images"]
        assert [one["sha256"] for one in found] == expected


def test_the_order_of_memory_does_not_matter(network):
    across = np.asfortranarray(PIXELS)
    one, other = (network.provenance(each)["images"][0]["sha256"] for each in (PIXELS, across))
    assert one == other


def test_an_image_of_a_dataset_has_the_hash_of_its_pixels(network, tmp_path):
    path = tmp_path / "some.npz"
    np.savez(path, x_test=np.stack([PIXELS, PIXELS[::-1]]), y_test=np.arange(2))
    (found,) = network.provenance(f"{path}:1")["images"]
    assert found == {
        "name": "some:1" if found["name"] == "some:1" else "some.npz:1",
        "sha256": hashlib.sha256(PIXELS[::-1].tobytes()).hexdigest(),
        "of": "array",
    }


def test_another_network_has_another_fingerprint(network):
    muted = convscope.mute(network, "conv1", 0)
    assert muted.provenance(PIXELS)["fingerprint"] != network.provenance(PIXELS)["fingerprint"]
