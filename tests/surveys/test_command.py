"""``convscope survey``: what it prints, writes and refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convscope import open_survey
from surveys.plain import saved

TESTS = Path(__file__).resolve().parents[1]
MODEL = "surveys.plain:make"


@pytest.fixture
def data(tmp_path):
    """Save a dataset of 300 images."""
    return saved(tmp_path / "shapes.npz", 300)


@pytest.fixture
def convscope(capsys):
    """Give the command line: run a command, get its status and what it printed."""
    from convscope.cli.main import main

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return run


def test_it_says_how_large_before_and_what_was_found_after(convscope, data, store):
    status, out, err = convscope("survey", MODEL, data, "-o", store)
    assert status == 0
    assert "the store takes at most" in err
    lines = out.splitlines()
    assert lines[0] == f"300 images of shapes.npz through 5 layers: {store}"
    assert "the network is right on" in lines[1]
    assert lines[2] == "31 channels, 7 of them dead on all images"
    assert open_survey(store).is_finished


def test_quiet_prints_nothing(convscope, data, store):
    assert convscope("survey", MODEL, data, "-o", store, "-q") == (0, "", "")


def test_json_alone_is_on_stdout(convscope, data, store):
    status, out, err = convscope("survey", MODEL, data, "-o", store, "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert told["images"] == 300
    assert told["channels"] == 31
    assert told["dead"] == 7
    assert told["skipped"] == []
    assert told["store"] == str(store)
    assert told["accuracy"] == open_survey(store).accuracy


def test_a_finished_survey_does_nothing_and_exits_0(convscope, data, store):
    convscope("survey", MODEL, data, "-o", store)
    status, out, err = convscope("survey", MODEL, data, "-o", store)
    assert status == 0
    assert "the store takes" not in err
    assert out.startswith("300 images")


def test_options(convscope, data, store):
    status, *_ = convscope(
        "survey", MODEL, data, "-o", store, "--layers", "maps,block", "--per-class", "block",
        "--sample", 100, "--seed", 2, "--top", 4, "--among", "mistakes", "--by", "peak",
        "--batch", 7,
    )  # fmt: skip
    assert status == 0
    found = open_survey(store)
    assert list(found) == ["maps", "block"]
    assert found.images == 100
    assert found.plan.per_class == ("block",)
    assert found.plan.batch == 7
    assert found["maps"].attrs["among"] == "mistakes"
    assert found["maps"].sizes["rank"] == 4


def test_tables_are_written_and_named(convscope, data, store, tmp_path):
    pytest.importorskip("pyarrow")
    folder = tmp_path / "tables"
    status, out, err = convscope("survey", MODEL, data, "-o", store, "--tables", folder)
    assert status == 0
    written = {path.name for path in folder.iterdir()}
    assert {"channels.csv", "channels.parquet", "selective.csv", "leaders.parquet"} <= written
    assert all(str(folder / name) in out + err for name in written)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([MODEL], 2, "Missing argument 'DATASET'"),
        ([MODEL, "DATA"], 2, "--output"),
        (
            [MODEL, "DATA", "-o", "STORE", "--top", "0"],
            2,
            "k 0: a whole number from 1, images kept a channel (--top)",
        ),
        ([MODEL, "DATA", "-o", "STORE", "--top", "many"], 2, "many"),
        ([MODEL, "DATA", "-o", "STORE", "--batch", "0"], 2, "batch 0: a whole number from 1"),
        ([MODEL, "DATA", "-o", "STORE", "--sample", "0"], 2, "sample 0: a whole number from 1"),
        (
            [MODEL, "DATA", "-o", "STORE", "--sample", "5", "--seed", "-1"],
            2,
            "seed -1: a whole number from 0",
        ),
        ([MODEL, "DATA", "-o", "STORE", "--by", "size"], 2, "one of: peak, contribution"),
        ([MODEL, "DATA", "-o", "STORE", "--by", "contribution"], 2, "rank by peak"),
        ([MODEL, "DATA", "-o", "STORE", "--among", "few"], 2, "one of: all, mistakes"),
        ([MODEL, "DATA", "-o", "STORE", "--layers", "mops"], 2, "maps"),
        ([MODEL, "DATA", "-o", "STORE", "--per-class", "mops"], 2, "maps"),
        ([MODEL, "DATA", "-o", "STORE", "--engine", "rya"], 2, "did you mean 'ray'?"),
        ([MODEL, "DATA", "-o", "STORE", "--workers", "0"], 2, "--workers"),
        ([MODEL, "nothing.npz", "-o", "STORE"], 1, "nothing.npz"),
        (["surveys.plain:mak", "DATA", "-o", "STORE"], 1, "make"),
        (["nothing.keras", "DATA", "-o", "STORE"], 1, "nothing.keras"),
        ([MODEL, "DATA", "-o", "DATA"], 1, "cannot be written"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(convscope, data, store, arguments, status, words):
    given = [{"DATA": data, "STORE": store}.get(one, one) for one in arguments]
    found, out, err = convscope("survey", *given, "-q")
    assert (found, out) == (status, "")
    assert err.startswith("convscope: ")
    assert err.count("\n") == 1
    assert words in err
    assert not store.exists()


def test_another_network_on_the_store_is_wrong_usage(convscope, data, store):
    convscope("survey", MODEL, data, "-o", store, "-q")
    status, out, err = convscope("survey", f"{MODEL}_other", data, "-o", store, "-q")
    assert (status, out) == (2, "")
    assert "is a survey of another network: give another -o" in err


def test_skipped_images_are_listed(convscope, store, tmp_path):
    from PIL import Image

    for place in range(4):
        path = tmp_path / "pictures" / "round" / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 50 * place, np.uint8)).save(path)
    path.write_bytes(b"torn")
    status, out, _ = convscope("survey", MODEL, tmp_path / "pictures", "-o", store)
    assert status == 0
    assert out.startswith("3 images")
    assert "skipped pictures:3: " in out
    assert "3.png" in out


def fresh(*arguments, **settings):
    path = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, **settings},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "run", ["import convscope", "main(['--help'])", "main(['survey', '--help'])"]
)
def test_what_a_survey_needs_is_not_imported_before(run):
    code = f"from convscope.cli.main import main\ntry:\n    {run}\nexcept SystemExit: pass\n"
    if run == "import convscope":
        code = run
    done = fresh(
        "-c", code + "\nimport sys\nprint('!', *{n.partition('.')[0] for n in sys.modules})"
    )
    loaded = set(done.stdout.rpartition("!")[2].split())
    assert "convscope" in loaded
    assert not loaded & {
        "zarr",
        "ray",
        "pandas",
        "pyarrow",
        "fsspec",
        "filelock",
        "numcodecs",
        "xarray",
    }


def test_without_the_extra_the_line_says_which(data, store):
    code = (
        "import sys\nsys.modules['zarr'] = None\nfrom convscope.cli.main import main\n"
        f"main(['survey', '{MODEL}', {str(data)!r}, '-o', {str(store)!r}])"
    )
    done = fresh("-c", code)
    assert done.returncode == 1
    assert (
        "a survey needs zarr, which is not installed: pip install 'convscope[survey]'"
        in done.stderr
    )


MEASURED = """
import resource, sys
from surveys.plain import Plain, dataset
from convscope import survey
survey(Plain(), dataset(int(sys.argv[1])), sys.argv[2], batch=8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="kilobytes on Linux alone")
def test_memory_does_not_grow_with_the_images(tmp_path):
    def peak(count):
        done = fresh("-c", MEASURED, count, tmp_path / f"{count}.zarr")
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    few, many = peak(500), peak(4000)
    assert many < 1.1 * few, (few, many)
