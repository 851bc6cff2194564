"""A small model file and a picture, and the command line as a function."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


class Finished:
    """What a command printed and how it ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err


@pytest.fixture
def convscope(capsys: pytest.CaptureFixture[str]) -> Callable[..., Finished]:
    """Give the command line: run a command, get its status and what it printed."""
    from convscope.cli.main import main

    def run(*arguments: object) -> Finished:
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Finished(int(stopped.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a network for grey images of 12 x 12 and three classes."""
    import keras

    keras.utils.set_random_seed(1)
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            layers.Conv2D(24, 3, activation="relu", name="conv2d"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(3, activation="softmax", name="dense"),
        ],
        name="small",
    )
    path = tmp_path_factory.mktemp("model") / "small.keras"
    network.save(path)
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Save a colour picture of 20 x 30 pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a TorchScript file: grey images of 12 x 12, three classes, a rectifier in place."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3),
        torch.nn.ReLU(inplace=True),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(100, 3),
        torch.nn.Softmax(dim=1),
    ).eval()
    path = tmp_path_factory.mktemp("script") / "small.pt"
    torch.jit.trace(network, torch.rand(2, 1, 12, 12)).save(path)
    return path
