"""PyTorch files of every kind: what opens, and why the rest does not."""

import pickle
import zipfile

import numpy as np
import pytest

import convscope
from convscope.errors import ConvscopeError, ModelError, SelectionError
from convscope.inputs.dataset import arrays
from convscope.inputs.datasets import open_dataset

from .torch_models import ResNet18, nn, settled, torch, vgg


def photos(*shape, seed=1):
    return np.random.default_rng(seed).uniform(0, 1, shape).astype("float32")


class PNet(nn.Module):
    """The first network of MTCNN (Zhang et al., 2016), as facenet-pytorch names its parts."""

    def __init__(self):
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 10, 3), nn.PReLU(10)
        self.pool1 = nn.MaxPool2d(2, 2, ceil_mode=True)
        self.conv2, self.prelu2 = nn.Conv2d(10, 16, 3), nn.PReLU(16)
        self.conv3, self.prelu3 = nn.Conv2d(16, 32, 3), nn.PReLU(32)
        self.conv4_1, self.softmax4_1 = nn.Conv2d(32, 2, 1), nn.Softmax(dim=1)
        self.conv4_2 = nn.Conv2d(32, 4, 1)

    def forward(self, x):
        x = self.pool1(self.prelu1(self.conv1(x)))
        x = self.prelu3(self.conv3(self.prelu2(self.conv2(x))))
        return self.conv4_2(x), self.softmax4_1(self.conv4_1(x))


class FirstModel(nn.Module):
    """The network of Windows ML's tutorial on CIFAR-10."""

    def __init__(self):
        super().__init__()
        for place, (given, out) in {1: (3, 12), 2: (12, 12), 4: (12, 24), 5: (24, 24)}.items():
            self.add_module(f"conv{place}", nn.Conv2d(given, out, 5, padding=1))
            self.add_module(f"bn{place}", nn.BatchNorm2d(out))
        self.pool, self.fc1 = nn.MaxPool2d(2, 2), nn.Linear(24 * 10 * 10, 10)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.pool(torch.relu(self.bn2(self.conv2(x))))
        x = torch.relu(self.bn4(self.conv4(x)))
        x = torch.relu(self.bn5(self.conv5(x)))
        return self.fc1(x.view(-1, 24 * 10 * 10))


def saved(folder, kind):
    model = settled(ResNet18())
    path = folder / {"exported": "model.pt2"}.get(kind, "model.pt")
    example = torch.rand(2, 3, 32, 32)
    match kind:
        case "traced":
            torch.jit.trace(model, example).save(path)
        case "scripted":
            torch.jit.script(model).save(path)
        case "exported":
            shapes = ({0: torch.export.Dim("images")},)
            torch.export.save(torch.export.export(model, (example,), dynamic_shapes=shapes), path)
        case "for one image":
            path = folder / "one.pt2"
            torch.export.save(torch.export.export(model, (example[:1],)), path)
    return model, path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["traced", "scripted", "exported", "for one image"])
def test_a_program_shows_the_layers_of_the_live_model(kind, tmp_path):
    model, path = saved(tmp_path, kind)
    network = convscope.open(path)
    live = convscope.open(model, input_shape=(3, 32, 32))
    assert list(network.layers) == list(live.layers)
    assert network.name == "ResNet18" and network.parameters == live.parameters
    x = photos(3, 3, 32, 32)
    found, expected = network.activations(x), live.activations(x)
    for name in expected:
        np.testing.assert_allclose(
            found[name].values, expected[name].values, atol=1e-5, err_msg=name
        )
    for name, layer in live.layers.items():
        other = network.layers[name]
        assert (layer.kind, layer.operation, layer.parameters, layer.inputs) == (
            other.kind, other.operation, other.parameters, other.inputs,
        ), name  # fmt: skip
        assert layer.receptive_field == other.receptive_field or layer.sees_everything
    assert convscope.verify(network, x[:1]).ok
    assert network.heads["output"].layer == "fc"


