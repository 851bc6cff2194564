"""``convscope demo``: the embedded network on digits drawn in code; needs no download."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convscope.cli.options import Quiet

__all__ = ["demo"]


def demo(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Where to put the pictures.")
    ] = Path("convscope-demo"),
    quiet: Quiet = False,
) -> None:
    """Draw every feature map of the embedded network.

    Ten digits drawn in code go through the network that comes with the package, so nothing is
    downloaded; overview.png compares them.
    """
    from convscope.cli.printing import progress_bar, say_preparation
    from convscope.inputs.images import Image
    from convscope.networks import open_network
    from convscope.training.recipes import embedded
    from convscope.training.strokes import digits
    from convscope.views.compare import compare
    from convscope.views.maps import maps
    from convscope.views.predictions import predictions

    network = open_network(embedded())
    images = [Image(pixels[..., None], f"digit {label}", label) for label, pixels in digits()]
    drawn = maps(network, images, zoom=4)
    say_preparation(network, quiet=quiet)
    with progress_bar("drawing", len(drawn) * len(images), quiet=quiet) as advance:
        written = drawn.save(output, progress=lambda _: advance())
    overview = output / "overview.png"
    compare(network, images, "kind:conv,kind:pool", mean=True).save(overview)
    if not quiet:
        found = [row["outputs"][0]["label"] for row in predictions(network, images, 1)]
        print(f"drawn digits 0 to 9, read as {' '.join(map(str, found))}")
        print(f"{len(images)} x {len(drawn)} layers: {len(written) + 1} files in {output}")
        print(f"begin with {overview}")
