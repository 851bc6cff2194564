"""Make docs/pictures/explorer-film.png: the film of a training, open in the explorer.

uv run --group test python scripts/make_film_picture.py MNIST

MNIST is a folder with the IDX files of MNIST, or ``mnist`` to fetch them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from pathlib import Path

import keras
import numpy as np
from playwright.sync_api import sync_playwright

import convscope
from convscope.explorer.server import Server
from convscope.explorer.session import Session
from convscope.inputs.datasets import open_dataset

_PICTURE = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "explorer-film.png"
_STATE = "theme=light&m=layer&l=conv2&c=30&f=3&strip=compare&cmp=frame&with=10"
_IMAGES, _FILMED = 12_000, 8


def trained(data: str, path: Path) -> convscope.Film:
    """Film two epochs of a network with batch normalization and dropout."""
    keras.utils.set_random_seed(1)
    dataset = open_dataset(data, "train")
    images = [dataset[index] for index in range(_IMAGES)]
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu", name="conv1"),
            layers.BatchNormalization(name="norm"),
            layers.MaxPooling2D(name="pool1"),
            layers.Conv2D(32, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(name="pool2"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.4, name="dropout"),
            layers.Dense(10, activation="softmax", name="dense"),
        ],
        name="digits",
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    network = convscope.open(model, labels=[str(digit) for digit in range(10)])
    film = convscope.Film(images[:_FILMED], path=path)
    x = np.stack([image.pixels for image in images]).astype("float32") / 255
    y = np.array([image.label for image in images])
    model.fit(
        x, y, epochs=2, batch_size=64, verbose=2, callbacks=[film.callback(network, every=25)]
    )
    return film


def main(data: str) -> None:
    """Make the picture."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        film = trained(data, Path(folder) / "digits.zarr")
        server = Server(Session(convscope.open_film(film.path)), port=0)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{server.address}#{_STATE}")
        page.locator(".cs-compare canvas").nth(2).wait_for()
        page.wait_for_timeout(2500)
        page.screenshot(path=_PICTURE)
        browser.close()
        server.stop()
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1])
