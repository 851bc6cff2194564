"""What the library datasets wrote: saved to disk, and parquet as on the Hub."""

import io
import json
import pickle
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image
import pytest

from convscope.errors import ConvscopeError, InputError, MissingExtraError, SelectionError
from convscope.inputs import open_dataset, read
from convscope.inputs.datasets import arrays, first_of_each

hub = pytest.importorskip("datasets")

NAMES = ["cat", "dog", "fox"]
LABELS = [2, 0, 1, 1, -1, 0, 2]
PIXELS = [
    np.random.default_rng(place).integers(0, 256, (5 + place, 4, 3), np.uint8)
    for place in range(len(LABELS))
]
FEATURES = {
    "number": hub.Value("int32"),
    "image": hub.Image(),
    "label": hub.ClassLabel(names=NAMES),
}


@pytest.fixture(autouse=True)
def quiet():
    hub.disable_progress_bars()


def table(features=None, **columns):
    held = {
        "number": list(range(7)),
        "image": [PIL.Image.fromarray(pixels) for pixels in PIXELS],
        "label": LABELS,
    }
    return hub.Dataset.from_dict(
        {**held, **columns}, features=hub.Features({**FEATURES, **(features or {})})
    )


def refusal(*arguments, kind=InputError):
    with pytest.raises(ConvscopeError) as caught:
        open_dataset(*arguments)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, kind)
    return str(caught.value)


@pytest.fixture
def saved(tmp_path):
    table().save_to_disk(tmp_path / "animals", num_shards=3)
    return tmp_path / "animals"


@pytest.fixture
def parquet(tmp_path):
    folder = tmp_path / "pets"
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_text("---\n---\n")
    whole = table()
    whole.select([0, 1, 2, 3]).to_parquet(
        folder / "data" / "train-00000-of-00002.parquet", batch_size=3
    )
    whole.select([4, 5, 6]).to_parquet(folder / "data" / "train-00001-of-00002.parquet")
    whole.select([5, 2]).to_parquet(folder / "data" / "validation-00000-of-00001.parquet")
    return folder


def same(dataset, places, name):
    """Compare with what the library itself was given."""
    assert len(dataset) == len(places)
    assert dataset.class_names == tuple(NAMES)
    for index, place in enumerate(places):
        image = dataset[index]
        np.testing.assert_array_equal(image.pixels, PIXELS[place])
        label = LABELS[place]
        assert image.label == (None if label < 0 else label)
        assert image.class_name == ("" if label < 0 else NAMES[label])
        assert image.name == f"{name}:{index}"


def test_saved_dataset(saved):
    dataset = open_dataset(saved)
    same(dataset, range(7), "animals")
    assert dataset.labels.tolist() == LABELS
    assert (dataset.split, dataset.splits) == (None, ())
    assert dataset.shape == (7, None, None, None)
    assert first_of_each(dataset) == {0: [1], 1: [2], 2: [0]}
    (image,) = read(f"{saved}:3")
    np.testing.assert_array_equal(image.pixels, PIXELS[3])
    with pytest.raises(InputError, match="pictures in files"):
        arrays(dataset)
    assert "has no splits" in refusal(saved, "train", kind=SelectionError)


def test_saved_dataset_is_what_the_library_loads(saved):
    loaded = hub.load_from_disk(saved)
    dataset = open_dataset(saved)
    for index, row in enumerate(loaded):
        np.testing.assert_array_equal(dataset[index].pixels, np.asarray(row["image"]))
    assert list(dataset.labels) == list(loaded["label"])


def test_rows_are_in_the_order_of_what_was_saved(tmp_path):
    table().select([6, 0, 3]).save_to_disk(tmp_path / "few")
    same(open_dataset(tmp_path / "few"), [6, 0, 3], "few")


def test_saved_splits(tmp_path):
    whole = table()
    parts = {"train": whole, "validation": whole.select([1, 2]), "extra": whole.select([3])}
    hub.DatasetDict(parts).save_to_disk(tmp_path / "animals")
    dataset = open_dataset(tmp_path / "animals")
    assert (dataset.split, dataset.splits) == ("val", ("train", "val", "extra"))
    same(dataset, [1, 2], "animals")
    same(open_dataset(f"{tmp_path}/animals/train"), range(7), "animals/train")
    same(open_dataset(tmp_path / "animals", "train"), range(7), "animals/train")
    same(open_dataset(tmp_path / "animals" / "extra"), [3], "animals/extra")
    same(open_dataset(f"{tmp_path}/animals/val"), [1, 2], "animals")
    message = refusal(tmp_path / "animals", "test", kind=SelectionError)
    assert "one of: train, val, extra" in message
    assert "has no split 'tset'" in refusal(f"{tmp_path}/animals/tset", kind=SelectionError)


