"""A still picture of the explorer, for places where widgets do not run."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.explorer.session import Session
from convscope.networks import Layer
from convscope.pictures.colormap import Place, full_palette
from convscope.pictures.text import written
from convscope.views.input_picture import as_png

__all__ = ["still"]

Bytes = NDArray[np.uint8]

# It is saved within the notebook, so it stays small, and fits the width of a column of text.
_COLUMNS, _ROWS, _LAYERS = 2, 5, 7
_TILE, _GAP, _BETWEEN, _MARGIN = 44, 3, 16, 12
_SEEN, _TITLE, _LINE = 128, 24, 15
_HEIGHT = 2 * _MARGIN + _TITLE + 2 * _LINE + _ROWS * (_TILE + _GAP)
_KINDS = ("conv", "pool", "merge")
_CLASSES = 4


def still(session: Session) -> str | None:
    """Draw the first image, what the network says, and the strongest maps of some layers.

    Returns
    -------
    str or None
        A PNG file in base64; None where there is nothing to draw, or the network cannot run now.
    """
    if not session.images:
        return None
    then = [{"type": "sheet", "tile": _TILE}]
    reply, buffers = session.answer({"type": "run", "image": 0, "then": then})
    if reply["type"] == "error" or reply["then"][0]["type"] == "error":
        return None
    layers = session.networks[0].network.layers
    columns = _columns(reply["then"][0], buffers, layers)
    left = _said(reply, buffers)
    title = f"{session.networks[0].network.name} on {reply['image']}"
    pixels = _joined(title, [left, *columns])
    return base64.b64encode(as_png(pixels)).decode("ascii")


def _columns(
    sheet: Mapping[str, Any], buffers: Sequence[bytes], layers: Mapping[str, Layer]
) -> list[Bytes]:
    """Draw a column for each of the layers that are shown."""
    levels = _array(sheet["levels"], buffers)
    most = _array(sheet["maximum"], buffers)
    tiles = maps = 0
    found: list[tuple[Layer, Bytes, Bytes]] = []
    for row, signed in zip(sheet["layers"], sheet["signed"], strict=True):
        count, height, width = row["channels"], row["height"], row["width"]
        own = levels[tiles : tiles + count * height * width].reshape(count, height, width)
        strongest = np.argsort(-np.nan_to_num(most[maps : maps + count]), kind="stable")
        tiles, maps = tiles + own.size, maps + count
        if height * width > 1:
            chosen = own[strongest[: _COLUMNS * _ROWS]]
            found.append((layers[row["name"]], chosen, full_palette("RdBu" if signed else "paper")))
    main = [one for one in found if one[0].kind in _KINDS] or found
    some = np.unique(np.linspace(0, len(main) - 1, min(_LAYERS, len(main))).round().astype(int))
    return [_column(*main[place]) for place in some]


def _column(layer: Layer, tiles: Bytes, colours: Bytes) -> Bytes:
    """Draw the strongest maps of a layer under its name."""
    width = _COLUMNS * _TILE + (_COLUMNS - 1) * _GAP
    canvas = _canvas(_HEIGHT - 2 * _MARGIN - _TITLE, width)
    shape = " x ".join("?" if size is None else str(size) for size in layer.shape)
    _write(canvas, layer.name, 0, 0)
    _write(canvas, shape, _LINE, 0, soft=True)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, _COLUMNS)
        top, left = 2 * _LINE + 3 + row * (_TILE + _GAP), column * (_TILE + _GAP)
        _put(canvas, _framed(colours[_resized(tile, _TILE - 2)]), top, left)
    return canvas


def _said(reply: Mapping[str, Any], buffers: Sequence[bytes]) -> Bytes:
    """Draw the input as the network sees it, and the best classes beneath."""
    canvas = _canvas(_HEIGHT - 2 * _MARGIN - _TITLE, _SEEN)
    below = 0
    if reply["seen"] is not None:
        seen = _array(reply["seen"], buffers)
        drawn = _framed(np.broadcast_to(_resized(seen, _SEEN - 2), (*_size(seen, _SEEN - 2), 3)))
        _put(canvas, drawn, 0, 0)
        below = drawn.shape[0] + 6
    for place, entry in enumerate(reply["predictions"][:_CLASSES]):
        name = entry["label"] if entry["label"] is not None else entry["index"]
        words = f"{name}  {_score(entry['score'], reply['activation'])}"
        _write(canvas, words, below + place * _LINE, 0, soft=place > 0)
    return canvas


def _score(score: float | None, activation: str | None) -> str:
    if score is None:
        return ""
    return f"{score:.1%}" if activation in {"softmax", "sigmoid"} else f"{score:.3g}"


def _size(pixels: np.ndarray, side: int) -> tuple[int, int]:
    """Fit a picture into a square."""
    factor = side / max(pixels.shape[:2])
    height, width = (max(1, round(size * factor)) for size in pixels.shape[:2])
    return height, width


def _resized(pixels: np.ndarray, side: int) -> np.ndarray:
    """Bring a picture to the size of a square, without mixing its pixels."""
    height, width = _size(pixels, side)
    rows = np.arange(height) * pixels.shape[0] // height
    columns = np.arange(width) * pixels.shape[1] // width
    return np.asarray(pixels[rows[:, None], columns])


def _framed(pixels: Bytes) -> Bytes:
    """Draw a thin edge around colours, since zero is white like the paper."""
    edge = int(full_palette("paper")[Place.FRAME, 0])
    return np.pad(pixels, ((1, 1), (1, 1), (0, 0)), constant_values=edge)


def _joined(title: str, parts: Sequence[Bytes]) -> Bytes:
    """Put the columns side by side under the title."""
    width = 2 * _MARGIN + sum(part.shape[1] for part in parts) + _BETWEEN * (len(parts) - 1)
    canvas = _canvas(_HEIGHT, width)
    _write(canvas, title, _MARGIN, _MARGIN, size=14)
    left = _MARGIN
    for part in parts:
        _put(canvas, part, _MARGIN + _TITLE, left)
        left += part.shape[1] + _BETWEEN
    return canvas


def _canvas(height: int, width: int) -> Bytes:
    return np.full((height, width, 3), 255, np.uint8)


def _put(canvas: Bytes, drawn: Bytes, top: int, left: int) -> None:
    part = canvas[top : top + drawn.shape[0], left : left + drawn.shape[1]]
    part[...] = drawn[: part.shape[0], : part.shape[1]]


def _write(
    canvas: Bytes, words: str, top: int, left: int, *, size: int = 11, soft: bool = False
) -> None:
    """Write a line; what sticks out is cut off."""
    inks = written(words, size, soft=soft)
    part = canvas[top : top + inks.shape[0], left : left + inks.shape[1]]
    inks = inks[: part.shape[0], : part.shape[1]]
    part[inks > 0] = full_palette("paper")[inks[inks > 0]]


def _array(reference: Mapping[str, Any], buffers: Sequence[bytes]) -> np.ndarray:
    flat = np.frombuffer(buffers[reference["buffer"]], reference["dtype"])
    return flat.reshape(reference["shape"])
