"""Messages of the explorer's page, as frames and as what goes over the socket."""

from __future__ import annotations

import io
import json
import random
import select
import socket
import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from fuzzing.mutations import NUMBERS, changed, damaged
from fuzzing.stores import STORES
from fuzzing.subject import Subject

__all__ = ["MESSAGES"]

_MEMORY = 500 * 2**20
_RUN = "f" * 24
_PATIENCE = 0.4
_NETWORKS = ("pictures", "signal", "volume")


@cache
def _session(name: str, folder: Path) -> Any:
    """Open a small network of each kind with an image of its own; pictures with a survey."""
    import keras

    import convscope
    from convscope.explorer import Session

    layers = keras.layers
    draw = np.random.default_rng(0)
    if name == "pictures":
        from fuzzing.stores import _network

        return Session(
            [_network(), _network()],
            draw.integers(0, 256, (2, 8, 8, 1), np.uint8),
            survey=folder / "whole.zarr",
        )
    shape, conv = ((9, 2), layers.Conv1D) if name == "signal" else ((4, 7, 6, 2), layers.Conv3D)
    model = keras.Sequential([keras.Input(shape), conv(3, 2, name="conv"),
                              layers.Flatten(), layers.Dense(2, name="dense")])  # fmt: skip
    return Session(convscope.open(model), draw.random((1, *shape), np.float32))


def _asked(name: str) -> list[tuple[dict[str, Any], list[bytes]]]:
    """Give what a page asks, each with what it brings."""
    about = {"run": _RUN, "layer": "conv", "channel": 0}
    held = io.BytesIO()
    PIL.Image.fromarray(np.full((8, 8), 90, np.uint8)).save(held, "PNG")
    numbers = io.BytesIO()
    np.save(numbers, np.zeros((1, 9, 2), np.float32))
    then = [{"type": "layer", "layer": "conv", "limit": 10}, {"type": "sheet", "tile": 4},
            {"type": "books"}]  # fmt: skip
    plain: list[dict[str, Any]] = [
        {"type": "network", "id": 1},
        {"type": "network", "network": 1},
        {"type": "run", "image": 0, "glance": True, "then": then[:1], "network": 0},
        {"type": "run", "image": 0, "target": [0, 1], "depth": 0.25, "then": then},
        {"type": "run", "image": 0, "mute": {"conv": [0, 1]}, "mute_to": "mean"},
        {"type": "run", "image": 0, "solo": {"conv": [2]}, "mute": {"dense": [0]}},
        {"type": "layer", **about, "scale": "sigma", "limit": 0},
        {"type": "layer", **about, "scale": "fixed(0,1)"},
        {"type": "channel", **about},
        {"type": "sheet", "run": _RUN, "tile": 12, "scale": "shared"},
        {"type": "books", "run": _RUN, "target": 1},
        {"type": "weights", **about},
        {"type": "unit", **about, "unit": [0, 1]},
        {"type": "fields", **about},
        {"type": "field", **about, "unit": [1, 1]},
        {"type": "lineage", **about, "count": 3},
        {"type": "heatmap", "run": _RUN, "method": "grad-cam", "layer": "conv", "target": 0},
        {"type": "heatmap", "run": _RUN, "method": "saliency"},
        {"type": "ablation", **about, "start": 0, "stop": 2, "target": [1, 0]},
        {"type": "shares", **about, "target": None},
    ]  # fmt: skip
    asked = [(one, list[bytes]()) for one in plain]
    if name == "pictures":
        asked += [({"type": f"survey_{kind}", "layer": "conv", "channel": 1, "classes": [0, 2]}, [])
                  for kind in ("layer", "channel", "pictures", "classes")]  # fmt: skip
        asked += [
            ({"type": "run", "image": {"survey": 3}}, []),
            ({"type": "run", "image": {"upload": "a.png"}}, [held.getvalue()]),
            ({"type": "run", "image": {"pixels": [8, 8, 1], "name": "drawn"}}, [bytes(64)]),
        ]
    if name == "signal":
        asked += [({"type": "run", "image": {"upload": "a.npy"}}, [numbers.getvalue()]),
                  ({"type": "run", "image": {"upload": "a.wav"}}, [b"RIFF"])]  # fmt: skip
    return asked


