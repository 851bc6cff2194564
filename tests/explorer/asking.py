"""Ask a session as a page does, and read what came back."""

import io
import json

import numpy as np
import PIL.Image


def ask(session, kind, *, buffers=(), **fields):
    """Send a message; give the reply as JSON tells it, with its arrays in place."""
    reply, found = session.answer({"type": kind, "id": 7, **fields}, buffers)
    assert reply["id"] == 7
    assert reply["type"] == kind, reply.get("message")
    return filled(json.loads(json.dumps(reply, allow_nan=False)), found)


def refused(session, message, *, buffers=()):
    """Send a message that gets an error; give its code and its line."""
    reply, found = session.answer(message, buffers)
    assert reply["type"] == "error" and found == []
    assert set(reply) == {"id", "type", "code", "message"}
    assert "\n" not in reply["message"] and reply["message"]
    return reply["code"], reply["message"]


def filled(value, buffers):
    """Put the arrays where a reply refers to them."""
    if isinstance(value, list):
        return [filled(one, buffers) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"dtype", "shape", "buffer"}:
        flat = np.frombuffer(buffers[value["buffer"]], np.dtype(value["dtype"]).newbyteorder("<"))
        return flat.reshape(value["shape"])
    return {key: filled(one, buffers) for key, one in value.items()}


def file_of(pixels, kind="PNG"):
    """Encode ``(y, x)`` or ``(y, x, 3)`` as a picture file."""
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, kind)
    return file.getvalue()
