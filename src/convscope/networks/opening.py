"""Open a model: a file, a name, a factory, a live object."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convscope.errors import ConvscopeError, ModelError, SelectionError, near
from convscope.networks.base import Network
from convscope.networks.expectation import Options, Sidecar, find_labels, read_sidecar
from convscope.networks.reasons import reason_of

__all__ = ["open_network"]

_FACTORY = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")


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
) -> Network:
    """Open a model for looking inside.

    Parameters
    ----------
    model : path, str or object
        A ``.keras`` or ``.h5`` file, ``keras:MobileNetV2`` for a network of ``keras.applications``
        with its ImageNet weights, ``package.module:callable`` for a function or class that makes a
        model, or a live Keras model. A `Network` is given back as it is, and takes no options.
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
    options = Options(
        _size(size),
        None if pixel_range is None else (float(pixel_range[0]), float(pixel_range[1])),
        None if pixel_mean is None else tuple(float(value) for value in pixel_mean),
        None if pixel_std is None else _nonzero(pixel_std),
        _colour_order(pixel_order),
    )
    if isinstance(model, Network):
        if options != Options() or labels is not None:
            raise SelectionError(
                f"{model.name} is open already, so that its labels and preparation are fixed: give "
                "these options where you open the model"
            )
        return model
    if isinstance(model, str) and model.startswith("keras:"):
        return _application(model.removeprefix("keras:"), labels, options)
    if isinstance(model, str) and _FACTORY.match(model):
        return _live(_made_by(model), model, labels, options)
    if isinstance(model, str | Path):
        return _file(Path(model), labels, options, trust_model)
    return _live(model, type(model).__name__, labels, options)


def _file(path: Path, labels: Any, options: Options, trust_model: bool) -> Network:
    from convscope.networks.keras.files import check_file, load_file

    check_file(path)
    sidecar = read_sidecar(path)
    names = (
        find_labels(path, labels) if labels is not None or not sidecar.labels else sidecar.labels
    )
    loaded = load_file(path, trust_model=trust_model)
    return _keras(loaded, str(path), Sidecar(names, sidecar.preparation, sidecar.path), options)


def _application(name: str, labels: Any, options: Options) -> Network:
    from convscope.networks.keras.applications import application_labels, open_application

    model = open_application(name)
    names = find_labels(None, labels) if labels is not None else application_labels()
    return _keras(model, f"keras:{name}", Sidecar(names), options, name)


def _live(model: Any, source: str, labels: Any, options: Options) -> Network:
    keras = sys.modules.get("keras")
    if isinstance(model, Network):
        return model
    if keras is None or not isinstance(model, keras.Layer):
        given = f"{type(model).__module__}.{type(model).__qualname__}"
        raise ModelError(
            f"{given} is no model that can be opened: give a Keras model, a .keras or .h5 file, "
            "keras:NAME, or package.module:callable"
        )
    return _keras(model, source, Sidecar(find_labels(None, labels)), options)


def _keras(
    model: Any, source: str, sidecar: Sidecar, options: Options, application: str | None = None
) -> Network:
    from convscope.networks.keras.network import KerasNetwork

    return KerasNetwork(model, source, sidecar=sidecar, options=options, application=application)


def _made_by(name: str) -> Any:
    """Call ``package.module:callable``, found as Python finds modules or in the current folder."""
    from convscope.frameworks import import_keras

    module_name, _, attribute = name.partition(":")
    import_keras("making a model")
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ModelError(
            f"{name!r} is no file, and no module {error.name!r} can be imported: give a .keras or "
            ".h5 file, keras:NAME, or package.module:callable of a module in the current folder or "
            "installed"
        ) from error
    except Exception as error:
        raise ModelError(
            f"importing {module_name} failed with {type(error).__name__}: {reason_of(error)}; mend "
            "the module, or give a .keras or .h5 file"
        ) from error
    finally:
        if added:
            sys.path.remove(here)
    if not hasattr(module, attribute):
        raise ModelError(
            f"module {module_name} has no {attribute!r}: {near(attribute, vars(module))}"
        )
    try:
        return getattr(module, attribute)()
    except ConvscopeError:
        raise
    except Exception as error:
        raise ModelError(
            f"{name}() failed with {type(error).__name__}: {reason_of(error)}; give a callable "
            "that makes a model without arguments"
        ) from error


def _size(size: tuple[int, int] | None) -> tuple[int, int] | None:
    if size is None:
        return None
    height, width = int(size[0]), int(size[1])
    if height < 1 or width < 1:
        raise SelectionError(f"a size of {height} x {width} is empty: give two positive numbers")
    return height, width


def _nonzero(std: Sequence[float]) -> tuple[float, ...]:
    if any(value == 0 for value in std):
        raise SelectionError(
            "a standard deviation of 0 cannot be divided by: give positive numbers"
        )
    return tuple(float(value) for value in std)


def _colour_order(order: str | None) -> str | None:
    if order not in {None, "rgb", "bgr"}:
        raise SelectionError(f"no order of colours is called {order!r}: one of: rgb, bgr")
    return order
