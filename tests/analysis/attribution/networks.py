"""Small networks, and the same functions written out with jax."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
from keras import layers

import convscope


def settled(model, seed=0):
    """Give a model weights of both signs, biases included."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(rng.uniform(-0.5, 0.5, variable.shape))
    return model


def images(*shape, seed=1):
    return np.random.default_rng(seed).uniform(0, 1, shape).astype("float32")


def conv(values, weights, padding="VALID"):
    """Convolve ``(image, y, x, channel)``."""
    kernel, bias = weights
    order = ("NHWC", "HWIO", "NHWC")
    return (
        jax.lax.conv_general_dilated(values, kernel, (1, 1), padding, dimension_numbers=order)
        + bias
    )


class Classifier:
    """Two convolutions, a rectifier; dense tanh, dense softmax in 3 classes.

    Attributes
    ----------
    network : Network
        Its last layer with maps is ``maps``, 8 x 12 of 5 channels: of both signs, or rectified.
    """

    def __init__(self, *, rectified=False):
        self.activation = jax.nn.relu if rectified else lambda values: values
        self.model = settled(
            keras.Sequential(
                [
                    keras.Input((12, 16, 3)),
                    layers.Conv2D(4, 3, activation="tanh", name="early"),
                    layers.Conv2D(5, 3, activation="relu" if rectified else None, name="maps"),
                    layers.Flatten(name="flat"),
                    layers.Dense(6, activation="tanh", name="hidden"),
                    layers.Dense(3, activation="softmax", name="classes"),
                ],
                name="classifier",
            )
        )
        self.network = convscope.open(self.model, labels=["ant", "bee", "cow"])

    def weights(self, name):
        return self.model.get_layer(name).get_weights()

    def maps(self, x):
        early = jnp.tanh(conv(x, self.weights("early")))
        return self.activation(conv(early, self.weights("maps")))

    def scores(self, maps):
        """Give the logits ``(image, class)`` of maps ``(image, y, x, channel)``."""
        kernel, bias = self.weights("hidden")
        hidden = jnp.tanh(maps.reshape(len(maps), -1) @ kernel + bias)
        kernel, bias = self.weights("classes")
        return hidden @ kernel + bias

    def at_maps(self, x, chosen):
        """Give maps and gradients of a class's logit, ``(channel, y, x)``, of one image."""
        maps = self.maps(x[None])
        gradient = jax.grad(lambda maps: self.scores(maps)[0, chosen])(maps)
        return (np.moveaxis(np.asarray(part[0], np.float64), -1, 0) for part in (maps, gradient))

    def at_input(self, x, chosen):
        """Give the gradient of a class's logit with respect to the image, ``(y, x, channel)``."""
        return np.asarray(jax.grad(lambda x: self.scores(self.maps(x[None]))[0, chosen])(x))
