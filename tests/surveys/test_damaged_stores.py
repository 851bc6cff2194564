"""What fuzzing found in stores: each is refused in one line, before memory is taken."""

import hashlib
import io
import json
import shutil

import numpy as np
import pytest

import convscope.surveys.plan
from convscope import open_survey, survey
from convscope.errors import ConvscopeError, InputError
from convscope.surveys.findings import outline
from convscope.surveys.tables import tables
from surveys.plain import Plain, dataset


@pytest.fixture
def stopped(store, monkeypatch):
    """Survey until the last shard but one, in shards of 8 images."""
    monkeypatch.setattr(convscope.surveys.plan, "_SHARD", 8)
    monkeypatch.setattr(convscope.surveys.plan, "_BATCHES", 1)

    def stop(done, total):
        if done >= total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        surveyed(store, stop)
    return store


def surveyed(store, progress=None):
    return survey(Plain(), dataset(40), store, batch=8, per_class="block", k=3, progress=progress)


@pytest.fixture
def finished(store):
    surveyed(store)
    return store


def everything(store):
    """Look at all that a store tells."""
    found = open_survey(store)
    for layer in found:
        found[layer].load()
    outline(found)
    return tables(found)


def refusal(read, *given):
    with pytest.raises(ConvscopeError) as caught:
        read(*given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rewritten(store, change):
    """Change the arrays of a summary, and make its checksum right again."""
    from numcodecs import Zstd

    node = sorted((store / "nodes").glob("*.npz"))[0]
    content = node.read_bytes()[hashlib.sha256().digest_size :]
    with np.load(io.BytesIO(Zstd().decode(content))) as held:
        arrays = dict(held)
    change(arrays)
    plain = io.BytesIO()
    np.savez(plain, **arrays)
    data = bytes(Zstd(level=1).encode(plain.getvalue()))
    node.write_bytes(hashlib.sha256(data).digest() + data)


SUMMARIES = {
    "missing": lambda arrays: arrays.pop("moments.total"),
    "another shape": lambda arrays: arrays.update({"moments.units": np.zeros((1, 2), np.int64)}),
    "another dtype": lambda arrays: arrays.update(
        {"leaders.image": arrays["leaders.image"].astype(np.float64)}
    ),
    "a class that is none": lambda arrays: arrays.update(
        {"moments.label": arrays["moments.label"] + 10**6}
    ),
    "a huge histogram": lambda arrays: arrays.update(
        {"peaks.shape": np.array([2**40, 2**20], np.int64)}
    ),
    "places outside": lambda arrays: arrays.update(
        {"means.places": arrays["means.places"] + 2**40}
    ),
    "too few maps": lambda arrays: arrays.pop("maps.0"),
    "other profiles": lambda arrays: arrays.update({"profile": arrays["profile"][:-1]}),
    "no list": lambda arrays: arrays.update({"skipped": np.frombuffer(b"[[1]]", np.uint8)}),
    "deep": lambda arrays: arrays.update({"skipped": np.frombuffer(b"[" * 99999, np.uint8)}),
}


@pytest.mark.parametrize("change", SUMMARIES.values(), ids=list(SUMMARIES))
def test_summaries_of_something_else_are_damaged(stopped, change):
    rewritten(stopped, change)
    assert "delete it, and its shards" in refusal(open_survey, stopped)
    assert "delete it, and its shards" in refusal(surveyed, stopped)


@pytest.mark.parametrize("content", [b"", b"abc", bytes(400), b"\xff" * 400])
def test_the_shift_may_be_damaged(stopped, content):
    (stopped / "nodes" / "shift").write_bytes(content)
    assert "shift" in refusal(open_survey, stopped)
    assert "shift" in refusal(surveyed, stopped)


@pytest.mark.parametrize("name", ["x.npz", "99999999999-0.npz", "-1-0.npz", "a/0-0.npz", "0-.npz"])
def test_what_else_lies_there_is_nobodys(stopped, name):
    file = stopped / "nodes" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"abc")
    assert open_survey(stopped).images > 0
    assert surveyed(stopped).is_finished


