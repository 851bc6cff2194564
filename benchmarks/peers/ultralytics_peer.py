"""Ultralytics' ``predict(visualize=True)``: 32 feature maps of each stage of its own networks.

Its newer versions draw a class activation map instead: there is nothing to compare with then.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import convscope_side
import numpy as np
from torch_side import Side, torchvision
from work import Comparison, main, total

NETWORK, STAGE = "yolov8n", "model.0.act"
# Nothing may be asked of the network.
os.environ["YOLO_OFFLINE"] = "true"


def pictures(_: str) -> Comparison:
    """All stages of one image to pictures; convscope draws all maps of all layers."""
    torchvision()
    from ultralytics import YOLO

    yolo = YOLO(f"{NETWORK}.yaml", verbose=False)
    side = Side(NETWORK, model=yolo.model)
    settings = {"imgsz": 224, "verbose": False, "project": str(side.folder), "name": "theirs"}

    def theirs() -> list[Path]:
        yolo.predict(side.pixels[0][..., ::-1].copy(), visualize=True, exist_ok=True, **settings)
        return sorted(side.folder.rglob("*_features.png"))

    def agreement(ours: Any, found: list[Path]) -> str:
        if not found:
            others = sorted(path.name for path in side.folder.glob("theirs/**/*.*"))
            raise ValueError(f"no feature maps were drawn, but {others[:3]}")
        stored = [np.load(path.with_suffix(".npy")) for path in found]
        drawn = sum(min(32, len(values)) for values in stored)
        given = sum(len(values) for values in stored)
        first = next(np.load(path.with_suffix(".npy")) for path in found if "stage0_" in path.name)
        apart = np.abs(ours[STAGE] - first).max() / np.abs(first).max()
        return (
            f"theirs {len(found)} stages, {drawn} of their {given} maps; stage 0 {apart:.0e} apart"
        )

    amount = f"ours {total(side.layers)}"
    return Comparison(theirs, lambda: convscope_side.pictures(side), amount, agreement, rounds=0)


if __name__ == "__main__":
    main(
        "Ultralytics visualize=True",
        "ultralytics",
        {("pictures", NETWORK): lambda: pictures(NETWORK)},
    )
