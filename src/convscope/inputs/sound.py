"""Sound: the samples of a .wav file."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from convscope.errors import InputError

__all__ = ["Sound", "decode_sound"]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_PACKED = {2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 49: "GSM", 85: "MP3"}
# What a program writes that does not know yet how much will follow.
_OPEN = {0, 0xFFFFFFFF}
_POSSIBLE = "give a .wav of 8, 16, 24 or 32 bits, or of floating point"


@dataclass(frozen=True, eq=False)
class Sound:
    """What a .wav file holds.

    Attributes
    ----------
    samples : numpy.ndarray
        ``(x, channel)``, float32; -1..1, where floating-point files may go beyond.
    rate : int
        Samples a second.
    """

    samples: np.ndarray
    rate: int


def decode_sound(data: bytes, name: str) -> Sound:
    """Read the samples of a .wav file.

    Parameters
    ----------
    data : bytes
        What the file holds: PCM of 8, 16, 24 or 32 bits, or floating point of 32 or 64. Python's
        own ``wave`` reads no floating point.
    name : str
        What to call it in errors.

    Raises
    ------
    InputError
        When it is no such file, or not a whole one.
    """
    if data[:4] not in {b"RIFF", b"RF64"} or data[8:12] != b"WAVE":
        raise InputError(f"{name!r} is no .wav file: {_POSSIBLE}")
    chunks = dict(_chunks(data, name))
    if b"fmt " not in chunks or b"data" not in chunks:
        missing = "format" if b"fmt " not in chunks else "samples"
        raise InputError(f"{name!r} is a .wav file without {missing}: give a whole file")
    code, channels, rate, bits = _format(chunks[b"fmt "], name)
    values = _values(chunks[b"data"], code, bits, name)
    frames = len(values) // channels
    if not frames:
        raise InputError(f"{name!r} holds no samples: {_POSSIBLE}")
    return Sound(values[: frames * channels].reshape(frames, channels), rate)


def _chunks(data: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if len(body) < size and kind in {b"fmt ", b"data"}:
            if size not in _OPEN:
                raise InputError(
                    f"{name!r} is cut off: {size:,} bytes should follow and {len(body):,} do: give "
                    "a whole file"
                )
        elif not size and kind == b"data":
            body = data[at + 8 :]
        yield kind, body
        at += 8 + len(body) + len(body) % 2


def _format(body: bytes, name: str) -> tuple[int, int, int, int]:
    if len(body) < 16:
        raise InputError(f"{name!r} is a .wav file whose header is damaged: give a whole file")
    code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
    if code == _EXTENSIBLE and len(body) >= 26:
        code = int.from_bytes(body[24:26], "little")
    if code not in {_PCM, _FLOAT}:
        packed = _PACKED.get(code, f"format {code}")
        raise InputError(f"{name!r} holds packed sound ({packed}): {_POSSIBLE}")
    if not channels or not rate or bits not in ({8, 16, 24, 32} if code == _PCM else {32, 64}):
        raise InputError(
            f"{name!r} claims {channels} channels of {bits} bits at {rate} Hz: {_POSSIBLE}"
        )
    return code, channels, rate, bits


def _values(body: bytes, code: int, bits: int, name: str) -> np.ndarray:
    """Bring samples to float32: integers to -1..1, floating point as it is."""
    width = bits // 8
    body = body[: len(body) // width * width]
    if code == _FLOAT:
        values = np.frombuffer(body, f"<f{width}").astype(np.float32)
        if not np.isfinite(values).all():
            wrong = values.size - int(np.count_nonzero(np.isfinite(values)))
            raise InputError(
                f"{name!r} holds {wrong} samples of {values.size} that are not finite (NaN or "
                "infinite): replace them, for example with numpy.nan_to_num"
            )
        return values
    if width == 1:
        return (np.frombuffer(body, np.uint8).astype(np.float32) - 128) / 128
    if width == 3:
        # The lowest byte of 32 bits stays empty, which keeps the sign where it belongs.
        wide = np.zeros((len(body) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(body, np.uint8).reshape(-1, 3)
        whole = wide.view("<i4")[:, 0]
    else:
        whole = np.frombuffer(body, f"<i{width}")
    full = 2.0 ** (15 if width == 2 else 31)
    return np.asarray((whole / full).astype(np.float32))
