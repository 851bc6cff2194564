"""Half precision inside, float32 above."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope

from .expected import in_dims
from .models import photos, settled


def halved(policy):
    """Make a model that computes in half precision, whose last layer is float32."""
    return settled(
        keras.Sequential(
            [
                layers.Input((8, 8, 1)),
                layers.Conv2D(3, 3, dtype=policy, activation="relu", name="conv"),
                layers.MaxPooling2D(dtype=policy, name="pool"),
                layers.Conv2D(2, 2, dtype="float32", name="last"),
            ],
            name="half",
        )
    )


@pytest.mark.parametrize("policy", ["float16", "mixed_float16", "mixed_bfloat16"])
def test_values_are_float32_and_keras_s_own(policy):
    model, x = halved(policy), photos(2, 8, 8, 1)
    activations = convscope.open(model).activations(x)
    value = x
    for layer in model.layers:
        value = layer(value)
        assert activations[layer.name].dtype == np.float32
        np.testing.assert_allclose(
            activations[layer.name].values, in_dims(value), rtol=2e-2, atol=2e-2
        )
    assert convscope.open(model).predict(x).dtype == np.float32


def test_casts_do_not_hide_what_feeds_a_layer():
    records = convscope.open(halved("mixed_float16")).layers
    assert records["pool"].inputs == ("conv",)
    assert records["last"].inputs == ("pool",)
    assert [record.receptive_field for record in records.values()] == [(3, 3), (4, 4), (6, 6)]


def test_a_subclassed_model_in_mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        from .models import Subclassed

        model = Subclassed(name="hand")
        x = photos(1, 6, 6, 3)
        model(x)
    finally:
        keras.config.set_dtype_policy("float32")
    records = convscope.open(model).layers
    assert records["conv"].receptive_field == (3, 3)
    assert records["relu"].inputs == ("conv",)
