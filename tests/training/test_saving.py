"""Networks appear whole or not at all, and what prevents it is found before the training."""

import dataclasses
import os
from pathlib import Path

import pytest

from convscope.errors import OutputError, SelectionError
from convscope.training import recipes
from convscope.training.course import Score
from convscope.training.recipes import RECIPES, train
from convscope.training.saving import check_output, save, sidecar_path


@pytest.fixture
def no_training(monkeypatch):
    def refuse(*_):
        raise AssertionError("read the images before it looked at the output")

    monkeypatch.setattr(recipes, "open_splits", refuse)


def refusal(path):
    with pytest.raises(OutputError) as caught:
        train("digits", path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_folder(tmp_path, no_training):
    message = refusal(tmp_path / "nowhere" / "model.keras")
    assert message.startswith(f"cannot write {tmp_path / 'nowhere' / 'model.keras'}: ")
    assert f"there is no folder {tmp_path / 'nowhere'}" in message
    assert "make it first" in message


def test_a_folder_in_the_way(tmp_path, no_training):
    (tmp_path / "model.keras").mkdir()
    assert "that is a folder: name a file in it" in refusal(tmp_path / "model.keras")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder(tmp_path, no_training):
    tmp_path.chmod(0o500)
    try:
        assert "no permission to write there" in refusal(tmp_path / "model.keras")
    finally:
        tmp_path.chmod(0o700)


def test_too_long_a_name(tmp_path, no_training):
    message = refusal(tmp_path / f"{'m' * 300}.keras")
    assert "too long: choose another name" in message


def test_a_folder_that_cannot_be_written(tmp_path, no_training, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    assert "the disk is full: free some space" in refusal(tmp_path / "model.keras")


@pytest.mark.parametrize("name", ["model", "model.h5", "model.keras.zip", ".keras"])
def test_other_endings(tmp_path, name):
    with pytest.raises(SelectionError, match=r"ends in \.keras"):
        check_output(tmp_path / name)


def test_the_trial_leaves_nothing(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"an older one")
    check_output(tmp_path / "model.keras")
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
    assert (tmp_path / "model.keras").read_bytes() == b"an older one"


class Broken:
    """Stands for a network whose file is cut off by a full disk."""

    def save(self, path):
        Path(path).write_bytes(b"half a netw")
        raise OSError(28, "No space left on device")


def test_half_a_file_does_not_stay(tmp_path):
    target = tmp_path / "model.keras"
    target.write_bytes(b"an older one")
    with pytest.raises(OutputError, match="No space left on device: make room") as caught:
        save(Broken(), target, RECIPES["digits"], "ab", Score(0.5, 0.5))
    assert "\n" not in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
    assert target.read_bytes() == b"an older one"


def test_compact_files_hold_the_weights_alone(tmp_path):
    import keras
    import numpy as np

    recipe = RECIPES["digits"]
    model = recipe.build()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    images = np.random.default_rng(0).random((2, 8, 8, 1), dtype=np.float32)
    expected = model.predict(images, verbose=0)
    sizes = []
    for compact in (False, True):
        path = tmp_path / f"{compact}.keras"
        save(model, path, dataclasses.replace(recipe, compact=compact), "ab", Score(0.5, 0.5))
        assert sidecar_path(path) == tmp_path / f"{compact}.convscope.json"
        opened = keras.saving.load_model(path)
        assert opened.compiled is not compact
        np.testing.assert_array_equal(opened.predict(images, verbose=0), expected)
        sizes.append(path.stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]