def test_a_program_that_fixes_the_number_of_images(tmp_path):
    class Folding(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv2d(1, 2, 3), nn.Linear(72, 3)

        def forward(self, x):
            return self.fc(self.conv(x).reshape(1, 72))

    model = Folding().eval()
    torch.export.save(torch.export.export(model, (torch.rand(1, 1, 8, 8),)), tmp_path / "one.pt2")
    network = convscope.open(tmp_path / "one.pt2")
    x = photos(3, 1, 8, 8)
    with torch.no_grad():
        expected = np.concatenate([model(torch.from_numpy(x[[k]])).numpy() for k in range(3)])
    np.testing.assert_allclose(network.predict(x).values, expected, atol=1e-6)
    activations = network.activations(x)
    assert activations["conv"].shape == (3, 2, 6, 6)
    muted = convscope.mute(network, "conv", 0).activations(x)
    assert not muted["conv"].values[:, 0].any()
    books = convscope.contributions(network, x)
    assert books["conv"].shape == (3, 2)


def test_a_state_dict_and_what_makes_its_network(tmp_path):
    model = vgg()
    path, x = tmp_path / "weights.pth", photos(1, 3, 32, 32)
    torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in
                                           model.state_dict().items()}}, path)  # fmt: skip
    network = convscope.open(path, factory=vgg, input_shape=(3, 32, 32))
    with torch.no_grad():
        expected = model(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(network.predict(x).values, expected, atol=1e-6)
    with pytest.raises(ModelError, match=r"holds weights only \(14 tensors.*--factory"):
        convscope.open(path)
    with pytest.raises(ModelError, match="not those of ResNet18"):
        convscope.open(path, factory=ResNet18)
    with pytest.raises(ModelError, match=r"of shape \(4, 3, 3, 3\), and Sequential has"):
        convscope.open(path, factory=lambda: vgg(width=8))
    with pytest.raises(ModelError, match="gave a list, not a"):
        convscope.open(path, factory=list)
    with pytest.raises(SelectionError, match="names no callable"):
        convscope.open(path, factory="vgg")


def test_a_factory_by_name(tmp_path, monkeypatch):
    (tmp_path / "made_here.py").write_text(
        "from torch import nn\ndef make():\n    return nn.Sequential(nn.Conv2d(1, 2, 3))\n"
    )
    monkeypatch.chdir(tmp_path)
    assert list(convscope.open("made_here:make").layers) == ["0"]
    torch.save(nn.Sequential(nn.Conv2d(1, 2, 3)).state_dict(), tmp_path / "w.pt")
    assert list(convscope.open("w.pt", factory="made_here:make").layers) == ["0"]


class Touching:
    """Pickled, it makes a file when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_code_in_a_pickle_is_not_run(tmp_path):
    touched = tmp_path / "touched"
    torch.save({"state_dict": {}, "more": Touching(touched)}, tmp_path / "bad.pt")
    with pytest.raises(ModelError, match=r"open.*--trust-model"):
        convscope.open(tmp_path / "bad.pt")
    with (tmp_path / "plain.pt").open("wb") as file:
        pickle.dump(Touching(touched), file)
    with pytest.raises(ModelError):
        convscope.open(tmp_path / "plain.pt")
    assert not touched.exists()


def test_a_whole_model_needs_trust(tmp_path):
    path = tmp_path / "whole.pt"
    torch.save(vgg(), path)
    with pytest.raises(ModelError, match=r"torch\.nn\.modules\.\w+\.\w+.*--trust-model") as caught:
        convscope.open(path)
    assert "\n" not in str(caught.value)
    network = convscope.open(path, trust_model=True, input_shape=(3, 32, 32))
    assert network.layers["features.0"].operation == "Conv2d"


def test_a_program_with_pickled_parts_is_refused(tmp_path):
    _, path = saved(tmp_path, "exported")
    changed = tmp_path / "changed.pt2"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("model_weights_config.json"):
                content = content.replace(b'"use_pickle": false', b'"use_pickle": true', 1)
            new.writestr(name, content)
    with pytest.raises(ModelError, match="pickled object"):
        convscope.open(changed)


def test_what_cannot_be_recorded_is_named(tmp_path):
    class Looping(nn.Module):
        def forward(self, x):
            while bool(x.sum() < 100):
                x = x * 2 + 1
            return x

    torch.jit.script(nn.Sequential(nn.Conv2d(1, 1, 1), Looping())).save(tmp_path / "loop.pt")
    with pytest.raises(ModelError, match=r"prim::Loop.*cannot be recorded"):
        _ = convscope.open(tmp_path / "loop.pt").layers


@pytest.mark.filterwarnings("ignore")
def test_a_script_that_reads_files_is_refused_by_the_call(tmp_path):
    class Reading(nn.Module):
        def forward(self, x):
            return x + torch.from_file("secret", size=1)

    path = tmp_path / "reading.pt"
    torch.jit.script(Reading()).save(path)
    with pytest.raises(ModelError, match=r"uses 'from_file\('.*--trust-model") as caught:
        convscope.open(path)
    assert "\n" not in str(caught.value)
    trusted = convscope.open(path, trust_model=True, input_shape=(1,))
    with pytest.raises(ModelError, match=r"aten::from_file.*cannot be recorded"):
        _ = trusted.layers


def damaged(content, kind, rng):
    changed = bytearray(content)
    match kind:
        case "cut":
            return bytes(changed[: int(rng.integers(len(changed)))])
        case "flipped":
            for place in rng.integers(len(changed), size=3):
                changed[place] ^= 1 << int(rng.integers(8))
        case "zeroed":
            start = int(rng.integers(len(changed)))
            changed[start : start + 64] = bytes(len(changed[start : start + 64]))
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["traced", "exported", "weights", "old weights"])
def test_damaged_files_are_refused(form, tmp_path):
    if "weights" in form:
        path = tmp_path / "w.pt"
        torch.save(vgg().state_dict(), path, _use_new_zipfile_serialization=form == "weights")
    else:
        _, path = saved(tmp_path, form)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for kind in ("cut", "flipped", "zeroed"):
        for _ in range(8):
            path.write_bytes(damaged(content, kind, rng))
            try:
                network = convscope.open(path, factory=vgg, input_shape=(3, 32, 32))
                _ = network.layers
            except ConvscopeError as error:
                assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "empty.pt", "empty"),
        (b"hello, world", "text.pth", "no PyTorch file"),
        (b"PK\x03\x04", "short.pt2", "no PyTorch file|damaged"),
    ],
)
def test_files_that_are_no_models(content, name, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        convscope.open(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_an_archive_that_claims_too_much(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/data.pkl", bytes(100_000_000))
    with pytest.raises(ModelError, match=r"claims to hold 0\.1 GB"):
        convscope.open(tmp_path / "bomb.pt")


@pytest.mark.filterwarnings("ignore")
def test_the_real_files(shared, tmp_path):
    folder = shared / "models" / "torch"
    network = convscope.open(folder / "matthieu_mnist_cnn.pt")
    images, labels = arrays(open_dataset(shared / "data" / "mnist", "test"))
    assert convscope.verify(network, str(shared / "data" / "mnist") + ":0").ok
    # Nobody trained it: its weights are PyTorch's initial ones, and PyTorch is right as rarely.
    bare = torch.jit.load(folder / "matthieu_mnist_cnn.pt").eval()
    right = total = 0
    for start in range(0, 10_000, 1000):
        batch = images[start : start + 1000].reshape(-1, 1, 28, 28).astype("f4") / 255
        scores = network.predict(batch).values
        with torch.no_grad():
            assert np.abs(scores - bare(torch.from_numpy(batch)).numpy()).max() < 1e-5
        right += int((scores.argmax(1) == labels[start : start + 1000]).sum())
        total += len(batch)
    assert (total, right) == (10_000, 1135)

    network = convscope.open(folder / "mtcnn_pnet.pt", factory=PNet)
    assert network.inputs[0].shape == (3, None, None) and len(network.heads) == 2
    assert convscope.verify(network, photos(1, 3, 36, 36)).ok

    network = convscope.open(folder / "winml_cifar_myFirstModel.pth", factory=FirstModel)
    assert network.inputs[0].shape == (3, 32, 32)
    assert convscope.verify(network, photos(1, 3, 32, 32)).ok
    convscope.maps(network, photos(1, 3, 32, 32)).save(tmp_path / "maps")
    assert len(list((tmp_path / "maps").glob("*.png"))) == len(network.layers) + 1
