"""Stores of something else, damaged ones, full disks, two surveys at once: one line each."""

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

import convscope.surveys.plan
from convscope import open_survey, survey
from convscope.errors import ConvscopeError, InputError, OutputError, SelectionError
from convscope.surveys.packing import packed, unpacked
from convscope.surveys.store import Store
from convscope.surveys.worker import Worker, find_shift
from surveys.copies import contents
from surveys.expected import check_figures
from surveys.plain import Plain, dataset
from surveys.test_figures import activations

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture
def small_shards(monkeypatch):
    """Cut surveys into shards of 16 images."""
    monkeypatch.setattr(convscope.surveys.plan, "_SHARD", 16)
    monkeypatch.setattr(convscope.surveys.plan, "_BATCHES", 1)


class Stopping(Plain):
    """Stops before the batch in which an image is."""

    def __init__(self, image):
        super().__init__()
        self.image = image

    def run(self, batch, layers, *, outputs=True, edits=None):
        if f"shapes:{self.image}" in batch.names and len(batch.names) == 8:
            raise KeyboardInterrupt
        return super().run(batch, layers, outputs=outputs)


def stopped(store, image=84, count=100):
    """Survey up to an image."""
    with pytest.raises(KeyboardInterrupt):
        survey(Stopping(image), dataset(count), store, batch=8, k=3)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model": Plain(seed=1)}, "network"),
        ({"dataset": dataset(40, seed=1)}, "dataset"),
        ({"dataset": dataset(41)}, "number of images"),
        ({"sample": 20}, "number of images and dataset"),
        ({"k": 4}, "k"),
        ({"layers": "maps"}, "set of layers"),
        ({"per_class": "maps"}, "set of layers kept by class"),
        ({"among": "mistakes"}, "set of images that compete"),
        ({"batch": 5}, "number of images at once"),
        ({"dataset": dataset(40, class_names=("a", "b", "c"))}, "classes"),
    ],
)
def test_a_store_of_another_survey_is_refused_and_left_as_it_is(store, changes, named):
    usual = {"model": Plain(), "dataset": dataset(40), "batch": 8}
    survey(*list(usual.values())[:2], store, batch=8)
    before = contents(store)
    given = {**usual, **changes}
    with pytest.raises(
        SelectionError, match=f"is a survey of another .*{named}.*give another -o"
    ) as caught:
        survey(given.pop("model"), given.pop("dataset"), store, **given)
    assert "\n" not in str(caught.value)
    assert contents(store) == before


def test_other_seeds_draw_other_samples(store):
    survey(Plain(), dataset(40), store, sample=20)
    with pytest.raises(SelectionError, match="of another dataset"):
        survey(Plain(), dataset(40), store, sample=20, seed=1)


def test_a_folder_with_other_files_is_left_alone(store):
    store.mkdir()
    (store / "thesis.partial").write_text("years")
    (store / "thesis.txt").write_text("years")
    with pytest.raises(OutputError, match="is a folder with other files: give another -o"):
        survey(Plain(), dataset(9), store)
    assert {path.name for path in store.iterdir()} == {"thesis.partial", "thesis.txt"}


def test_an_empty_folder_will_do(store):
    store.mkdir()
    assert survey(Plain(), dataset(9), store).is_finished


def test_a_file_is_no_place_for_a_store(store):
    store.write_text("thesis")
    with pytest.raises(OutputError, match="cannot be written"):
        survey(Plain(), dataset(9), store)
    with pytest.raises(InputError, match="is no survey's store"):
        open_survey(store)
    assert store.read_text() == "thesis"


