"""Datasets in folders and in .npz files, and their faults."""

import gzip
import struct

import numpy as np
import PIL.Image
import pytest

from convscope.errors import ConvscopeError, InputError, SelectionError
from convscope.inputs import open_dataset
from convscope.inputs.datasets import arrays, first_of_each

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 3, 2), dtype=np.uint8)
LABELS = np.array([1, 0, 1, 2], np.uint8)


def idx(array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim)
    return header + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def refusal(*arguments, kind=InputError):
    with pytest.raises(ConvscopeError) as caught:
        open_dataset(*arguments)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, kind)
    return str(caught.value)


@pytest.fixture
def idx_folder(tmp_path):
    folder = tmp_path / "shoes"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte").write_bytes(idx(IMAGES))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))
    (folder / "t10k-images.idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES[:2])))
    (folder / "t10k-labels.idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS[:2])))
    return folder


@pytest.fixture
def class_folder(tmp_path):
    folder = tmp_path / "animals"
    for part, count in (("train", 3), ("val", 2), ("test", 1)):
        for label, name in enumerate(("cat", "dog")):
            (folder / part / name).mkdir(parents=True)
            for index in range(count):
                value = 100 * label + index
                picture = PIL.Image.new("RGB", (4 + index, 5), (value, value, 0))
                picture.save(folder / part / name / f"{name}.{9 + index}.png")
    (folder / "train" / ".ipynb_checkpoints").mkdir()
    (folder / "train" / "cat" / "notes.txt").write_text("not a picture")
    return folder


def test_idx_plain_and_packed(idx_folder):
    train, test = open_dataset(idx_folder, "train"), open_dataset(str(idx_folder))
    np.testing.assert_array_equal(train.images, IMAGES)
    np.testing.assert_array_equal(test.images, IMAGES[:2])
    assert train.labels.tolist() == [1, 0, 1, 2]
    assert (train.split, test.split, train.class_names) == ("train", "test", ())
    assert first_of_each(train, 2) == {0: [1], 1: [0, 2], 2: [3]}
    np.testing.assert_array_equal(arrays(test)[0], IMAGES[:2])
    assert (train[3].name, train[3].label) == ("shoes/train:3", 2)
    assert open_dataset(f"{idx_folder}/train").split == "train"
    assert open_dataset(f"{idx_folder}/training").split == "train"


def test_class_names_of_a_folder_that_is_called_so(idx_folder):
    moved = idx_folder.rename(idx_folder.with_name("fashion-mnist"))
    assert open_dataset(moved).class_names[8] == "Bag"


def test_the_folder_where_one_stands(idx_folder, monkeypatch):
    monkeypatch.chdir(idx_folder)
    assert open_dataset(".")[1].name == "shoes:1"


def test_idx_without_labels(idx_folder):
    (idx_folder / "train-labels-idx1-ubyte").unlink()
    dataset = open_dataset(idx_folder, "train")
    assert dataset.labels is None
    assert dataset[0].label is None
    for function in (arrays, first_of_each):
        with pytest.raises(InputError, match="shoes has no labels"):
            function(dataset)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\0\0\x08\x01" + idx(IMAGES)[4:], "magic number 00000801, where .* has 00000803"),
        (b"hello, world and more", "magic number 68656c6c"),
        (idx(IMAGES)[:-1], "claims 4 x 3 x 2 bytes and holds fewer"),
        (idx(IMAGES) + b"\0", "holds more"),
        (idx(IMAGES)[:9], "truncated within its header"),
        (b"", "truncated within its header"),
        (struct.pack(">BBBBIII", 0, 0, 8, 3, 2**31, 2**31, 2**31), "holds fewer"),
        (idx(IMAGES[:0]), "holds nothing"),
        (gzip.compress(idx(IMAGES), mtime=0)[:-12], "damaged or truncated"),
        (gzip.compress(idx(IMAGES), mtime=0)[:30], "damaged or truncated"),
        (b"\x1f\x8bnonsense that is no gzip", "damaged or truncated"),
        (idx(IMAGES[:3]), "holds 3 images but 'train-labels-idx1-ubyte' 4 labels"),
    ],
)
def test_damaged_idx(idx_folder, content, words):
    import re

    (idx_folder / "train-images-idx3-ubyte").write_bytes(content)
    message = refusal(idx_folder, "train")
    assert re.search(words, message), message
    assert "train-images-idx3-ubyte" in message
    # The other split is not read.
    assert len(open_dataset(idx_folder, "test")) == 2


def test_class_folders(class_folder):
    dataset = open_dataset(class_folder)
    assert (dataset.split, dataset.splits) == ("test", ("test", "train", "val"))
    assert dataset.class_names == ("cat", "dog")
    assert dataset.labels.tolist() == [0, 1]
    assert dataset.shape == (2, None, None, None)
    assert dataset[1].name == "animals:1"
    assert dataset[1].pixels[0, 0].tolist() == [100, 100, 0]
    for train in (open_dataset(class_folder, "train"), open_dataset(class_folder / "train")):
        assert train.class_names == ("cat", "dog")
        # 9 comes before 10.
        assert train.images.files[:3] == ("cat/cat.9.png", "cat/cat.10.png", "cat/cat.11.png")
        assert train[4].name == "animals/train:4"
        assert train[4].size == (5, 5)
    assert open_dataset(f"{class_folder}/validation").split == "val"
    with pytest.raises(InputError, match=r"pictures in files.*IDX files, an \.npz"):
        arrays(dataset)
    with pytest.raises(SelectionError, match="indices 0 to 1"):
        dataset[2]


