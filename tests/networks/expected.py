"""What Keras itself says: layers called by hand, models cut at a layer, axes moved with NumPy."""

import keras
import numpy as np

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def numbers(value):
    """Give a tensor as a float32 array."""
    return np.asarray(keras.ops.convert_to_numpy(value)).astype("float32")


def in_dims(value, channels_first=False):
    """Bring Keras's axes into the order of the dims: images, channels, space."""
    value = numbers(value)
    return value if channels_first or not 3 <= value.ndim <= 5 else np.moveaxis(value, -1, 1)


def called_by_hand(layers, x):
    """Call layers one after the other; give their values by name."""
    values = {}
    for layer in layers:
        x = layer(x)
        values[layer.name] = x
    return values


def cut_at(model, given, *names):
    """Give the values of layers of a functional model, by models that end at them."""
    outputs = [model.get_layer(name).output for name in names]
    return dict(zip(names, keras.Model(model.inputs, outputs)(given), strict=True))


def agree(activations, expected, *, channels_first=False, tolerance=TOLERANCE):
    """Assert that all layers expected, and no others, were recorded, with Keras's values."""
    assert list(activations) == list(expected)
    for name, value in expected.items():
        array = activations[name]
        assert array.dtype == np.float32
        np.testing.assert_allclose(
            array.values, in_dims(value, channels_first), err_msg=name, **tolerance
        )