def test_what_is_no_survey_is_not_opened_and_nothing_is_made(store):
    with pytest.raises(InputError, match="is no survey's store: give the folder that"):
        open_survey(store)
    assert not store.exists()
    for make in (lambda: zarr.create_array(str(store), shape=3, dtype="f4"),
                 lambda: zarr.open_group(str(store), mode="w"),
                 lambda: (store.mkdir(), (store / "zarr.json").write_text("{"))):  # fmt: skip
        shutil.rmtree(store, ignore_errors=True)
        make()
        before = contents(store)
        with pytest.raises(InputError, match=r"no survey.*: give the folder") as caught:
            open_survey(store)
        assert "\n" not in str(caught.value)
        with pytest.raises(ConvscopeError, match="is no survey that could go on: give another -o"):
            survey(Plain(), dataset(9), store)
        assert contents(store) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about: about.update(version=9), "written by a newer Convscope"),
        (lambda about: about["plan"].pop("k"), "tells of itself is damaged"),
        (lambda about: about.pop("plan"), "tells of itself is damaged"),
        (lambda about: about.pop("layers"), "tells of itself is damaged"),
    ],
)
def test_what_is_told_of_a_survey_may_be_damaged(store, change, message):
    survey(Plain(), dataset(9), store)
    whole = json.loads((store / "zarr.json").read_text())
    change(whole["attributes"])
    (store / "zarr.json").write_text(json.dumps(whole))
    with pytest.raises(InputError, match=message):
        open_survey(store)


def test_what_is_finished_of_a_stopped_survey_can_be_read(store, small_shards):
    stopped(store)
    found = open_survey(store)
    assert not found.is_finished
    assert "not finished" in repr(found)
    assert found.images == 80
    for name, values in activations(Plain(), dataset(100)).items():
        check_figures(found[name], values[:80])
    assert survey(Plain(), dataset(100), store, batch=8, k=3).images == 100


def test_before_a_shard_is_finished_that_is_said(store, small_shards):
    stopped(store, image=3)
    with pytest.raises(InputError, match="no shard of the survey in .* is finished yet"):
        open_survey(store)


def test_a_survey_is_read_while_its_shards_are_merged(store, small_shards, monkeypatch):
    stopped(store)
    read, calls = Store.read_node, []

    def meanwhile(self, node):
        if not calls:
            calls.append(node)
            survey(Plain(), dataset(100), store, batch=8, k=3)
        return read(self, node)

    monkeypatch.setattr(Store, "read_node", meanwhile)
    found = open_survey(store)
    assert calls
    assert found.is_finished
    assert found.images == 100


def test_a_damaged_summary_is_named_and_computed_again_once_it_is_deleted(store, small_shards):
    stopped(store)
    survey(Plain(), dataset(100), store.with_name("whole.zarr"), batch=8, k=3)
    node = sorted((store / "nodes").glob("*.npz"))[0]
    node.write_bytes(node.read_bytes()[:-7])
    for run in (
        lambda: open_survey(store),
        lambda: survey(Plain(), dataset(100), store, batch=8, k=3),
    ):
        with pytest.raises(InputError, match=f"nodes/{node.name} in .* is damaged: delete it"):
            run()
    node.unlink()
    survey(Plain(), dataset(100), store, batch=8, k=3)
    assert contents(store) == contents(store.with_name("whole.zarr"))


def one_summary():
    from convscope.surveys.plan import make_plan

    network, images = Plain(), dataset(20)
    plan = make_plan(network, images, None, "block", k=2, ranking="peak", among="all", batch=8)
    return Worker(network, images, plan, find_shift(network, images, plan)).survey(0)


