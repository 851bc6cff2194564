"""What two networks are called beside each other."""

from __future__ import annotations

from pathlib import PurePath

from convscope.networks.base import Network

__all__ = ["told_apart"]


def told_apart(one: Network, other: Network) -> tuple[str, str]:
    """Name two networks, by their sources where they call themselves the same.

    Two trainings of one model have one name; their files have not. The file's name is enough where
    it tells them apart. A network and itself have one name.
    """
    if one is other:
        return one.name, one.name
    sources = one.source, other.source
    files = PurePath(one.source).name, PurePath(other.source).name
    for names in ((one.name, other.name), files, sources):
        if names[0] != names[1]:
            return names
    return one.name, f"{other.name} (other)"
