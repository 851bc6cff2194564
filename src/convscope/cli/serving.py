"""The page of the explorer: its address printed, its browser opened, until somebody ends it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.errors import ConvscopeWarning

if TYPE_CHECKING:
    from convscope.explorer.application import Answers
    from convscope.explorer.server import Server

__all__ = ["LOCAL", "PORT", "Host", "NoBrowser", "Port", "serve_page"]

LOCAL = "127.0.0.1"
PORT = 8321

Port = Annotated[
    int,
    typer.Option(
        "--port",
        min=0,
        max=65535,
        metavar="N",
        help="Where to serve; 0 for any free port. Where it is taken, the next free one.",
    ),
]
NoBrowser = Annotated[
    bool, typer.Option("--no-browser", help="Print the address and open no browser.")
]
Host = Annotated[
    str,
    typer.Option(
        "--host",
        metavar="HOST",
        help="Which of this machine's addresses to serve on; other machines reach it on all but "
        "the default.",
    ),
]


def serve_page(
    session: Answers,
    *,
    host: str = LOCAL,
    port: int,
    browser: bool,
    quiet: bool,
    begun: Callable[[Server], None] = lambda _: None,
) -> None:
    """Serve a session and say where, until SIGINT or SIGTERM.

    Parameters
    ----------
    session : Answers
    host, port
        As for `convscope.explorer.server.serve`.
    browser : bool
        Whether a browser is opened.
    quiet : bool
    begun : callable
        Called with the server before it runs.
    """
    import webbrowser

    from convscope.cli.printing import say
    from convscope.explorer.server import serve

    _warn_of(host)

    def ready(server: Server) -> None:
        if port not in {0, server.port}:
            say(f"port {port} is taken: serving on port {server.port} instead")
        begun(server)
        print(server.address, flush=True)
        if browser:
            # Some browsers keep who starts them waiting until they are closed.
            threading.Thread(target=webbrowser.open, args=[server.address], daemon=True).start()
        say("Ctrl+C ends it", quiet=quiet)

    serve(session, host=host, port=port, ready=ready)


def _warn_of(host: str) -> None:
    if host in {LOCAL, "localhost", "::1"}:
        return
    warnings.warn(
        f"--host {host} lets other machines in: whoever has the address with its token can look at "
        "these images and keep this machine busy, and what is sent can be read on the way; from "
        "elsewhere, put this machine's name in the address",
        ConvscopeWarning,
        stacklevel=2,
    )
