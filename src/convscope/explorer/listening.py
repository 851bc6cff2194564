"""A port of this machine to be asked on."""

from __future__ import annotations

import errno
import os
import socket

from convscope.errors import SelectionError

__all__ = ["listen"]

_HIGHEST = 65535
_TRIED = 100
_WAITING = 128


def listen(host: str, port: int) -> socket.socket:
    """Bind a host and a port, or the next free one.

    Parameters
    ----------
    host : str
        Name or number of this machine.
    port : int
        0..65535; 0 for any free one.

    Returns
    -------
    socket.socket
        Listening already: who connects now is served as soon as somebody accepts.

    Raises
    ------
    SelectionError
        When the host is not this machine's, the port is kept for the system, or it and the 100
        after it are taken.
    """
    family = _family(host)
    last = min(port + _TRIED, _HIGHEST) if port else 0
    for candidate in range(port, last + 1):
        try:
            return _bound(family, host, candidate)
        except PermissionError:
            raise SelectionError(
                f"port {candidate} is kept for the system: give one from 1024 to {_HIGHEST}, or 0 "
                "for any free one"
            ) from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise _not_ours(host) from None
    raise SelectionError(f"the ports {port} to {last} are all taken: give 0 for any free one")


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    # With its protocol named, unlike socket.create_server: only then does asyncio turn Nagle's
    # algorithm off on what is accepted, which would hold every answer back for 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # A port whose last server has just ended is free; elsewhere this would steal it.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(_WAITING)
    except BaseException:
        bound.close()
        raise
    return bound


def _family(host: str) -> socket.AddressFamily:
    try:
        found = socket.getaddrinfo(
            host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        raise _not_ours(host) from None
    families = [family for family, *_ in found]
    # Names often mean both, and browsers try both.
    return socket.AF_INET if socket.AF_INET in families else families[0]


def _not_ours(host: str) -> SelectionError:
    return SelectionError(
        f"--host {host!r} is no address of this machine: give 127.0.0.1, or 0.0.0.0 for all"
    )
