"""The settings of a layer, from the words of Keras 1 and 2 to today's."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from convscope.errors import ModelError

__all__ = ["CLASSES", "changed_meaning", "hard_sigmoid", "settings_of"]

CLASSES = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense",
    "ThresholdedReLU": "ReLU",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}
"""Classes that have another name today."""

_NAMES = {
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "atrous_rate": "dilation_rate",
    "dim_ordering": "data_format",
    "bias": "use_bias",
    "pool_length": "pool_size",
    "stride": "strides",
    "length": "size",
    "p": "rate",
    "sigma": "stddev",
    "theta": "threshold",
    "inner_activation": "recurrent_activation",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "input_dtype": "dtype",
    "concat_axis": "axis",
}
# These are renamed only for the classes given: elsewhere the name is still in use.
_NAMES_IN = {
    "output_dim": ("units", {"Dense", "LSTM", "GRU", "SimpleRNN"}),
    "alpha": ("negative_slope", {"LeakyReLU"}),
}
_KERNEL_SIZES = (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3"))
_ORDERS = {"th": "channels_first", "tf": "channels_last"}

# How weights begin and what training does to them changes no value of a trained network.
_OF_TRAINING = ("_initializer", "_regularizer", "_constraint")
_DROPPED = frozenset(
    {
        "init", "inner_init", "forget_bias_init", "gamma_init", "beta_init", "weights",
        "W_regularizer", "U_regularizer", "b_regularizer", "W_constraint", "U_constraint",
        "b_constraint", "batch_input_shape", "input_length", "consume_less", "implementation",
        "fused", "renorm_clipping", "renorm_momentum", "build_config",
    }
)  # fmt: skip
# Settings that today's layers lack, and the values at which they do nothing.
_IDLE: dict[str, tuple[Any, ...]] = {
    "groups": (1, None),
    "mode": (0,),
    "time_major": (False,),
    "ragged": (False,),
    "renorm": (False,),
    "virtual_batch_size": (None,),
    "adjustment": (None,),
    "input_dim": (None,),
    "dropout": (0, 0.0, None),
    "sparse": (False,),
    "filters": (None,),
    "data_format": ("channels_last", None),
    "batch_size": (None,),
}
_INHERITED = frozenset({"name", "trainable", "dtype"})
_FUNCTIONS = ("activation", "recurrent_activation")


def hard_sigmoid(x: Any) -> Any:
    """Give ``clip(0.2 x + 0.5, 0, 1)``, as Keras 1 and 2 define it: Keras 3's slope is 1/6."""
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def changed_meaning(entries: list[dict[str, Any]]) -> bool:
    """Tell whether today's Keras would open these old settings and compute something else."""
    for entry in entries:
        config = entry["config"] if isinstance(entry["config"], dict) else {}
        if "hard_sigmoid" in (config.get(key) for key in _FUNCTIONS):
            return True
        if entry["class_name"] == "GRU" and "reset_after" not in config:
            return True
        first_by_default = keras.config.image_data_format() == "channels_first"
        if entry["class_name"] == "Flatten" and first_by_default and "data_format" not in config:
            return True
    return False


def settings_of(cls: type, written: str, config: dict[str, Any]) -> dict[str, Any]:
    """Give the arguments that make a layer of today's class.

    Parameters
    ----------
    cls : type
        The class of today.
    written : str
        The class in the file.
    config : dict
        The settings in the file.

    Raises
    ------
    ModelError
        For a setting that today's layer lacks and that does something.
    """
    name = str(config.get("name", written))
    settings = _renamed(cls.__name__, _sized(config))
    if written == "Merge":
        # Its other settings belong to the modes that have no layer of their own.
        merged = ("name", "trainable", "axis") if cls is keras.layers.Concatenate else ("name",)
        settings = {key: settings[key] for key in merged if key in settings}
    known = _known(cls)
    for key in [key for key in settings if key not in known]:
        value = settings.pop(key)
        if key == "input_dim" or value in _IDLE.get(key, ()):
            continue
        raise ModelError(
            f"layer {name!r} ({written}) has {key}={_short(value)}, which today's Keras does not "
            "have: build the network in Python and open the live model"
        )
    for key in _FUNCTIONS:
        if settings.get(key) == "hard_sigmoid":
            settings[key] = hard_sigmoid
    return {**settings, **_defaults(cls, known, settings)}


def _known(cls: Any) -> set[str]:
    return set(inspect.signature(cls.__init__).parameters) | _INHERITED


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _sized(config: dict[str, Any]) -> dict[str, Any]:
    """Join what says the kernel's size axis by axis, and drop what is about training."""
    settings = {
        key: value
        for key, value in config.items()
        if key not in _DROPPED and not key.endswith(_OF_TRAINING)
    }
    for keys in _KERNEL_SIZES:
        if all(key in settings for key in keys):
            settings["kernel_size"] = [settings.pop(key) for key in keys]
    return settings


def _renamed(class_name: str, config: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for key, value in config.items():
        target, classes = _NAMES_IN.get(key, (key, {class_name}))
        today = target if class_name in classes else _NAMES.get(key, key)
        today = _NAMES.get(today, today)
        settings[today] = _ORDERS.get(value, value) if today == "data_format" else value
    axis = settings.get("axis")
    if class_name == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        settings["axis"] = axis[0]
    policy = settings.get("dtype")
    if isinstance(policy, dict):
        settings["dtype"] = policy.get("config", {}).get("name", "float32")
    if settings.get("dtype", "") is None:
        del settings["dtype"]
    return settings


def _defaults(cls: type, known: set[str], settings: dict[str, Any]) -> dict[str, Any]:
    """Give what an absent setting meant when the file was written."""
    absent: dict[str, Any] = {}
    if "data_format" in known and settings.get("data_format") is None:
        absent["data_format"] = "channels_last"
    if cls is keras.layers.GRU and "reset_after" not in settings:
        absent["reset_after"] = False
    if cls is keras.layers.ReLU and "threshold" in settings and "max_value" not in settings:
        absent["max_value"] = None
    return absent
