"""``convscope predict``: the top classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.options import Images, Json, Quiet, opens_network

if TYPE_CHECKING:
    from convscope.networks import Network

__all__ = ["predict"]


@opens_network
def predict(
    network: Network,
    *,
    images: Images,
    top: Annotated[int, typer.Option(min=1, help="How many classes.")] = 5,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print the top classes of each image, best first."""
    from convscope.cli.printing import print_json, print_table, say_preparation
    from convscope.views.predictions import predictions

    rows = predictions(network, images, top)
    if json:
        print_json(rows)
        return
    say_preparation(network, quiet=quiet)
    several = any("output" in entry for row in rows for entry in row["outputs"])
    columns = ("image", *(("output",) if several else ()), "class", "score")
    table = []
    for row in rows:
        for place, entry in enumerate(row["outputs"]):
            image = row["image"] if place == 0 else ""
            label = entry["label"] or str(entry["index"])
            middle = (entry["output"],) if several else ()
            table.append((image, *middle, label, f"{entry['score']:.4f}"))
    print_table(columns, table, right=(len(columns) - 1,))
