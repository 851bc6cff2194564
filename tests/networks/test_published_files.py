"""Model files that people published: each gives all its pictures, or is refused in one line."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import convscope
from convscope.cli.main import main
from convscope.errors import ConvscopeError

from .published import PUBLISHED, digits, given_to

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

TABLE = Path(__file__).resolve().parents[2] / "docs" / "model-files.md"
NAMES = [one.name for one in PUBLISHED]
OPENED = [one for one in PUBLISHED if one.opens]
REFUSED = [one for one in PUBLISHED if one.refused]


@pytest.fixture
def command(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main([str(part) for part in arguments])
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return run


def rows():
    """Read the tables of the page whose first column is a file."""
    found = {}
    for line in TABLE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 5 and cells[0] in NAMES:
            found[cells[0]] = cells[1:]
    return found


@pytest.mark.parametrize("file", OPENED, ids=lambda file: file.name)
def test_it_passes_verify_and_gives_all_its_pictures(command, shared, tmp_path, file):
    path = shared / "models" / file.path
    before = path.read_bytes()
    status, out, err = command("layers", path, *file.options, "--json")
    assert status == 0, err
    layers = json.loads(out)
    status, out, err = command("verify", path, *file.options, "--json")
    assert status == 0, err
    checks = json.loads(out)["layers"]
    assert len(checks) == len(layers)
    unknown = {check["name"] for check in checks if not check["understood"]}
    assert unknown <= {"lambda_19", "lambda_20"}
    assert all(check["max_rel"] <= check["tolerance"] for check in checks if check["understood"])

    options = dict(zip(file.options[::2], file.options[1::2], strict=True))
    network = convscope.open(
        path,
        custom=file.options[1::2] if "--custom" in options else None,
        factory=options.get("--factory"),
    )
    given = given_to(network, shared, tmp_path)
    status, out, err = command("maps", path, given, *file.options, "-o", tmp_path / "maps")
    assert status == 0, err
    # Of signals and volumes there is a second picture of each layer, and one of the input.
    beside = ("input.png", ".lines.png", ".maximum.png")
    drawn = {picture.name for picture in (tmp_path / "maps").glob("*.png")}
    pictures = {name for name in drawn if not name.endswith(beside)}
    described = json.loads((tmp_path / "maps" / "maps.json").read_text())["layers"]
    assert len(pictures) == len(described) == len(layers)
    assert {entry["file"] for entry in described} == pictures
    assert path.read_bytes() == before

    _, how, said_layers, said_weights = rows()[file.name]
    assert int(said_layers) == len(layers)
    assert int(said_weights.replace(",", "")) == network.parameters[0]
    assert "refused" not in how or file.refused
    for option in file.options[::2]:
        assert option in how


@pytest.mark.parametrize("file", REFUSED, ids=lambda file: file.name)
def test_it_is_refused_in_one_line(command, shared, file):
    status, out, err = command("layers", shared / "models" / file.path)
    assert status == 1 and not out
    (line,) = err.splitlines()
    for said in file.refused:
        assert said in line
    if not file.opens:
        _, how, *numbers = rows()[file.name]
        assert how.startswith("refused") and not any(numbers)


@pytest.mark.parametrize("file", OPENED, ids=lambda file: file.name)
def test_what_keras_opens_by_itself_is_left_to_keras(shared, monkeypatch, file):
    from convscope.networks.keras.legacy import opening

    def refuse(*_, **__):
        raise AssertionError("not by Keras itself")

    _, how, *_ = rows()[file.name]
    monkeypatch.setattr(opening, "open_legacy", refuse)
    if how.startswith("Keras"):
        assert convscope.open(shared / "models" / file.path).layers
    elif file.path.startswith("keras") and not file.options:
        with pytest.raises(ConvscopeError, match="not by Keras itself"):
            convscope.open(shared / "models" / file.path)


def test_the_table_knows_every_file(shared):
    models = shared / "models"
    there = {
        path.relative_to(models).as_posix()
        for path in models.rglob("*")
        if path.is_file() and not path.name.endswith("_config.json")
    }
    assert there == {one.path for one in PUBLISHED}
    assert set(rows()) == set(NAMES)


@pytest.mark.filterwarnings("ignore:the array holds values")
@pytest.mark.parametrize(
    ("path", "data", "high", "axes", "least"),
    [
        ("keras/aman21k_fashion_mnist.keras", "fashion_mnist", 1.0, (0, 1, 2, 3), 0.90),
        ("keras/evanchien_fashion_mnist.h5", "fashion_mnist", 1.0, (0, 1, 2, 3), 0.91),
        ("onnx/mnist.onnx", "mnist", 255.0, (0, 3, 1, 2), 0.985),
    ],
)
def test_a_trained_network_still_knows_its_test_images(shared, path, data, high, axes, least):
    images, labels = digits(shared / "data" / data)
    network = convscope.open(shared / "models" / path)
    x = (images * np.float32(high / 255)).transpose(axes)
    scores = [np.asarray(network.predict(x[at : at + 1000])) for at in range(0, 10000, 1000)]
    accuracy = (np.concatenate(scores).argmax(1) == labels).mean()
    assert accuracy >= least
    name = path.rpartition("/")[2]
    (said,) = re.findall(r"([\d.]+) % of", rows()[name][1])
    assert float(said) == pytest.approx(100 * accuracy, abs=0.051)
