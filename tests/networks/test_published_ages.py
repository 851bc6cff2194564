"""Files that people published with Keras 2 and 3: layers, shapes and weights are the file's."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

import convscope
from convscope.errors import ConvscopeError

from .published import lambda_19, lambda_20

pytest.importorskip("torch")

OPENED = [
    "adityadutt_birdsong_encoder.h5",
    "afiliot_unet.h5",
    "alielgamel_styletransfer.keras",
    "aman21k_fashion_mnist.keras",
    "connect4_alphazero/model_best_weight.h5",
    "evanchien_fashion_mnist.h5",
    "oarriaga_fer2013_mini_XCEPTION.102-0.66.hdf5",
    "sgalkin_drive_model.h5",
    "snch1211_3d_cnn_model.h5",
    "teachablemachine_catdog_keras_model.h5",
]
CUSTOM = {"sgalkin_drive_model.h5": [lambda_19, lambda_20]}


@pytest.fixture(scope="module", params=OPENED)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def path(name, shared):
    return shared / "models" / "keras" / name


@pytest.fixture(scope="module")
def network(path, name):
    return convscope.open(path, custom=CUSTOM.get(name))


@pytest.fixture(scope="module")
def configuration(path):
    """Read the configuration with nothing but json."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("config.json"))
    with h5py.File(path) as file:
        if "model_config" in file.attrs:
            return json.loads(file.attrs["model_config"])
    return {"config": json.loads((path.parent / "model_best_config.json").read_text())}


def leaves(entry):
    """List the layers that are no models and no inputs, in the order of the file."""
    config = entry["config"]
    for part in config if isinstance(config, list) else config["layers"]:
        if part["class_name"] in {"Sequential", "Functional", "Model"}:
            yield from leaves(part)
        elif part["class_name"] != "InputLayer":
            yield part


def arrays(path):
    """Read all weights of the file, the optimizer's left out: by name, and as a list."""
    held = path
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            held = io.BytesIO(archive.read("model.weights.h5"))
    found = {}

    def keep(place, part):
        if isinstance(part, h5py.Dataset) and "optimizer" not in place:
            found[place] = np.asarray(part)

    with h5py.File(held) as file:
        file.visititems(keep)
    return found


def variables(model):
    """Give the weights of a model by the names of the layer and of the variable."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from variables(layer)
        else:
            for weight in layer.weights:
                yield (layer.name, weight.name), np.asarray(weight)


def test_the_layers_are_the_file_s(network, configuration):
    said = [entry["config"]["name"] for entry in leaves(configuration)]
    assert sorted(name.rpartition("/")[2] for name in network.layers) == sorted(said)


def test_sizes_of_layers_are_the_file_s(network, configuration):
    widths = {}
    for entry in leaves(configuration):
        config = entry["config"]
        widths[config["name"]] = config.get("filters") or config.get("units")
    layers = {name.rpartition("/")[2]: layer for name, layer in network.layers.items()}
    for name, width in widths.items():
        if width is not None:
            layer = layers[name]
            shape = dict(zip(layer.dims, layer.shape, strict=True))
            assert shape["channel"] == width, name


def test_every_weight_is_the_file_s(network, path):
    inside, here = arrays(path), dict(variables(network.model))
    if path.suffix == ".keras":
        # An archive does not name them; as sets of arrays they must be the same.
        def key(array):
            return array.shape, array.tobytes()

        assert sorted(map(key, inside.values())) == sorted(map(key, here.values()))
        return
    assert len(inside) == len(here)
    # Today the kernel of a depthwise convolution is called like any other.
    here |= {(layer, f"depthwise_{name}"): array for (layer, name), array in here.items()}
    for place, array in inside.items():
        parts = place.rpartition(":")[0].split("/")
        candidates = [(part, parts[-1]) for part in parts[:-1] if (part, parts[-1]) in here]
        assert candidates, place
        np.testing.assert_array_equal(here[candidates[-1]], array, err_msg=place)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("sgalkin_drive_model.h5", {}, "'lambda_19' is a Lambda"),
        ("sgalkin_drive_model.h5", {"trust_model": True}, "another Python compiled"),
        ("ayushmi_siamese_model.h5", {}, "'output_layer' is a Lambda"),
        ("ayushmi_siamese_model.h5", {"trust_model": True}, "'res_net' is of the class ResNet"),
    ],
)
def test_what_is_refused_is_refused_in_one_line(shared, name, options, said):
    with pytest.raises(ConvscopeError) as caught:
        convscope.open(shared / "models" / "keras" / name, **options)
    line = str(caught.value)
    assert said in line and "--custom package.module:" in line and "\n" not in line