WHOLE = packed(one_summary())


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_bytes_of_a_summary_may_be_damaged_anywhere(data):
    damaged = bytearray(WHOLE)
    for place in data.draw(st.lists(st.integers(0, len(WHOLE) - 1), min_size=1, max_size=3)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    damaged = damaged[: data.draw(st.integers(0, len(WHOLE)))]
    check_unreadable(bytes(damaged))


@pytest.mark.parametrize("damaged", [b"", b"PK", WHOLE[: len(WHOLE) // 2], WHOLE[::-1]])
def test_bytes_of_a_summary_may_be_missing(damaged):
    check_unreadable(damaged)


def check_unreadable(damaged):
    try:
        unpacked(damaged)
    except ValueError:
        return
    assert damaged == WHOLE


def test_a_finished_survey_is_left_as_it_is(store):
    class Resting(Plain):
        def run(self, *_, **__):
            raise AssertionError("the network was run")

    first = survey(Plain(), dataset(40), store)
    before = contents(store)
    again = survey(Resting(), dataset(40), store)
    assert contents(store) == before
    assert again["maps"].identical(first["maps"])


def test_a_second_survey_is_refused_while_the_first_runs(store):
    class Second(Plain):
        def run(self, batch, layers, *, outputs=True, edits=None):
            with pytest.raises(OutputError, match="is being written by another survey"):
                survey(Plain(), dataset(40), store)
            told.append(1)
            return super().run(batch, layers, outputs=outputs)

    told = []
    survey(Second(), dataset(40), store)
    assert told


def test_a_second_process_is_refused_while_the_first_runs(store, tmp_path):
    path = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])
    code = (
        "from surveys.plain import *; from convscope import survey; import sys\n"
        "survey(Plain(), dataset(300), sys.argv[1])"
    )
    settings = {**os.environ, "PYTHONPATH": path, "PAUSE": "0.5"}
    first = subprocess.Popen([sys.executable, "-c", code, str(store)], env=settings)
    try:
        while not (store / "nodes").is_dir():
            assert first.poll() is None
            time.sleep(0.01)
        with pytest.raises(OutputError, match="is being written by another survey: wait"):
            survey(Plain(), dataset(300), store)
    finally:
        first.kill()
        first.wait()
    assert survey(Plain(), dataset(300), store).images == 300


@pytest.mark.parametrize("seed", range(4))
def test_a_full_disk_stops_it_with_one_line_and_it_goes_on_after(
    store, small_shards, monkeypatch, seed
):
    """Wherever it happens, while shards are written and merged or the result is."""
    survey(Plain(), dataset(100), store.with_name("whole.zarr"), batch=8, k=3)
    left = [random.Random(seed).randint(3, 40)]
    put = Path.open

    def full(self, mode="r", *rest, **named):
        left[0] -= "w" in mode
        if left[0] <= 0 and "w" in mode:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return put(self, mode, *rest, **named)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full)
        with pytest.raises(
            OutputError, match="cannot be written .No space left on device.: free some"
        ) as caught:
            survey(Plain(), dataset(100), store, batch=8, k=3)
        assert "\n" not in str(caught.value)
    if any((store / "nodes").glob("*.npz")):
        assert open_survey(store).images % 16 in {0, 100 % 16}
    survey(Plain(), dataset(100), store, batch=8, k=3)
    assert contents(store) == contents(store.with_name("whole.zarr"))


def test_a_really_full_disk(tmp_path, small_shards):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        store = disk / "store.zarr"
        with pytest.raises(OutputError, match="cannot be written .No space left on device."):
            survey(Plain(), dataset(400), store, batch=8)
        assert open_survey(store).images > 0
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        assert survey(Plain(), dataset(400), store, batch=8).images == 400
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_store_in_object_storage(small_shards):
    pytest.importorskip("fsspec")
    address = "memory://survey.zarr"
    stopped(address)
    assert open_survey(address).images == 80
    survey(Plain(), dataset(100), address, batch=8, k=3)
    found = open_survey(address)
    for name, values in activations(Plain(), dataset(100)).items():
        check_figures(found[name], values)
    with pytest.raises(InputError, match="no survey's store"):
        open_survey("memory://nothing.zarr")
    with pytest.raises(OutputError, match="cannot be reached"):
        open_survey("nowhere://nothing.zarr")


def test_the_size_told_before_is_that_of_all_arrays(store):
    given = replace(dataset(300), labels=np.arange(300) % 3)
    told = []
    survey(Plain(), given, store, per_class="rectified", begin=lambda size, done: told.append(size))
    arrays = [
        one
        for _, one in zarr.open_group(str(store), mode="r").members(None)
        if isinstance(one, zarr.Array)
    ]
    real = sum(array.nbytes for array in arrays)
    assert real <= told[0] <= 1.1 * real
