"""Build a model from the configuration of an older Keras, with the layers of today's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from convscope.errors import ConvscopeError, ModelError
from convscope.networks.keras.legacy.configuration import MODELS, layer_entries
from convscope.networks.keras.legacy.lambdas import lambda_layer
from convscope.networks.keras.legacy.settings import CLASSES, settings_of
from convscope.networks.keras.legacy.wiring import wired
from convscope.networks.reasons import reason_of

__all__ = ["Construction"]

_MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
}


class Construction:
    """Builds layers and models, and keeps their order in the file.

    Parameters
    ----------
    custom : mapping of str to object
        Classes and functions of the person's own, by name.
    trust_model : bool
        Run the code of Lambda layers.
    """

    def __init__(self, custom: Mapping[str, Any], trust_model: bool) -> None:
        self._custom = custom
        self._trust = trust_model
        self._orders: dict[int, list[Any]] = {}

    def layers_of(self, model: Any) -> list[Any]:
        """List the layers of a model in the order of the file, which today's Keras may change."""
        return self._orders.get(id(model), list(model.layers))

    def model(self, entry: dict[str, Any]) -> Any:
        """Build a layer or a model.

        Parameters
        ----------
        entry : dict
            ``class_name`` and ``config``, as they were saved.

        Raises
        ------
        ModelError
            For a class that is not known, settings that today's Keras does not take, calls that
            lead nowhere; the layer is named.
        """
        name = name_of(entry)
        try:
            built = self._built(entry)
        except ConvscopeError:
            raise
        except Exception as error:
            raise ModelError(
                f"layer {name!r} ({entry['class_name']}) cannot be built: {reason_of(error)}; "
                "save the model again with the Keras that wrote it, or build the network in "
                "Python and open the live model"
            ) from error
        return built

    def _built(self, entry: dict[str, Any]) -> Any:
        written, config = entry["class_name"], entry["config"]
        own = self._custom.get(str(entry.get("registered_name"))) or self._custom.get(written)
        if own is not None:
            return own.from_config(dict(config)) if hasattr(own, "from_config") else own(**config)
        if written == "Sequential":
            return self._sequential(entry)
        if written in MODELS:
            return self._functional(entry)
        if written == "Lambda":
            return lambda_layer(config, self._custom, self._trust)
        if written == "InputLayer":
            return _input(config)
        cls = _class_of(written, name_of(entry), config)
        settings = settings_of(cls, written, config)
        for key, value in settings.items():
            settings[key] = self._setting(key, value)
        return cls(**settings)

    def _setting(self, key: str, value: Any) -> Any:
        """Build what a wrapper holds, and find functions of the person's own."""
        if isinstance(value, list):
            return [self._setting(key, part) for part in value]
        if isinstance(value, str):
            return self._custom.get(value, value) if "activation" in key else value
        if not isinstance(value, dict) or "class_name" not in value or "config" not in value:
            return value
        if value["class_name"] == "function" or isinstance(value["config"], str):
            name = value["config"]
            return self._custom.get(str(value.get("registered_name")), self._custom.get(name, name))
        return self.model(value)

    def _sequential(self, entry: dict[str, Any]) -> Any:
        config, listed = entry["config"], layer_entries(entry)
        if not listed:
            raise ModelError(f"model {name_of(entry)!r} has no layers: {_ANOTHER}")
        first = listed[0]
        name = config.get("name") if isinstance(config, dict) else None
        layers = [self.model(part) for part in listed]
        if first["class_name"] != "InputLayer" and (shape := _input_shape(entry, first)):
            kind = first["config"].get("input_dtype") or first["config"].get("dtype")
            layers.insert(0, _input({"batch_shape": shape, "dtype": kind}))
        model = keras.Sequential(layers, name=name)
        self._orders[id(model)] = [
            layer for layer in layers if not isinstance(layer, keras.layers.InputLayer)
        ]
        return _frozen(model, config)

    def _functional(self, entry: dict[str, Any]) -> Any:
        config, listed = entry["config"], layer_entries(entry)
        layers = {name_of(part): self.model(part) for part in listed}
        inputs, outputs = wired(config, listed, layers)
        model = keras.Model(inputs, outputs, name=config.get("name"))
        self._orders[id(model)] = list(layers.values())
        return _frozen(model, config)


_ANOTHER = "save it again with the Keras that wrote it"


def name_of(entry: dict[str, Any]) -> str:
    """Give the name of a layer as the file has it."""
    config = entry["config"] if isinstance(entry["config"], dict) else {}
    return str(entry.get("name") or config.get("name") or entry["class_name"])


def _frozen(model: Any, config: Any) -> Any:
    if isinstance(config, dict) and config.get("trainable") is False:
        model.trainable = False
    return model


def _class_of(written: str, name: str, config: dict[str, Any]) -> Any:
    today = CLASSES.get(written, written)
    if written == "Merge":
        today = _MERGES.get(str(config.get("mode")), "")
    cls = getattr(keras.layers, today, None)
    if isinstance(cls, type) and issubclass(cls, keras.Layer) and cls is not keras.Layer:
        return cls
    if written == "Merge":
        raise ModelError(
            f"layer {name!r} is a Merge of Keras 1 with mode {config.get('mode')!r}, which today's "
            "Keras does not have: build the network in Python and open the live model"
        )
    raise ModelError(
        f"layer {name!r} is of the class {written}, which is not part of Keras: give it with "
        f"--custom package.module:{written} (custom=...)"
    )


def _input(config: dict[str, Any]) -> Any:
    shape = config.get("batch_input_shape") or config.get("batch_shape")
    if config.get("ragged") or not isinstance(shape, list):
        raise ModelError(
            f"input {config.get('name', '')!r} has no shape that today's Keras takes: build the "
            "network in Python and open the live model"
        )
    kind = config.get("dtype") or config.get("input_dtype")
    return keras.layers.InputLayer(
        batch_shape=tuple(shape),
        dtype=kind if isinstance(kind, str) else None,
        sparse=bool(config.get("sparse")),
        name=config.get("name"),
    )


def _input_shape(entry: dict[str, Any], first: dict[str, Any]) -> list[Any] | None:
    """Find the shape that a Sequential takes: Keras 1 and 2 kept it with the first layer."""
    settings = first["config"] if isinstance(first["config"], dict) else {}
    inner = settings.get("layer")
    for place in (settings, inner.get("config", {}) if isinstance(inner, dict) else {}):
        for key in ("batch_input_shape", "batch_shape"):
            if isinstance(place.get(key), list):
                return list(place[key])
    if first["class_name"] in MODELS:
        return None
    config = entry["config"]
    built = config.get("build_input_shape") if isinstance(config, dict) else None
    return list(built) if isinstance(built, list) else None
