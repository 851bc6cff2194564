"""What the network looks at: where in the image a score comes from."""

from convscope.analysis.attribution.heatmap import heatmap
from convscope.analysis.attribution.methods import METHODS, Method
from convscope.analysis.attribution.record import Heatmap

__all__ = ["METHODS", "Heatmap", "Method", "heatmap"]
