"""The screen: what a viewer may ask, and the hosts that carry the answers."""

from convscope.explorer.session import Session

__all__ = ["Session"]
