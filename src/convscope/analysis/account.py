"""An explanation as text for a terminal and as HTML for a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from convscope.networks.layer import dims_of

if TYPE_CHECKING:
    from convscope.analysis.explanation import Explanation

__all__ = ["html_of", "text_of"]

_LARGEST = 8
_WIDEST = 7


@dataclass(frozen=True)
class _Table:
    """A title, and rows of cells under it."""

    title: str
    rows: Sequence[Sequence[str]]


def text_of(explanation: Explanation) -> str:
    """Write an explanation as lines of text."""
    blocks = [_heading(explanation)]
    for table in _tables(explanation):
        widths = [max(map(len, column)) for column in zip(*table.rows, strict=True)]
        rows = [
            "  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in table.rows
        ]
        blocks.append("\n".join([table.title, *map(str.rstrip, rows)]))
    steps = _steps(explanation)
    width = max(len(name) for name, _ in steps)
    blocks.append("\n".join(f"  {name.ljust(width)}  {value}" for name, value in steps))
    return "\n\n".join([*blocks, _verdict(explanation)])


def html_of(explanation: Explanation) -> str:
    """Write an explanation as HTML; every name in it is escaped."""
    first, *rest = _heading(explanation).split("\n")
    parts = [f"<p><b>{escape(first)}</b><br>{'<br>'.join(map(escape, rest))}</p>"]
    for table in _tables(explanation):
        parts.append(_html_table(table.rows, table.title))
    parts.append(_html_table(_steps(explanation), ""))
    parts.append(f"<p>{'<br>'.join(map(escape, _verdict(explanation).splitlines()))}</p>")
    return "\n".join(parts)


def _html_table(rows: Sequence[Sequence[str]], title: str) -> str:
    lines = [
        "<tr>" + "".join(f"<td>{escape(cell.strip())}</td>" for cell in row) + "</tr>"
        for row in rows
    ]
    return "\n".join(["<table>", f"<caption>{escape(title)}</caption>", *lines, "</table>"])


def _heading(explanation: Explanation) -> str:
    axes = dims_of(len(explanation.unit) + 1, image=False)[1:]
    unit = ", ".join(f"{axis} {at}" for axis, at in zip(axes, explanation.unit, strict=True))
    where = f", unit {unit}" if unit else ""
    first = (
        f"{explanation.layer} ({explanation.operation}), channel {explanation.channel}{where}, "
        f"{explanation.network} on {explanation.image}"
    )
    return f"{first}\n{explanation.computes} of {_looks_at(explanation)}"


def _looks_at(explanation: Explanation) -> str:
    if not explanation.source:
        return " and ".join(explanation.sources)
    patch = explanation.patch
    box = ", ".join(f"{axis} {low} to {high}" for axis, (low, high) in explanation.box.items())
    channels = patch.coords["channel"].values
    which = f"channel {channels[0]}"
    if len(channels) > 1:
        which = f"channels {channels[0]} to {channels[-1]}"
    where = f"{explanation.source}, {box}, {which}" if box else f"{explanation.source}, {which}"
    if not np.isnan(patch.values).any():
        return where
    pooled = "pooling" in explanation.computes
    return f"{where} (nan is padding, which {'is left out' if pooled else 'counts as zero'})"


def _tables(explanation: Explanation) -> Iterator[_Table]:
    window = _window(explanation)
    if window is not None:
        yield window
    if explanation.products.size > 1:
        yield _ranking(explanation)


def _window(explanation: Explanation) -> _Table | None:
    """Show patch, kernel and products of the input channel that counts most."""
    patch, kernel = explanation.patch, explanation.kernel
    if patch.dims[:1] != ("channel",) or not 2 <= patch.ndim <= 3 or patch[0].size < 2:
        return None
    if max(patch.shape[1:]) > _WIDEST or patch.size == 0:
        return None
    place = 0
    title = "window"
    if explanation.products.dims == ("channel",):
        place = int(np.argmax(np.abs(explanation.products.values)))
    values = [patch.values[place]]
    if kernel is not None:
        values += [kernel.values[place], patch.values[place] * kernel.values[place]]
        channel = patch.coords["channel"].values[place]
        title = f"input channel {channel}: patch, kernel and their products"
    axis = patch.dims[-1]
    rows = [""] if patch.ndim == 2 else [str(at) for at in patch.coords[patch.dims[1]].values]
    header = [str(axis) if patch.ndim == 2 else f"{patch.dims[1]}/{axis}"]
    body = [[at] for at in rows]
    for number, block in enumerate(values):
        divider = [" "] if number else []
        header += divider + [str(at) for at in patch.coords[axis].values]
        for line, row in zip(body, np.atleast_2d(block), strict=True):
            line.extend([*divider, *(f"{value:.4g}" for value in row)])
    return _Table(title, [header, *body])


# What adds its terms up, so that each has a share.
_SUMS = {"sum", "difference", "mean"}


def _ranking(explanation: Explanation) -> _Table:
    (*_, last) = explanation.products.dims
    ranked = explanation.ranking(_LARGEST)
    products = explanation.products.values
    products = products[~np.isnan(products)]
    total = float(np.abs(products).sum())
    kind = {"channel": "input channel", "term": "value of"}.get(str(last), "position")
    rows = [[kind, "value" if explanation.kernel is None else "product"]]
    for name, value in ranked:
        called = ",".join(map(str, name)) if isinstance(name, tuple) else str(name)
        rows.append([called, f"{value:+.6g}"])
    added = explanation.kernel is not None or explanation.computes in _SUMS
    left = total - sum(abs(value) for _, value in ranked)
    if len(products) > len(ranked):
        rest = float(products.sum()) - sum(value for _, value in ranked)
        rows.append([f"{len(products) - len(ranked)} more", f"{rest:+.6g}" if added else ""])
    if not added or not total:
        return _Table("largest first", rows)
    sizes = [abs(value) for _, value in ranked] + [left] * (len(products) > len(ranked))
    shares = ["share", *(f"{size / total:.1%}" for size in sizes)]
    rows = [[*row, share] for row, share in zip(rows, shares, strict=True)]
    return _Table("largest first, and their share of the sum of absolute values", rows)


def _steps(explanation: Explanation) -> list[tuple[str, str]]:
    """List the numbers on the way from the products to the value."""
    details = [(name, f"{value:.9g}") for name, value in explanation.details.items()]
    behind = explanation.activation in {"softmax", "log_softmax"}
    steps = [] if behind else details
    if explanation.winner is not None:
        steps.append(("won by", ",".join(map(str, explanation.winner))))
    if explanation.kernel is not None and explanation.computes != "affine":
        products = explanation.sum - explanation.bias
        steps.append(("sum of products", f"{products:+.9g}"))
        steps.append(("bias", f"{explanation.bias:+.9g}"))
    steps.append((explanation.computes, f"{explanation.sum:+.9g}"))
    steps.extend(details if behind else [])
    if explanation.activation != "linear":
        steps.append((explanation.activation, f"{explanation.value:+.9g}"))
    steps.append(("value (NumPy, float64)", f"{explanation.value:+.9g}"))
    steps.append(("value (framework)", f"{explanation.recorded:+.9g}"))
    return steps


def _verdict(explanation: Explanation) -> str:
    if explanation.difference == 0:
        return "difference 0"
    what = "the sum of the absolute products"
    if explanation.activation != "linear":
        what += f", as it reaches through {explanation.activation}"
    within = "within" if explanation.ok else "ABOVE"
    return (
        f"difference {explanation.difference:.2g}, relative {explanation.relative:.1e}: {within} "
        f"the tolerance of {explanation.tolerance:.1e}\n"
        f"relative to {explanation.scale:.4g}, {what}"
    )
