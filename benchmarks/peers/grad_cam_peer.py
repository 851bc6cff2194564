"""pytorch-grad-cam: Grad-CAM; it draws no feature maps."""

from __future__ import annotations

from typing import Any

import convscope_side
from torch_side import NETWORKS, OVERLAID, Side
from work import Comparison, main, near_map


def found(side: Side) -> Any:
    """Explain the image."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    with GradCAM(model=side.model, target_layers=[side.module]) as explainer:
        return explainer(input_tensor=side.tensor, targets=[ClassifierOutputTarget(side.target)])[0]


def cam(name: str) -> Comparison:
    """Grad-CAM at the size of the image."""
    side = Side(name)
    return Comparison(
        lambda: found(side), lambda: convscope_side.cam(side), f"of {side.seen}", near_map
    )


def cam_picture(name: str) -> Comparison:
    """Grad-CAM, laid over the image and written."""
    import cv2

    side = Side(name)
    from pytorch_grad_cam.utils.image import show_cam_on_image

    pixels = side.image[0].transpose(1, 2, 0)

    def theirs() -> Any:
        values = found(side)
        cv2.imwrite(str(side.folder / "theirs.png"), show_cam_on_image(pixels[..., ::-1], values))
        return values

    return Comparison(theirs, lambda: convscope_side.cam_picture(side), f"of {side.seen}", near_map)


if __name__ == "__main__":
    main(
        "pytorch-grad-cam",
        "grad-cam",
        {("Grad-CAM", name): lambda name=name: cam(name) for name in NETWORKS}
        | {("Grad-CAM to PNG", OVERLAID): lambda: cam_picture(OVERLAID)},
    )
