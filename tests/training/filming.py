"""A small network with everything that a training changes, and images to film it with."""

import numpy as np

RNG = np.random.default_rng(0)
IMAGES = RNG.random((3, 8, 8, 1), np.float32)
X, Y = RNG.random((24, 8, 8, 1), np.float32), RNG.integers(0, 3, 24)


def built():
    """Build a network with everything that a training changes, compiled."""
    import keras

    keras.utils.set_random_seed(5)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="relu"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(3, activation="softmax", name="dense"),
        ],
        name="small",
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def fitted(model, *callbacks, epochs=2):
    model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=list(callbacks))
    return model


def made_by_keras(model, weights, name):
    """Give a layer's value in inference, channels first."""
    import keras

    kept = model.get_weights()
    model.set_weights(weights)
    part = keras.Model(model.inputs, model.get_layer(name).output)
    value = keras.ops.convert_to_numpy(part(IMAGES, training=False))
    model.set_weights(kept)
    return np.moveaxis(value, -1, 1)
