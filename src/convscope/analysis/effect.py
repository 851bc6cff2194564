"""What silent channels change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.analysis.muting import MutedNetwork

if TYPE_CHECKING:
    import xarray

__all__ = ["Effect", "effect"]


@dataclass(frozen=True, eq=False)
class Effect:
    """What silent channels change.

    Attributes
    ----------
    before, after : xarray.DataArray
        The first output, without and with the silence: dims ``image, channel`` for a classifier.
    changes : mapping of str to numpy.ndarray
        By layer, in execution order, ``(image,)``: the change of the layer's value relative to what
        it was, both as Euclidean norms; 0 where nothing changed, NaN where it was all zero before
        and is not after. The muted layers are among them.
    """

    before: xarray.DataArray
    after: xarray.DataArray
    changes: Mapping[str, np.ndarray]


def effect(network: MutedNetwork, images: Any) -> Effect:
    """Run a network without and with its silent channels, and report the difference.

    Parameters
    ----------
    network : MutedNetwork
    images
        As for `Network.activations`.
    """
    batches = network.batches(images)
    names = list(network.layers)
    output = next(iter(network.heads), None)
    parts: list[dict[str, np.ndarray]] = []
    outputs: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for batch in batches:
        before, after = (one.run(batch, names) for one in (network.whole, network))
        parts.append(
            {
                name: _relative(before.values[name], after.values[name])
                for name in names
                if network.layers[name].has_image_axis
            }
        )
        for run, found in zip((before, after), outputs, strict=True):
            found.append(run.outputs[output or next(iter(run.outputs))])
    images_named = [name for batch in batches for name in batch.names]
    changes = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    first, second = (network.labelled(found, images_named) for found in outputs)
    return Effect(first, second, {name: change for name, change in changes.items() if change.any()})


def _relative(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    flat = before.reshape(len(before), -1).astype(np.float64)
    apart = np.linalg.norm(after.reshape(len(after), -1) - flat, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = apart / np.linalg.norm(flat, axis=1)
    ratio = np.where(np.isinf(ratio), np.nan, ratio)
    return np.where(apart == 0, 0.0, ratio)
