"""Damaged model files of every kind: they open or are refused in one line, and nothing else."""

import json
import zipfile

import h5py
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
    return folder


def survives(path, **options):
    try:
        convscope.open(path, **options)
    except ConvscopeError as error:
        assert "\n" not in str(error) and len(str(error)) < 900


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