def _frames(folder: Path) -> list[Path]:
    from convscope.explorer.frames import encode

    STORES["survey"].seeds(folder)
    files = []
    for name in _NETWORKS:
        for place, (message, buffers) in enumerate(_asked(name)):
            files.append(folder / f"{name}-{place}.frame")
            files[-1].write_bytes(encode(message, buffers))
    return files


def _mutated(seed: Path, folder: Path, chance: random.Random) -> Path:
    """Change a frame: now and then as bytes, mostly what it says."""
    from convscope.explorer.frames import decode, encode

    path = folder / f"{seed.stem}.mutant.frame"
    if chance.random() < 0.15:
        path.write_bytes(damaged(seed.read_bytes(), chance))
        return path
    message, buffers = decode(seed.read_bytes())
    kind = message["type"]
    message = changed(message, chance)
    if chance.random() < 0.9:
        message["type"] = kind
    if chance.random() < 0.2 and message:
        message[chance.choice(list(message))] = _odd(chance)
    if chance.random() < 0.3:
        buffers = [damaged(one, chance) for one in buffers] * chance.choice((0, 1, 1, 2))
    try:
        path.write_bytes(encode(message, buffers))
    except (TypeError, ValueError, RecursionError):
        # What orjson cannot write nobody can send.
        text = json.dumps({**message, "buffers": list(map(len, buffers))}).encode()
        path.write_bytes(len(text).to_bytes(4, "little") + text + b"".join(buffers))
    return path


def _odd(chance: random.Random) -> Any:
    about = chance.choice(("conv", "dense", "mean", "", "\ud800", "\0", "../x", "x" * 5000, "é\n"))
    return chance.choice((
        about, [about] * 3, {about: [0]}, {about: chance.choice(NUMBERS)}, chance.choice(NUMBERS),
        0.5, -0.0, 1e308, 2.0, float("inf"), True, None, [chance.choice(NUMBERS)] * 2,
        [[1, 2], [3]], list(range(5000)), {str(place): [place] for place in range(300)},
        [{"type": "run", "image": 0, "then": []}] * 3, [{"type": "layer", "layer": about}] * 50,
        _deep(chance.choice((50, 900))), {"survey": chance.choice(NUMBERS)}, {"upload": about},
        {"pixels": [chance.choice(NUMBERS)] * 3, "name": about}, f"{_RUN}/{about}",
    ))  # fmt: skip


def _deep(levels: int) -> Any:
    deep: Any = 1
    for level in range(levels):
        deep = [deep] if level % 2 else {"image": deep}
    return deep


def _answered(path: Path, folder: Path) -> None:
    """Answer a frame as the server does; a reply has to be a right one, or a refusal in a line."""
    from convscope.errors import ConvscopeError
    from convscope.explorer.frames import decode, encode

    message, buffers = decode(path.read_bytes())
    session = _session(path.name.partition("-")[0], folder)
    run = session.answer({"type": "run", "image": 0})[0]["run"]
    message = {key: _with(value, run) for key, value in message.items()}
    reply, found = session.answer(message, buffers)
    again, same = decode(encode(reply, found))
    assert same == found and again.get("type") == reply["type"]
    _check(reply)
    if reply["type"] == "error":
        raise ConvscopeError(reply["message"])


def _with(value: Any, run: str) -> Any:
    return value.replace(_RUN, run) if isinstance(value, str) else value


def _check(reply: dict[str, Any]) -> None:
    if reply["type"] == "error":
        assert reply["code"] != "internal", f"internal: {reply['message']}"
        assert "\n" not in reply["message"], f"lines: {reply['message']!r}"
        assert len(reply["message"]) < 1200, f"long: {reply['message'][:200]!r}"
    for one in reply.get("then") or []:
        _check(one)


@cache
def _served(folder: Path) -> Any:
    from convscope.explorer.server import Server

    server = Server(_session("pictures", folder), port=0)
    threading.Thread(target=server.run, daemon=True).start()
    return server


_TOKEN, _PORT = "TOKEN", "PORT"


