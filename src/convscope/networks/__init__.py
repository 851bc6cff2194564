"""Models: open one, know its layers, run it."""

from convscope.networks.base import Network
from convscope.networks.geometry import Geometry
from convscope.networks.layer import Input, Layer
from convscope.networks.opening import open_network
from convscope.networks.run import Batch, Run

__all__ = ["Batch", "Geometry", "Input", "Layer", "Network", "Run", "open_network"]
