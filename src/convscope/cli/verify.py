"""``convscope verify``: shown values against independent arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.options import Json, Quiet, opens_network

if TYPE_CHECKING:
    from convscope.analysis.verification import LayerCheck, Verification
    from convscope.networks import Network

__all__ = ["verify"]


@opens_network
def verify(
    network: Network,
    *,
    image: Annotated[
        str | None,
        typer.Argument(
            metavar="[IMAGE]",
            show_default=False,
            help="An image, .npy, .npz or .wav file, or DATASET:INDEX; random numbers by default.",
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compute every layer again in NumPy and show the differences.

    64 random units of each layer are taken apart one by one, and all units are compared at once.
    A difference is relative to the sum of the absolute products that make the unit. The exit
    status is 1 when a layer is above tolerance.
    """
    from convscope.analysis.verification import verify as verified
    from convscope.cli.printing import print_json, progress_bar

    with progress_bar("layers", len(network.layers), quiet=quiet) as advance:
        done = verified(network, image, progress=lambda _: advance())
    if json:
        print_json(done.to_json())
    else:
        _print(done, quiet=quiet)
    if not done.ok:
        raise typer.Exit(1)


def _print(done: Verification, *, quiet: bool) -> None:
    from convscope.cli.printing import print_table

    columns = ("layer", "kind", "units", "of", "largest", "relative", "tolerance", "")
    rows = [_row(check) for check in done.layers]
    title = None if quiet else f"{done.network} on {done.image}"
    print_table(columns, rows, right=(2, 3, 4, 5, 6), title=title)
    if not quiet:
        kinds = ", ".join(f"{kind} {known}/{all_}" for kind, (known, all_) in done.kinds.items())
        print(f"understood: {kinds}")
        print(done.describe())


def _row(check: LayerCheck) -> tuple[str, ...]:
    if not check.understood:
        return check.name, check.kind, "", "", "", "", "", f"not understood: {check.kind}"
    return (
        check.name,
        check.kind,
        str(check.units),
        f"{check.all_units:,}",
        f"{check.max_abs:.1e}",
        f"{check.max_rel:.1e}",
        f"{check.tolerance:.1e}",
        "" if check.ok else "ABOVE TOLERANCE",
    )
