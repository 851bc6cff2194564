"""The commands on PyTorch files, against what PyTorch itself computes."""

import json

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

SHAPE = ("--input-shape", "1x12x12")
NAMES = ["0", "1", "2", "3", "4", "5"]


@pytest.fixture
def values(script, photo):
    """Give what every part of the file's network makes of the photo, as PyTorch has it."""
    grey = Image.open(photo).convert("L").resize((12, 12), Image.Resampling.BILINEAR)
    value = torch.from_numpy(np.asarray(grey, np.float32)[None, None] / 255)
    found = {}
    with torch.no_grad():
        for name, part in torch.jit.load(script).named_children():
            value = part(value.clone())
            found[name] = value.numpy().copy()
    return found


def told(done):
    assert done.status == 0, done.err
    return json.loads(done.out)


def test_layers(convscope, script):
    entries = told(convscope("layers", script, *SHAPE, "--json"))
    assert [entry["name"] for entry in entries] == NAMES
    assert [entry["operation"] for entry in entries][:3] == ["Conv2d", "ReLU", "MaxPool2d"]
    assert entries[0]["shape"] == [4, 10, 10] and entries[0]["receptive_field"] == [3, 3]
    assert sum(entry["parameters"] for entry in entries) == 4 * 9 + 4 + 300 + 3


def test_predict(convscope, script, photo, values):
    (entry,) = told(convscope("predict", script, photo, *SHAPE, "--json"))
    scores = {output["index"]: output["score"] for output in entry["outputs"]}
    for index, score in enumerate(values["5"][0]):
        assert scores[index] == pytest.approx(float(score), abs=1e-3)


def test_maps_hold_the_levels_of_pytorch_s_values(convscope, script, photo, values, tmp_path):
    done = convscope("maps", script, photo, *SHAPE, "-o", tmp_path / "maps", "--scale", "layer",
                     "--columns", "2")  # fmt: skip
    assert done.status == 0, done.err
    files = sorted(path.name for path in (tmp_path / "maps").glob("*.png"))
    assert len(files) == len(NAMES) + 1
    (file,) = [name for name in files if name.endswith("_1.png")]
    levels = np.asarray(Image.open(tmp_path / "maps" / file))
    expected = np.round(values["1"][0, 0] / values["1"].max() * 239)
    # Among the tiles of the mosaic the first map must be found, level for level up to one.
    found = [
        np.abs(levels[y : y + 10, x : x + 10].astype(int) - expected).max()
        for y in range(levels.shape[0] - 9)
        for x in range(levels.shape[1] - 9)
    ]
    assert min(found) <= 1


def test_verify(convscope, script, photo):
    found = told(convscope("verify", script, photo, *SHAPE, "--json"))
    assert found["ok"] and found["understood"] == len(NAMES)


def test_explain(convscope, script, photo, values):
    found = told(convscope("explain", script, photo, *SHAPE, "--layer", "0", "--channel", 1,
                           "--unit", "2,3", "--json"))  # fmt: skip
    assert found["recorded"] == pytest.approx(float(values["0"][0, 1, 2, 3]), abs=1e-6)
    assert found["value"] == pytest.approx(found["recorded"], abs=1e-5) and found["ok"]


def test_heatmap(convscope, script, photo, values, tmp_path):
    done = convscope("heatmap", script, photo, *SHAPE, "-o", tmp_path / "map.png")
    assert done.status == 0, done.err
    best = int(values["4"].argmax())
    assert f"= {values['4'][0, best]:.4g}, grad-cam of 2 (5 x 5)" in done.out
    assert Image.open(tmp_path / "map.png").size[0] > 0


def test_report(convscope, script, photo, tmp_path):
    path = tmp_path / "seen.html"
    done = convscope("report", script, photo, *SHAPE, "-o", path)
    assert done.status == 0, done.err
    assert path.read_text().startswith("<!doctype html>")


def test_weights_and_what_makes_their_network(convscope, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "from torch import nn\ndef make():\n    return nn.Sequential(nn.Conv2d(1, 2, 3))\n"
    )
    torch.save(torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3)).state_dict(), tmp_path / "w.pt")
    monkeypatch.chdir(tmp_path)
    (entry,) = told(convscope("layers", "w.pt", "--factory", "mine:make", "--json"))
    assert (entry["name"], entry["parameters"]) == ("0", 20)
    done = convscope("layers", "w.pt")
    assert done.status == 1 and "--factory package.module:callable" in done.err


def test_a_whole_model_needs_trust(convscope, tmp_path):
    torch.save(torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3)), tmp_path / "whole.pt")
    done = convscope("layers", tmp_path / "whole.pt")
    assert done.status == 1 and "--trust-model" in done.err
    assert len(done.err.strip().splitlines()) == 1
    (entry,) = told(convscope("layers", tmp_path / "whole.pt", "--trust-model", "--json"))
    assert entry["operation"] == "Conv2d"