def test_parquet_as_on_the_hub(parquet):
    dataset = open_dataset(parquet)
    assert (dataset.split, dataset.splits) == ("val", ("train", "val"))
    same(dataset, [5, 2], "pets")
    same(open_dataset(f"{parquet}/train"), range(7), "pets/train")
    same(open_dataset(f"{parquet}/validation"), [5, 2], "pets")


def test_parquet_is_what_the_library_loads(parquet, tmp_path):
    loaded = hub.load_dataset("parquet", data_dir=str(parquet / "data"), split="train",
                              cache_dir=str(tmp_path / "cache"))  # fmt: skip
    dataset = open_dataset(parquet, "train")
    assert len(loaded) == len(dataset)
    for index, row in enumerate(loaded):
        np.testing.assert_array_equal(dataset[index].pixels, np.asarray(row["image"]))
        assert dataset.labels[index] == row["label"]


def test_parquet_elsewhere_in_the_folder(parquet, tmp_path):
    # The Hub: a folder a configuration; its own conversion: a folder a split within.
    plain = tmp_path / "plain"
    plain.mkdir()
    (parquet / "data").rename(plain / "plain_text")
    same(open_dataset(plain), [5, 2], "plain")
    same(open_dataset(f"{plain}/train"), range(7), "plain/train")
    converted = tmp_path / "converted"
    (converted / "default" / "train").mkdir(parents=True)
    table().to_parquet(converted / "default" / "train" / "0000.parquet")
    same(open_dataset(converted), range(7), "converted")
    same(open_dataset(converted / "default" / "train" / "0000.parquet"), range(7), "0000.parquet")
    shutil.copytree(converted / "default", converted / "other")
    assert "holds several datasets (default, other): give one" in refusal(converted)
    same(open_dataset(converted / "other"), range(7), "other")


def test_class_folder_with_a_table_beside_is_a_class_folder(tmp_path):
    (tmp_path / "all" / "ant").mkdir(parents=True)
    PIL.Image.new("L", (2, 2)).save(tmp_path / "all" / "ant" / "0.png")
    hub.Dataset.from_dict({"file_name": ["ant/0.png"]}).to_parquet(
        tmp_path / "all" / "metadata.parquet"
    )
    assert open_dataset(tmp_path / "all").class_names == ("ant",)


def test_columns_are_found_by_their_features(tmp_path):
    # CIFAR-100 on the Hub has these, in this order.
    features = hub.Features(
        {
            "img": hub.Image(),
            "fine_label": hub.ClassLabel(names=NAMES),
            "coarse_label": hub.ClassLabel(names=["animal"]),
        }
    )
    rows = {"img": [PIL.Image.fromarray(PIXELS[0])], "fine_label": [1], "coarse_label": [0]}
    hub.Dataset.from_dict(rows, features=features).save_to_disk(tmp_path / "fine")
    image = open_dataset(tmp_path / "fine")[0]
    assert (image.label, image.class_name) == (1, "dog")


@pytest.mark.parametrize(
    ("features", "columns", "labels"),
    [
        ({"label": hub.Value("int64")}, {"label": list(range(7))}, list(range(7))),
        ({"label": hub.Value("int64")}, {"label": [1, None, *range(5)]}, [1, -1, *range(5)]),
        ({"label": hub.Value("string")}, {"label": list("abcdefg")}, None),
        ({}, {"label": [-1] * 7}, None),
        ({}, {"label": [None] * 7}, None),
    ],
)
@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_labels_of_other_kinds(tmp_path, kind, features, columns, labels):
    held = table(features, **columns)
    if kind == "arrow":
        held.save_to_disk(tmp_path / "set")
    else:
        (tmp_path / "set").mkdir()
        held.to_parquet(tmp_path / "set" / "all.parquet")
    dataset = open_dataset(tmp_path / "set")
    assert (None if dataset.labels is None else dataset.labels.tolist()) == labels
    assert dataset[3].label == (None if labels is None else labels[3])


def test_images_that_are_files_elsewhere(tmp_path):
    from pyarrow import parquet as writer

    PIL.Image.fromarray(PIXELS[0]).save(tmp_path / "a.png")
    rows = hub.Dataset.from_dict({"image": [str(tmp_path / "a.png")]})
    rows = rows.cast_column("image", hub.Image())
    rows.save_to_disk(tmp_path / "within")
    np.testing.assert_array_equal(open_dataset(tmp_path / "within")[0].pixels, PIXELS[0])
    (tmp_path / "beside").mkdir()
    writer.write_table(rows.data.table, tmp_path / "beside" / "all.parquet")
    dataset = open_dataset(tmp_path / "beside")
    with pytest.raises(InputError, match="'beside:0' holds only the name of a file .*save_to_disk"):
        dataset[0]


