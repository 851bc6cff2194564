"""The networks of Keras, and what convscope does with them; on TensorFlow, which the peers need."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from convscope_side import spatial
from work import random_images

import convscope

NETWORKS = ("VGG16", "ResNet50", "MobileNetV2")
SURVEYED = "MobileNetV2"
LAST = {"VGG16": "block5_conv3", "ResNet50": "conv5_block3_out", "MobileNetV2": "out_relu"}
"""The layer of Grad-CAM."""


class Side:
    """A network with random weights, one image and a folder for pictures."""

    def __init__(self, name: str, size: int = 224) -> None:
        keras.utils.set_random_seed(0)
        build = getattr(keras.applications, name)
        # Without a softmax, since the score that convscope explains is the logit.
        self.model = build(weights=None, input_shape=(size, size, 3), classifier_activation=None)
        self.network = convscope.open(self.model, pixel_range=(0, 1))
        self.layers = spatial(self.network)
        self.names = [layer.name for layer in self.layers]
        self.image: Any = random_images(1, size).astype(np.float32) / 255
        self.target = int(self.model.predict(self.image, verbose=0).argmax())
        self.last = LAST[name]
        self._kept = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.folder = Path(self._kept.name)

    def choose(self, names: list[str]) -> None:
        """Look at these layers alone."""
        self.names = names
        self.layers = [self.network.layers[name] for name in names]

    def part(self) -> Any:
        """Make the model that gives out all layers, as the tutorials do."""
        outputs = [self.model.get_layer(name).output for name in self.names]
        return keras.Model(self.model.inputs, outputs)
