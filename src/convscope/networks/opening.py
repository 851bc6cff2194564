"""Open a model: a file, a name, a factory, a live object."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from convscope.arguments import file_path, flag, is_whole, real, texts, told, wholes
from convscope.errors import ConvscopeError, ModelError, SelectionError
from convscope.inputs.images import is_there
from convscope.networks.adapters import named_adapter, opened_by_adapter, opened_by_name
from convscope.networks.base import Network
from convscope.networks.custom import Custom, custom_objects
from convscope.networks.expectation import Options, Sidecar, find_labels, read_sidecar
from convscope.networks.importing import IMPORTABLE, imported
from convscope.networks.onnx.opening import (
    SUFFIX,
    is_onnx_model,
    open_onnx_file,
    open_onnx_model,
)
from convscope.networks.readable import first_bytes
from convscope.networks.reasons import reason_of
from convscope.networks.torch.opening import (
    SUFFIXES,
    is_torch_model,
    open_torch_file,
    open_torch_model,
    open_zoo,
)

__all__ = ["Opening", "open_network"]

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class Opening:
    """How a network was opened, so that another process can open it as well.

    Attributes
    ----------
    model : str
        A path or name.
    options : mapping
        The options of `open_network` that were given.
    """

    model: str
    options: Mapping[str, Any]

    def open(self) -> Network:
        """Open the network once more."""
        return open_network(self.model, **self.options)


def open_network(
    model: Any,
    *,
    labels: Sequence[str] | str | Path | None = None,
    size: tuple[int, int] | None = None,
    pixel_range: tuple[float, float] | None = None,
    pixel_mean: Sequence[float] | None = None,
    pixel_std: Sequence[float] | None = None,
    pixel_order: str | None = None,
    trust_model: bool = False,
    custom: Custom = None,
    architecture: str | Path | None = None,
    factory: str | Callable[[], Any] | None = None,
    input_shape: Any = None,
) -> Network:
    """Open a model for looking inside.

    Parameters
    ----------
    model : path, str or object
        A ``.keras`` or ``.h5`` file; a PyTorch file (TorchScript, ``torch.export``, a state dict
        with `factory`); an ``.onnx`` file; ``keras:MobileNetV2``, ``timm:NAME`` or
        ``torchvision:NAME`` for a network of these libraries with its weights;
        ``package.module:callable`` for a function or class that makes a model; or a live Keras,
        PyTorch or ONNX model. A `Network` is given back as it is, and takes no options. Other
        packages may open more, by the entry points ``convscope.networks``.
    labels : sequence of str, path or str, optional
        Names of the classes, a text file with one a line, or names separated by commas. Else they
        come from the sidecar or from ``labels.txt`` beside the model.
    size : (int, int), optional
        Height and width in pixels to which images are brought.
    pixel_range : (float, float), optional
        What black (0) and white (255) become. Like the other options of the preparation, it goes
        before the sidecar ``NAME.convscope.json``, before ``Rescaling`` and ``Normalization``
        layers inside the network, before what the application family wants, and before 0..1.
    pixel_mean, pixel_std : sequence of float, optional
        Subtracted from each colour and divided by, after `pixel_range`.
    pixel_order : {"rgb", "bgr"}, optional
        Order of the colours.
    trust_model : bool
        Run code that the file holds or names: Lambda layers and classes of the person's own.
    custom : str, class, sequence or mapping of them, optional
        Classes and functions that the file names and that Keras does not have, as
        ``package.module:Class`` or as they are. A function under the name of a Lambda layer is
        used instead of the code in the file.
    architecture : path or str, optional
        The JSON of `model.to_json()`, where the file holds weights only. Else a JSON beside the
        file is looked for.
    factory : str or callable, optional
        What makes the PyTorch network that a state dict belongs to, as ``package.module:callable``
        or as it is.
    input_shape : sequence of (int or None), or mapping of str to such, optional
        What a PyTorch network takes, without the image axis: ``(3, 224, 224)``; None where any size
        fits. By the names of the arguments where there are several.

    Returns
    -------
    Network

    Raises
    ------
    ModelError
        When the model cannot be opened; the message says what it is and what to do.
    MissingExtraError
        When its framework is not installed.
    SelectionError
        For options that are impossible, or given for a network that is open.
    """
    given = {name: value for name, value in locals().items() if name != "model"}
    network = _opened(model, **given)
    if isinstance(model, str | Path) and network.opening is None:
        options = {name: value for name, value in given.items() if value is not None}
        network.opening = Opening(str(model), options)
    return network


def _opened(
    model: Any,
    *,
    labels: Any,
    size: tuple[int, int] | None,
    pixel_range: tuple[float, float] | None,
    pixel_mean: Sequence[float] | None,
    pixel_std: Sequence[float] | None,
    pixel_order: str | None,
    trust_model: bool,
    custom: Custom,
    architecture: str | Path | None,
    factory: str | Callable[[], Any] | None,
    input_shape: Any,
) -> Network:
    options = Options(
        _size(size),
        _range(pixel_range),
        None if pixel_mean is None else _numbers("pixel_mean", pixel_mean),
        None if pixel_std is None else _nonzero(pixel_std),
        _colour_order(pixel_order),
    )
    _check(labels, trust_model, architecture, factory, input_shape)
    if isinstance(model, Network):
        given = (labels, custom, architecture, factory, input_shape)
        if options != Options() or any(part is not None for part in given):
            raise SelectionError(
                f"{model.name} is open already, so that its labels and preparation are fixed: give "
                "these options where you open the model"
            )
        return model
    if isinstance(model, str) and (adapter := _named(model)) is not None:
        return opened_by_name(adapter, model, Sidecar(find_labels(None, labels)), options)
    prefix, _, name = model.partition(":") if isinstance(model, str) else ("", "", "")
    if prefix == "keras" and name:
        return _application(name, labels, options)
    if prefix in {"timm", "torchvision"} and name:
        return open_zoo(prefix, name, find_labels(None, labels), options, input_shape)
    if isinstance(model, str) and IMPORTABLE.match(model):
        return _live(_made_by(model), model, labels, options, input_shape)
    if not isinstance(model, str | Path):
        return _live(model, type(model).__name__, labels, options, input_shape)
    path = Path(model)
    if path.suffix.lower() == SUFFIX:
        first_bytes(path, "give an .onnx file as an exporter writes it")
        return open_onnx_file(path, _beside(path, labels), options)
    if path.suffix.lower() in SUFFIXES:
        first_bytes(path, "give a file that torch.save, torch.jit.save or torch.export.save wrote")
        return open_torch_file(
            path,
            _beside(path, labels),
            options,
            factory=_factory(factory),
            input_shape=input_shape,
            trust_model=trust_model,
        )
    return _file(path, labels, options, trust_model, custom, architecture)


def _named(model: str) -> EntryPoint | None:
    # Asking which packages are installed takes longer than opening a small network.
    known = model.startswith(("keras:", "timm:", "torchvision:"))
    return None if known or not IMPORTABLE.match(model) else named_adapter(model)


def _beside(path: Path, labels: Any) -> Sidecar:
    """Read the sidecar of a file, with the labels that were given or lie beside it."""
    sidecar = read_sidecar(path)
    names = (
        find_labels(path, labels) if labels is not None or not sidecar.labels else sidecar.labels
    )
    return Sidecar(names, sidecar.preparation, sidecar.path)


def _factory(factory: str | Callable[[], Any] | None) -> Callable[[], Any] | None:
    if not isinstance(factory, str):
        return factory
    if not IMPORTABLE.match(factory):
        raise SelectionError(f"factory {factory!r} names no callable: give package.module:callable")
    return lambda: _made_by(factory)


def _file(
    path: Path,
    labels: Any,
    options: Options,
    trust_model: bool,
    custom: Custom,
    architecture: str | Path | None,
) -> Network:
    from convscope.networks.keras.files import KNOWN, check_file, load_file

    if path.suffix.lower() not in KNOWN and is_there(path):
        found = opened_by_adapter(path, _beside(path, labels), options)
        if found is not None:
            return found
    check_file(path)
    sidecar = _beside(path, labels)
    loaded = load_file(
        path,
        trust_model=trust_model,
        custom=custom_objects(custom),
        architecture=None if architecture is None else Path(architecture),
    )
    return _keras(loaded, str(path), sidecar, options)


def _application(name: str, labels: Any, options: Options) -> Network:
    from convscope.networks.keras.applications import application_labels, open_application

    model = open_application(name)
    names = find_labels(None, labels) if labels is not None else application_labels()
    return _keras(model, f"keras:{name}", Sidecar(names), options, name)


def _live(model: Any, source: str, labels: Any, options: Options, input_shape: Any) -> Network:
    keras = sys.modules.get("keras")
    if isinstance(model, Network):
        return model
    sidecar = Sidecar(find_labels(None, labels))
    # On the torch backend a layer of Keras is a module of PyTorch as well.
    if keras is not None and isinstance(model, keras.Layer):
        return _keras(model, source, sidecar, options)
    if is_onnx_model(model):
        return open_onnx_model(model, source, sidecar, options)
    if is_torch_model(model):
        return open_torch_model(model, source, sidecar, options, input_shape)
    found = opened_by_adapter(model, sidecar, options)
    if found is not None:
        return found
    given = f"{type(model).__module__}.{type(model).__qualname__}"
    raise ModelError(
        f"{given} is no model that can be opened: "
        "give a Keras, PyTorch or ONNX model, a file, keras:NAME, or package.module:callable"
    )


def _keras(
    model: Any, source: str, sidecar: Sidecar, options: Options, application: str | None = None
) -> Network:
    from convscope.networks.keras.network import KerasNetwork

    return KerasNetwork(model, source, sidecar=sidecar, options=options, application=application)


def _made_by(name: str) -> Any:
    """Call ``package.module:callable``."""
    from convscope.frameworks import choose_backend

    # Whether the module needs Keras is not known, nor are all backends installed that Keras wants.
    choose_backend()
    make = imported(name, "a .keras or .h5 file, keras:NAME, or package.module:callable")
    try:
        return make()
    except ConvscopeError:
        raise
    except Exception as error:
        raise ModelError(
            f"{name}() failed with {type(error).__name__}: {reason_of(error)}; give a callable "
            "that makes a model without arguments"
        ) from error


def _check(
    labels: Any, trust_model: bool, architecture: Any, factory: Any, input_shape: Any
) -> None:
    """Refuse what no kind of model takes, so that it is not left out without a word."""
    if labels is not None and not isinstance(labels, str | Path):
        texts(labels, "labels")
    flag(trust_model, "trust_model")
    if architecture is not None:
        file_path(architecture, "architecture")
    if not (factory is None or callable(factory) or isinstance(factory, str)):
        raise SelectionError(
            f"factory {told(factory)}: give package.module:callable, or a callable"
        )
    _factory(factory)
    if input_shape is not None:
        several = input_shape.values() if isinstance(input_shape, Mapping) else [input_shape]
        for one in several or [input_shape]:
            _check_shape(one)


def _check_shape(shape: object) -> None:
    if isinstance(shape, list | tuple) and all(
        size is None or (is_whole(size) and size > 0) for size in shape
    ):
        return
    raise SelectionError(
        f"input_shape {told(shape)}: give whole numbers from 1, or None, without the image axis, "
        "such as (3, 224, 224)"
    )


def _size(size: tuple[int, int] | None) -> tuple[int, int] | None:
    if size is None:
        return None
    height, width = _pair("size", wholes(size, "size"))
    if height < 1 or width < 1:
        raise SelectionError(f"a size of {height} x {width} is empty: give two positive numbers")
    return height, width


def _range(given: tuple[float, float] | None) -> tuple[float, float] | None:
    if given is None:
        return None
    low, high = _pair("pixel_range", _numbers("pixel_range", given))
    if low == high:
        raise SelectionError(f"pixel_range {told(given)}: give two unlike numbers")
    return low, high


def _pair(name: str, given: Sequence[_Number]) -> tuple[_Number, _Number]:
    if len(given) != 2:
        raise SelectionError(f"{name} {told(given)}: give two numbers")
    return given[0], given[1]


def _numbers(name: str, given: Sequence[float]) -> tuple[float, ...]:
    if isinstance(given, list | tuple | np.ndarray) and len(given):
        return tuple(real(one, name) for one in given)
    raise SelectionError(f"{name} {told(given)}: give a sequence of numbers")


def _nonzero(std: Sequence[float]) -> tuple[float, ...]:
    given = _numbers("pixel_std", std)
    if any(value == 0 for value in given):
        raise SelectionError(
            "a standard deviation of 0 cannot be divided by: give positive numbers"
        )
    return tuple(real(value, "pixel_std", above=0) for value in given)


def _colour_order(order: str | None) -> str | None:
    if order is not None and order not in ("rgb", "bgr"):
        raise SelectionError(f"no order of colours is called {told(order)}: one of: rgb, bgr")
    return order
