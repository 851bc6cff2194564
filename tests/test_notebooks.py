"""The notebooks run as they are committed, with short trainings on a part of the data."""

import base64
import gzip
import importlib.util
import io
import json
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from short_data import TESTED_ON, make, shorten, zip_photographs

from convscope.pictures.png import read_provenance

# Real data may lie beside the checkout.
_SHARED = Path(__file__).resolve().parents[2] / "shared"

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "notebooks"
PICTURES = {
    "shoes": ("channel", "shared"),
    "fashion-in-numbers": ("bag", "classes"),
    "mnist-mosaic": ("mosaic", "channels", "pooled"),
    "cats-and-dogs": ("dog", "first", "last", "single"),
    "corgi": ("first", "third", "last"),
}
"""The cells of each notebook whose value is a picture."""

NAMES = tuple(PICTURES)
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}

SPEC = importlib.util.spec_from_file_location("pages", ROOT / "docs" / "gallery" / "pages.py")
pages = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(pages)
checks = sys.modules["checks"]

needs_kernel = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("nbclient", "nbformat", "ipykernel", "anywidget")),
    reason="nbclient, nbformat, ipykernel or anywidget is not installed",
)


def test_every_notebook_is_listed():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_committed_without_outputs_and_says_nothing_of_a_machine(name):
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    book = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    nbformat.validate(book)
    assert book["metadata"] == {"kernelspec": KERNEL}
    cells = book["cells"]
    identities = [cell["id"] for cell in cells]
    assert len(set(identities)) == len(identities) <= 16
    assert not [one for one in identities if not re.fullmatch(r"[a-z]+(-[a-z]+)*", one)]
    for cell in cells:
        tagged = {"tags": ["parameters"]} if cell["id"] == "passes" else {}
        assert cell["metadata"] == tagged
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_begins_with_its_data_and_leads_to_files_that_are_there(name):
    book = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    texts = ["".join(cell["source"]) for cell in book["cells"]]
    for word in ("download", "Without a connection", "With neither time nor data", "pip install"):
        assert word in texts[0].replace("\n", " ")
    assert sum("convscope.explore(" in text for text in texts[1:]) == 1
    for target in re.findall(r"\]\(([^)#]+)\)", "\n".join(texts)):
        assert (FOLDER / target).is_file(), target


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Give a folder to run in, and Keras's home with the datasets in its cache."""

    data = tmp_path_factory.mktemp("data")
    if (_SHARED / "data").is_dir():
        shorten(_SHARED, data, TESTED_ON)
    else:
        make(data)
    folder = tmp_path_factory.mktemp("notebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", "")
        pages.lay_out(data, folder)
    cache = folder / "keras" / "datasets"
    zip_photographs(data / "cats_dogs", cache / "cats_and_dogs_filtered.zip")
    return folder


@pytest.fixture(scope="module")
def executed(place):
    """Give what runs a notebook, once: the outputs of its cells by their identity."""
    found = {}

    def run(name):
        if name not in found:
            found[name] = execute(name, place)
        return found[name]

    return run


def execute(name, folder):
    """Run a notebook as it is, with another number of passes behind the cell that names them."""
    import nbclient
    import nbformat

    book = nbformat.read(FOLDER / f"{name}.ipynb", 4)
    # As papermill does.
    (after,) = (at for at, cell in enumerate(book.cells) if "tags" in cell.metadata)
    book.cells.insert(after + 1, nbformat.v4.new_code_cell("epochs = 1", id="given"))
    paths = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "KERAS_HOME": str(folder / "keras"), "PYTHONPATH": paths}
    resources = {"metadata": {"path": str(folder)}}
    client = nbclient.NotebookClient(
        book, timeout=300, resources=resources, store_widget_state=False
    )
    client.execute(env=environment)
    nbformat.write(book, folder / f"{name}.ipynb")
    return {cell.id: cell.outputs for cell in book.cells if cell.cell_type == "code"}


def printed(outputs):
    return "".join(one.text for one in outputs if one.get("name") == "stdout")


def shown(outputs):
    """Give what the value of a cell is shown as."""
    (output,) = (one for one in outputs if one.output_type == "execute_result")
    return output.data


def picture(data):
    return Image.open(io.BytesIO(base64.b64decode(data["image/png"])))


def computed(path, image):
    """Give what Keras says of every layer for one prepared image, by name."""
    import keras

    value, found = np.asarray(image, np.float32)[None], {}
    for layer in keras.saving.load_model(path).layers:
        value = layer(value)
        found[layer.name] = np.asarray(keras.ops.convert_to_numpy(value))[0]
    return found


def compare(outputs, values):
    """Compare a mosaic, as a cell shows it, with what Keras computes."""
    drawn = picture(shown(outputs))
    told = read_provenance(io.BytesIO(base64.b64decode(shown(outputs)["image/png"])))
    ends = {
        level: np.broadcast_to(told[end], told["channels"]).tolist()
        for level, end in (("level_0", "low"), ("level_239", "high"))
    }
    entry = {
        "layer": told["layer"],
        "shape": [told["channels"], *told["tile"]],
        "zoom": told["zoom"],
        "columns": told["columns"],
        "channels": ends,
    }
    return checks.compare(np.asarray(drawn), values[told["layer"]], entry)


