"""keract: activations of all layers, and a figure of subplots for each."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import convscope_side
import numpy as np
from keras_side import NETWORKS, Side
from work import Comparison, main, near, total


def pictures(name: str) -> Comparison:
    """All layers of one image to pictures."""
    import keract

    side = Side(name)

    def theirs() -> dict[str, Any]:
        # It prints every layer.
        with contextlib.redirect_stdout(io.StringIO()):
            found = keract.get_activations(side.model, side.image, layer_names=side.names)
            keract.display_activations(found, save=True, directory=str(side.folder))
        return {layer: np.moveaxis(values[0], -1, 0) for layer, values in found.items()}

    return Comparison(
        theirs, lambda: convscope_side.pictures(side), total(side.layers), near, rounds=1
    )


if __name__ == "__main__":
    main(
        "keract",
        "keract",
        {("pictures", name): lambda name=name: pictures(name) for name in NETWORKS},
    )
