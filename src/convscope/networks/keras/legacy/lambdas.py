"""Lambda layers: code in a file, or a function that the person gives in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from convscope.errors import ModelError
from convscope.networks.reasons import reason_of

__all__ = ["lambda_layer"]


def lambda_layer(config: dict[str, Any], custom: Mapping[str, Any], trust_model: bool) -> Any:
    """Build a Lambda layer.

    Parameters
    ----------
    config : dict
        As it was saved: the code as ``[code, defaults, closure]``, or the name of a function.
    custom : mapping of str to object
        A function under the layer's name is used instead of the saved code.
    trust_model : bool
        Run the saved code.

    Raises
    ------
    ModelError
        Without trust, and for code of another Python.
    """
    name = str(config.get("name", "lambda"))
    settings: dict[str, Any] = {key: config[key] for key in ("name", "trainable") if key in config}
    function = custom.get(name)
    if function is None:
        function = _saved(name, config, custom, trust_model)
    given = config.get("arguments")
    if isinstance(given, dict) and given:
        settings["arguments"] = given
    if config.get("output_shape_type") == "raw" and isinstance(config.get("output_shape"), list):
        settings["output_shape"] = tuple(config["output_shape"])
    return keras.layers.Lambda(function, **settings)


def _saved(name: str, config: dict[str, Any], custom: Mapping[str, Any], trust_model: bool) -> Any:
    function = config.get("function")
    remedy = f"give the function with --custom package.module:{name} (custom=...)"
    if isinstance(function, str) and function in custom:
        return custom[function]
    if not trust_model:
        raise ModelError(
            f"layer {name!r} is a Lambda, which holds code that would run on this machine: open it "
            f"with --trust-model (trust_model=True) if you trust its author, or {remedy}"
        )
    if not isinstance(function, list) or not isinstance(function[0], str):
        raise ModelError(
            f"layer {name!r} is a Lambda of the function {function!r}, whose code is not in the "
            f"file: {remedy}"
        )
    written = {"code": function[0], "defaults": function[1], "closure": function[2]}
    wrapped = {"class_name": "__lambda__", "config": written}
    try:
        layer = keras.layers.Lambda.from_config({"function": wrapped}, safe_mode=False)
    except Exception as error:
        raise ModelError(
            f"layer {name!r} is a Lambda whose code another Python compiled, and this one cannot "
            f"read it ({reason_of(error)}): {remedy}"
        ) from error
    return layer.function
