"""The public archive: unpacked in either place, and absent."""

import keras
import pytest

from convscope.errors import InputError
from convscope.training.archive import fetch_cats_and_dogs
from convscope.training.recipes import RECIPES
from convscope.training.samples import open_splits


def stand_in(monkeypatch, place):
    asked = []

    def get_file(name, origin, extract):
        asked.append((name, origin, extract))
        print("Downloading data")
        return str(place)

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    return asked


def test_unpacked_as_keras_3_does(monkeypatch, make_folder, capsys):
    folder = make_folder(
        ("train", "validation"), ("cats", "dogs"), name="x_extracted/cats_and_dogs_filtered"
    )
    asked = stand_in(monkeypatch, folder.parent)
    splits = open_splits(RECIPES["cats-vs-dogs"])
    assert (len(splits.train), splits.labels) == (8, ("cat", "dog"))
    assert splits.test is splits.validation
    origin = "https://storage.googleapis.com/mledu-datasets/cats_and_dogs_filtered.zip"
    assert asked == [("cats_and_dogs_filtered.zip", origin, True)]
    assert capsys.readouterr().out == ""


def test_unpacked_beside_the_archive(monkeypatch, make_folder):
    folder = make_folder(("train", "validation"), name="cats_and_dogs_filtered")
    stand_in(monkeypatch, folder.with_suffix(".zip"))
    assert fetch_cats_and_dogs() == folder


def test_something_else_unpacked(monkeypatch, tmp_path):
    stand_in(monkeypatch, tmp_path)
    with pytest.raises(InputError, match="holds no train/ and validation/.*--data DIR"):
        fetch_cats_and_dogs()


def test_offline(monkeypatch):
    def get_file(*_, **__):
        raise Exception("URL fetch failure on https://...: None --\n[Errno -3] Temporary failure")

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    with pytest.raises(InputError) as caught:
        fetch_cats_and_dogs()
    message = str(caught.value)
    assert "\n" not in message
    assert "could not be downloaded (URL fetch failure" in message
    assert message.endswith("with --data DIR")
