"""Write the colormaps that Convscope carries, so that drawing needs no matplotlib.

    python scripts/make_colormaps.py

Seven are matplotlib's, sampled at 240 levels; "paper" is made here.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from scipy.interpolate import PchipInterpolator

TARGET = Path(__file__).resolve().parents[1] / "src/convscope/pictures/colormaps.npz"
LEVELS = 240
MATPLOTLIB = ("viridis", "inferno", "magma", "plasma", "cividis", "gray", "RdBu")

# White, through yellow-green and teal to dark blue: the hues of ColorBrewer's YlGnBu (Cynthia
# Brewer, Apache 2.0), but from pure white and with lightness that falls in equal steps.
PAPER = ("ffffff", "edf8b1", "c7e9b4", "7fcdbb", "41b6c4", "1d91c0", "225ea8", "253494", "081d58")

# sRGB primaries and the D65 white point (IEC 61966-2-1); CIELAB (CIE 15:2004).
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = TO_XYZ @ np.ones(3)


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """Turn sRGB 0..1 into CIELAB, last axis 3."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    t = linear @ TO_XYZ.T / WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def to_rgb(lab: np.ndarray) -> np.ndarray:
    """Turn CIELAB into sRGB 0..1, clipped."""
    lightness, a, b = np.moveaxis(lab, -1, 0)
    y = (lightness + 16) / 116
    f = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    t = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    linear = np.clip((t * WHITE) @ np.linalg.inv(TO_XYZ).T, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def paper() -> np.ndarray:
    """Interpolate the hues over lightness, in equal steps of lightness."""
    anchors = np.array([[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)] for code in PAPER])
    lab = to_lab(anchors)[::-1]
    lightness = np.linspace(lab[-1, 0], lab[0, 0], LEVELS)
    hue = PchipInterpolator(lab[:, 0], lab[:, 1:])(lightness)
    colours = np.rint(to_rgb(np.column_stack([lightness, hue])) * 255).astype(np.uint8)
    colours[0] = 255
    return colours


def main() -> None:
    """Write the file."""
    positions = np.linspace(0, 1, LEVELS)
    maps = {
        name: matplotlib.colormaps[name](positions, bytes=True)[:, :3].copy() for name in MATPLOTLIB
    }
    np.savez_compressed(TARGET, paper=paper(), **maps)
    print(TARGET, TARGET.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
