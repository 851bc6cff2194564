"""``convscope explain``: where the value of one unit comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.options import Json, Quiet, opens_network
from convscope.errors import SelectionError

if TYPE_CHECKING:
    from convscope.networks import Network

__all__ = ["explain"]


@opens_network
def explain(
    network: Network,
    *,
    image: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE", help="An image, .npy, .npz or .wav file, or DATASET:INDEX."
        ),
    ],
    layer: Annotated[str, typer.Option("--layer", metavar="L", help="Name or index of a layer.")],
    channel: Annotated[int, typer.Option(metavar="C", help="Which channel.")],
    unit: Annotated[
        str | None,
        typer.Option(metavar="Y,X", help="Position in the map; none for a layer without space."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say where a value comes from.

    The input patch, the kernel, the products of each input channel, the bias, the sum and the
    activation function, computed in NumPy, beside the framework's own value.
    """
    from convscope.analysis.explanation import explain as explained
    from convscope.cli.printing import print_json, say_preparation

    explanation = explained(network, image, layer, channel, _position(unit))
    say_preparation(network, quiet=quiet)
    if json:
        print_json(explanation.to_json())
    else:
        print(explanation)


def _position(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise SelectionError(
            f"--unit {text!r} is no position: give whole numbers separated by commas, such as 3,4"
        ) from None
