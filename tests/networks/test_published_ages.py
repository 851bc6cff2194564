"""Files that people published with Keras 2 and 3: layers, shapes and weights are the file's."""

import gzip
import io
import json
import zipfile

import h5py
import numpy as np
import pytest

import convscope
from convscope.errors import ConvscopeError

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
# What the code of its two Lambda layers says when it is disassembled.
CUSTOM = {
    "sgalkin_drive_model.h5": {"lambda_19": lambda x: x, "lambda_20": lambda x: 2 * x / 255.0 - 1.0}
}


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


def test_verify_passes(network):
    done = convscope.verify(network)
    assert done.ok
    unknown = {check.name for check in done.layers if not check.understood}
    assert unknown <= {"lambda_19", "lambda_20"}


def test_maps_gives_all_pictures(network, tmp_path):
    rng = np.random.default_rng(3)
    given = {
        entry.name: rng.uniform(0, 1, (1, *entry.shape)).astype(entry.dtype)
        for entry in network.inputs
    }
    convscope.maps(network, given).save(tmp_path)
    described = json.loads((tmp_path / "maps.json").read_text())
    assert len(list(tmp_path.glob("*.png"))) >= len(network.layers)
    assert described


def idx(path):
    data = gzip.decompress(path.read_bytes())
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


@pytest.mark.parametrize(
    ("name", "accuracy"),
    [("aman21k_fashion_mnist.keras", 0.90), ("evanchien_fashion_mnist.h5", 0.91)],
)
def test_a_trained_network_still_knows_fashion_mnist(shared, name, accuracy):
    folder = shared / "data" / "fashion_mnist"
    images = idx(folder / "t10k-images-idx3-ubyte.gz")[..., None] / np.float32(255)
    labels = idx(folder / "t10k-labels-idx1-ubyte.gz")
    network = convscope.open(shared / "models" / "keras" / name)
    scores = [np.asarray(network.predict(images[at : at + 1000])) for at in range(0, 10000, 1000)]
    assert (np.concatenate(scores).argmax(1) == labels).mean() >= accuracy


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
