"""``convscope values``: the numbers of one feature map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.options import Json, Quiet, opens_network

if TYPE_CHECKING:
    from convscope.networks import Network
    from convscope.views.values import Values

__all__ = ["values"]


@opens_network
def values(
    network: Network,
    *,
    image: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE", help="An image, .npy, .npz or .wav file, or DATASET:INDEX."
        ),
    ],
    layer: Annotated[str, typer.Option("--layer", metavar="L", help="Name or index of a layer.")],
    channel: Annotated[int | None, typer.Option(metavar="C", help="Which channel.")] = None,
    mean: Annotated[bool, typer.Option("--mean", help="The mean over the channels.")] = False,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write CSV instead of printing.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print one feature map as numbers, the positive marked."""
    from convscope.cli.printing import print_json, say, say_preparation
    from convscope.views import values as view

    table = view.values(network, image, layer, channel, mean=mean)
    say_preparation(network, quiet=quiet)
    say(table.title, quiet=quiet)
    if csv is not None:
        table.save(csv)
        say(str(csv), quiet=quiet)
    elif json:
        print_json(table.array.tolist())
    else:
        _print(table)


def _print(table: Values) -> None:
    from rich.text import Text

    from convscope.cli.printing import print_table

    columns = [table.rows, *map(str, range(table.array.shape[1]))]
    rows = [
        [str(place), *(_cell(float(value), Text) for value in row)]
        for place, row in enumerate(table.array)
    ]
    print_table(columns, rows, right=range(len(columns)))


def _cell(value: float, text: type) -> object:
    return text(f"{value:.3f}", style="black on green" if value > 0 else "")
