"""Small networks with everything that a page may meet."""

import keras
import numpy as np
from keras import layers


def settled(model, seed=0):
    """Give a model weights that are neither zero nor one."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        if "float" not in str(variable.dtype):
            continue
        positive = any(word in variable.path for word in ("variance", "gamma"))
        low, high = (0.5, 1.5) if positive else (-0.4, 0.4)
        variable.assign(rng.uniform(low, high, variable.shape))
    return model


def numbers(value):
    """Give what Keras computed as an array, on any backend."""
    return np.asarray(keras.ops.convert_to_numpy(value))


def residual():
    """Make a classifier of photographs with two residual blocks, the second behind a stride."""

    def block(x, name, channels, stride):
        beside = layers.Conv2D(channels, 1, stride, name=f"{name}_0_conv")(x)
        y = layers.Conv2D(channels, 3, stride, padding="same", name=f"{name}_1_conv")(x)
        y = layers.BatchNormalization(name=f"{name}_1_bn")(y)
        y = layers.ReLU(name=f"{name}_1_relu")(y)
        y = layers.Conv2D(channels, 3, padding="same", name=f"{name}_2_conv")(y)
        y = layers.Add(name=f"{name}_add")([beside, y])
        return layers.ReLU(name=f"{name}_out")(y)

    inputs = keras.Input((20, 16, 3), name="photo")
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="stem")(inputs)
    x = block(x, "block1", 6, 1)
    x = block(x, "block2", 8, 2)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dense(4, activation="softmax", name="classes")(x)
    return settled(keras.Model(inputs, x, name="residual"))


def digits():
    """Make a classifier of small grey pictures with a flatten."""
    parts = [
        layers.Conv2D(5, 3, activation="relu", name="conv"),
        layers.MaxPooling2D(name="pool"),
        layers.Flatten(name="flatten"),
        layers.Dense(3, activation="softmax", name="dense"),
    ]
    return settled(keras.Sequential([keras.Input((12, 10, 1)), *parts], name="digits"))


def signal():
    """Make a network that takes no pictures: a signal of two channels."""
    parts = [
        layers.Conv1D(4, 3, padding="causal", activation="tanh", name="conv"),
        layers.GlobalAveragePooling1D(name="mean"),
        layers.Dense(1, activation="sigmoid", name="score"),
    ]
    return settled(keras.Sequential([keras.Input((9, 2), name="wave"), *parts], name="signal"))


def volume():
    """Make a network of volumes."""
    parts = [layers.Conv3D(3, 2, name="conv"), layers.MaxPooling3D((1, 2, 2), name="pool")]
    return settled(
        keras.Sequential([keras.Input((4, 7, 6, 2), name="scan"), *parts], name="volume")
    )


def nested():
    """Make a network whose base is a model."""
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, name="conv1")(inputs)
    x = layers.ReLU(name="relu1")(x)
    base = keras.Model(inputs, x, name="base")
    outer = keras.Input((16, 16, 3), name="photo")
    x = base(outer)
    x = layers.GlobalMaxPooling2D(name="peak")(x)
    return settled(keras.Model(outer, layers.Dense(2, name="two")(x), name="nested"))
