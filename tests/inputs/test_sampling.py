"""A random sample of a dataset, and the checksum of what a dataset is."""

import pickle
import re
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

from convscope.errors import InputError, SelectionError
from convscope.inputs import open_dataset
from convscope.inputs.dataset import Dataset
from convscope.inputs.datasets import arrays, first_of_each

COUNT = 40


@pytest.fixture
def held(tmp_path):
    images = np.arange(COUNT * 6, dtype=np.uint8).reshape(COUNT, 3, 2)
    np.savez(tmp_path / "my.npz", x_test=images, y_test=np.arange(COUNT) % 4)
    return open_dataset(tmp_path / "my.npz")


@pytest.fixture
def folder(tmp_path):
    for label in ("ant", "bee"):
        (tmp_path / "all" / label).mkdir(parents=True)
        for place in range(COUNT // 2):
            value = place + COUNT * (label == "bee")
            picture = PIL.Image.new("L", (2, 2), value)
            picture.save(tmp_path / "all" / label / f"{place}.png")
    return tmp_path / "all"


def test_sample_is_what_numpy_chooses(held):
    chosen = np.sort(np.random.default_rng(7).choice(COUNT, 10, replace=False))
    sample = held.sample(10, 7)
    assert len(sample) == 10
    assert sample.indices.tolist() == chosen.tolist()
    np.testing.assert_array_equal(sample.images, held.images[chosen])
    np.testing.assert_array_equal(arrays(sample)[1], held.labels[chosen])
    for place, index in enumerate(chosen):
        assert sample[place].name == held[index].name == f"my.npz:{index}"
        assert sample[place].label == index % 4
    assert held.sample(10, 7).indices.tolist() == chosen.tolist()
    assert held.sample(10, 8).indices.tolist() != chosen.tolist()
    assert held.sample(10).indices.tolist() == held.sample(10, 0).indices.tolist()


def test_sample_of_files(folder):
    dataset = open_dataset(folder)
    sample = dataset.sample(5, 1)
    for place, index in enumerate(sample.indices):
        assert sample[place].name == f"all:{index}"
        np.testing.assert_array_equal(sample[place].pixels, dataset[index].pixels)
        assert sample[place].class_name == dataset[index].class_name
    assert pickle.loads(pickle.dumps(sample))[2].name == sample[2].name
    assert sample.shape == (5, None, None, None)
    first = first_of_each(sample)
    assert all(sample[places[0]].label == label for label, places in first.items())


def test_sample_of_a_sample_keeps_the_first_names(held):
    twice = held.sample(20, 1).sample(5, 2)
    for place, index in enumerate(twice.indices):
        assert twice[place].name == f"my.npz:{index}"
        np.testing.assert_array_equal(twice[place].pixels, held[index].pixels)


def test_sample_of_all(held):
    for count in (COUNT, COUNT + 1, 10**9):
        assert held.sample(count, 3) is held


@pytest.mark.parametrize("count", [0, -1])
def test_sample_of_nothing(held, count):
    with pytest.raises(SelectionError, match=f"count {count}: a whole number from 1"):
        held.sample(count)
    with pytest.raises(SelectionError, match="seed -1: a whole number from 0"):
        held.sample(1, -1)


def test_index_outside_of_a_sample(held):
    with pytest.raises(SelectionError, match="its 5 sampled images have the indices 0 to 4"):
        held.sample(5)[5]


def test_images_without_a_label():
    images = np.zeros((3, 2, 2), np.uint8)
    dataset = Dataset("some", None, np.array([-1, 1, 0]), ("a", "b"), images)
    assert [image.label for image in dataset] == [None, 1, 0]
    assert [image.class_name for image in dataset] == ["", "b", "a"]
    assert first_of_each(dataset) == {0: [2], 1: [1]}


def test_fingerprint_of_arrays(held):
    found = held.fingerprint()
    assert re.fullmatch("[0-9a-f]{64}", found)
    other = held.images.copy()
    other[17, 1, 1] ^= 1
    different = [
        replace(held, images=other),
        replace(held, images=held.images.astype(np.float32)),
        replace(held, images=held.images.reshape(COUNT, 2, 3)),
        replace(held, images=held.images[:-1], labels=held.labels[:-1]),
        replace(held, labels=held.labels[::-1]),
        replace(held, labels=None),
        replace(held, class_names=("a", "b", "c", "d")),
        held.sample(10, 1),
        held.sample(10, 2),
        replace(held.sample(10, 1), indices=None),
    ]
    assert len({found, *(dataset.fingerprint() for dataset in different)}) == 1 + len(different)
    same = [
        replace(held, name="other", title="other", split=None, splits=()),
        replace(held, images=np.asfortranarray(held.images)),
        replace(held, labels=held.labels.astype(np.int32)),
        pickle.loads(pickle.dumps(held)),
    ]
    assert {dataset.fingerprint() for dataset in same} == {found}
    big = held.images.astype(">f4")
    assert (
        replace(held, images=big).fingerprint()
        == replace(held, images=big.astype("<f4")).fingerprint()
    )


def test_fingerprint_of_a_folder(folder, tmp_path):
    found = open_dataset(folder).fingerprint()
    moved = folder.rename(tmp_path / "moved")
    assert open_dataset(moved).fingerprint() == found
    file = moved / "ant" / "3.png"
    content = file.read_bytes()
    file.write_bytes(content + b"x")
    assert open_dataset(moved).fingerprint() != found
    file.write_bytes(content)
    assert open_dataset(moved).fingerprint() == found
    file.rename(moved / "ant" / "three.png")
    assert open_dataset(moved).fingerprint() != found
    dataset = open_dataset(moved)
    (moved / "ant" / "three.png").unlink()
    with pytest.raises(InputError, match=r"three.png' cannot be read .*open the dataset again"):
        dataset.fingerprint()


def test_fingerprint_of_tar_files(tmp_path):
    import io
    import tarfile

    def write(name, content=b"abc"):
        (tmp_path / "a").mkdir(exist_ok=True)
        with tarfile.open(tmp_path / "a" / "0.tar", "w") as archive:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        return open_dataset(tmp_path / "a").fingerprint()

    found = write("x.png")
    assert write("x.png") == found
    assert len({found, write("y.png"), write("x.png", b"abcd")}) == 3
    write("x.png")
    (tmp_path / "a").rename(tmp_path / "b")
    assert open_dataset(tmp_path / "b").fingerprint() == found
    (tmp_path / "b" / "0.tar").rename(tmp_path / "b" / "1.tar")
    assert open_dataset(tmp_path / "b").fingerprint() != found


def test_fingerprint_of_tables(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    def write(folder, name, *sizes):
        folder.mkdir(exist_ok=True)
        rows = [{"image": {"bytes": bytes(size)}} for size in sizes]
        parquet.write_table(arrow.Table.from_pylist(rows), folder / name)
        return open_dataset(folder).fingerprint()

    found = write(tmp_path / "a", "x.parquet", 3, 4)
    assert write(tmp_path / "b", "x.parquet", 3, 4) == found
    assert write(tmp_path / "b", "x.parquet", 3, 4, 5) != found
    assert write(tmp_path / "c", "y.parquet", 3, 4) != found
