"""Every command does its work on a small network, and prints what it should."""

import csv
import io
import json

import keras
import numpy as np
import pytest
from PIL import Image


def test_version_and_help(convscope):
    from convscope import __version__

    assert convscope("--version").out.strip() == f"convscope {__version__}"
    listed = convscope("--help")
    assert listed.status == 0
    commands = (
        "demo", "layers", "predict", "maps", "compare", "heatmap", "datasets", "values", "train",
        "film",
    )  # fmt: skip
    for command in commands:
        assert f"\n  {command} " in listed.out
        described = convscope(command, "--help")
        assert described.status == 0 and "Usage" in described.out


def test_layers_table_says_why_the_size(convscope, model):
    done = convscope("layers", model)
    assert done.status == 0
    assert "(12 - 3 + 0)/1 + 1 = 10" in done.out
    assert "24 x 10 x 10" in done.out
    loaded = keras.saving.load_model(model)
    assert f"{loaded.count_params():,} in all" in done.out


def test_layers_json_has_the_agreed_fields(convscope, model):
    rows = json.loads(convscope("layers", model, "--json").out)
    assert [row["name"] for row in rows] == ["conv2d", "pool", "flatten", "dense"]
    assert [row["index"] for row in rows] == [0, 1, 2, 3]
    assert set(rows[0]) == {
        "index", "name", "kind", "operation", "shape", "parameters", "trainable",
        "receptive_field", "composite",
    }  # fmt: skip
    assert rows[0]["shape"] == [24, 10, 10]
    assert rows[0]["receptive_field"] == [3, 3]
    assert rows[1]["receptive_field"] == [4, 4]
    loaded = keras.saving.load_model(model)
    assert sum(row["parameters"] for row in rows) == loaded.count_params()


def test_layers_chooses(convscope, model):
    rows = json.loads(convscope("layers", model, "--json", "--layers", "kind:conv,2:4").out)
    assert [row["name"] for row in rows] == ["conv2d", "flatten", "dense"]


def test_predict_names_the_classes_best_first(convscope, model, photo):
    arguments = ("predict", model, photo, "--labels", "ant,bee,cow", "--json")
    (row,) = json.loads(convscope(*arguments).out)
    assert row["image"] == "photo.png"
    scores = [entry["score"] for entry in row["outputs"]]
    assert scores == sorted(scores, reverse=True)
    grey = Image.open(photo).convert("L").resize((12, 12), Image.Resampling.BILINEAR)
    given = np.asarray(grey, np.float32)[None, ..., None] / 255
    expected = np.asarray(keras.saving.load_model(model)(given))[0]
    for entry in row["outputs"]:
        assert entry["score"] == pytest.approx(expected[entry["index"]], abs=1e-5)
        assert entry["label"] == ("ant", "bee", "cow")[entry["index"]]


def test_maps_writes_every_map_of_every_layer(convscope, model, photo, tmp_path):
    done = convscope("maps", model, photo, "-o", tmp_path / "out", "--columns", 16)
    assert done.status == 0, done.err
    assert "preparation: 12 x 12, grey, 0..1" in done.err
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "0_conv2d.png", "1_pool.png", "2_flatten.png", "3_dense.png", "input.png", "maps.json",
    ]  # fmt: skip
    with Image.open(tmp_path / "out" / "input.png") as seen:
        assert seen.size == (12, 12)
    told = json.loads((tmp_path / "out" / "maps.json").read_text())
    assert told["model"]["name"] == "small"
    assert told["image"] == "photo.png"
    assert told["preparation"]["size"] == [12, 12]
    assert told["scale"] == "channel"
    channels = told["layers"][0]["channels"]
    assert len(channels["low"]) == len(channels["high"]) == len(channels["diagnosis"]) == 24


def test_a_saved_mosaic_holds_the_levels_of_keras_values(convscope, model, photo, tmp_path):
    convscope("maps", model, photo, "-o", tmp_path / "out", "--columns", 16)
    loaded = keras.saving.load_model(model)
    with Image.open(tmp_path / "out" / "input.png") as seen:
        given = np.asarray(seen, np.float32)[None, ..., None] / 255
    values = np.asarray(loaded.layers[0](given))[0]
    with Image.open(tmp_path / "out" / "0_conv2d.png") as picture:
        assert picture.mode == "P"
        places = np.asarray(picture)
    for channel in range(24):
        row, column = divmod(channel, 16)
        tile = places[row * 11 : row * 11 + 10, column * 11 : column * 11 + 10]
        one = values[..., channel]
        if one.min() == one.max():
            assert (tile >= 240).all()
            continue
        levels = (one - one.min()) / (one.max() - one.min()) * 239
        assert np.abs(tile - levels).max() <= 0.51


