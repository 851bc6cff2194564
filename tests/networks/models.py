"""Small Keras models of every kind, with weights and statistics that are not trivial."""

import keras
import numpy as np
from keras import layers

KERAS = tuple(int(part) for part in keras.__version__.split(".")[:2])
"""Its version, for what Keras itself refuses before another one."""


def settled(model, seed=0):
    """Give a built model weights that are neither zero nor one, variances that are positive."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        if "float" not in str(variable.dtype):
            continue
        positive = any(word in variable.path for word in ("variance", "gamma"))
        low, high = (0.5, 1.5) if positive else (-0.4, 0.4)
        variable.assign(rng.uniform(low, high, variable.shape))
    return model


def photos(*shape, seed=1):
    """Give prepared images: floats in 0..1."""
    return np.random.default_rng(seed).uniform(0, 1, shape).astype("float32")


def classifier(name="classifier", channels=1):
    """Make a Sequential classifier of 12 x 12 images in three classes."""
    return settled(
        keras.Sequential(
            [
                layers.Input((12, 12, channels)),
                layers.Conv2D(4, 3, activation="relu", name="conv2d"),
                layers.MaxPooling2D(name="pool"),
                layers.BatchNormalization(name="bn"),
                layers.Dropout(0.5, name="drop"),
                layers.Flatten(name="flatten"),
                layers.Dense(5, activation="tanh", name="dense"),
                layers.Dense(3, activation="softmax", name="dense_1"),
            ],
            name=name,
        )
    )


def base(name="base"):
    """Make a functional base such as a pretrained one."""
    inputs = keras.Input((8, 8, 3), name=f"{name}_input")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="block1_conv1")(inputs)
    x = layers.MaxPooling2D(name="block1_pool")(x)
    return keras.Model(inputs, x, name=name)


def branched():
    """Make a functional model with two branches, merged by concatenation and by addition."""
    inputs = keras.Input((8, 8, 3), name="photo")
    left = layers.Conv2D(4, 3, padding="same", name="left")(inputs)
    right = layers.Conv2D(4, 1, padding="same", activation="relu", name="right")(inputs)
    both = layers.Concatenate(name="both")([left, right])
    total = layers.Add(name="total")([left, right])
    pooled = layers.GlobalAveragePooling2D(name="mean")(both)
    peak = layers.GlobalMaxPooling2D(name="peak")(total)
    joined = layers.Concatenate(name="joined")([pooled, peak])
    return settled(keras.Model(inputs, layers.Dense(2, name="score")(joined), name="branched"))


class Residual(keras.layers.Layer):
    """A hand-written block: its sum and its last rectifier are the value of no part."""

    def __init__(self, filters=3, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Conv2D(filters, 3, padding="same", activation="relu", name="first")
        self.second = layers.Conv2D(filters, 3, padding="same", name="second")

    def build(self, shape):
        self.first.build(shape)
        self.second.build(self.first.compute_output_shape(shape))
        super().build(shape)

    def call(self, x):
        return keras.ops.relu(x + self.second(self.first(x)))

    def compute_output_shape(self, shape):
        return self.second.compute_output_shape(self.first.compute_output_shape(shape))


class Plain(keras.layers.Layer):
    """A hand-written block whose value is simply that of its last part."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(4, activation="relu", name="first")
        self.second = layers.Dense(3, name="second")

    def build(self, shape):
        self.first.build(shape)
        self.second.build(self.first.compute_output_shape(shape))
        super().build(shape)

    def call(self, x):
        return self.second(self.first(x))

    def compute_output_shape(self, shape):
        return (*shape[:-1], 3)


class Subclassed(keras.Model):
    """A subclassed model with a shared activation; its output is its last layer's value."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(3, 3, padding="same", name="conv")
        self.relu = layers.ReLU(name="relu")
        self.block = Residual(3, name="block")
        self.mean = layers.GlobalAveragePooling2D(name="mean")
        self.score = layers.Dense(2, name="score")

    def call(self, x):
        x = self.relu(self.conv(x))
        x = self.relu(self.block(x))
        return self.score(self.mean(x))


class Tempered(keras.Model):
    """A subclassed model whose output is the value of none of its layers."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.score = layers.Dense(2, name="score")

    def call(self, x):
        return self.score(x) / 2.0


class TwoSided(keras.Model):
    """A subclassed model that takes its inputs as arguments of their own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.one = layers.Dense(3, name="one")
        self.other = layers.Dense(3, name="other")
        self.sum = layers.Add(name="sum")

    def call(self, left, right):
        return self.sum([self.one(left), self.other(right)])