@pytest.mark.parametrize(
    ("array", "entry", "value"),
    [
        ("mean", "shape", [2**40]),
        ("top_value", "shape", [10**6, 10**6]),
        ("mean", "shape", None),
        ("mean", "data_type", "string"),
        ("mean", "codecs", 7),
        ("mean", "chunk_grid", []),
        ("top_unit", "fill_value", "x"),
        ("confusion", "zarr_format", 9),
    ],
)
def test_arrays_are_not_believed(finished, array, entry, value):
    described = finished / array / "zarr.json"
    described.write_text(json.dumps({**json.loads(described.read_text()), entry: value}))
    assert f"{array} in" in refusal(everything, finished)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}{}", b"[]", b'{"attributes": []}'])
def test_what_describes_the_store_may_be_damaged(finished, content):
    (finished / "zarr.json").write_bytes(content)
    refusal(open_survey, finished)
    refusal(surveyed, finished)


@pytest.mark.parametrize("array", ["histogram", "class_mean", "top_image", "class_map/0"])
def test_arrays_may_be_lost(finished, array):
    shutil.rmtree(finished / array)
    assert f"{array} in" in refusal(everything, finished)


def test_leaders_that_are_no_images_of_the_dataset_are_damage(stopped):
    def change(arrays):
        arrays["leaders.image"][0, 0] = 40
        arrays["leaders.value"][0, 0] = 10**6

    rewritten(stopped, change)
    assert "names image 40, which is none of" in refusal(surveyed, stopped)


def test_leading_units_that_are_not_in_their_maps_are_damage(stopped):
    def change(arrays):
        arrays["leaders.position"][:] = 10**6

    rewritten(stopped, change)
    assert "names unit 1000000 of" in refusal(surveyed, stopped)


def test_summaries_of_unlike_networks_are_not_added(stopped):
    def change(arrays):
        arrays["confusion"] = arrays["confusion"][:, 1:]

    rewritten(stopped, change)
    assert "networks with unlike outputs" in refusal(surveyed, stopped)


@pytest.mark.parametrize("array", ["mean", "top_image", "class_map/0"])
def test_chunks_may_be_damaged(finished, array):
    for chunk in (finished / array / "c").rglob("*"):
        if chunk.is_file():
            chunk.write_bytes(b"damaged" + chunk.read_bytes()[7:])
    assert "in" in refusal(everything, finished)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("labels", 7), ("labels", [1]), ("skipped", [[1]]), ("skipped", {"a": 1}),
        ("images", "many"), ("opening", []), ("opening", {"model": 3}), ("layers", {}),
        ("layers", [{"name": "rows"}]), ("version", []), ("dataset_images", -1), ("source", None),
    ],
)  # fmt: skip
def test_entries_of_another_kind_are_damage(finished, entry, value):
    described = finished / "zarr.json"
    told = json.loads(described.read_text())
    told["attributes"][entry] = value
    described.write_text(json.dumps(told))
    if entry == "version":
        open_survey(finished)
    else:
        assert "damaged" in refusal(open_survey, finished)


def test_leaders_of_classes_that_are_none_are_damage(finished):
    import zarr

    zarr.open_group(finished, mode="r+")["top_label"][:] = 10**6
    with pytest.raises(InputError, match="top_label .* is damaged"):
        everything(finished)


def test_units_outside_their_maps_are_damage(finished):
    import zarr

    zarr.open_group(finished, mode="r+")["top_unit"][:] = 10**6
    with pytest.raises(InputError, match="top_unit .* is damaged"):
        everything(finished)


def test_a_link_to_itself_is_no_store(finished):
    (finished / "zarr.json").unlink()
    (finished / "zarr.json").symlink_to("zarr.json")
    refusal(open_survey, finished)
    refusal(surveyed, finished)