def test_several_images_get_a_folder_each(convscope, model, photo, tmp_path):
    other = tmp_path / "sub" / "photo.png"
    other.parent.mkdir()
    other.write_bytes(photo.read_bytes())
    done = convscope("maps", model, photo, other, "-o", tmp_path / "out", "--layers", 0, "-q")
    assert done.status == 0 and done.out == ""
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["photo", "photo-2"]
    assert (tmp_path / "out" / "photo-2" / "0_conv2d.png").is_file()


def test_linear_parts_and_numbers(convscope, model, photo, tmp_path):
    done = convscope("maps", model, photo, "-o", tmp_path, "--layers", "conv2d:linear", "--numbers")
    assert done.status == 0, done.err
    with Image.open(tmp_path / "0_conv2d.linear.png") as figure:
        assert figure.mode in {"RGB", "RGBA"}
    told = json.loads((tmp_path / "maps.json").read_text())
    assert told["layers"][0]["signed"] is True


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_compare_saves_each_format(convscope, model, photo, tmp_path, suffix):
    target = tmp_path / f"table{suffix}"
    done = convscope(
        "compare", model, photo, photo, "-o", target, "--channel", 5, "--layers", "0:2"
    )
    assert done.status == 0, done.err
    start = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}[suffix]
    assert target.read_bytes().startswith(start)


def test_values_as_csv_equal_keras(convscope, model, photo, tmp_path):
    target = tmp_path / "values.csv"
    done = convscope("values", model, photo, "--layer", "conv2d", "--channel", 7, "--csv", target)
    assert done.status == 0, done.err
    header, *rows = csv.reader(io.StringIO(target.read_text()))
    assert header == ["y/x", *map(str, range(10))]
    assert [row[0] for row in rows] == [str(y) for y in range(10)]
    grey = Image.open(photo).convert("L").resize((12, 12), Image.Resampling.BILINEAR)
    given = np.asarray(grey, np.float32)[None, ..., None] / 255
    expected = np.asarray(keras.saving.load_model(model).layers[0](given))[0, ..., 7]
    found = np.array([[float(cell) for cell in row[1:]] for row in rows])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_values_print_and_json(convscope, model, photo):
    shown = convscope("values", model, photo, "--layer", "0", "--mean")
    assert shown.status == 0
    assert "small, conv2d, mean over channels, photo.png" in shown.err
    table = json.loads(convscope("values", model, photo, "--layer", "0", "--mean", "--json").out)
    assert np.shape(table) == (10, 10)


def test_datasets_lists_names_and_describes_a_folder(convscope, tmp_path):
    assert "fashion_mnist" in convscope("datasets").out.split()
    for label in ("ant", "bee"):
        (tmp_path / label).mkdir()
        for place in range(2):
            Image.new("RGB", (4, 4)).save(tmp_path / label / f"{place}.png")
    done = convscope("datasets", tmp_path, "--each", 2)
    assert done.status == 0, done.err
    assert "ant" in done.out and "2, 3" in done.out
    told = json.loads(convscope("datasets", tmp_path, "--labels", 4, "--json").out)
    assert told["labels"] == [0, 0, 1, 1]
    assert told["class_names"] == ["ant", "bee"]
    drawn = convscope("datasets", tmp_path, "-o", tmp_path / "classes.png", "-q")
    assert drawn.status == 0 and (tmp_path / "classes.png").is_file()


def test_datasets_describes_all_splits_from_one_of_them(convscope, tmp_path):
    (tmp_path / "split").mkdir()
    for split in ("train", "test"):
        (tmp_path / "split" / split / "ant").mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / "split" / split / "ant" / "0.png")
    both = convscope("datasets", tmp_path / "split" / "test")
    assert both.status == 0, both.err
    assert "split/train" in both.out and "split/test" in both.out


def test_an_image_of_tar_shards_is_read_like_any_other(convscope, model, tmp_path):
    import io
    import tarfile

    for number in range(2):
        with tarfile.open(tmp_path / f"s-{number}.tar", "w") as archive:
            picture = io.BytesIO()
            Image.new("RGB", (12, 12), (90 * number, 0, 0)).save(picture, "PNG")
            for name, content in (("a.png", picture.getvalue()), ("a.cls", b"%d" % number)):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    (tmp_path / "classes.txt").write_text("dark\nred\n")
    shards = f"{tmp_path}/s-{{0..1}}.tar"
    told = convscope("datasets", shards, "--each", 1)
    assert told.status == 0, told.err
    assert "s-{0..1}.tar/all: 2 images" in told.out and "red" in told.out
    done = convscope("values", model, f"{shards}:1", "--layer", "0", "--mean")
    assert done.status == 0, done.err
    assert "s-{0..1}.tar:1" in done.err


def test_the_first_hundred_labels_of_fashion_mnist(convscope, shared):
    done = convscope("datasets", shared / "data" / "fashion_mnist", "--labels", 100, "-q")
    labels = done.out.split()
    assert len(labels) == 100
    assert labels[:10] == ["9", "2", "1", "1", "6", "1", "4", "6", "5", "7"]
    assert [place for place in (0, 23, 28) if labels[place] == "9"] == [0, 23, 28]


