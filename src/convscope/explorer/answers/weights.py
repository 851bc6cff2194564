"""What a layer computes, with the weights of one channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convscope.analysis.muting import muted_channels
from convscope.analysis.patches import own_kernel
from convscope.analysis.receptive_field import input_space
from convscope.explorer.arrays import Arrays, finite
from convscope.explorer.failures import NotUnderstood
from convscope.explorer.message import Message
from convscope.explorer.opened import Opened
from convscope.explorer.recorded import Recorded
from convscope.networks import Computation, Geometry, Layer

__all__ = ["weights"]

_NUMBERS = ("centre", "factor", "offset", "slope")


def weights(
    opened: Opened, run: Recorded | None, message: Message, arrays: Arrays
) -> dict[str, Any]:
    """Give the kernel, bias and activation function that make one map."""
    one = opened.layer(message.layer())
    channel = message.whole("channel", 0, 2**31 - 1)
    if one.channels is not None and channel >= one.channels:
        raise NotUnderstood(f"field 'channel' has to be below {one.channels}")
    head: dict[str, Any] = {"layer": one.name, "channel": channel}
    with opened.running(run):
        computation = opened.network.computation(one.name)
    if computation is None:
        reason = f"what {one.name} computes is not understood ({one.operation})"
        return {**head, "understood": False, "reason": reason}
    silent = run is not None and channel in muted_channels(run.network, one.name)
    sources = computation.inputs if one.inputs is None else one.inputs
    return {
        **head,
        "understood": True,
        "reason": "this map is muted" if silent else "",
        "muted": silent,
        "operation": computation.operation,
        "sources": list(sources),
        "geometry": _geometry(computation, _input_space(opened, run, one, computation)),
        "groups": int(computation.options.get("groups", 1)),
        **_kernel(computation, channel, arrays),
        "bias": _number(computation.weights.get("bias"), channel),
        "activation": {
            "name": computation.activation.name,
            "parameters": dict(computation.activation.parameters),
        },
        **{name: _number(computation.weights.get(name), channel) for name in _NUMBERS},
        "axis": computation.options.get("axis"),
        "interpolation": computation.options.get("interpolation"),
    }


def _kernel(computation: Computation, channel: int, arrays: Arrays) -> dict[str, Any]:
    if "kernel" not in computation.weights:
        return {"first": channel, "kernel": None}
    kernel, _, first = own_kernel(computation, channel)
    return {"first": first, "kernel": arrays.add(kernel)}


def _number(weight: np.ndarray | None, channel: int) -> float | None:
    """Give a channel's number; None where there is none, or one for every unit."""
    if weight is None:
        return None
    own = weight[channel if len(weight) > 1 else 0]
    return finite(own.flat[0]) if np.size(own) == 1 else None


def _geometry(computation: Computation, space: Sequence[int] | None) -> dict[str, Any] | None:
    """Describe the window, with the padding that it has on this input."""
    geometry: Geometry | None = computation.geometry
    if geometry is None:
        return None
    if space is not None:
        geometry = geometry.fitted(space)
    return {
        "kernel": list(geometry.kernel),
        "stride": list(geometry.stride),
        "dilation": list(geometry.dilation),
        "padding": [list(ends) for ends in geometry.padding],
        "transposed": geometry.transposed,
        "padding_name": geometry.padding_name,
    }


def _input_space(
    opened: Opened, run: Recorded | None, one: Layer, computation: Computation
) -> tuple[int, ...] | None:
    """Find the size of the maps that a layer takes; None where it depends on the image."""
    if run is not None:
        return run.given(computation.inputs[0]).shape[1:]
    source = (one.inputs or ("",))[0]
    if source in opened.network.layers:
        space = opened.network.layers[source].space
    else:
        entry = next((entry for entry in opened.network.inputs if entry.name == source), None)
        if entry is None:
            return None
        space = input_space(opened.network, entry, entry.shape)
    return None if None in space else tuple(int(size or 0) for size in space)
