"""``convscope explore``: the page on which a person sees through a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.options import Quiet, TrustModel, opens_network
from convscope.cli.serving import LOCAL, PORT, Host, NoBrowser, Port

if TYPE_CHECKING:
    from convscope.networks import Network

__all__ = ["explore"]


@opens_network
def explore(
    network: Network,
    *,
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IMAGE",
            show_default=False,
            help="Images, .npy, .npz or .wav files, or DATASET:INDEX; drawn in code by default.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="A second network, to compare the first with."),
    ] = None,
    host: Host = LOCAL,
    port: Port = PORT,
    no_browser: NoBrowser = False,
    trust_model: TrustModel = False,
    quiet: Quiet = False,
) -> None:
    """Open a page on which every map of every layer can be looked at.

    Prints the address of the page with its token, opens it in a browser, and serves it until
    Ctrl+C. The options of the model belong to the first network.
    """
    from convscope.cli.printing import say_preparation
    from convscope.cli.serving import serve_page
    from convscope.explorer.drawn import drawn_images
    from convscope.explorer.session import Session
    from convscope.networks import open_network

    networks = [network]
    if against is not None:
        networks.append(open_network(against, trust_model=trust_model))
    session = Session(networks, images or drawn_images(network))
    say_preparation(network, quiet=quiet)
    serve_page(session, host=host, port=port, browser=not no_browser, quiet=quiet)
