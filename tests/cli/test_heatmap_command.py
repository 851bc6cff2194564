"""``convscope heatmap``: a picture, and one line that says what it shows."""

import keras
import numpy as np
import pytest
from PIL import Image

from convscope.pictures import read_provenance


def fails(done, status, *words):
    """Check that one line says what is wrong."""
    assert done.status == status, (done.status, done.err)
    (line,) = [line for line in done.err.splitlines() if line.startswith("convscope: ")]
    for word in words:
        assert word in line, (word, line)


def logits(model, photo):
    """Give the scores before the softmax, from Keras's own layers."""
    loaded = keras.saving.load_model(model)
    grey = Image.open(photo).convert("L").resize((12, 12), Image.Resampling.BILINEAR)
    value = np.asarray(grey, np.float32)[None, ..., None] / 255
    for layer in loaded.layers[:-1]:
        value = layer(value)
    kernel, bias = loaded.layers[-1].get_weights()
    return (np.asarray(value) @ kernel + bias)[0]


def test_the_line_names_class_score_layer_and_method(convscope, model, photo, tmp_path):
    target = tmp_path / "map.png"
    done = convscope("heatmap", model, photo, "-o", target, "--labels", "ant,bee,cow")
    assert done.status == 0, done.err
    scores = logits(model, photo)
    best = int(scores.argmax())
    name = ("ant", "bee", "cow")[best]
    line, path = done.out.splitlines()
    assert line == f"photo.png: logit of {name} = {scores[best]:.4g}, grad-cam of pool (5 x 5)"
    assert path == str(target)
    assert "preparation: 12 x 12, grey, 0..1" in done.err
    told = read_provenance(target)
    assert told["layer"] == "pool"
    assert told["explains"] == [f"logit of {name}"]
    assert told["opacity"] == 0.6


def test_class_contrast_method_layer_and_look_are_chosen(convscope, model, photo, tmp_path):
    target = tmp_path / "map.png"
    arguments = (
        "heatmap", model, photo, photo, "-o", target, "--target", 1, "--against", 2,
        "--method", "hires-cam", "--layer", 0, "--opacity", 0.25, "--colormap", "viridis",
    )  # fmt: skip
    done = convscope(*arguments)
    assert done.status == 0, done.err
    scores = logits(model, photo)
    score = f"{scores[1] - scores[2]:.3g}"
    first, second, _ = done.out.splitlines()
    assert first == second
    assert f"logit of 1 - logit of 2 = {score}" in first
    assert "hires-cam of conv2d (10 x 10)" in first
    told = read_provenance(target)
    assert (told["opacity"], told["colormap"], told["layer"]) == (0.25, "viridis", "conv2d")
    assert len(told["ends"]) == 2


def test_quiet_says_nothing(convscope, model, photo, tmp_path):
    done = convscope("heatmap", model, photo, "-o", tmp_path / "map.svg", "-q")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert (tmp_path / "map.svg").is_file()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--target", "3"], ["class 3", "0 to 2"]),
        (["--target", "dgo", "--labels", "cat,dog,cow"], ["dgo", "'dog'"]),
        (["--target", "1", "--against", "1"], ["against itself"]),
        (["--method", "gradcam"], ["gradcam", "grad-cam"]),
        (["--layer", "flatten"], ["flatten", "conv2d", "pool"]),
        (["--layer", "dense", "--method", "ablation-cam"], ["dense", "ablation-cam"]),
        (["--method", "occlusion", "--layer", "pool"], ["looks at the input"]),
        (["--method", "eigen-cam", "--target", "1"], ["knows no class"]),
        (["--opacity", "2"], ["--opacity", "2"]),
        (["--colormap", "virdis"], ["virdis", "viridis"]),
    ],
)
def test_mistakes(convscope, model, photo, tmp_path, options, words):
    target = tmp_path / "map.png"
    fails(convscope("heatmap", model, photo, "-o", target, *options), 2, *words)
    assert not target.exists()


def test_a_name_that_is_no_picture(convscope, model, photo, tmp_path):
    fails(convscope("heatmap", model, photo, "-o", tmp_path / "map.bmp"), 2, ".png", ".svg")
    fails(convscope("heatmap", model, photo), 2, "--output")
    fails(convscope("heatmap", model, tmp_path / "none.png", "-o", tmp_path / "m.png"), 1, "none")
