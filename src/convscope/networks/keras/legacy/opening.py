"""Open a network that today's Keras does not open by itself."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import keras

from convscope.errors import ConvscopeError, ModelError
from convscope.networks.keras.initial_values import thrown_away
from convscope.networks.keras.legacy.configuration import configuration_of, inner_entries
from convscope.networks.keras.legacy.construction import Construction
from convscope.networks.keras.legacy.saved import Era, saved_weights, weight_group
from convscope.networks.keras.legacy.store import is_store, stored_weights
from convscope.networks.keras.legacy.weights import load_stored, load_weights
from convscope.networks.reasons import reason_of

__all__ = ["open_legacy"]


def open_legacy(
    path: Path,
    configuration: Any,
    *,
    custom: Mapping[str, Any],
    trust_model: bool,
    at_most: int,
) -> Any:
    """Build the network of a configuration and load the weights of a file into it.

    Parameters
    ----------
    path : Path
        An ``.h5`` file or a ``.keras`` archive.
    configuration : object
        What JSON held, from this file or another.
    custom : mapping of str to object
        Classes and functions of the person's own, by name.
    trust_model : bool
        Run the code of Lambda layers.
    at_most : int
        How many numbers all weights together may have.

    Returns
    -------
    keras.Model

    Raises
    ------
    ModelError
        When the configuration holds no network, or the weights do not fit it.
    """
    entry = configuration_of(configuration)
    if entry is None:
        raise ModelError(
            f"{path} has no architecture of a network that can be read: give one with "
            "--architecture model.json (architecture=...)"
        )
    try:
        with _weights_of(path) as file:
            construction = Construction(custom, trust_model)
            with thrown_away(at_most):
                model = _built(entry, construction, custom, trust_model)
            _load(model, file, construction)
    except ConvscopeError as error:
        raise type(error)(f"{path}: {error}") from error
    except Exception as error:
        raise ModelError(
            f"{path} cannot be opened: {reason_of(error)}; save it again with the Keras that wrote "
            "it, or build the network in Python and open the live model"
        ) from error
    return model


def _built(
    entry: dict[str, Any], construction: Construction, custom: Mapping[str, Any], trust_model: bool
) -> Any:
    if _is_of_today(entry):
        model = keras.saving.deserialize_keras_object(
            entry, custom_objects=dict(custom), safe_mode=not trust_model
        )
    else:
        model = construction.model(entry)
    if not isinstance(model, keras.Model):
        raise ModelError(
            f"the architecture is one {entry['class_name']} layer, not a network: give the JSON "
            "that model.to_json() writes"
        )
    if not model.built:
        raise ModelError(
            "the architecture does not say what shape the network takes: build the network in "
            "Python and open the live model"
        )
    return model


def _is_of_today(entry: dict[str, Any]) -> bool:
    """Tell whether Keras 3 wrote a configuration."""
    for part in inner_entries(entry):
        nodes = part.get("inbound_nodes")
        if isinstance(nodes, list) and any(isinstance(node, dict) for node in nodes):
            return True
        if part["class_name"] == "InputLayer" and "batch_shape" in (part["config"] or ()):
            return True
    return False


def _weights_of(path: Path) -> h5py.File:
    if path.suffix.lower() != ".keras":
        return h5py.File(path, "r")
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".weights.h5")]
        if not names:
            raise ModelError("the archive holds no weights: save or copy it again")
        return h5py.File(io.BytesIO(archive.read(names[0])), "r")


def _load(model: Any, file: h5py.File, construction: Construction) -> None:
    group = weight_group(file)
    if group is not None:
        era = Era.of(group, file)
        load_weights(model, saved_weights(group), era, construction.layers_of)
    elif is_store(file):
        load_stored(stored_weights(model, file, construction.layers_of))
    else:
        raise ModelError("the file holds no weights: save or copy it again")
