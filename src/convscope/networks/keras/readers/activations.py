"""Activation functions that are layers or operations by themselves."""

from __future__ import annotations

import keras

from convscope.networks.axes import placed
from convscope.networks.keras.activations import activation_of
from convscope.networks.keras.readers.reading import Reading, Taken, weight
from convscope.networks.keras.tape import TENSOR

__all__ = ["activating", "prelu"]

layers = keras.layers


def activating(reading: Reading) -> Taken | None:
    """Read an activation function, given as a layer or as an operation."""
    operation = reading.operation
    masked = reading.call.arguments[1].get("mask") is TENSOR
    if reading.one is None or masked:
        return None
    wanted = operation.activation if isinstance(operation, layers.Activation) else operation
    activation = activation_of(wanted, reading.out)
    return None if activation is None else Taken("activation", activation=activation)


def prelu(reading: Reading) -> Taken | None:
    """Read PReLU, the slopes of which are weights."""
    slope = placed(weight(reading.operation, reading.operation.alpha), reading.given[0])
    if slope is None:
        return None
    return Taken("activation", weights={"slope": slope})
