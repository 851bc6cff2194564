"""What the server answers: the page, its files, and the messages that the page sends."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from convscope.errors import ConvscopeError
from convscope.explorer.assets import WEB, find_assets
from convscope.explorer.frames import FrameError, decode, encode

__all__ = ["Answers", "application"]

# A photograph of a good camera; what is larger is no picture that a network looks at.
_LARGEST_BODY = 24 << 20
_AT_ONCE = 8
# Seconds that a sender may be silent in the middle of its message.
_PATIENCE = 30.0


class Answers(Protocol):
    """What answers messages: a session."""

    def answer(
        self, message: Mapping[str, Any], buffers: Sequence[bytes]
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Answer one message; errors are answers too."""


class _Refusal(Exception):
    """A request that is not brought before the session."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def application(session: Answers, token: str, folder: Path = WEB) -> Starlette:
    """Make the ASGI application that serves one session.

    Parameters
    ----------
    session : Answers
        Asked from several threads, at most eight at once.
    token : str
        What the page has to know: ``?token=`` in its address, ``X-Convscope-Token`` in what it
        sends.
    folder : pathlib.Path
        Where ``index.html`` and its files are.
    """
    files = _Files(folder, token)
    messages = _Messages(session, token)
    return Starlette(
        routes=[
            Route("/", files.page, methods=["GET"]),
            Route("/answer", messages.reply, methods=["POST"]),
            Route("/{name:path}", files.asset, methods=["GET"]),
        ]
    )


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


class _Files:
    """The page and what it is made of."""

    def __init__(self, folder: Path, token: str) -> None:
        self._page = folder / "index.html"
        self._assets = find_assets(folder)
        self._token = token

    async def page(self, request: Request) -> Response:
        """Give the page to who knows the token."""
        if not _same(request.query_params.get("token", ""), self._token):
            return PlainTextResponse(
                "This address lacks the token of this convscope: open the whole address that it "
                "printed when it started.\n",
                403,
            )
        return Response(self._page.read_bytes(), media_type="text/html; charset=utf-8")

    async def asset(self, request: Request) -> Response:
        """Give a file of the page; these hold nothing that is not in the package."""
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            return PlainTextResponse("There is no such file.\n", 404)
        return Response(asset.path.read_bytes(), media_type=asset.type)


class _Messages:
    """The messages of the page, each a frame, answered by a frame."""

    def __init__(self, session: Answers, token: str) -> None:
        self._session = session
        self._token = token
        self._free = _AT_ONCE

    async def reply(self, request: Request) -> Response:
        """Answer a message, or say why not."""
        try:
            return await self._replied(request)
        except _Refusal as refusal:
            return _framed(refusal.status, _error(refusal.code, str(refusal)))
        except ClientDisconnect:
            # Nobody is there to read it.
            return Response(status_code=400)

    async def _replied(self, request: Request) -> Response:
        if not _same(request.headers.get("x-convscope-token", ""), self._token):
            raise _Refusal(403, "refused", _STRANGER)
        if self._free == 0:
            raise _Refusal(503, "busy", f"{_AT_ONCE} messages are being answered: ask again soon")
        self._free -= 1
        try:
            body = await _body(request)
            # Waits for the thread even when nobody does any more: one that runs takes its place.
            return _framed(*await to_thread.run_sync(_answered, self._session, body))
        finally:
            self._free += 1


_STRANGER = (
    "the token of this page is not that of the convscope which runs now: open the address that it "
    "printed"
)


async def _body(request: Request) -> bytes:
    """Read what was sent, and no more than is taken."""
    too_large = _Refusal(
        413, "too-large", f"more than {_LARGEST_BODY >> 20} MB were sent: send a smaller image"
    )
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > _LARGEST_BODY:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE) as patience:
            async for chunk in request.stream():
                body += chunk
                if len(body) > _LARGEST_BODY:
                    raise too_large
                patience.reschedule(asyncio.get_running_loop().time() + _PATIENCE)
    except TimeoutError:
        raise _Refusal(408, "refused", "the message stopped half-way: send it again") from None
    return bytes(body)


def _answered(session: Answers, body: bytes) -> tuple[int, bytes]:
    """Give status and frame of the answer."""
    try:
        message, buffers = decode(body)
    except FrameError as error:
        return 400, _error("not-understood", str(error))
    identity = message.get("id")
    try:
        return 200, encode(*session.answer(message, buffers))
    except ConvscopeError as error:
        return 200, _error("refused", str(error), identity)
    except Exception as error:
        return 500, _error(
            "internal", f"something went wrong inside ({type(error).__name__})", identity
        )


def _error(code: str, message: str, identity: Any = None) -> bytes:
    return encode({"id": identity, "type": "error", "code": code, "message": message})


def _framed(status: int, frame: bytes) -> Response:
    return Response(frame, status, media_type="application/octet-stream")
