"""The network of a survey, opened again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from convscope.errors import ConvscopeError, InputError, SelectionError
from convscope.inputs.images import is_there
from convscope.networks import Network
from convscope.networks.importing import IMPORTABLE
from convscope.networks.opening import Opening
from convscope.surveys.opened import Survey

__all__ = ["open_network_of", "recorded"]

# A store may come from anywhere: what runs code is no setting that it may bring.
_TRUST = "trust_model"
_CODE = ("custom", "factory")
_PATHS = ("labels", "architecture")


def recorded(opening: Opening | None) -> dict[str, Any] | None:
    """Say how a network was opened, as JSON has it; None where that cannot be said."""
    if opening is None:
        return None
    options = {
        name: _absolute(value) if name in _PATHS else value
        for name, value in opening.options.items()
        if name != _TRUST
    }
    entry = {"model": _absolute(opening.model), "options": options}
    try:
        json.dumps(entry)
    except TypeError:
        return None
    return entry


def open_network_of(survey: Survey, *, trust_model: bool = False) -> Network:
    """Open the network of a survey as it was opened then.

    Parameters
    ----------
    survey : Survey
    trust_model : bool
        Run code that the store names, and that the model's file holds.

    Raises
    ------
    InputError
        When the store does not say how, or it cannot be opened that way.
    SelectionError
        When code of the person's own would have to run, and that was not allowed.
    """
    instead = f"give the network: convscope explore MODEL --survey {survey.path}"
    entry = survey.opening
    if entry is None:
        raise InputError(
            f"{survey.path} does not say how {survey.network} was opened, for it was given as an "
            f"object: {instead}"
        )
    model, options = str(entry["model"]), dict(entry["options"])
    named = [name for name in _CODE if options.get(name)]
    if (IMPORTABLE.match(model) and not _is_library(model)) or named:
        code = model if not named else f"{named[0]} {options[named[0]]}"
        if not trust_model:
            raise SelectionError(
                f"{survey.path} opens its network by code ({code}): add --trust-model, or {instead}"
            )
    try:
        return Opening(model, {**options, _TRUST: trust_model}).open()
    except ConvscopeError as error:
        raise InputError(
            f"the network of {survey.path} cannot be opened ({error}): {instead}"
        ) from error


def _is_library(model: str) -> bool:
    return model.startswith(("keras:", "timm:", "torchvision:"))


def _absolute(value: Any) -> Any:
    """Write a path so that it is found from any folder."""
    if isinstance(value, Path):
        return str(value.absolute())
    # Names of classes and of networks are no files.
    is_file = isinstance(value, str) and is_there(Path(value))
    return str(Path(value).absolute()) if is_file else value
