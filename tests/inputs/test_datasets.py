"""Datasets by name, and what all datasets have in common."""

import json
import os
import subprocess
import sys
import textwrap
import types

import numpy as np
import pytest

from convscope.errors import ConvscopeError, InputError, MissingExtraError, SelectionError
from convscope.inputs import named, open_dataset
from convscope.inputs.datasets import NAMES, arrays, first_of_each

FIRST_LABELS = [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]


def refusal(*arguments, kind=ConvscopeError):
    with pytest.raises(kind) as caught:
        open_dataset(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def fake_keras(monkeypatch, **load_data):
    """Let a Keras with these datasets be imported."""
    sets = {name: types.SimpleNamespace(load_data=function) for name, function in load_data.items()}
    keras = types.SimpleNamespace(datasets=types.SimpleNamespace(**sets))
    monkeypatch.setattr(named, "import_keras", lambda *_: keras)


@pytest.fixture
def no_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


def test_names():
    assert set(NAMES) == {"mnist", "fashion_mnist", "cifar10", "cifar100", "digits"}


def test_fashion_mnist_in_its_folder(shared):
    dataset = open_dataset(shared / "data" / "fashion_mnist")
    assert dataset.shape == (10000, 28, 28)
    assert dataset.labels[:10].tolist() == FIRST_LABELS
    assert [int(i) for i in np.flatnonzero(dataset.labels == 9)[:3]] == [0, 23, 28]
    assert dataset.class_names[9] == "Ankle boot"
    assert dataset.class_names[0] == "T-shirt/top"
    assert dataset.split == "test"
    assert dataset.splits == ("train", "test")
    assert dataset.class_names[dataset[2000].label] == "Bag"
    assert dataset[23].name == "fashion_mnist:23"
    assert dataset[23].pixels.shape == (28, 28, 1)


def test_mnist_training_images(shared):
    dataset = open_dataset(f"{shared}/data/mnist/train")
    assert dataset.shape == (60000, 28, 28)
    assert dataset.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.class_names == tuple("0123456789")
    assert dataset[7].name == "mnist/train:7"
    # Published with the set: the share of ink is 0.1307 of 255.
    assert abs(dataset.images.mean() / 255 - 0.1307) < 1e-4


@pytest.mark.parametrize("through", ["cache", "keras"])
def test_fashion_mnist_through_keras_home(shared, tmp_path, through):
    folder = tmp_path / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for file in (shared / "data" / "fashion_mnist").glob("*.gz"):
        (folder / file.name).symlink_to(file)
    program = f"""
        import json, sys
        from convscope.inputs import named, open_dataset
        if {through!r} == "keras":
            named._open_cached = lambda *_: None
        test = open_dataset("fashion_mnist")
        train = open_dataset("fashion_mnist/train")
        ink = int(train.images[3].sum())
        names = [test[0].name, train[1].name, train.class_names[8]]
        labels = test.labels[:10].tolist()
        print(json.dumps([labels, test.shape, train.shape, *names, ink, "keras" in sys.modules]))
    """
    environment = {**os.environ, "KERAS_HOME": str(tmp_path), "KERAS_BACKEND": backend()}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    plain = open_dataset(shared / "data" / "fashion_mnist", "train")
    assert json.loads(found.stdout) == [
        FIRST_LABELS,
        [10000, 28, 28],
        [60000, 28, 28],
        "fashion_mnist:0",
        "fashion_mnist/train:1",
        "Bag",
        int(plain.images[3].sum()),
        through == "keras",
    ]


def backend():
    from importlib.util import find_spec

    installed = [name for name in ("jax", "torch", "tensorflow") if find_spec(name)]
    if not installed or not find_spec("keras"):
        pytest.skip("Keras or a backend of it is not installed")
    return installed[0]


def test_cached_mnist_is_read_without_keras(tmp_path, monkeypatch, no_cache):
    monkeypatch.setattr(named, "import_keras", lambda *_: pytest.fail("Keras was asked for"))
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    images = np.arange(2 * 28 * 28).reshape(2, 28, 28).astype(np.uint8)
    np.savez(
        tmp_path / "keras" / "datasets" / "mnist.npz",
        x_train=images, y_train=np.array([5, 0]), x_test=images[:1], y_test=np.array([7]),
    )  # fmt: skip
    dataset = open_dataset("mnist", "train")
    assert dataset[1].label == 0
    assert dataset[1].name == "mnist/train:1"
    assert dataset.class_names[7] == "7"
    np.testing.assert_array_equal(dataset[1].pixels[:, :, 0], images[1])


def test_cifar_comes_through_keras(monkeypatch, no_cache, capsys):
    images = np.zeros((3, 32, 32, 3), np.uint8)

    def load_data():
        print("Downloading data from ...")
        return (images, np.array([[6], [9], [1]])), (images[:1], np.array([[3]]))

    fake_keras(monkeypatch, cifar10=load_data)
    dataset = open_dataset("cifar10/train")
    assert dataset.shape == (3, 32, 32, 3)
    assert dataset.labels.tolist() == [6, 9, 1]
    assert [dataset.class_names[label] for label in dataset.labels] == [
        "frog",
        "truck",
        "automobile",
    ]
    assert open_dataset("cifar10")[0].label == 3
    # Standard output is kept for results.
    assert capsys.readouterr().out == ""


def test_cifar100_has_its_hundred_names_in_order():
    from convscope.inputs.class_names import CLASS_NAMES

    names = CLASS_NAMES["cifar100"]
    assert len(names) == len(set(names)) == 100
    assert list(names) == sorted(names)
    assert (names[0], names[19], names[49], names[99]) == ("apple", "cattle", "mountain", "worm")


@pytest.mark.parametrize(("name", "option"), [("fashion_mnist", "IDX"), ("cifar10", "sub-folder")])
def test_failed_download_names_the_folder_option(monkeypatch, no_cache, name, option):
    def load_data():
        raise Exception("URL fetch failure on https://nowhere: None --\n [Errno -2] Name not known")

    fake_keras(monkeypatch, **{name: load_data})
    message = refusal(name, kind=InputError)
    assert (
        f"{name} is not cached and could not be downloaded (URL fetch failure on https://nowhere"
        in message
    )
    assert "give a folder with" in message
    assert option in message


def test_dataset_without_keras_names_the_extra(monkeypatch, no_cache):
    monkeypatch.setitem(sys.modules, "keras", None)
    message = refusal("cifar10", kind=MissingExtraError)
    assert "the dataset cifar10 needs keras" in message
    assert "pip install 'convscope[keras]'" in message


def test_digits():
    samples = pytest.importorskip("sklearn.datasets").load_digits()
    train, test = open_dataset("digits", "train"), open_dataset("digits")
    assert (train.shape, test.shape) == ((1437, 8, 8), (360, 8, 8))
    assert train.images.dtype == np.uint8
    assert (train.images.min(), train.images.max()) == (0, 255)
    assert test[0].label == samples.target[1437]
    np.testing.assert_allclose(test[5].pixels[:, :, 0] / 255 * 16, samples.images[1442], atol=0.05)
    assert (test[5].name, train[5].name) == ("digits:5", "digits/train:5")


def test_digits_without_scikit_learn_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert "pip install 'convscope[train]'" in refusal("digits", kind=MissingExtraError)


def test_first_of_each(shared):
    dataset = open_dataset(shared / "data" / "fashion_mnist")
    first = first_of_each(dataset, 3)
    assert list(first) == list(range(10))
    assert first[9] == [0, 23, 28]
    labels = dataset.labels.tolist()
    assert first_of_each(dataset) == {label: [labels.index(label)] for label in range(10)}
    with pytest.raises(SelectionError, match="k 0: a whole number from 1"):
        first_of_each(dataset, 0)


def test_arrays_are_those_of_the_dataset(shared):
    dataset = open_dataset(shared / "data" / "mnist")
    images, labels = arrays(dataset)
    assert images.shape == (10000, 28, 28)
    assert images.dtype == np.uint8
    assert labels[:3].tolist() == [7, 2, 1]


@pytest.mark.parametrize("index", [-1, 360, 5000])
def test_index_outside(index):
    pytest.importorskip("sklearn")
    dataset = open_dataset("digits")
    with pytest.raises(SelectionError, match=f"digits has no image {index}: its 360") as caught:
        dataset[index]
    assert "indices 0 to 359" in str(caught.value)
    assert len(list(dataset)) == 360


def test_unknown_names():
    message = refusal("fashion_mnsit", kind=SelectionError)
    assert "did you mean 'fashion_mnist'" in message
    assert "an .npz and a .tar work too" in message
    assert "one of: mnist" in refusal("zzz", kind=SelectionError)


def test_unknown_paths(tmp_path):
    (tmp_path / "shoes").mkdir()
    message = refusal(tmp_path / "shoos", kind=InputError)
    assert "there is no dataset" in message
    assert "did you mean 'shoes'" in message
    assert "check the path" in refusal(tmp_path / "none" / "shoes", kind=InputError)
    (tmp_path / "notes.txt").write_text("x")
    assert "is a file and no dataset" in refusal(tmp_path / "notes.txt", kind=InputError)
    assert "URLs are not fetched" in refusal("https://example.org/mnist.npz", kind=InputError)


def test_unknown_splits():
    message = refusal("digits/tset", kind=SelectionError)
    assert "digits has no split 'tset': did you mean 'test'" in message
    assert "one of: train, test" in refusal("digits", "val", kind=SelectionError)
    assert "give one of them" in refusal("digits/train", "test", kind=SelectionError)
