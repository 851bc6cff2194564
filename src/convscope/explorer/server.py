"""The web page's server: a socket of this machine, uvicorn, and an end when it is asked for."""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from convscope.explorer.application import Answers, application
from convscope.explorer.assets import WEB
from convscope.explorer.guard import Guard, Names, bracketed
from convscope.explorer.listening import listen

__all__ = ["Server", "serve"]

# Seconds that requests may still take once the end was asked for.
_GRACE = 3
# Seconds that a browser may hold a connection on which it asks nothing.
_IDLE = 75


class Server:
    """A server of one session, bound to its port but not yet running.

    Parameters
    ----------
    session : Answers
    host : str
        Name or number of this machine to which it is bound.
    port : int
        0 for any free one; where it is taken, the next free one.
    folder : pathlib.Path
        Where the page and its files are.

    Raises
    ------
    SelectionError
        When the host is not this machine's, or no port can be had.
    """

    def __init__(
        self,
        session: Answers,
        *,
        host: str = "127.0.0.1",
        port: int = 8321,
        folder: Path = WEB,
    ) -> None:
        self._socket = listen(host, port)
        self._names = Names(host, self._socket.getsockname()[1])
        self._token = secrets.token_urlsafe(24)
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                Guard(application(session, self._token, folder), self._names),
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_IDLE,
                timeout_graceful_shutdown=_GRACE,
            )
        )

    @property
    def port(self) -> int:
        """The port, also where any free one was asked for."""
        return self._names.port

    @property
    def address(self) -> str:
        """The address of the page with its token, for a browser on this machine."""
        host = "127.0.0.1" if self._names.everywhere else self._names.host
        return f"http://{bracketed(host)}:{self.port}/?token={self._token}"

    def run(self) -> None:
        """Serve until `stop`; then the port is free and no thread of the server is left."""
        self._uvicorn.run(sockets=[self._socket])

    def stop(self) -> None:
        """End `run`, from any thread; before it as well."""
        self._uvicorn.should_exit = True


def serve(
    session: Answers,
    *,
    host: str = "127.0.0.1",
    port: int = 8321,
    ready: Callable[[Server], None],
) -> None:
    """Serve a session until the process gets SIGINT or SIGTERM.

    Parameters
    ----------
    session : Answers
    host, port
        As for `Server`.
    ready : callable
        Called with the server once it can be asked.
    """
    server = Server(session, host=host, port=port)
    with _ended_by_signals(server):
        ready(server)
        server.run()


@contextmanager
def _ended_by_signals(server: Server) -> Iterator[None]:
    """Take both signals as the wish to end, from before the address is known to anybody.

    While it runs uvicorn has handlers of its own, and raises again what they caught once it has
    ended: that would end the process with another status than 0.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        server.stop()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
