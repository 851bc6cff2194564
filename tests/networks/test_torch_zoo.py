"""Networks of timm and torchvision by name: weights, preparation, labels, and what may be amiss."""

import socket
import sys
import types

import numpy as np
import pytest
from PIL import Image
from torch_libraries import library

import convscope
from convscope.errors import MissingExtraError, ModelError, SelectionError

from .torch_models import ResNet18, settled, torch


def photos(*shape, seed=1):
    return np.random.default_rng(seed).uniform(0, 1, shape).astype("float32")


def stand_in(monkeypatch, name, **parts):
    module = types.ModuleType(name)
    for key, value in parts.items():
        setattr(module, key, value)
    monkeypatch.setitem(sys.modules, name, module)
    return module


def test_a_network_of_timm(monkeypatch):
    config = {"input_size": (3, 48, 40), "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.2, 0.1)}
    info = types.SimpleNamespace(index_to_description=lambda place: f"class {place}")
    model = settled(ResNet18(classes=3))
    model.num_classes = 3
    stand_in(
        monkeypatch,
        "timm",
        list_models=lambda pretrained: ["resnet18.a1_in1k"],
        create_model=lambda name, pretrained: model,
        data=types.SimpleNamespace(
            resolve_model_data_config=lambda model: config,
            infer_imagenet_subset=lambda model: "imagenet-1k",
            ImageNetInfo=lambda subset: info,
        ),
    )
    network = convscope.open("timm:resnet18")
    assert network.preparation.size == (48, 40) and network.preparation.mean == (0.5, 0.4, 0.3)
    assert "timm" in network.preparation.source
    assert network.labels == ("class 0", "class 1", "class 2")
    assert network.name == "resnet18" and network.source == "timm:resnet18"
    image = (photos(60, 50, 3) * 255).astype("uint8")
    assert list(network.predict(image).coords["class"].values) == list(network.labels)
    with pytest.raises(SelectionError, match="did you mean 'resnet18'"):
        convscope.open("timm:resnet81")


def test_a_network_of_torchvision(monkeypatch):
    transforms = types.SimpleNamespace(
        crop_size=[32], resize_size=[40], mean=[0.5, 0.5, 0.5], std=[0.25, 0.25, 0.25]
    )
    default = types.SimpleNamespace(
        transforms=lambda: transforms, meta={"categories": ["a", "b", "c"]}
    )
    models = stand_in(
        monkeypatch,
        "torchvision.models",
        list_models=lambda: ["resnet18"],
        get_model_weights=lambda name: types.SimpleNamespace(DEFAULT=default),
        get_model=lambda name, weights: settled(ResNet18(classes=3)),
    )
    stand_in(monkeypatch, "torchvision", models=models)
    network = convscope.open("torchvision:resnet18")
    assert network.preparation.size == (32, 32) and network.labels == ("a", "b", "c")
    assert network.preparation.std == (0.25, 0.25, 0.25)


@pytest.mark.parametrize("library", ["timm", "torchvision"])
def test_a_library_that_is_missing(library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"not installed: pip install {library}$"):
        convscope.open(f"{library}:resnet18")


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """Take away the network and what was downloaded before; give the folder for downloads."""

    def unknown(*_, **__):
        raise socket.gaierror("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    before = torch.hub.get_dir()
    torch.hub.set_dir(tmp_path)
    yield tmp_path
    torch.hub.set_dir(before)


def hub(monkeypatch, folder):
    """Let the hub of timm's weights look into a folder alone."""
    constants = library("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def refusal(name):
    with pytest.raises(ModelError) as caught:
        convscope.open(name)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_weights_of_torchvision_that_cannot_be_fetched(offline):
    library("torchvision")
    line = refusal("torchvision:squeezenet1_1")
    assert "squeezenet1_1 with its weights" in line and "no network here" in line
    assert "connect to the internet once" in line


def test_weights_of_timm_that_cannot_be_fetched(offline, monkeypatch):
    library("timm")
    hub(monkeypatch, offline)
    line = refusal("timm:test_vit.r160_in1k")
    assert "test_vit.r160_in1k with its weights" in line and "connect to the internet once" in line


def smooth(height, width):
    """Give a photograph without detail, which every filter reduces in the same way."""
    y, x = np.mgrid[:height, :width] / 40
    return (127 + 60 * np.stack([np.sin(x), np.cos(y), np.sin(x + y)], -1)).astype("uint8")


def agrees(network, model, transform):
    """Hold a network to the library's own preparation and its own model."""
    for shape in ((230, 250), (400, 300), (500, 900)):
        image = smooth(*shape)
        (batch,) = network.batches([image])
        fed = np.asarray(next(iter(batch.arrays.values())))
        wanted = transform(Image.fromarray(image)).numpy()[None]
        assert fed.shape == wanted.shape
        # The libraries round the size and the corner of the part to whole pixels.
        assert np.abs(fed - wanted).mean() < 0.02 and np.abs(fed - wanted).max() < 0.2
        with torch.no_grad():
            expected = model.eval()(torch.from_numpy(np.ascontiguousarray(fed))).numpy()
        found = network.predict(image)
        np.testing.assert_allclose(found.values, expected, atol=1e-3 * np.abs(expected).max())
    assert found.coords["class"].values[0].startswith("tench")


def test_a_real_network_of_torchvision_with_the_weights_that_lie_there(offline):
    models = library("torchvision.models")
    model = models.shufflenet_v2_x0_5()
    weights = models.get_model_weights("shufflenet_v2_x0_5").DEFAULT
    (offline / "checkpoints").mkdir()
    torch.save(model.state_dict(), offline / "checkpoints" / weights.url.rpartition("/")[2])
    network = convscope.open("torchvision:shufflenet_v2_x0_5")
    assert network.preparation.size == (224, 224) and len(network.labels) == 1000
    assert network.layers["conv1.0"].operation == "Conv2d"
    assert network.preparation.resize == 256
    agrees(network, model, weights.transforms())


def test_a_real_network_of_timm_with_the_weights_that_lie_there(offline, monkeypatch):
    timm, saved = library("timm"), library("safetensors.torch")
    hub(monkeypatch, offline)
    name, commit = "mobilenetv3_small_050.lamb_in1k", "a" * 40
    model = timm.create_model(name, pretrained=False)
    folder = offline / f"models--timm--{name}"
    (folder / "snapshots" / commit).mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit)
    saved.save_file(model.state_dict(), folder / "snapshots" / commit / "model.safetensors")
    network = convscope.open(f"timm:{name}")
    assert network.preparation.size == (224, 224) and len(network.labels) == 1000
    assert "act1" in ",".join(network.layers) and network.heads["output"].layer == "classifier"
    config = timm.data.resolve_model_data_config(model)
    assert network.preparation.resize == int(224 / config["crop_pct"])
    agrees(network, model, timm.data.create_transform(**config, is_training=False))


def test_a_library_s_resnet_has_seventeen_rectifiers_and_a_densenet_opens():
    models = library("torchvision.models")
    network = convscope.open(models.resnet18(), input_shape=(3, 64, 64))
    rectifiers = [layer for layer in network.layers.values() if layer.operation == "ReLU"]
    assert len(rectifiers) == 17 and "layer1.0.relu#2" in network.layers
    dense = convscope.open(models.densenet121(), input_shape=(3, 64, 64))
    assert dense.layers["features.denseblock1.denselayer2.cat"].kind == "merge"
