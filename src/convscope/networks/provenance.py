"""Which network and which images: hashes that anybody can compute again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.inputs.images import Image, is_there
from convscope.networks.samples import parts

if TYPE_CHECKING:
    from convscope.networks.base import Network

__all__ = ["hashes_of"]


def hashes_of(network: Network, images: Any) -> list[dict[str, str]]:
    """Give the name and the hash of every image; see `Network.provenance`."""
    names = [name for batch in network.batches(images) for name in batch.names]
    digests = [found for part in parts(images) for found in _of_part(network, part)]
    return [
        {"name": name, "sha256": digest, "of": of}
        for name, (digest, of) in zip(names, digests, strict=True)
    ]


def _of_part(network: Network, part: Any) -> Iterator[tuple[str, str]]:
    if isinstance(part, str | Path) and is_there(path := Path(part).expanduser()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        yield from [(digest, "file")] * len(network.read(part))
    elif isinstance(part, Mapping) or _is_floating(part):
        # Given as prepared: what the network is fed is what was given.
        for batch in network.batches(part):
            for place in range(len(batch.names)):
                yield _digest([array[place] for array in batch.arrays.values()]), "array"
    else:
        for one in network.read(part):
            held = [one.pixels] if isinstance(one, Image) else list(one.arrays.values())
            yield _digest(held), "array"


def _is_floating(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype.kind == "f"


def _digest(arrays: list[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
