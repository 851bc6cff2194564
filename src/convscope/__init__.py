"""Convscope: a microscope for convolutional networks.

Give it a model and an image, and it shows what every layer made of that image::

    network = convscope.open("model.keras")
    activations = network.activations("photo.jpg")
    convscope.mosaic(activations["conv2d"]).save("conv2d.png")

Names are imported when they are first used, so that ``import convscope`` costs nothing and brings
no framework.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convscope.activations import Activations
    from convscope.analysis.ablation import ablation
    from convscope.analysis.attribution import heatmap
    from convscope.analysis.contributions import contributions
    from convscope.analysis.diagnosis import diagnosis
    from convscope.analysis.explanation import explain
    from convscope.analysis.muting import mute, solo
    from convscope.analysis.receptive_field import receptive_field
    from convscope.analysis.target import Target
    from convscope.analysis.verification import verify
    from convscope.explorer.report import report
    from convscope.explorer.widget import explore
    from convscope.networks import Layer, Network
    from convscope.networks import open_network as open
    from convscope.pictures import figures
    from convscope.pictures.mosaic import mosaic
    from convscope.pictures.picture import Picture
    from convscope.surveys.similarity import similarity
    from convscope.training import recipes
    from convscope.training.film import Film
    from convscope.training.opened_film import open_film
    from convscope.views.compare import compare
    from convscope.views.difference import difference
    from convscope.views.filters import filters
    from convscope.views.layers import layers
    from convscope.views.maps import maps
    from convscope.views.values import values

__version__ = "0.1.0"

_HOMES = {
    "Activations": "convscope.activations",
    "Film": "convscope.training.film",
    "Layer": "convscope.networks",
    "Network": "convscope.networks",
    "Picture": "convscope.pictures.picture",
    "Target": "convscope.analysis.target",
    "ablation": "convscope.analysis.ablation",
    "compare": "convscope.views.compare",
    "contributions": "convscope.analysis.contributions",
    "datasets": "convscope.inputs.datasets",
    "diagnosis": "convscope.analysis.diagnosis",
    "difference": "convscope.views.difference",
    "explore": "convscope.explorer.widget",
    "explain": "convscope.analysis.explanation",
    "figures": "convscope.pictures.figures",
    "filters": "convscope.views.filters",
    "heatmap": "convscope.analysis.attribution",
    "layers": "convscope.views.layers",
    "maps": "convscope.views.maps",
    "mosaic": "convscope.pictures.mosaic",
    "mute": "convscope.analysis.muting",
    "open": "convscope.networks",
    "open_film": "convscope.training.opened_film",
    "open_survey": "convscope.surveys.opened",
    "receptive_field": "convscope.analysis.receptive_field",
    "recipes": "convscope.training.recipes",
    "report": "convscope.explorer.report",
    "similarity": "convscope.surveys.similarity",
    "solo": "convscope.analysis.muting",
    "survey": "convscope.surveys.survey",
    "values": "convscope.views.values",
    "verify": "convscope.analysis.verification",
}
_MODULES = {"datasets", "figures", "recipes"}
_RENAMED = {"open": "open_network"}

__all__ = [
    "Activations",
    "Film",
    "Layer",
    "Network",
    "Picture",
    "Target",
    "ablation",
    "compare",
    "contributions",
    "datasets",
    "diagnosis",
    "difference",
    "explain",
    "explore",
    "figures",
    "filters",
    "heatmap",
    "layers",
    "maps",
    "mosaic",
    "mute",
    "open",
    "open_film",
    "open_survey",
    "receptive_field",
    "recipes",
    "report",
    "similarity",
    "solo",
    "survey",
    "values",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'convscope' has no attribute {name!r}")
    home = importlib.import_module(_HOMES[name])
    value = home if name in _MODULES else getattr(home, _RENAMED.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
