"""tf-keras-vis: Grad-CAM; it draws no feature maps."""

from __future__ import annotations

from typing import Any

import convscope_side
import numpy as np
from keras_side import NETWORKS, Side
from work import Comparison, main, near_map


def cam(name: str) -> Comparison:
    """Grad-CAM at the size of the image."""
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.scores import CategoricalScore

    side = Side(name)

    def theirs(*, enlarged: bool = True) -> Any:
        found = Gradcam(side.model, clone=False)(
            CategoricalScore(side.target),
            side.image,
            penultimate_layer=side.last,
            seek_penultimate_conv_layer=False,
            expand_cam=enlarged,
        )
        return np.asarray(found)[0]

    def agreement(ours: Any, found: Any) -> str:
        small = near_map(convscope_side.small_cam(side), theirs(enlarged=False))
        return f"{small}; enlarged {near_map(ours, found)}: its corners are the units' middles"

    return Comparison(theirs, lambda: convscope_side.cam(side), f"of {side.last}", agreement)


if __name__ == "__main__":
    main(
        "tf-keras-vis",
        "tf-keras-vis",
        {("Grad-CAM", name): lambda name=name: cam(name) for name in NETWORKS},
    )
