"""``convscope demo``: the embedded network on digits drawn in code; needs no download."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.options import Quiet
from convscope.cli.serving import PORT, NoBrowser, Port

if TYPE_CHECKING:
    from convscope.explorer.application import Answers

__all__ = ["demo"]


def demo(
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Write its pictures instead of opening a page."
        ),
    ] = None,
    port: Port = PORT,
    no_browser: NoBrowser = False,
    quiet: Quiet = False,
) -> None:
    """Look through the network that comes along.

    It reads digits: ten drawn in code, and those that are drawn on the page, so that nothing is
    downloaded. Prints the address of the page with its token, opens it in a browser, and serves it
    until Ctrl+C; or, with -o, writes every feature map, and overview.png to compare them.
    """
    if output is None:
        _serve(port, browser=not no_browser, quiet=quiet)
    else:
        _draw(output, quiet=quiet)


def _serve(port: int, *, browser: bool, quiet: bool) -> None:
    """Serve the page while the network is still being opened, which takes longer."""
    from concurrent.futures import Future, ThreadPoolExecutor

    from convscope.cli.serving import serve_page
    from convscope.explorer.pending import Pending
    from convscope.explorer.server import Server
    from convscope.frameworks import expect_keras

    # Before an address is printed at which nothing would be seen.
    expect_keras("the embedded network")
    thread = ThreadPoolExecutor(1, "opening")
    opening = thread.submit(_session)
    try:

        def begun(server: Server) -> None:
            def stop_if_failed(opened: Future[Answers]) -> None:
                if opened.exception() is not None:
                    server.stop()

            opening.add_done_callback(stop_if_failed)

        serve_page(Pending(opening), port=port, browser=browser, quiet=quiet, begun=begun)
        if opening.done():
            opening.result()
    finally:
        # Who ends it does not wait until all is open.
        thread.shutdown(wait=opening.done(), cancel_futures=True)


def _session() -> Answers:
    from convscope.explorer.drawn import drawn_digits
    from convscope.explorer.session import Session
    from convscope.networks import open_network
    from convscope.training.recipes import embedded

    return Session(open_network(embedded()), drawn_digits())


def _draw(output: Path, *, quiet: bool) -> None:
    from convscope.cli.printing import progress_bar, say_preparation
    from convscope.explorer.drawn import drawn_digits
    from convscope.networks import open_network
    from convscope.training.recipes import embedded
    from convscope.views.compare import compare
    from convscope.views.maps import maps
    from convscope.views.predictions import predictions

    network = open_network(embedded())
    images = drawn_digits()
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