@needs_kernel
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_and_shows_what_it_promises(name, executed):
    outputs = executed(name)
    assert not [one for cell in outputs.values() for one in cell if one.output_type == "error"]
    for cell in PICTURES[name]:
        drawn = picture(shown(outputs[cell]))
        assert min(drawn.size) > 100
        assert len(set(drawn.convert("L").tobytes())) > 8, f"{cell} is nearly empty"


@needs_kernel
@pytest.mark.parametrize("name", NAMES)
def test_a_widget_is_saved_with_a_still_picture(name, executed):
    data = shown(executed(name)["explorer"])
    assert data[WIDGET]["model_id"]
    still = np.asarray(picture(data).convert("RGB"))
    assert still.shape[1] > 500 and len(np.unique(still.reshape(-1, 3), axis=0)) > 100


@needs_kernel
@pytest.mark.parametrize(
    ("name", "path", "dataset"),
    [("shoes", "fashion.keras", "fashion_mnist"), ("mnist-mosaic", "mnist.keras", "mnist")],
)
def test_the_accuracy_that_is_printed_is_that_of_keras(name, path, dataset, executed, place):
    import keras

    said = float(re.findall(r"finds ([\d.]+)% of the test", printed(executed(name)["network"]))[0])
    images, labels = images_of(dataset, place)
    scores = keras.saving.load_model(place / path).predict(images, batch_size=100, verbose=0)
    right = (scores.argmax(axis=1) == labels).mean()
    # Two classes may be equally likely up to the order of a sum.
    assert abs(said - 100 * right) <= 100 / len(labels) + 0.005


def images_of(dataset, place):
    """Read the test images, prepared, and their labels, from the files themselves."""
    cache = place / "keras" / "datasets"
    if dataset == "mnist":
        with np.load(cache / "mnist.npz") as data:
            images, labels = data["x_test"], data["y_test"]
    else:
        images, labels = (
            idx(next((cache / "fashion-mnist").glob(f"t10k-{kind}-idx*")))
            for kind in ("images", "labels")
        )
    return images.reshape(-1, 28, 28, 1) / np.float32(255), labels


def idx(path):
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3])


@needs_kernel
def test_the_numbers_of_the_boots_are_those_of_keras(executed, place):
    outputs = executed("shoes")
    images, labels = images_of("fashion_mnist", place)
    assert printed(outputs["boots"]).splitlines()[0].split() == [str(one) for one in labels[:100]]
    said = re.findall(r"^(\w+) .*\[(.+)\]$", printed(outputs["numbers"]), re.MULTILINE)
    found = [computed(place / "fashion.keras", images[at]) for at in (0, 23, 28)]
    assert [layer for layer, _ in said] == list(found[0])[:4]
    for layer, numbers in said:
        expected = [values[layer][..., 6].max() for values in found]
        assert np.allclose([float(one) for one in numbers.split()], expected, atol=5.1e-4)


@needs_kernel
def test_the_table_of_values_is_that_of_keras(executed, place):
    outputs = executed("fashion-in-numbers")
    images, _ = images_of("fashion_mnist", place)
    values = computed(place / "fashion.keras", images[2000])["conv2d"]
    cells = re.findall(r"<td[^>]*>([-\d.]+)</td>", shown(outputs["values"])["text/html"])
    table = np.array(cells, float).reshape(26, 26)
    assert np.allclose(table, values[..., 39], atol=2e-6)
    largest, shape = printed(outputs["mean"]).split(maxsplit=1)
    assert np.isclose(float(largest), values[..., 33].max(), atol=1e-6)
    assert shape.strip() == "(26, 26)"
    assert "243,786 parameters" in printed(outputs["layers"])


@needs_kernel
def test_the_mosaics_are_the_values_of_keras(executed, place):
    outputs = executed("mnist-mosaic")
    with np.load(place / "keras" / "datasets" / "mnist.npz") as data:
        image = data["x_train"][0][..., None] / np.float32(255)
    values = computed(place / "mnist.keras", image)
    for cell in PICTURES["mnist-mosaic"]:
        assert compare(outputs[cell], values) == 32
    assert "(28 - 2 + 0)/1 + 1 = 27" in shown(outputs["sizes"])["text/plain"]


@needs_kernel
def test_the_maps_of_the_dog_are_the_values_of_keras(executed, place):
    outputs = executed("cats-and-dogs")
    seen = np.asarray(picture(shown(outputs["dog"])), np.float32) / 255
    assert seen.shape == (150, 150, 3)
    values = computed(place / "cats.keras", seen)
    assert compare(outputs["first"], values) == 32
    assert compare(outputs["last"], values) == 128
    last = values["max_pooling2d_3"]
    blank = (last.min(axis=(0, 1)) == last.max(axis=(0, 1))).sum()
    assert f"{blank} of 128 maps of the last pooling are blank" in printed(outputs["last"])


@needs_kernel
def test_the_files_of_the_corgi_are_the_values_of_keras(executed, place):
    said = printed(executed("corgi")["files"]).split()
    assert len(said) == 10 and all((place / path).is_file() for path in said)
    assert checks.tiles(place / "cats.keras", place / "corgi") == 704


@needs_kernel
def test_a_page_made_of_a_notebook_shows_the_still_picture(executed, place):
    nbconvert = pytest.importorskip("nbconvert", reason="nbconvert is not installed")
    data = shown(executed("mnist-mosaic")["explorer"])
    page, _ = nbconvert.HTMLExporter().from_filename(str(place / "mnist-mosaic.ipynb"))
    assert data["image/png"].strip().replace("\n", "") in page.replace("\n", "")