def test_image_that_is_not_there_or_damaged(tmp_path):
    packed = io.BytesIO()
    PIL.Image.fromarray(PIXELS[1]).save(packed, "PNG")
    cells = [None, {"bytes": packed.getvalue()[:60], "path": "b.png"}, {"bytes": b"text"}]
    cells.append({"bytes": packed.getvalue()})
    features = hub.Features({"image": hub.Image()})
    rows = hub.Dataset.from_dict({"image": cells}, features=features)
    rows.save_to_disk(tmp_path / "set")
    dataset = open_dataset(tmp_path / "set")
    assert dataset.labels is None and dataset.class_names == ()
    np.testing.assert_array_equal(dataset[3].pixels, PIXELS[1])
    with pytest.raises(InputError, match="'set:0' holds no image"):
        dataset[0]
    with pytest.raises(InputError, match=r"'set:1 \(b.png\)' .*truncated"):
        dataset[1]
    with pytest.raises(InputError, match="'set:2' is not a picture"):
        dataset[2]


def test_tables_without_images(tmp_path):
    words = hub.Dataset.from_dict({"text": ["a"], "label": [1]})
    words.save_to_disk(tmp_path / "words")
    (tmp_path / "rows").mkdir()
    words.to_parquet(tmp_path / "rows" / "train.parquet")
    for name in ("words", "rows"):
        message = refusal(tmp_path / name)
        assert "has no column of images (text: string, label: int64)" in message
        assert "cast_column" in message
    table().select([]).to_parquet(tmp_path / "none.parquet")
    assert "holds no rows" in refusal(tmp_path / "none.parquet")
    # As an empty table is saved; not every version of datasets can.
    table().save_to_disk(tmp_path / "none")
    state = tmp_path / "none" / "state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"_data_files": []}))
    assert "names no files" in refusal(tmp_path / "none")


def test_parquet_of_others_needs_no_features(tmp_path):
    from pyarrow import parquet as writer

    hub_table = table().data.table.replace_schema_metadata(None)
    (tmp_path / "set").mkdir()
    writer.write_table(hub_table, tmp_path / "set" / "test.parquet")
    dataset = open_dataset(tmp_path / "set")
    assert (dataset.split, dataset.labels.tolist()) == ("test", LABELS)
    np.testing.assert_array_equal(dataset[2].pixels, PIXELS[2])


@pytest.mark.parametrize("part", [0, 7, 200, -9])
def test_truncated_files(saved, parquet, part):
    stream = sorted(saved.glob("*.arrow"))[1]
    stream.write_bytes(stream.read_bytes()[:part])
    message = refusal(saved)
    assert stream.name in message and "truncated" in message
    rows = sorted((parquet / "data").glob("train*"))[1]
    rows.write_bytes(rows.read_bytes()[:part])
    message = refusal(parquet, "train")
    assert rows.name in message and "cannot be read" in message
    # The other split is not read.
    assert len(open_dataset(parquet)) == 2


def test_damaged_offsets_are_found_before_they_are_followed(saved):
    import pyarrow as pa

    stream = sorted(saved.glob("*.arrow"))[0]
    rows = pa.ipc.open_stream(pa.memory_map(str(stream))).read_all()
    image = rows.column("image").chunk(0)
    offsets = image.field("bytes").buffers()[1].to_pybytes()
    content = stream.read_bytes()
    assert content.count(offsets) == 1
    wild = np.frombuffer(offsets, np.int32).copy()
    wild[1] = 2**30
    stream.write_bytes(content.replace(offsets, wild.tobytes()))
    assert stream.name in refusal(saved)


def test_state_that_leads_elsewhere(saved, tmp_path):
    for files in ([{"filename": "../secret.arrow"}], [{"filename": "/etc/x"}], [], "x", [3]):
        (saved / "state.json").write_text(json.dumps({"_data_files": files}))
        assert "names no files of the dataset" in refusal(saved)
    (saved / "state.json").write_text("{")
    assert "it is no JSON" in refusal(saved)
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "dataset_dict.json").write_text('{"splits": ["../animals"]}')
    assert "names no splits" in refusal(tmp_path / "all")


def test_missing_library_names_the_extra(saved, parquet, monkeypatch):
    for module in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    for folder in (saved, parquet):
        message = refusal(folder, kind=MissingExtraError)
        assert "pip install 'convscope[survey]'" in message


def test_the_library_itself_is_not_needed(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    same(open_dataset(saved), range(7), "animals")


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_many_threads_and_pickles(saved, parquet, kind):
    dataset = open_dataset(saved) if kind == "arrow" else open_dataset(parquet, "train")
    dataset[0]
    sent = pickle.loads(pickle.dumps(dataset))
    assert len(pickle.dumps(dataset)) < 4000
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda place: sent[place % 7].pixels, range(400)))
    for place, pixels in enumerate(found):
        np.testing.assert_array_equal(pixels, PIXELS[place % 7])


def test_row_groups_kept_are_few(parquet):
    dataset = open_dataset(parquet, "train")
    for index in range(7):
        dataset[index]
    assert len(dataset.images.groups) == 3
    assert len(dataset.images._read._kept) == 2
