"""A survey through Ray: the same store as in one process, whatever happens to a worker."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import zarr

ray = pytest.importorskip("ray")
pytest.importorskip("ray.data")

import convscope  # noqa: E402
from convscope import survey  # noqa: E402
from convscope.errors import ModelError, SelectionError  # noqa: E402
from surveys.copies import contents  # noqa: E402
from surveys.plain import Plain, dataset  # noqa: E402
from surveys.test_figures import images_of  # noqa: E402

TESTS = Path(__file__).resolve().parents[1]
MODEL = "surveys.plain:make"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Start Ray on this machine, once for all tests; its workers find this folder's modules."""
    log = tmp_path_factory.mktemp("ray") / "log"
    path = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])
    settings = {"PYTHONPATH": path, "SEEN": str(log)}
    with pytest.MonkeyPatch.context() as patched:
        for name, value in settings.items():
            patched.setenv(name, value)
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
        yield log
        ray.shutdown()


def check_alike(path, other):
    """Check that two stores hold the same: bit for bit what is whole, to 1e-6 what is not."""
    one, two = (zarr.open_group(str(at), mode="r") for at in (path, other))
    # By what name the network was opened, if by any, makes no difference.
    attributes, wanted = ({**at.attrs, "opening": None} for at in (one, two))
    assert attributes == wanted
    names = {name for name, member in two.members(None) if isinstance(member, zarr.Array)}
    assert names == {name for name, member in one.members(None) if isinstance(member, zarr.Array)}
    for name in names:
        a, b = one[name][...], two[name][...]
        if a.dtype.kind == "f":
            np.testing.assert_allclose(a, b, 1e-6, 1e-9, err_msg=name)
        else:
            np.testing.assert_array_equal(a, b, name)


def test_the_same_store_as_in_one_process(cluster, tmp_path):
    given = dataset(2000)
    seen = []
    found = survey(MODEL, given, tmp_path / "ray.zarr", engine="ray", per_class="block", batch=8,
                   progress=lambda done, total: seen.append((done, total)))  # fmt: skip
    survey(MODEL, given, tmp_path / "serial.zarr", per_class="block", batch=8)
    check_alike(tmp_path / "ray.zarr", tmp_path / "serial.zarr")
    assert found.images == 2000
    assert seen[-1] == (2000, 2000)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_keras_file(cluster, tmp_path):
    from networks.models import classifier

    path = tmp_path / "small.keras"
    classifier().save(path)
    network = convscope.open(path)
    given = images_of(network, 700)
    survey(path, given, tmp_path / "ray.zarr", engine="ray", batch=32)
    survey(path, given, tmp_path / "serial.zarr", batch=32)
    check_alike(tmp_path / "ray.zarr", tmp_path / "serial.zarr")


def workers():
    """Give the processes of the actors that compute shards."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            title = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if entry.name.isdigit() and b"ray::" in title and b"_Actor" in title:
            found.append(int(entry.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc")
def test_a_worker_that_is_killed_changes_nothing(cluster, tmp_path):
    killed = []

    def kill(done, total):
        if not killed:
            (mine, *_) = own_workers()
            os.kill(mine, signal.SIGKILL)
            killed.append(mine)

    def own_workers():
        while not (found := workers()):
            time.sleep(0.05)
        return found

    given = dataset(256 * 16)
    found = survey(MODEL, given, tmp_path / "ray.zarr", engine="ray", batch=8, progress=kill)
    assert killed
    assert found.images == 256 * 16
    survey(MODEL, given, tmp_path / "serial.zarr", batch=8)
    check_alike(tmp_path / "ray.zarr", tmp_path / "serial.zarr")


def test_what_one_process_began_many_finish(cluster, tmp_path):
    class Stopping(Plain):
        def run(self, batch, layers, *, outputs=True, edits=None):
            if "shapes:1001" in batch.names and len(batch.names) == 8 and self.started:
                raise KeyboardInterrupt
            self.started = "shapes:0" in batch.names or self.started
            return super().run(batch, layers, outputs=outputs)

        started = False

    given = dataset(1500)
    with pytest.raises(KeyboardInterrupt):
        survey(Stopping(), given, tmp_path / "both.zarr", batch=8)
    cluster.write_text("")
    survey(MODEL, given, tmp_path / "both.zarr", batch=8, engine="ray")
    assert {int(line.partition(":")[2]) for line in cluster.read_text().split()} == set(
        range(768, 1500)
    )
    survey(MODEL, given, tmp_path / "serial.zarr", batch=8)
    check_alike(tmp_path / "both.zarr", tmp_path / "serial.zarr")


@pytest.mark.parametrize("left", [None, "import", "def make(): 1 / 0"])
def test_a_network_that_workers_cannot_open_gives_one_line(cluster, tmp_path, monkeypatch, left):
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "surveyed_here.py"
    source.write_text("from surveys.plain import make")
    network = convscope.open("surveyed_here:make")
    source.unlink()
    if left is not None:
        source.write_text(left)
    with pytest.raises(ModelError, match="surveyed_here") as caught:
        survey(network, dataset(300), tmp_path / "ray.zarr", engine="ray", workers=1)
    assert "\n" not in str(caught.value)


def test_workers_that_open_another_network_give_one_line(cluster, tmp_path):
    network = convscope.open(MODEL)
    network.kernels = network.kernels + 1
    with pytest.raises(SelectionError, match="a worker opened another network than the survey's"):
        survey(network, dataset(300), tmp_path / "ray.zarr", engine="ray")


def test_an_open_object_has_no_name_for_workers(cluster, tmp_path):
    with pytest.raises(SelectionError, match="is open in this process alone.*give the path"):
        survey(Plain(), dataset(300), tmp_path / "ray.zarr", engine="ray")


def test_more_graphics_cards_than_there_are_give_one_line(cluster, tmp_path):
    with pytest.raises(SelectionError, match="--gpus-per-worker") as caught:
        survey(MODEL, dataset(300), tmp_path / "ray.zarr", engine="ray", gpus_per_worker=1)
    assert "\n" not in str(caught.value)


def test_more_workers_than_there_is_room_for(cluster, tmp_path):
    found = survey(MODEL, dataset(600), tmp_path / "ray.zarr", engine="ray", workers=4)
    assert found.images == 600
    assert contents(tmp_path / "ray.zarr")


def test_a_relative_path_is_that_of_this_process(cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert survey(MODEL, dataset(300), "ray.zarr", engine="ray").images == 300
    assert {path.name for path in tmp_path.iterdir()} == {"ray.zarr"}


def test_an_address_of_nothing_gives_one_line(tmp_path):
    if ray.is_initialized():
        ray.shutdown()
    with pytest.raises(SelectionError, match="no Ray cluster could be reached at '127") as caught:
        survey(MODEL, dataset(300), tmp_path / "s.zarr", engine="ray", address="127.0.0.1:1")
    assert "\n" not in str(caught.value)


def test_where_ray_cannot_start_one_line_says_why(tmp_path, monkeypatch):
    if ray.is_initialized():
        ray.shutdown()
    far = tmp_path / ("long" * 30)
    far.mkdir()
    monkeypatch.setenv("RAY_TMPDIR", str(far))
    with pytest.raises(SelectionError, match="Ray cannot be started.*AF_UNIX.*serial") as caught:
        survey(MODEL, dataset(300), tmp_path / "s.zarr", engine="ray")
    assert "\n" not in str(caught.value)
