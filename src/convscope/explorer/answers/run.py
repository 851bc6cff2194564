"""One pass of the network, and what it decided."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.analysis.muting import MutedNetwork
from convscope.explorer.answers.given import given
from convscope.explorer.arrays import Arrays, finite
from convscope.explorer.recorded import Recorded
from convscope.inputs.preparation import check
from convscope.views.input_picture import seen
from convscope.views.predictions import best_classes

__all__ = ["run"]

_BEST = 10


def run(recorded: Recorded, before: Recorded | None, target: Any, arrays: Arrays) -> dict[str, Any]:
    """Say what the network was fed, what it gave, and what it gave before channels were muted."""
    network, batch = recorded.network, recorded.batch
    picture = seen(network, batch, 0)
    head = next(iter(network.heads.values()), None)
    return {
        "run": recorded.key,
        "network": recorded.opened.place,
        "image": batch.names[0],
        "label": batch.labels[0],
        "class_name": batch.class_names[0],
        "seen": None if picture is None else arrays.add(picture, "uint8"),
        "given": given(recorded, arrays) if picture is None else [],
        "fed": network.fed(batch),
        "warnings": _warnings(recorded),
        "predictions": _predictions(recorded),
        "logits": _logits(recorded, arrays),
        "activation": head.activation if head else None,
        "score": score(recorded, target),
        "muted": {layer: list(channels) for layer, channels in _muted(recorded).items()},
        "before": None
        if before is None
        else {
            "predictions": _predictions(before),
            "logits": _logits(before, arrays),
            "score": score(before, target),
        },
    }


def score(recorded: Recorded, target: Any) -> dict[str, Any] | None:
    """Give the score of a class: what it is, its value, the class; None without scores."""
    found = recorded.aim(target)
    if found is None:
        return None
    aimed, value = found
    return {"words": aimed.words[0], "value": finite(value), "index": aimed.classes[0]}


def _predictions(recorded: Recorded) -> list[dict[str, Any]]:
    outputs = recorded.run.outputs
    rows: list[dict[str, Any]] = []
    for name, values in outputs.items():
        if not values.ndim:
            continue
        for entry in best_classes(recorded.network, values[0], _BEST):
            row = {**entry, "score": finite(entry["score"])}
            rows.append({"output": name, **row} if len(outputs) > 1 else row)
    return rows


def _logits(recorded: Recorded, arrays: Arrays) -> dict[str, Any] | None:
    head = next(iter(recorded.network.heads.values()), None)
    if head is None:
        return None
    value = recorded.run.values[head.layer]
    return arrays.add(value[0]) if value.ndim == 2 else None


def _muted(recorded: Recorded) -> dict[str, tuple[int, ...]]:
    network = recorded.network
    return dict(network.muted) if isinstance(network, MutedNetwork) else {}


def _warnings(recorded: Recorded) -> list[str]:
    """Say what looks wrong in arrays that were given as prepared."""
    network, batch = recorded.network, recorded.batch
    if batch.prepared or network.preparation is None or len(batch.arrays) != 1:
        return []
    (array,) = batch.arrays.values()
    return check(np.asarray(array), network.preparation)
