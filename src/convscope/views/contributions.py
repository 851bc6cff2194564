"""What carried the decision, as a table: a row a layer, with books that balance."""

from __future__ import annotations

from typing import Any

from convscope.analysis.contributions import Books

__all__ = ["contribution_rows", "strongest"]


def contribution_rows(books: Books, image: int, top: int = 5) -> list[dict[str, Any]]:
    """Describe the books of one image as plain values, ready for JSON.

    Parameters
    ----------
    books : Books
    image : int
    top : int
        How many channels of each layer.

    Returns
    -------
    list of dict
        ``layer, maps, biases, remainder, score`` (``maps`` the sum over the layer's maps, and the
        first three add up to the last), ``channels`` (a list of ``index, share``, largest absolute
        share first) and ``reason``, why there is a remainder beyond rounding; empty where there is
        none.
    """
    return [
        {
            "layer": layer,
            "maps": float(books.shares[layer][image].sum(dtype="float64")),
            "biases": float(books.biases[layer][image]),
            "remainder": float(books.remainder[layer][image]),
            "score": float(books.score[image]),
            "channels": strongest(books, layer, image, top),
            "reason": books.reason(layer),
        }
        for layer in books
    ]


def strongest(books: Books, layer: str, image: int, top: int) -> list[dict[str, Any]]:
    """Give the channels with the largest absolute shares: a list of ``index, share``."""
    shares = books.shares[layer][image]
    return [
        {"index": int(channel), "share": float(shares[channel])}
        for channel in books.ranking(layer, image)[:top]
    ]
