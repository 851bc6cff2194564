"""Folders as torchvision lays them out: MNIST/raw, CIFAR's batches."""

import gzip
import os
import pickle
import struct
from typing import ClassVar

import numpy as np
import PIL.Image
import pytest

from convscope.errors import ConvscopeError, InputError, SelectionError
from convscope.inputs import open_dataset
from convscope.inputs.cifar_pickles import read_cifar

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (4, 3, 2), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
NAMES = [f"class {place}" for place in range(10)]


def idx(array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim)
    return header + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def refusal(*arguments, kind=InputError):
    with pytest.raises(ConvscopeError) as caught:
        open_dataset(*arguments)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, kind)
    return str(caught.value)


def mnist(root, name, offset=0, packed=False):
    raw = root / name / "raw"
    raw.mkdir(parents=True)
    for prefix, count in (("train", 4), ("t10k", 2)):
        for kind, array in (
            ("images-idx3", GREY[:count]),
            ("labels-idx1", np.arange(offset, offset + count, dtype=np.uint8)),
        ):
            content = idx(array)
            (raw / f"{prefix}-{kind}-ubyte").write_bytes(content)
            if packed:
                (raw / f"{prefix}-{kind}-ubyte.gz").write_bytes(gzip.compress(content))
    return root / name


class Python2(pickle._Pickler):
    """Writes text and bytes alike, under NumPy's old name, as the authors of CIFAR did."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def __init__(self, file):
        super().__init__(file, protocol=2)

    def save_bytes(self, held):
        self.write(pickle.BINSTRING + struct.pack("<i", len(held)) + held)
        self.memoize(held)

    def save_str(self, held):
        self.save_bytes(held.encode("latin1"))

    def save_global(self, held, name=None):
        module = "numpy.core.multiarray" if held.__name__ == "_reconstruct" else held.__module__
        self.write(f"c{module}\n{held.__name__}\n".encode())
        self.memoize(held)

    dispatch[bytes] = save_bytes
    dispatch[str] = save_str
    dispatch[type] = save_global
    dispatch[type(len)] = save_global
    dispatch[type(gzip.compress)] = save_global


def python2(path, held):
    with path.open("wb") as file:
        Python2(file).dump(held)


def python3(path, held):
    path.write_bytes(pickle.dumps(held, protocol=2))


def batch(images, labels, key="labels"):
    # The authors: 1024 red, 1024 green, 1024 blue values, row by row.
    rows = np.stack(
        [np.concatenate([image[:, :, c].ravel() for c in range(3)]) for image in images]
    )
    return {"batch_label": "a batch", key: labels, "data": rows, "filenames": ["a.png"] * len(rows)}


def cifar10(root, write=python2):
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for part in range(5):
        write(folder / f"data_batch_{part + 1}", batch(COLOUR[part : part + 1], [part]))
    write(folder / "test_batch", batch(COLOUR[4:], [9, 3]))
    meta = {"num_cases_per_batch": 10000, "label_names": NAMES, "num_vis": 3072}
    write(folder / "batches.meta", meta)
    return folder


def cifar100(root, write=python2):
    folder = root / "cifar-100-python"
    folder.mkdir(parents=True)
    for name, part in (("train", COLOUR[:4]), ("test", COLOUR[4:])):
        held = batch(part, list(range(len(part))), "fine_labels")
        write(folder / name, {**held, "coarse_labels": [7] * len(part)})
    write(folder / "meta", {"fine_label_names": list("abcd"), "coarse_label_names": ["x"]})
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_mnist(tmp_path, packed):
    folder = mnist(tmp_path / "data", "MNIST", packed=packed)
    for source in (tmp_path / "data", folder, folder / "raw"):
        dataset = open_dataset(source)
        np.testing.assert_array_equal(dataset.images, GREY[:2])
        assert (dataset[1].name, dataset[1].class_name) == ("MNIST:1", "1")
        assert dataset.splits == ("train", "test")
        train = open_dataset(f"{source}/train")
        np.testing.assert_array_equal(train.images, GREY)
        assert train[3].name == "MNIST/train:3"
        assert "has no split 'val'" in refusal(source, "val", kind=SelectionError)


def test_several_in_one_folder(tmp_path):
    mnist(tmp_path, "MNIST")
    fashion = mnist(tmp_path, "FashionMNIST", offset=7)
    cifar10(tmp_path)
    cifar100(tmp_path)
    message = refusal(tmp_path)
    assert "(cifar-10-batches-py, cifar-100-python, FashionMNIST, MNIST)" in message
    assert "give one of them, such as" in message
    assert open_dataset(fashion)[1].class_name == "Bag"
    assert open_dataset(fashion)[0].name == "FashionMNIST:0"


def test_image_folder(tmp_path):
    for name in ("ant", "bee"):
        (tmp_path / "hymenoptera" / "train" / name).mkdir(parents=True)
        PIL.Image.new("RGB", (2, 2)).save(tmp_path / "hymenoptera" / "train" / name / "0.jpg")
    dataset = open_dataset(tmp_path / "hymenoptera")
    assert (dataset.split, dataset.class_names) == ("train", ("ant", "bee"))


@pytest.mark.parametrize("write", [python2, python3])
def test_cifar10(tmp_path, write):
    folder = cifar10(tmp_path / "data", write)
    for source in (tmp_path / "data", folder):
        dataset = open_dataset(source)
        np.testing.assert_array_equal(dataset.images, COLOUR[4:])
        assert dataset.images.flags.c_contiguous
        assert dataset.labels.tolist() == [9, 3]
        assert (dataset[0].name, dataset[0].class_name) == ("cifar10:0", "class 9")
        train = open_dataset(f"{source}/train")
        np.testing.assert_array_equal(train.images, COLOUR[:5])
        assert train.labels.tolist() == [0, 1, 2, 3, 4]
        assert train[4].name == "cifar10/train:4"


@pytest.mark.parametrize("write", [python2, python3])
def test_cifar100_has_its_fine_classes(tmp_path, write):
    folder = cifar100(tmp_path, write)
    dataset = open_dataset(folder)
    np.testing.assert_array_equal(dataset.images, COLOUR[4:])
    assert dataset.class_names == tuple("abcd")
    assert (dataset[1].name, dataset[1].class_name) == ("cifar100:1", "b")
    # `train` and `test` are files here, and splits none the less.
    np.testing.assert_array_equal(open_dataset(folder, "train").images, COLOUR[:4])
    np.testing.assert_array_equal(open_dataset(f"{folder}/train").images, COLOUR[:4])
    assert open_dataset(folder / "test").split == "test"


def test_names_of_cifar_without_its_meta(tmp_path):
    folder = cifar10(tmp_path)
    (folder / "batches.meta").unlink()
    assert open_dataset(folder)[1].class_name == "cat"


def test_what_pickle_reads(tmp_path):
    """The same as the standard library, in the way that torchvision asks it."""
    for write in (python2, python3):
        path = tmp_path / write.__name__
        write(path, batch(COLOUR, [1, 2, 3, 4, 5, 6]))
        with path.open("rb") as file:
            theirs = pickle.load(file, encoding="latin1")
        ours = read_cifar(path)
        np.testing.assert_array_equal(ours["data"], theirs["data"])
        assert (ours["labels"], ours["filenames"]) == (theirs["labels"], theirs["filenames"])


def test_array_by_columns(tmp_path):
    python3(tmp_path / "a", {"data": np.asfortranarray(GREY[0])})
    np.testing.assert_array_equal(read_cifar(tmp_path / "a")["data"], GREY[0])


class Command:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
def test_malicious_pickle_is_refused_and_not_run(tmp_path, protocol):
    folder = cifar10(tmp_path / "data")
    made = tmp_path / "made"
    held = {"data": Command(made), "labels": [0]}
    (folder / "test_batch").write_bytes(pickle.dumps(held, protocol=protocol))
    message = refusal(folder)
    assert "is no file of CIFAR, and nothing of it was run (it names posix.mkdir)" in message or (
        "it names nt.mkdir" in message
    )
    assert not made.exists()
    # Python's own reader would have run it.
    pickle.loads(pickle.dumps(held, protocol=protocol))
    assert made.is_dir()


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"(cos\nsystem\nS'true'\no.",
        b"\x80\x02c__builtin__\neval\n)\x81.",
        b"\x80\x02cnumpy\nload\n.",
        b"\x80\x02cnumpy\nndarray\n}(U\x01aK\x01ub.",
        b"\x80\x02cnumpy\ndtype\n(]tR}b.",
        b"\x80\x02c_codecs\nencode\n(X\x01\0\0\0aX\x04\0\0\0zlibtR.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02K\x01Q.",
        b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"\x80\x02r\xff\xff\xff\x7f.",
        b"\x80\x02K\x01K\x02R.",
        b"\x80\x02]K\x01b.",
    ],
)
def test_other_pickles_are_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match="again from https://www.cs.toronto.edu") as caught:
        read_cifar(tmp_path / "a")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "array", [np.zeros((1, 3072)), np.zeros((1, 3072), object), np.zeros((1, 3072), "V1")]
)
def test_arrays_of_anything_but_bytes_are_refused(tmp_path, array):
    python3(tmp_path / "a", {"data": array})
    with pytest.raises(InputError, match="an array of anything but bytes"):
        read_cifar(tmp_path / "a")


def test_array_that_claims_another_shape(tmp_path):
    python3(tmp_path / "a", {"data": np.zeros((3, 7), np.uint8)})
    content = (tmp_path / "a").read_bytes()
    assert content.count(b"K\x03K\x07\x86") == 1
    (tmp_path / "a").write_bytes(content.replace(b"K\x03K\x07\x86", b"K\x03K\xff\x86"))
    with pytest.raises(InputError, match=r"shape \(3, 255\) holds 21 bytes"):
        read_cifar(tmp_path / "a")


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"data": np.zeros((2, 5), np.uint8), "labels": [0, 1]}, "holds no images of CIFAR"),
        ({"data": [1, 2], "labels": [0, 1]}, "holds no images of CIFAR"),
        ({"labels": [0, 1]}, "holds no images of CIFAR"),
        ([1, 2], "holds no batch of CIFAR"),
        (batch(COLOUR, ["a"]), "holds no labels of whole numbers"),
        (batch(COLOUR, [1, 2]), "give one whole number an image"),
        (batch(COLOUR, [1], "fine_labels"), "holds no labels of whole numbers"),
    ],
)
def test_batches_that_hold_something_else(tmp_path, held, words):
    folder = cifar10(tmp_path)
    python3(folder / "test_batch", held)
    message = refusal(folder)
    assert words in message and "test_batch" in message
    assert len(open_dataset(folder, "train")) == 5


def test_damaged_and_missing_batches(tmp_path):
    folder = cifar10(tmp_path)
    whole = (folder / "test_batch").read_bytes()
    for length in (0, 1, 50, len(whole) - 1):
        (folder / "test_batch").write_bytes(whole[:length])
        assert "test_batch' is damaged or truncated" in refusal(folder)
    (folder / "data_batch_4").unlink()
    assert "lacks data_batch_4" in refusal(folder, "train")
