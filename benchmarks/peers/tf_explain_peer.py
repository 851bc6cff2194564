"""tf-explain: the activations of a layer as one grey grid, and Grad-CAM as a picture."""

from __future__ import annotations

from typing import Any

import convscope_side
import numpy as np
from keras_side import NETWORKS, Side
from work import Comparison, main, near_map, total


def pictures(name: str) -> Comparison:
    """All layers of one image to pictures: it builds a model and runs it for each."""
    from tf_explain.core.activations import ExtractActivations

    side = Side(name)

    def theirs() -> None:
        explainer = ExtractActivations()
        for layer in side.names:
            grid = explainer.explain((side.image, None), side.model, [layer])
            explainer.save(grid, str(side.folder), f"{layer}.png")

    def agreement(ours: Any, _: None) -> str:
        """Compare the grid of the first layer, which stands on the layer's own scale."""
        layer = side.names[0]
        grid = ExtractActivations().explain((side.image, None), side.model, [layer])
        values = ours[layer]
        rows = -(-len(values) // int(np.ceil(np.sqrt(len(values)))))
        size = values.shape[-1]
        tiles = grid[: rows * size].reshape(rows, size, -1, size).swapaxes(1, 2)
        theirs = tiles.reshape(-1, size, size)[: len(values)]
        return f"first layer {near_map(values, theirs)} of 8 bits"

    return Comparison(
        theirs, lambda: convscope_side.pictures(side), total(side.layers), agreement, rounds=0
    )


def cam(name: str) -> Comparison:
    """Grad-CAM, laid over the image and written."""
    from tf_explain.core.grad_cam import GradCAM

    side = Side(name)

    def theirs() -> None:
        explainer = GradCAM()
        # Guided gradients are another method.
        grid = explainer.explain(
            (side.image, None), side.model, side.target, side.last, use_guided_grads=False
        )
        explainer.save(grid, str(side.folder), "theirs.png")

    def agreement(_: Any, __: None) -> str:
        outputs, gradients = GradCAM.get_gradients_and_filters(
            side.model, side.image, side.last, side.target, use_guided_grads=False
        )
        found = GradCAM.generate_ponderated_output(outputs, gradients)[0].numpy()
        small = near_map(convscope_side.small_cam(side), np.maximum(found, 0))
        return f"{small} once rectified, which the picture is not"

    return Comparison(
        theirs, lambda: convscope_side.cam_picture(side), f"of {side.last}", agreement
    )


if __name__ == "__main__":
    main(
        "tf-explain",
        "tf-explain",
        {("pictures", name): lambda name=name: pictures(name) for name in NETWORKS}
        | {("Grad-CAM to PNG", name): lambda name=name: cam(name) for name in NETWORKS},
    )
