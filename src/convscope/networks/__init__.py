"""Models: open one, know its layers, run it."""

from convscope.networks.base import Network
from convscope.networks.computation import Activation, Computation
from convscope.networks.edit import Edit
from convscope.networks.geometry import Geometry
from convscope.networks.gradients import Gradients, Sums
from convscope.networks.head import Head
from convscope.networks.layer import Input, Layer
from convscope.networks.opened import network_given
from convscope.networks.opening import open_network
from convscope.networks.run import Batch, Run

__all__ = [
    "Activation",
    "Batch",
    "Computation",
    "Edit",
    "Geometry",
    "Gradients",
    "Head",
    "Input",
    "Layer",
    "Network",
    "Run",
    "Sums",
    "network_given",
    "open_network",
]
