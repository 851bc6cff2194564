"""Damaged model files of every kind: they open or are refused in one line, and nothing else."""

import io
import json
import pickle
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import convscope
from convscope.errors import ConvscopeError

from .ages import layer, sequential, values, write_h5
from .models import classifier

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
DAMAGE = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8)
SHARE = st.floats(0, 1)
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 10**12), st.text(max_size=3), st.just([]),
    st.just({}), st.just([None, 4]), st.sampled_from(["Lambda", "same", "th", "relu", "Dense"]),
)  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Save a small network in every form."""
    folder = tmp_path_factory.mktemp("whole")
    model = classifier()
    model.save(folder / "today.keras")
    model.save(folder / "today.h5")
    entry = layer(
        "Convolution2D",
        "c",
        batch_input_shape=[None, 1, 4, 4],
        nb_filter=2,
        nb_row=3,
        nb_col=3,
        dim_ordering="th",
        border_mode="same",
        activation="relu",
        bias=True,
    )
    weights = {"c": {"c_W": values(2, 1, 3, 3), "c_b": values(2)}}  # fmt: skip
    config = sequential(entry)
    write_h5(folder / "old.h5", config, weights, version="1.2.2")
    write_h5(folder / "weights.h5", None, weights, version="1.2.2", top=True)
    (folder / "old.json").write_text(json.dumps(config))
    (folder / "today.json").write_text(model.to_json())
    model.save_weights(folder / "today.weights.h5")
    return folder


def settled():
    """Make a PyTorch network for images of 8 x 8."""
    from torch import nn

    body = nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 3)
    return nn.Sequential(*body).eval()


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Save a small network in every form of PyTorch and ONNX."""
    torch = pytest.importorskip("torch")
    onnx = pytest.importorskip("onnx")
    from .onnx_graphs import small_network

    folder = tmp_path_factory.mktemp("others")
    model, example = settled(), torch.rand(2, 1, 8, 8)
    torch.jit.trace(model, example).save(folder / "script.pt")
    torch.save(model.state_dict(), folder / "state.pth")
    torch.save(model.state_dict(), folder / "old.pth", _use_new_zipfile_serialization=False)
    torch.export.save(torch.export.export(model, (example,)), folder / "program.pt2")
    onnx.save(small_network(np.random.default_rng(0)), folder / "graph.onnx")
    return folder


OTHERS = ["script.pt", "state.pth", "old.pth", "program.pt2", "graph.onnx"]


def survives(path, **options):
    try:
        assert convscope.open(path, **options).layers
    except ConvscopeError as error:
        assert "\n" not in str(error) and len(str(error)) < 900


def survives_as_torch(path):
    factory = settled if path.suffix == ".pth" else None
    survives(path, factory=factory, input_shape=(1, 8, 8))


