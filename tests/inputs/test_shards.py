"""Tar shards, beside what WebDataset writes and reads."""

import io
import json
import pickle
import tarfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image
import pytest

from convscope.errors import ConvscopeError, InputError, SelectionError
from convscope.inputs import open_dataset, read
from convscope.inputs.patterns import expand

PIXELS = [
    np.random.default_rng(place).integers(0, 256, (3 + place, 4, 3), np.uint8) for place in range(6)
]
LABELS = [1, 0, 2, 1, 0, 2]


def packed(place, kind="PNG"):
    file = io.BytesIO()
    PIL.Image.fromarray(PIXELS[place]).save(file, kind)
    return file.getvalue()


def shard(path, *samples):
    """Write a tar file of samples, each a mapping from names to contents."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for sample in samples:
            for name, content in sample.items():
                data = content if isinstance(content, bytes) else str(content).encode()
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return path


def labelled(place):
    return {f"{place:04}.png": packed(place), f"{place:04}.cls": LABELS[place]}


def refusal(*arguments, kind=InputError):
    with pytest.raises(ConvscopeError) as caught:
        open_dataset(*arguments)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, kind)
    return str(caught.value)


@pytest.fixture
def shards(tmp_path):
    folder = tmp_path / "shapes"
    for number in range(3):
        places = (2 * number, 2 * number + 1)
        shard(folder / f"s-{number:02}.tar", *map(labelled, places))
    return folder


def same(dataset, places, name):
    assert len(dataset) == len(places)
    for index, place in enumerate(places):
        image = dataset[index]
        np.testing.assert_array_equal(image.pixels, PIXELS[place])
        assert (image.name, image.label) == (f"{name}:{index}", LABELS[place])


def test_what_webdataset_writes_and_reads(tmp_path):
    wds = pytest.importorskip("webdataset")
    pattern = str(tmp_path / "s-%02d.tar")
    with wds.ShardWriter(pattern, maxcount=4, verbose=0) as writer:
        for place, pixels in enumerate(PIXELS):
            key = f"a/b {place}" if place else "k" * 130
            told = {"caption": "x", "class_name": f"class {LABELS[place]}"}
            writer.write({"__key__": key, "png": pixels, "cls": LABELS[place], "json": told})
    braces = f"{tmp_path}/s-{{00..01}}.tar"
    theirs = list(wds.WebDataset(braces, shardshuffle=False).decode("rgb8").to_tuple("png", "cls"))
    for source in (braces, f"{tmp_path}/s-*.tar", tmp_path):
        dataset = open_dataset(source)
        assert len(dataset) == len(theirs) == 6
        assert dataset.class_names == ("class 0", "class 1", "class 2")
        for index, (pixels, label) in enumerate(theirs):
            np.testing.assert_array_equal(dataset[index].pixels, pixels)
            assert dataset[index].label == label


def test_one_file_a_folder_and_names_for_many(shards):
    same(open_dataset(shards / "s-01.tar"), [2, 3], "s-01.tar")
    dataset = open_dataset(shards)
    same(dataset, range(6), "shapes")
    assert (dataset.split, dataset.splits, dataset.class_names) == (None, (), ())
    assert dataset.shape == (6, None, None, None)
    same(open_dataset(f"{shards}/s-{{01..00}}.tar"), [2, 3, 0, 1], "s-{01..00}.tar")
    same(open_dataset(f"{shards}/s-*.tar"), range(6), "s-*.tar")
    (image,) = read(f"{shards}/s-{{00..02}}.tar:4")
    np.testing.assert_array_equal(image.pixels, PIXELS[4])
    for source in (shards, f"{shards}/s-*.tar", shards / "s-01.tar"):
        assert "has no splits" in refusal(source, "train", kind=SelectionError)


def test_shards_come_in_natural_order(tmp_path):
    for number in (10, 9, 1):
        shard(tmp_path / "n" / f"{number}.tar", {"a.png": packed(number % 6), "a.cls": number})
    assert open_dataset(tmp_path / "n").labels.tolist() == [1, 9, 10]


def test_splits_in_names_and_in_folders(shards, tmp_path):
    named = tmp_path / "named"
    shard(named / "set-train-0000.tar", labelled(0), labelled(1))
    shard(named / "set-train-0001.tar", labelled(2))
    shard(named / "set-validation-0000.tar", labelled(3))
    inside = tmp_path / "inside"
    shard(inside / "train" / "0.tar", labelled(0), labelled(1))
    shard(inside / "train" / "1.tar", labelled(2))
    shard(inside / "val" / "0.tar", labelled(3))
    for folder in (named, inside):
        dataset = open_dataset(folder)
        assert (dataset.split, dataset.splits) == ("val", ("train", "val"))
        same(dataset, [3], folder.name)
        same(open_dataset(f"{folder}/train"), [0, 1, 2], f"{folder.name}/train")
        same(open_dataset(folder, "train"), [0, 1, 2], f"{folder.name}/train")
        assert "has no split 'test'" in refusal(folder, "test", kind=SelectionError)


def test_class_folder_with_its_archive_beside_is_a_class_folder(tmp_path):
    shard(tmp_path / "all" / "archive.tar", labelled(0))
    (tmp_path / "all" / "ant").mkdir()
    (tmp_path / "all" / "ant" / "0.png").write_bytes(packed(0))
    assert open_dataset(tmp_path / "all").class_names == ("ant",)


def test_samples_are_made_as_webdataset_makes_them(tmp_path):
    path = shard(
        tmp_path / "a.tar",
        {"__MACOSX/._x.png": b"", ".hidden": b"", "no_suffix": b""},
        {"x/one.PNG": packed(0), "x/one.cls": 1, "x/one.seg.png": packed(5)},
        {"words.txt": b"no picture"},
        {"two.input.png": packed(1), "two.cls": " 0\n"},
        {"one.png": packed(2)},
    )
    dataset = open_dataset(path)
    assert dataset.images.names == ("x/one.PNG", "two.input.png", "one.png")
    assert dataset.labels.tolist() == [1, 0, -1]
    assert dataset[2].label is None
    assert dataset[0].size == (3, 4)


@pytest.mark.parametrize(
    ("told", "labels", "names"),
    [
        ([{"label": 2}, {"cls": 0}], [2, 0], ()),
        ([{"label": 1, "class_name": "ant"}, {"label": 0}], [1, 0], ("0", "ant")),
        ([{"label": "cat"}, {"label": "ant"}], [1, 0], ("ant", "cat")),
        ([{"caption": "a"}, {"label": None}], None, ()),
        ([{"caption": "a"}, {"label": 3}], [-1, 3], ()),
        ([[1, 2], {"label": 3}], [-1, 3], ()),
    ],
)
def test_labels_in_json(tmp_path, told, labels, names):
    samples = [
        {f"{place}.jpg": packed(place, "JPEG"), f"{place}.json": json.dumps(one)}
        for place, one in enumerate(told)
    ]
    dataset = open_dataset(shard(tmp_path / "a.tar", *samples))
    assert (None if dataset.labels is None else dataset.labels.tolist()) == labels
    assert dataset.class_names == names


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("classes.txt", "ant\nbee\ncat\n"),
        ("classes.json", '["ant", "bee", "cat"]'),
        ("classes.json", '{"0": "ant", "2": "cat", "1": "bee"}'),
        ("classes.json", '{"bee": 1, "ant": 0, "cat": 2}'),
    ],
)
def test_class_names_beside(shards, tmp_path, file, content):
    (shards / file).write_text(content)
    assert open_dataset(shards)[0].class_name == "bee"
    assert open_dataset(shards / "s-01.tar")[0].class_name == "cat"
    shard(tmp_path / "split" / "train" / "0.tar", labelled(0))
    (tmp_path / "split" / file).write_text(content)
    assert open_dataset(tmp_path / "split").class_names == ("ant", "bee", "cat")


def test_words_are_numbered_by_the_names_beside(tmp_path):
    path = shard(tmp_path / "a.tar", {"a.png": packed(0), "a.json": '{"label": "ant"}'})
    (tmp_path / "classes.txt").write_text("cat\nant\n")
    assert open_dataset(path)[0].label == 1
    (tmp_path / "classes.txt").write_text("cat\n")
    assert "the class 'ant' is not in classes.txt" in refusal(path)


@pytest.mark.parametrize("content", ["{", '{"a": "b"}', "[1]", "3", '{"a": 0, "b": 0}'])
def test_class_names_that_are_none(shards, content):
    (shards / "classes.json").write_text(content)
    assert "holds no names of classes" in refusal(shards)


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ({"a.cls": "cat"}, "a .cls in .*a.tar' holds 'cat': give the index"),
        ({"a.cls": b"\xff\0"}, "a .cls .* whole number"),
        ({"a.cls": "9" * 30}, "whole number"),
        ({"a.json": "{"}, "a .json in .*a.tar' is none"),
        ({"a.json": "[" * 100_000}, "is none"),
        ({"a.json": '{"label": 1.5}'}, "holds the label 1.5"),
        ({"a.json": '{"label": [1]}'}, "give a whole number or a name"),
        ({"a.cls": b" " * (2**20 + 1)}, "takes 1,048,577 bytes, where a label is read"),
        ({"a.json": '{"label": 1}', "b.png": packed(1), "b.json": '{"label": "x"}'},
         "some labels are numbers and some are names"),
        ({"a.PNG": b"x"}, "holds 'a.PNG' twice"),
    ],
)  # fmt: skip
def test_samples_that_cannot_be_read(tmp_path, sample, words):
    import re

    message = refusal(shard(tmp_path / "a.tar", {"a.png": packed(0), **sample}))
    assert re.search(words, message), message


def test_shards_without_pictures(tmp_path):
    shard(tmp_path / "words" / "a.tar", {"a.txt": "word"})
    message = refusal(tmp_path / "words")
    assert "holds no pictures: give shards as WebDataset writes them" in message


def test_damaged_picture_says_which(shards):
    shard(shards / "s-01.tar", labelled(2), {"0003.jpg": packed(3, "JPEG")[:100]})
    dataset = open_dataset(shards)
    assert dataset[2].size == (5, 4)
    with pytest.raises(InputError, match=r"'shapes:3 \(0003.jpg in s-01.tar\)'.*truncated"):
        dataset[3]


def test_damaged_shards_are_refused(shards):
    path = shards / "s-01.tar"
    whole = path.read_bytes()
    path.write_bytes(whole[:700])
    assert "s-01.tar' is truncated" in refusal(shards)
    path.write_bytes(whole[:512] + b"x" * 2000)
    assert "s-01.tar' is damaged at byte" in refusal(shards)
    path.write_bytes(b"")
    assert "s-01.tar' is an empty file" in refusal(shards)


def test_compressed_shards_are_refused_with_the_remedy(shards, tmp_path):
    import gzip

    (tmp_path / "packed").mkdir()
    content = gzip.compress((shards / "s-00.tar").read_bytes())
    for name in ("a.tar.gz", "a.tgz", "a.tar"):
        (tmp_path / "packed" / name).write_bytes(content)
        message = refusal(tmp_path / "packed" / name)
        assert "is compressed by gzip" in message and f"gunzip {name}" in message
    (tmp_path / "packed" / "a.tar").unlink()
    assert "is compressed by gzip" in refusal(tmp_path / "packed")


def test_shard_that_changes_after_it_was_opened(shards):
    dataset = open_dataset(shards)
    (shards / "s-01.tar").write_bytes((shards / "s-01.tar").read_bytes()[:600])
    with pytest.raises(InputError, match="'shapes:3 .* not there any more.*open the dataset again"):
        dataset[3]
    (shards / "s-01.tar").unlink()
    with pytest.raises(InputError, match="'shapes:3 .* cannot be read"):
        dataset[3]


def test_huge_member_is_not_read(tmp_path):
    info = tarfile.TarInfo("a.png")
    info.size = 2**32
    with (tmp_path / "a.tar").open("wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.truncate(2**32 + 512 + 1024)
    with pytest.raises(InputError, match="takes 4,294,967,296 bytes: give a smaller version"):
        open_dataset(tmp_path / "a.tar")[0]


def test_nothing_is_written(tmp_path, monkeypatch):
    shard(tmp_path / "in" / "a.tar", {"../../out.png": packed(0)}, {"/tmp/out.png": packed(1)})
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    dataset = open_dataset(tmp_path / "in")
    assert [image.size for image in dataset] == [(3, 4), (4, 4)]
    assert sorted(tmp_path.rglob("*")) == before


def test_many_threads_and_pickles(shards):
    dataset = pickle.loads(pickle.dumps(open_dataset(shards)))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda place: dataset[place % 6].pixels, range(300)))
    for place, pixels in enumerate(found):
        np.testing.assert_array_equal(pixels, PIXELS[place % 6])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("s-{0..2}", ["s-0", "s-1", "s-2"]),
        ("s-{08..10}", ["s-08", "s-09", "s-10"]),
        ("s-{2..1}", ["s-2", "s-1"]),
        ("s-{a,b}{0..1}", ["s-a0", "s-a1", "s-b0", "s-b1"]),
        ("s-{x}", ["s-{x}"]),
        ("s-?", ["s-0", "s-1", "s-2"]),
        ("s-[!01]", ["s-2"]),
        ("{s,t}-*0", ["s-0", "s-10", "s-a0", "s-b0"]),
    ],
)
def test_names_for_many_files(tmp_path, monkeypatch, text, names):
    # As a shell writes them out.
    for name in ("s-0", "s-1", "s-2", "s-08", "s-09", "s-10", "s-a0", "s-a1", "s-b0", "s-b1",
                 "s-{x}"):  # fmt: skip
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in expand(f"{tmp_path}/{text}")] == names
    monkeypatch.chdir(tmp_path)
    assert [str(path) for path in expand(text)] == names


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s-{00..09}.tar", "names 7 files that are not there, such as .*s-03.tar"),
        ("t-*.tar", "no file is called"),
        ("s-{0..99999999}.tar", "names 100,000,000 files: give at most"),
        ("s-{0..9999}{0..9999}.tar", "names 100,000,000 files: give at most"),
        ("none/*.tar", "no file is called"),
        ("*.txt", "names .*a.txt', which is no .tar file"),
    ],
)
def test_names_for_files_that_are_not_there(shards, text, words):
    import re

    (shards / "a.txt").write_text("x")
    message = refusal(f"{shards}/{text}")
    assert re.search(words, message), message
