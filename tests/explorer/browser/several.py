"""Networks of other kinds, with images for them: nested, strangers' files, ResNet50."""

import keras
import numpy as np
import PIL.Image
from keras import layers

import convscope


def nested(shared):
    """Make a classifier whose feature extractor is a model in a model, with a branch inside."""
    keras.utils.set_random_seed(4)
    entry = keras.Input((24, 24, 3))
    one = layers.Conv2D(6, 3, padding="same", activation="relu", name="one")(entry)
    two = layers.Conv2D(6, 3, padding="same", activation="relu", name="two")(one)
    extractor = keras.Model(entry, layers.Add(name="both")([one, two]), name="extractor")
    model = keras.Sequential(
        [
            layers.Input((24, 24, 3)),
            extractor,
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(),
            layers.Dense(4, activation="softmax", name="classes"),
        ]
    )
    return convscope.open(model), noise(24, 24, 3), "extractor/two"


def xception(shared):
    """Open a network of 2017 that tells faces apart."""
    path = shared() / "models" / "keras" / "oarriaga_fer2013_mini_XCEPTION.102-0.66.hdf5"
    return convscope.open(path), noise(64, 64, 1), "conv2d_2"


def teachable(shared):
    """Open an export of Teachable Machine: a MobileNet in a Sequential in a Sequential."""
    path = shared() / "models" / "keras" / "teachablemachine_catdog_keras_model.h5"
    folder = shared() / "data" / "cats_dogs" / "test"
    images = []
    for name in ("CAT", "DOG"):
        photo = PIL.Image.open(sorted((folder / name).glob("*.jpg"))[0]).convert("RGB")
        images.append(np.asarray(photo.resize((224, 224))))
    return convscope.open(path), images, "sequential_1/model1/block_2_project_BN"


def resnet50(shared):
    """Make a ResNet50 that learned nothing."""
    keras.utils.set_random_seed(4)
    network = convscope.open(keras.applications.ResNet50(weights=None))
    return network, noise(224, 224, 3), "conv3_block1_1_relu"


def noise(height, width, colours):
    rng = np.random.default_rng(3)
    return [rng.integers(0, 256, (height, width, colours), dtype=np.uint8) for _ in range(2)]


NETWORKS = {one.__name__: one for one in (nested, xception, teachable, resnet50)}
