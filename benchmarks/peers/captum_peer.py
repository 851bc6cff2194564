"""captum: activations of layers, and Grad-CAM; it draws no feature maps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import convscope_side
import torch
from torch_side import NETWORKS, OVERLAID, SURVEYED, Side, added_up, batches
from work import SIZE, Comparison, main, near, near_map, sample, surveyed


def statistics(name: str) -> Comparison:
    """Activations of many images to figures of every channel."""
    from captum.attr import LayerActivation

    side = Side(name, SIZE)
    images = sample()
    activation = LayerActivation(side.model, list(side.parts.values()))

    def recorded() -> Iterator[dict[str, Any]]:
        for batch in batches(images):
            with torch.no_grad():
                yield dict(zip(side.parts, activation.attribute(batch), strict=True))

    return Comparison(
        lambda: added_up(recorded()),
        lambda: convscope_side.statistics(side, images),
        surveyed(side.layers, images),
        near,
        rounds=0,
    )


def found(side: Side) -> Any:
    """Explain the image."""
    from captum.attr import LayerAttribution, LayerGradCam

    cam = LayerGradCam(side.model, side.module).attribute(
        side.tensor, target=side.target, relu_attributions=True
    )
    return LayerAttribution.interpolate(cam, side.image.shape[2:], "bilinear").detach()


def cam(name: str) -> Comparison:
    """Grad-CAM at the size of the image."""
    side = Side(name)

    def theirs() -> Any:
        return found(side)[0, 0].numpy()

    return Comparison(
        theirs,
        lambda: convscope_side.cam(side),
        f"of {side.seen}",
        near_map,
    )


def cam_picture(name: str) -> Comparison:
    """Grad-CAM, laid over the image and written."""
    from captum.attr import visualization

    side = Side(name)
    pixels = side.image[0].transpose(1, 2, 0)

    def theirs() -> Any:
        values = found(side)[0].permute(1, 2, 0).numpy()
        figure, _ = visualization.visualize_image_attr(
            values,
            pixels,
            "blended_heat_map",
            "positive",
            show_colorbar=True,
            use_pyplot=False,
        )
        figure.savefig(side.folder / "theirs.png")
        return values[..., 0]

    return Comparison(theirs, lambda: convscope_side.cam_picture(side), f"of {side.seen}", near_map)


if __name__ == "__main__":
    main(
        "captum",
        "captum",
        {("statistics", SURVEYED): lambda: statistics(SURVEYED)}
        | {("Grad-CAM", name): lambda name=name: cam(name) for name in NETWORKS}
        | {("Grad-CAM to PNG", OVERLAID): lambda: cam_picture(OVERLAID)},
    )
