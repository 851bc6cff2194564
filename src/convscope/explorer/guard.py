"""Who may talk to the server: requests to its own names from its own pages, and no others."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard", "Names"]

_LOCAL = ("127.0.0.1", "localhost", "[::1]")
_HTTP = 80

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    # The address holds the token.
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), display-capture=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


@dataclass(frozen=True)
class Names:
    """The names under which the server may be asked.

    A page of somebody else whose name was made to mean this machine (DNS rebinding) still asks
    under its own name, which is not among these.

    Attributes
    ----------
    host : str
        What the server is bound to.
    port : int
    """

    host: str
    port: int

    @property
    def everywhere(self) -> bool:
        """Whether the server is bound to all of the machine's addresses."""
        return self.host in {"0.0.0.0", "::", ""}

    def __contains__(self, authority: str) -> bool:
        """Tell whether this is the server's own ``name:port``."""
        name, port = _split(authority.lower())
        if port != self.port:
            return False
        if name in {*_LOCAL, bracketed(self.host.lower())}:
            return True
        # A number cannot be rebound; it is one of the machine's, or of the router before it.
        return self.everywhere and (name == socket.gethostname().lower() or _is_number(name))


def bracketed(host: str) -> str:
    """Write a host as addresses do: numbers of IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _split(authority: str) -> tuple[str, int]:
    """Give name and port; port -1 where there is no sense in it."""
    name, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        return authority, _HTTP
    return name, int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else -1


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


class Guard:
    """Refuse what does not come from the server's own page; add what keeps that page safe.

    Parameters
    ----------
    app : ASGI application
    names : Names
    """

    def __init__(self, app: ASGIApp, names: Names) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything but HTTP is left unanswered."""
        if scope["type"] != "http":
            return

        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        app = self._app if self._own(Headers(scope=scope)) else _REFUSAL
        await app(scope, receive, safely)

    def _own(self, headers: Headers) -> bool:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        return (
            len(hosts) == 1
            and hosts[0] in self._names
            and all(
                origin.startswith("http://") and origin.removeprefix("http://") in self._names
                for origin in origins
            )
        )


_REFUSAL = PlainTextResponse(
    "convscope answers its own page alone, under the address that it printed.\n", 403
)