def repacked(content, name, change):
    """Write an archive again with one part changed, so that all sums are right."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(held, "w") as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
    return held.getvalue()


def damaged(content, damage, share):
    data = bytearray(content[: max(1, int(len(content) * share))])
    for place, value in damage:
        data[int(place * len(data))] = value
    return bytes(data)


@QUICK
@given(
    name=st.sampled_from(["today.keras", "today.h5", "old.h5"]), damage=DAMAGE,
    share=SHARE | st.just(1.0),
)  # fmt: skip
def test_cut_and_overwritten_files(files, tmp_path, name, damage, share):
    path = tmp_path / name
    path.write_bytes(damaged((files / name).read_bytes(), damage, share))
    survives(path)


@QUICK
@given(damage=DAMAGE, share=SHARE | st.just(1.0))
def test_cut_and_overwritten_architectures(files, tmp_path, damage, share):
    path = tmp_path / "old.json"
    path.write_bytes(damaged((files / "old.json").read_bytes(), damage, share))
    survives(files / "weights.h5", architecture=path)


@QUICK
@given(damage=DAMAGE, share=SHARE | st.just(1.0), age=st.sampled_from(["today.weights", "weights"]))
def test_cut_and_overwritten_weights(files, tmp_path, damage, share, age):
    path = tmp_path / f"{age}.h5"
    path.write_bytes(damaged((files / path.name).read_bytes(), damage, share))
    architecture = "today.json" if age == "today.weights" else "old.json"
    survives(path, architecture=files / architecture)


@pytest.mark.filterwarnings("ignore")
@QUICK
@given(name=st.sampled_from(OTHERS), damage=DAMAGE, share=SHARE | st.just(1.0))
def test_cut_and_overwritten_files_of_pytorch_and_onnx(others, tmp_path, name, damage, share):
    path = tmp_path / name
    path.write_bytes(damaged((others / name).read_bytes(), damage, share))
    survives_as_torch(path)


@pytest.mark.filterwarnings("ignore")
@QUICK
@given(name=st.sampled_from(OTHERS[:2] + OTHERS[3:4]), at=st.integers(0), damage=DAMAGE)
def test_archives_of_pytorch_whose_parts_are_damaged(others, tmp_path, name, at, damage):
    content = (others / name).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [part for part in archive.namelist() if archive.getinfo(part).file_size]
    path = tmp_path / name
    part = parts[at % len(parts)]
    path.write_bytes(repacked(content, part, lambda data: damaged(data, damage, 1.0)))
    survives_as_torch(path)


@pytest.mark.parametrize("name", ["today.keras", "today.h5", "old.h5", "old.json", "weights.h5"])
@pytest.mark.parametrize("suffix", [".keras", ".h5", ".hdf5", ".json", ".txt", ".onnx", ".pt", ""])
def test_files_under_another_name(files, tmp_path, name, suffix):
    path = tmp_path / f"renamed{suffix}"
    path.write_bytes((files / name).read_bytes())
    survives(path)
    survives(files / "weights.h5", architecture=path)


def places(node):
    """List what can be replaced in a configuration."""
    keys = list(node) if isinstance(node, dict) else range(len(node))
    for key in keys:
        yield node, key
        if isinstance(node[key], dict | list):
            yield from places(node[key])


@QUICK
@given(name=st.sampled_from(["today.h5", "old.h5"]), at=st.integers(0), value=ODD)
def test_changed_configurations(files, tmp_path, name, at, value):
    path = tmp_path / name
    path.write_bytes((files / name).read_bytes())
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        found = list(places(config))
        node, key = found[at % len(found)]
        node[key] = value
        file.attrs["model_config"] = json.dumps(config)
    survives(path)


def test_an_archive_that_would_fill_the_memory(tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (300 * 2**20))
    with pytest.raises(ConvscopeError, match=r"made to fill the memory \(config.json"):
        convscope.open(path)


def refused(path, said, **options):
    with pytest.raises(ConvscopeError, match=said) as caught:
        assert convscope.open(path, **options).layers
    assert "\n" not in str(caught.value)


def huge(file, name):
    file.create_dataset(name, (2**20, 2**14), "float32", chunks=(64, 64))


def elsewhere(file, name):
    file.create_dataset(name, (8,), "u1", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def pieces(file, name):
    layout = h5py.VirtualLayout((2**20, 2**14), "float32")
    layout[:1] = h5py.VirtualSource("/etc/hosts", "x", shape=(1, 2**14))
    file.create_virtual_dataset(name, layout)


def linked(file, name):
    file[name] = h5py.ExternalLink("/etc/hosts", "/x")


@pytest.mark.parametrize("age", ["today.keras", "today.h5", "old.h5", "today.weights.h5"])
@pytest.mark.parametrize(
    ("change", "said"),
    [(huge, "made to fill the memory"), (elsewhere, "from another file"),
     (pieces, "from another file"), (linked, "has a link in the place of")],
)  # fmt: skip
def test_arrays_that_are_not_in_their_file(files, tmp_path, age, change, said):
    """HDF5 gives what another file holds, or terabytes of zeros that no file holds."""
    path = tmp_path / age

    def changed(content):
        held = io.BytesIO(content)
        with h5py.File(held, "r+") as file:
            names = []
            file.visit(names.append)
            name = next(name for name in names if isinstance(file[name], h5py.Dataset))
            del file[name]
            change(file, name)
        return held.getvalue()

    content = (files / age).read_bytes()
    if path.suffix == ".keras":
        path.write_bytes(repacked(content, "model.weights.h5", changed))
    else:
        path.write_bytes(changed(content))
    refused(path, said)


@pytest.mark.parametrize(("last", "length"), [(True, 0), (False, 2**64 - 1)])
def test_a_heap_of_words_that_has_no_end(tmp_path, last, length):
    """HDF5 1.14 goes round for ever where its sum of the sizes of words stands still."""
    path = tmp_path / "heap.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["a"]
        file.attrs["keras_version"] = "2.1.6"
    data = bytearray(path.read_bytes())
    at = data.index(b"GCOL") + 16
    while last and data[at : at + 2] != b"\0\0":
        at += 16 + -(-int.from_bytes(data[at + 8 : at + 16], "little") // 8) * 8
    data[at + 8 : at + 16] = length.to_bytes(8, "little")
    path.write_bytes(data)
    refused(path, "a heap has no end")


def test_an_array_that_is_shorter_than_its_pickle_says(tmp_path):
    """PyTorch reads beyond the end of it: memory that is not the file's, or a crash."""
    torch = pytest.importorskip("torch")
    torch.save({"w": torch.arange(8.0)}, tmp_path / "whole.pth")
    content = (tmp_path / "whole.pth").read_bytes()
    path = tmp_path / "state.pth"
    path.write_bytes(repacked(content, "whole/data/0", lambda data: data[:4]))
    refused(path, "is shorter than the 32 bytes that it says", factory=settled)


class Touching:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return type(self.mark).touch, (self.mark,)


@pytest.mark.parametrize("name", ["state.pth", "script.pt", "program.pt2"])
def test_no_code_of_a_pickle_is_run(others, tmp_path, name):
    mark, path = tmp_path / "mark", tmp_path / name
    code = pickle.dumps(Touching(mark), 2)
    content = (others / name).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [part for part in archive.namelist() if part.endswith((".pkl", ".pt"))]
    for part in parts:
        path.write_bytes(repacked(content, part, lambda _: code))
        survives_as_torch(path)
        assert not mark.exists()
    path.write_bytes(code)
    survives_as_torch(path)
    assert not mark.exists()