def test_train_prints_accuracies_and_saves_a_network_that_opens(convscope, tmp_path):
    pytest.importorskip("sklearn")
    target = tmp_path / "digits.keras"
    done = convscope("train", "digits", "-o", target, "--epochs", 2)
    assert done.status == 0, done.err
    assert "epoch 2/2" in done.err
    assert "train" in done.out and "test" in done.out and "parameters" in done.out
    rows = json.loads(convscope("predict", target, "digits:0", "digits:1", "--json").out)
    assert len(rows) == 2 and rows[0]["outputs"][0]["label"] is not None


def test_demo_needs_nothing_but_the_package(convscope, tmp_path):
    done = convscope("demo", "-o", tmp_path / "demo")
    assert done.status == 0, done.err
    assert "read as 0 1 2 3 4 5 6 7 8 9" in done.out
    assert (tmp_path / "demo" / "overview.png").is_file()
    assert sum(path.name == "maps.json" for path in (tmp_path / "demo").rglob("*")) == 10


def test_predict_says_what_carried_the_decision(convscope, model, photo):
    (row,) = json.loads(convscope("predict", model, photo, "--contributions", "--json").out)
    books = {entry["layer"]: entry for entry in row["contributions"]}
    assert list(books) == ["conv2d", "pool", "flatten"]
    for entry in books.values():
        total = entry["maps"] + entry["biases"] + entry["remainder"]
        assert total == pytest.approx(entry["score"], rel=1e-5) and entry["reason"] == ""
        assert abs(entry["remainder"]) <= 1e-5 * abs(entry["score"]) + 1e-7
        sizes = [abs(one["share"]) for one in entry["channels"]]
        assert sizes == sorted(sizes, reverse=True) and len(sizes) == 5
    best = row["outputs"][0]["index"]
    assert row["explained"] == f"logit of {best}"
    shown = convscope("predict", model, photo, "--contributions", "--target", "0,1").out
    assert "logit of 0 - logit of 1" in shown and "biases behind" in shown


def test_predict_without_some_channels(convscope, model, photo):
    import convscope as package
    from convscope.analysis.muting import mute

    arguments = ("predict", model, photo, "--mute", "conv2d:3,5-7", "--json")
    (row,) = json.loads(convscope(*arguments).out)
    network = package.open(model)
    muted = mute(network, "conv2d", [3, 5, 6, 7]).predict(photo).values[0]
    whole = network.predict(photo).values[0]
    for entry in row["outputs"]:
        assert entry["score"] == pytest.approx(float(muted[entry["index"]]), abs=1e-5)
        assert entry["unmuted"] == pytest.approx(float(whole[entry["index"]]), abs=1e-5)
    shown = convscope("predict", model, photo, "--solo", "conv2d:25%", "--mute-to", "mean").out
    assert "changed layer" in shown and "unmuted" in shown


def test_maps_sorted_and_muted(convscope, model, photo, tmp_path):
    folder = tmp_path / "maps"
    options = ("--sort", "contribution", "--mute", "conv2d:4", "-o", folder)
    done = convscope("maps", model, photo, *options)
    assert done.status == 0 and "1 muted" in done.out and "became" in done.out
    told = json.loads((folder / "maps.json").read_text())["layers"]
    conv, dense = told[0], told[-1]
    shares = conv["channels"]["contribution"]
    assert [shares[channel] for channel in conv["order"]] == sorted(shares, reverse=True)
    assert conv["channels"]["diagnosis"][4] == "muted" and shares[4] == 0
    assert "order" not in dense
    plain = tmp_path / "plain"
    convscope("maps", model, photo, "--mute", "conv2d:4", "-o", plain)
    other = json.loads((plain / "maps.json").read_text())["layers"][0]
    for key in ("low", "high", "level_0", "level_239", "diagnosis"):
        assert conv["channels"][key] == other["channels"][key]
    with Image.open(folder / "0_conv2d.png") as mosaic, Image.open(plain / "0_conv2d.png") as own:
        sorted_tiles, tiles = np.asarray(mosaic), np.asarray(own)
    first = conv["order"][0]
    row, column = divmod(first, conv["columns"])
    tile = tiles[row * 11 : row * 11 + 10, column * 11 : column * 11 + 10]
    np.testing.assert_array_equal(sorted_tiles[:10, :10], tile)


def test_layers_of_one_image(convscope, model, photo):
    rows = json.loads(convscope("layers", model, "--image", photo, "--json").out)
    assert sum(rows[0]["diagnosis"].values()) == 24
    assert rows[0]["contribution"]["maps"] == pytest.approx(rows[1]["contribution"]["maps"], 1e-4)
    assert rows[-1]["contribution"] is None
    shown = convscope("layers", model, "--image", photo).out
    assert "blank maps" in shown and "contribution: the share" in shown
