"""Whatever a person gets wrong: one line on stderr, the right exit status, nothing half-written."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def fails(done, status, *words):
    """Check the form that every failure has."""
    assert done.status == status, (done.status, done.err)
    lines = done.err.strip().splitlines()
    last = lines[-1]
    assert len([line for line in lines if line.startswith("convscope: ")]) == 1, done.err
    assert last.startswith("convscope: ")
    assert "Traceback" not in done.err
    for word in words:
        assert word in last, (word, last)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mops", "x"], ["mops"]),
        (["maps"], ["MODEL"]),
        (["maps", "m.keras", "i.png"], ["--output"]),
        (["layers", "m.keras", "--jason"], ["--jason", "--json"]),
        (["maps", "m.keras", "i.png", "-o", "d", "--zoom", "0"], ["--zoom", "0"]),
        (["maps", "m.keras", "i.png", "-o", "d", "--columns", "many"], ["many"]),
        (["layers", "m.keras", "--size", "big"], ["--size", "224x224"]),
        (["layers", "m.keras", "--pixel-range", "1"], ["--pixel-range", "0,1"]),
        (["layers", "m.keras", "--pixel-mean", "a,b"], ["--pixel-mean", "numbers"]),
        (["layers", "keras:ResNet5"], ["ResNet50"]),
        (["datasets", "fashion_mist"], ["fashion_mnist"]),
        (["train", "fashionmnist", "-o", "m.keras"], ["fashion-mnist"]),
    ],
)
def test_wrong_usage(convscope, arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fails(convscope(*arguments), 2, *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--layers", "conv3d"], ["conv3d", "conv2d"]),
        (["--layers", "kind:convolution"], ["kind", "conv"]),
        (["--layers", "9"], ["0 to 3"]),
        (["--colormap", "virdis"], ["virdis", "viridis"]),
        (["--scale", "chanel"], ["chanel", "channel"]),
        (["--scale", "fixed(2,1)"], ["fixed(0, 6)"]),
        (["--layers", "pool:linear"], ["linear", "conv2d:linear"]),
    ],
)
def test_a_name_that_is_not_there(convscope, model, photo, tmp_path, option, words):
    done = convscope("maps", model, photo, "-o", tmp_path / "out", *option)
    fails(done, 2, *words)
    assert not (tmp_path / "out").exists()


def test_a_channel_that_is_not_there(convscope, model, photo, tmp_path):
    target = tmp_path / "table.png"
    done = convscope("compare", model, photo, "-o", target, "--channel", 24, "--layers", 0)
    fails(done, 2, "24", "0 to 23")
    done = convscope("values", model, photo, "--layer", "conv2d", "--channel", 99)
    fails(done, 2, "99", "0 to 23")
    fails(convscope("values", model, photo, "--layer", "conv2d"), 2, "--channel", "0 to 23")
    fails(convscope("compare", model, photo, "-o", target), 2, "--channel", "--mean")
    done = convscope("compare", model, photo, "-o", tmp_path / "table.bmp", "--mean")
    fails(done, 2, ".png", ".pdf", ".svg")
    done = convscope("compare", model, photo, "-o", target, "--mean", "--titles", "a,b")
    fails(done, 2, "titles")
    assert not target.exists()


def test_a_model_that_is_none(convscope, photo, tmp_path):
    text = tmp_path / "model.h5"
    text.write_text("this is no model\n")
    empty = tmp_path / "empty.keras"
    empty.touch()
    renamed = tmp_path / "renamed.keras"
    renamed.write_bytes(photo.read_bytes())
    fails(convscope("layers", tmp_path / "missing.keras"), 1, "missing.keras")
    fails(convscope("layers", tmp_path), 1, "directory")
    fails(convscope("layers", text), 1, "text", "model.save()")
    fails(convscope("layers", empty), 1, "empty")
    fails(convscope("layers", renamed), 1, "renamed.keras")


def test_a_truncated_model(convscope, model, tmp_path):
    cut = tmp_path / "cut.keras"
    cut.write_bytes(model.read_bytes()[:-200])
    fails(convscope("layers", cut), 1, "cut.keras", "again")


def test_an_image_that_is_none(convscope, model, tmp_path):
    out = ("-o", tmp_path / "out")
    text = tmp_path / "text.png"
    text.write_text("no picture")
    empty = tmp_path / "empty.jpg"
    empty.touch()
    fails(convscope("maps", model, tmp_path / "none.png", *out), 1, "none.png")
    fails(convscope("maps", model, tmp_path, *out), 1, str(tmp_path))
    fails(convscope("maps", model, text, *out), 1, "text.png")
    fails(convscope("maps", model, empty, *out), 1, "empty")
    fails(convscope("maps", model, "https://example.org/cat.jpg", *out), 1, "download")
    fails(convscope("maps", model, "digits:99999", *out), 2, "99999")


def test_a_network_that_takes_no_images(convscope, photo, tmp_path):
    import keras

    path = tmp_path / "signal.keras"
    keras.Sequential([keras.Input((16, 2, 3, 5)), keras.layers.Conv3D(2, 1)]).save(path)
    fails(convscope("maps", path, photo, "-o", tmp_path / "out"), 1, "(images, 16, 2, 3, 5)")


def test_a_full_disk_leaves_nothing_behind(convscope, model, photo, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    done = convscope("maps", model, photo, "-o", tmp_path / "out", "-q")
    monkeypatch.undo()
    fails(done, 1, "disk is full")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_made(convscope, model, photo, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    fails(convscope("maps", model, photo, "-o", blocked, "-q"), 1, "a file has that name")
    fails(convscope("maps", model, photo, "-o", blocked / "under", "-q"), 1, "is a file")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(convscope, model, photo, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(stat.S_IRUSR | stat.S_IXUSR)
    fails(convscope("maps", model, photo, "-o", out), 1, "permission")
    out.chmod(stat.S_IRWXU)
    assert list(out.iterdir()) == []


def test_a_picture_that_claims_to_be_huge(convscope, model, tmp_path):
    small = tmp_path / "small.png"
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(small)
    claim = bytearray(small.read_bytes())
    claim[16:24] = (100_000).to_bytes(4, "big") * 2
    import zlib

    claim[29:33] = zlib.crc32(bytes(claim[12:29])).to_bytes(4, "big")
    huge = tmp_path / "huge.png"
    huge.write_bytes(bytes(claim))
    fails(convscope("maps", model, huge, "-o", tmp_path / "out"), 1, "100")


def test_without_a_command_the_help_is_shown(monkeypatch, capsys):
    import sys

    from convscope.cli.main import main

    monkeypatch.setattr(sys, "argv", ["convscope"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert not stopped.value.code
    assert "Commands:" in capsys.readouterr().out


def test_a_full_standard_output(model):
    import subprocess
    import sys

    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    code = "from convscope.cli.main import main; main()"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, "layers", str(model), "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr.strip().splitlines()[-1]


def test_a_stop_is_one_line(convscope, model, photo, tmp_path, monkeypatch):
    import convscope.views.maps as view

    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(view, "maps", stopped)
    fails(convscope("maps", model, photo, "-o", tmp_path / "out"), 130, "stopped")


def test_a_class_of_a_notebook_is_refused_with_the_remedy(convscope, tmp_path):
    import json
    import zipfile

    import keras

    plain = tmp_path / "plain.keras"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="own")]).save(plain)
    changed = tmp_path / "changed.keras"
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json":
                config = json.loads(data)
                layer = config["config"]["layers"][1]
                layer.update(module=None, class_name="Mine", registered_name="Mine")
                data = json.dumps(config).encode()
            new.writestr(name, data)
    fails(convscope("layers", changed), 1, "own", "Mine", "custom_objects")


def test_class_names_that_do_not_fit_are_told(convscope, model, photo):
    done = convscope("predict", model, photo, "--labels", "a,b")
    assert done.status == 0
    assert "2 class names were found for 3 outputs" in done.err


def test_a_size_that_the_network_does_not_take(convscope, model, photo):
    fails(convscope("predict", model, photo, "--size", "20x20"), 2, "12 x 12")


def test_warnings_are_one_line_too(convscope, tmp_path, photo):
    import keras

    path = tmp_path / "plain.keras"
    keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Conv2D(2, 3)]).save(path)
    done = convscope("predict", path, photo, "--pixel-range", "0,1")
    assert done.status == 0
    assert "UserWarning" not in done.err


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--mute", "conv2d"], ["conv2d", "LAYER:CHANNELS"]),
        (["--mute", "conv2d:24"], ["no channel 24", "0 to 23"]),
        (["--solo", "conv2d:one"], ["'one'", "3,5,8-12"]),
        (["--mute", "conv3d:1"], ["conv3d", "conv2d"]),
        (["--mute", "conv2d:1", "--mute-to", "one"], ["zero or mean"]),
        (["--mute", "conv2d:120%"], ["1.2", "between 0 and 1"]),
        (["--contributions", "--target", "9"], ["no class 9", "0 to 2"]),
        (["--contributions", "--target", "1,1"], ["always 0"]),
    ],
)
def test_what_cannot_be_muted_or_explained(convscope, model, photo, option, words):
    fails(convscope("predict", model, photo, *option), 2, *words)


def test_an_order_that_is_not_there(convscope, model, photo, tmp_path):
    done = convscope("maps", model, photo, "-o", tmp_path / "out", "--sort", "contributions")
    fails(done, 2, "contributions", "did you mean 'contribution'")
    assert not (tmp_path / "out").exists()