def _requests(folder: Path) -> list[Path]:
    """Write whole requests, byte for byte."""
    from convscope.explorer.frames import encode

    STORES["survey"].seeds(folder)
    body = encode({"type": "run", "image": 0})
    head = (f"Host: 127.0.0.1:{_PORT}\r\nOrigin: http://127.0.0.1:{_PORT}\r\n"
            f"X-Convscope-Token: {_TOKEN}\r\nConnection: close\r\n")  # fmt: skip
    chunked = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    wanted = {
        "page": f"GET /?token={_TOKEN} HTTP/1.1\r\n{head}\r\n".encode(),
        "file": f"GET /main.js HTTP/1.1\r\n{head}\r\n".encode(),
        "answer": f"POST /answer HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode()
        + body,
        "chunks": f"POST /answer HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n".encode()
        + chunked,
        "socket": f"GET / HTTP/1.1\r\n{head}Upgrade: websocket\r\nSec-WebSocket-Key: "
        "AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode(),
    }
    for name, request in wanted.items():
        (folder / f"{name}.http").write_bytes(request)
    return sorted(folder.glob("*.http"))


_LINES = (b"Host: evil.example", b"Origin: http://evil.example", b"X-Convscope-Token: \xff\xfe",
          b"Content-Length: -1", b"Content-Length: 99999999999999999999", b"Content-Length: 5",
          b"Transfer-Encoding: chunked", b"Transfer-Encoding: x", b"Host:", b"x" * 70_000,
          b"Host: [::1", b"Expect: 100-continue", b"Upgrade: h2c", b"A: b\r\n c", b"\0: \0",
          b"Origin: null", b"Content-Type: text/html", b"Host: 127.0.0.1:99999")  # fmt: skip
_FIRST = (b"GET", b"POST", b"PUT", b"OPTIONS", b"HEAD", b"CONNECT", b"/answer", b"/../../etc/x",
          b"/%2e%2e/x", b"//x", b"*", b"/?token=" + b"x" * 60_000, b"HTTP/1.0", b"HTTP/9.9",
          b"/\xff", b"http://evil.example/", b"/?token=%ff")  # fmt: skip


def _requested(seed: Path, folder: Path, chance: random.Random) -> Path:
    """Change a request: a line, the first one, or its bytes."""
    head, _, body = seed.read_bytes().partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    match chance.randrange(5):
        case 0:
            at = chance.randrange(1, len(lines))
            lines[at] = chance.choice(_LINES)
        case 1:
            lines.insert(chance.randrange(1, len(lines)), chance.choice(_LINES))
        case 2:
            words = lines[0].split(b" ")
            words[chance.randrange(len(words))] = chance.choice(_FIRST)
            lines[0] = b" ".join(words)
        case 3:
            body = damaged(body, chance)
    whole = b"\r\n".join(lines) + b"\r\n\r\n" + body
    path = folder / f"mutant{seed.suffix}"
    path.write_bytes(damaged(whole, chance) if chance.random() < 0.3 else whole)
    return path


def _sent(path: Path, folder: Path) -> None:
    """Send a request, half of it where that is all there is; the server has to answer on."""
    from convscope.errors import ConvscopeError

    server = _served(folder)
    token = server.address.partition("token=")[2].encode()
    request = path.read_bytes().replace(_TOKEN.encode(), token)
    answer = _asked_of(server.port, request.replace(_PORT.encode(), b"%d" % server.port))
    alive = f"GET /?token={token.decode()} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    page = _asked_of(server.port, f"{alive}Connection: close\r\n\r\n".encode())
    assert page.startswith(b"HTTP/1.1 200 "), "the server does not answer any more"
    first = answer.partition(b"\r\n")[0]
    assert not first or first.startswith(b"HTTP/1.1 "), f"no answer of HTTP: {first!r}"
    status = int(first.split(b" ")[1]) if first else 0
    assert status < 500 or status == 503, f"answered with {status}"
    if not 200 <= status < 300:
        raise ConvscopeError(f"answered with {status}")


def _asked_of(port: int, request: bytes) -> bytes:
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=8) as asked:
        try:
            asked.sendall(request)
            # Who says that nothing more will come is not answered any more.
            select.select([asked], [], [], _PATIENCE)
            asked.shutdown(socket.SHUT_WR)
            while part := asked.recv(2**16):
                answer += part
        except ConnectionError:
            # It need not listen to the end of what it has refused.
            pass
    return bytes(answer)


MESSAGES = {
    "session": Subject(_frames, _mutated, _answered, _MEMORY),
    "http": Subject(_requests, _requested, _sent, _MEMORY),
}
"""By who is asked."""
