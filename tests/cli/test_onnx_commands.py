"""The commands on ONNX files that people published."""

import json
import re

import pytest
from PIL import Image

import convscope
from convscope.cli.main import main

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

FILES = ("SqueezeNet_fp16", "mnist", "winml_cifar_ImageClassifier")


@pytest.fixture(params=FILES)
def model(request, shared):
    return str(shared / "models" / "onnx" / f"{request.param}.onnx")


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("picture") / "slope.png"
    Image.linear_gradient("L").resize((64, 64)).convert("RGB").save(path)
    return str(path)


def ran(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    told = capsys.readouterr()
    assert not stop.value.code, told.err
    return told.out


def refused(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    assert stop.value.code
    told = capsys.readouterr().err.strip()
    assert "\n" not in told
    return told


def layers_of(capsys, model):
    return json.loads(ran(capsys, "layers", model, "--json"))


def test_layers_verify_and_predict(model, image, capsys):
    rows = layers_of(capsys, model)
    assert [row["index"] for row in rows] == list(range(len(rows)))
    assert all(row["kind"] != "other" for row in rows)
    found = json.loads(ran(capsys, "verify", model, image, "--json"))
    assert found["ok"] and found["understood"] == len(rows)
    scores = json.loads(ran(capsys, "predict", model, image, "--json"))
    assert scores[0]["outputs"]


def test_maps_and_their_numbers(model, image, capsys, tmp_path):
    ran(capsys, "maps", model, image, "-o", str(tmp_path / "maps"))
    told = json.loads((tmp_path / "maps" / "maps.json").read_text())
    assert told
    assert len(list((tmp_path / "maps").glob("*.png"))) == len(layers_of(capsys, model)) + 1


def test_explain(model, image, capsys):
    rows = layers_of(capsys, model)
    conv = next(row for row in rows if row["kind"] == "conv")
    place = ("--layer", conv["name"], "--channel", "0", "--unit", "3,3")
    told = ran(capsys, "explain", model, image, *place)
    value = convscope.open(model).activations(image, conv["name"])[conv["name"]][0, 0, 3, 3]
    (shown,) = re.findall(r"value \(framework\) +(\S+)", told)
    assert float(shown) == pytest.approx(float(value), rel=1e-6)
    (computed,) = re.findall(r"value \(NumPy, float64\) +(\S+)", told)
    assert float(computed) == pytest.approx(float(value), rel=2e-3)


def test_heat_maps_without_gradients(model, image, capsys, tmp_path):
    path = tmp_path / "heat.png"
    # A pass a channel takes its time on the larger network.
    methods = ("eigen-cam", *["score-cam", "ablation-cam", "occlusion"] * ("Squeeze" not in model))
    for method in methods:
        ran(capsys, "heatmap", model, image, "-o", str(path), "--method", method)
        with Image.open(path) as picture:
            assert len(set(picture.convert("L").tobytes())) > 8, method
    assert "score-cam" in refused(capsys, "heatmap", model, image, "-o", str(path))


def test_a_report(model, image, capsys, tmp_path):
    path = tmp_path / "page.html"
    ran(capsys, "report", model, image, "-o", str(path))
    assert path.stat().st_size > 10_000


def test_muting(model, image, capsys):
    conv = next(row for row in layers_of(capsys, model) if row["kind"] == "conv")
    told = ran(capsys, "predict", model, image, "--mute", f"{conv['name']}:0")
    assert "unmuted" in told


def test_the_explorer_s_answers(model, image):
    """What the page of ``explore`` asks first: the network, and a run of the image."""
    from convscope.explorer.session import Session

    session = Session(convscope.open(model), [image])
    reply, _ = session.answer({"id": 1, "type": "network"})
    names = list(convscope.open(model).layers)
    assert [layer["name"] for layer in reply["layers"]] == names
    run, _ = session.answer({"id": 2, "type": "run", "image": 0})
    assert run["type"] == "run" and run["predictions"]