def test_class_folder_without_splits(class_folder):
    plain = (class_folder / "train").rename(class_folder.with_name("plain"))
    dataset = open_dataset(plain)
    assert (dataset.split, dataset.splits, len(dataset)) == (None, (), 6)
    assert dataset[0].name == "plain:0"
    assert "has no splits" in refusal(plain, "train", kind=SelectionError)
    assert "one of: test, val" in refusal(class_folder, "train", kind=SelectionError)


def test_files_are_read_when_they_are_asked_for(class_folder):
    (class_folder / "test" / "cat" / "cat.9.png").write_bytes(b"")
    dataset = open_dataset(class_folder)
    assert dataset[1].label == 1
    with pytest.raises(InputError, match="empty file"):
        dataset[0]


def test_real_class_folders(shared):
    dataset = open_dataset(f"{shared}/data/cats_dogs", "train")
    assert dataset.class_names == ("CAT", "DOG")
    image = dataset[0]
    assert image.pixels.shape[2] == 3
    assert image.name == "cats_dogs/train:0"
    counts = [len(open_dataset(shared / "data" / "cats_dogs" / part)) for part in
              ("train", "val", "test")]  # fmt: skip
    assert sum(counts) == 2985


def test_folders_that_are_no_datasets(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    message = refusal(empty)
    assert "is empty" in message
    assert "give a folder with a sub-folder of pictures a class" in message
    (empty / "a.png").write_bytes(b"x")
    assert "holds pictures, but no sub-folder a class" in refusal(empty)
    (tmp_path / "other" / "notes").mkdir(parents=True)
    assert "holds no pictures in sub-folders" in refusal(tmp_path / "other")


def npz(path, **entries):
    np.savez(path, **entries)
    return path


def test_npz(tmp_path):
    path = npz(
        tmp_path / "my.npz",
        x_train=IMAGES, y_train=LABELS[:, None], x_test=IMAGES[:1] / 255.0, y_test=np.array([2.0]),
    )  # fmt: skip
    train, test = open_dataset(path, "train"), open_dataset(path)
    np.testing.assert_array_equal(train.images, IMAGES)
    assert train.labels.tolist() == [1, 0, 1, 2]
    np.testing.assert_allclose(test.images, IMAGES[:1], rtol=1e-6)
    np.testing.assert_array_equal(test[0].pixels[:, :, 0], test.images[0])
    assert (test[0].name, test[0].label, train[3].name) == ("my.npz:0", 2, "my.npz/train:3")
    assert open_dataset(f"{path}/train").split == "train"
    assert "has no split 'val': one of: train, test" in refusal(path, "val", kind=SelectionError)
    assert "has no split 'tain'" in refusal(f"{path}/tain", kind=SelectionError)


@pytest.mark.filterwarnings("error")
def test_dark_image_of_a_fine_dataset_stays_dark(tmp_path):
    fine = np.array([[[0, 257], [0, 0]], [[65535, 0], [0, 0]]], np.uint16)
    assert open_dataset(npz(tmp_path / "my.npz", x_test=fine))[0].pixels.max() == 1


def test_npz_with_training_images_alone(tmp_path):
    colour = np.zeros((2, 5, 5, 3), np.uint8)
    dataset = open_dataset(npz(tmp_path / "my.npz", x_train=colour))
    assert (dataset.split, dataset.labels, dataset[0].name) == ("train", None, "my.npz:0")
    assert dataset[1].pixels.shape == (5, 5, 3)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"images": IMAGES}, "holds images: save it .* keys x_train"),
        ({}, "holds nothing"),
        ({"x_test": np.array([{}])}, "cannot be read .*pickle"),
        ({"x_test": IMAGES[0]}, r"shape \(3, 2\): give numbers \(image, y, x\)"),
        ({"x_test": np.zeros((2, 3, 3, 2))}, "1, 3 or 4 channels"),
        ({"x_test": np.array([[["a"]]])}, "give numbers"),
        ({"x_test": IMAGES * 4.0}, r"my\.npz'.*scale it"),
        ({"x_test": IMAGES, "y_test": LABELS[:2]}, "one whole number an image"),
        ({"x_test": IMAGES, "y_test": np.eye(4)}, "one whole number an image"),
        ({"x_test": IMAGES, "y_test": LABELS + 0.5}, "one whole number an image"),
    ],
)
def test_npz_that_is_no_dataset(tmp_path, entries, words):
    import re

    message = refusal(npz(tmp_path / "my.npz", **entries))
    assert re.search(words, message), message


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 broken"])
def test_npz_that_is_no_npz(tmp_path, content):
    (tmp_path / "my.npz").write_bytes(content)
    message = refusal(tmp_path / "my.npz")
    assert "cannot be read" in message
    assert "numpy.savez" in message


def test_npz_that_is_npy(tmp_path):
    np.save(tmp_path / "a.npy", IMAGES)
    (tmp_path / "a.npy").rename(tmp_path / "my.npz")
    assert "is no .npz file" in refusal(tmp_path / "my.npz")


def test_truncated_npz(tmp_path):
    path = npz(tmp_path / "my.npz", x_test=IMAGES)
    path.write_bytes(path.read_bytes()[:-30])
    assert "cannot be read" in refusal(path)
