"""``convscope filters``: files, messages, and what a person gets wrong."""

import json

import pytest
from PIL import Image


def fails(done, status, *words):
    """Check the form that every failure has: one line that names what is possible."""
    assert done.status == status, done.err
    (line,) = done.err.strip().splitlines()
    assert line.startswith("convscope: ")
    for word in words:
        assert word in line, (word, line)


def test_kernels(convscope, model, tmp_path):
    target = tmp_path / "kernels.png"
    done = convscope("filters", model, "--layer", "conv2d", "-o", target, "--channels", "0:4,7")
    assert done.status == 0 and done.out.strip() == str(target)
    told = json.loads(Image.open(target).text["convscope"])
    assert told["layer"] == "conv2d" and told["channels"] == [0, 1, 2, 3, 7]


def test_what_excites(convscope, model, tmp_path, monkeypatch):
    monkeypatch.setattr("convscope.analysis.maximisation.STEPS", 2)
    target = tmp_path / "made.png"
    done = convscope("filters", model, "--layer", "0", "-o", target, "--maximize")
    assert done.status == 0 and target.is_file()
    assert "channels 0 to 15 of 24" in done.err and "16:24" in done.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--layer", "pool"], ["pool", "no kernels", "conv2d"]),
        (["--layer", "conv"], ["conv", "conv2d"]),
        (["--layer", "conv2d", "--channels", "24"], ["24", "0 to 23"]),
        (["--layer", "conv2d", "--channels", "24", "--maximize"], ["24", "0 to 23"]),
        (["--layer", "conv2d", "--channels", "30:40"], ["0 to 23"]),
        (["--layer", "conv2d", "--channels", "a:b"], ["a:b", "0:16"]),
        ([], ["--layer"]),
    ],
)
def test_mistakes(convscope, model, tmp_path, options, words):
    target = tmp_path / "out.png"
    fails(convscope("filters", model, "-o", target, *options), 2, *words)
    assert not target.exists()


def test_another_suffix_is_told_before_the_work(convscope, model, tmp_path):
    done = convscope("filters", model, "--layer", 0, "-o", tmp_path / "o.bmp", "--maximize")
    fails(done, 2, ".png", ".svg")


def test_a_network_without_gradients(convscope, model, tmp_path, monkeypatch):
    from convscope.networks.keras.network import KerasNetwork

    monkeypatch.setattr(KerasNetwork, "differentiable", property(lambda self: False))
    done = convscope("filters", model, "--layer", 0, "-o", tmp_path / "o.png", "--maximize")
    fails(done, 1, "no gradients", "kernels")
