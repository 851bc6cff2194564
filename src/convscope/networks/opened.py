"""A network that a public function is given."""

from __future__ import annotations

from convscope.arguments import told
from convscope.errors import ModelError
from convscope.networks.base import Network

__all__ = ["network_given"]


def network_given(value: object, name: str = "network") -> Network:
    """Give a network that an argument must hold.

    Raises
    ------
    ModelError
        For anything else, such as a path or a live model: these are opened first.
    """
    if isinstance(value, Network):
        return value
    raise ModelError(f"{name} {told(value)} is no Network: give what convscope.open(...) gives")
