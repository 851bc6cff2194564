"""``convscope predict``: the top classes, what carried them, and what muting changes."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convscope.cli.options import (
    Images,
    Json,
    Mute,
    MuteTo,
    Quiet,
    Solo,
    Target,
    opens_network,
    silenced,
    target_of,
)

if TYPE_CHECKING:
    from convscope.analysis.muting import MutedNetwork
    from convscope.networks import Network

__all__ = ["predict"]


@opens_network
def predict(
    network: Network,
    *,
    images: Images,
    top: Annotated[int, typer.Option(min=1, help="How many classes.")] = 5,
    contributions: Annotated[
        bool,
        typer.Option(
            "--contributions", help="Print what every layer's maps contributed to the class score."
        ),
    ] = False,
    target: Target = None,
    mute: Mute = None,
    solo: Solo = None,
    mute_to: MuteTo = "zero",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print the top classes of each image, best first."""
    from convscope.cli.printing import print_json, say_preparation
    from convscope.views.predictions import predictions

    muted = silenced(network, images, mute, solo, mute_to)
    rows = predictions(muted or network, images, top)
    if muted:
        _compare(rows, predictions(network, images, None))
    if contributions:
        _add_books(rows, muted or network, images, target_of(target, network))
    if json:
        print_json(rows)
        return
    say_preparation(network, quiet=quiet)
    _print_classes(rows)
    if muted:
        _print_changes(muted, images)
    if contributions:
        _print_books(rows)


def _compare(rows: list[dict[str, Any]], whole: list[dict[str, Any]]) -> None:
    """Put the score of the whole network beside that of the muted one."""
    for row, before in zip(rows, whole, strict=True):
        scores = {
            (entry.get("output"), entry["index"]): entry["score"] for entry in before["outputs"]
        }
        for entry in row["outputs"]:
            entry["unmuted"] = scores[entry.get("output"), entry["index"]]


def _add_books(
    rows: list[dict[str, Any]], network: Network, images: list[str], target: Any
) -> None:
    from convscope.analysis.contributions import contributions
    from convscope.views.contributions import contribution_rows

    books = contributions(network, images, target)
    for place, row in enumerate(rows):
        row["explained"] = books.words[place]
        row["contributions"] = contribution_rows(books, place)


def _print_classes(rows: list[dict[str, Any]]) -> None:
    from convscope.cli.printing import print_table

    entries = [entry for row in rows for entry in row["outputs"]]
    several = any("output" in entry for entry in entries)
    muted = any("unmuted" in entry for entry in entries)
    columns = ["image", *["output"] * several, "class", "score", *["unmuted"] * muted]
    table = []
    for row in rows:
        for place, entry in enumerate(row["outputs"]):
            table.append(
                [
                    row["image"] if place == 0 else "",
                    *[entry.get("output", "")] * several,
                    entry["label"] or str(entry["index"]),
                    f"{entry['score']:.4f}",
                    *[f"{entry.get('unmuted', 0):.4f}"] * muted,
                ]
            )
    print_table(columns, table, right=range(2 + several, len(columns)))


def _print_changes(muted: MutedNetwork, images: list[str]) -> None:
    from convscope.analysis.effect import effect
    from convscope.cli.printing import print_table

    found = effect(muted, images)
    names = [str(name) for name in found.before.coords["image"].values]
    rows = [
        (layer, *("from zero" if isnan(value) else f"{value:.1%}" for value in change))
        for layer, change in found.changes.items()
    ]
    print_table(("changed layer", *names), rows, right=range(1, len(names) + 1))


def _print_books(rows: list[dict[str, Any]]) -> None:
    from convscope.cli.printing import print_table

    columns = ("layer", "maps", "biases behind", "remainder", "strongest maps", "")
    for row in rows:
        score = row["contributions"][0]["score"]
        print_table(
            columns,
            [
                (
                    entry["layer"],
                    f"{entry['maps']:+.4g}",
                    f"{entry['biases']:+.4g}",
                    f"{entry['remainder']:+.2g}",
                    "  ".join(f"{one['index']}: {one['share']:+.3g}" for one in entry["channels"]),
                    entry["reason"],
                )
                for entry in row["contributions"]
            ],
            right=(1, 2, 3),
            title=f"{row['image']}: {row['explained']} = {score:.5g}",
        )
