"""The architecture that belongs to a file of weights, in a JSON of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from convscope.errors import ModelError
from convscope.networks.keras.legacy.configuration import LARGEST, configuration_of, parsed

__all__ = ["architecture_beside", "read_architecture"]

# ``model_best_weight.h5`` belongs to ``model_best_config.json``.
_ASIDE = re.compile(r"[\W_]*(weights?|config|configuration|architecture|arch|json|h5)(?=[\W_]|$)")


def read_architecture(path: Path) -> Any:
    """Read the JSON of an architecture.

    Raises
    ------
    ModelError
        When it cannot be read or holds no network.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ModelError(
                f"{path} is too large for an architecture: give the JSON that model.to_json() "
                "writes"
            )
        found = parsed(path.read_bytes())
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error.strerror}): give the JSON that model.to_json() writes"
        ) from error
    except ValueError as error:
        raise ModelError(
            f"{path} is no JSON ({error}): give the JSON that model.to_json() writes"
        ) from error
    if configuration_of(found) is None:
        raise ModelError(
            f"{path} holds no architecture of a network: give the JSON that model.to_json() writes"
        )
    return found


def architecture_beside(path: Path) -> Any:
    """Find the architecture of a file of weights in its folder.

    A JSON whose name is that of the file, apart from words such as *weights* and *config*; else
    the only one in the folder that holds a network.

    Raises
    ------
    ModelError
        When there is none, or several.
    """
    found: dict[Path, Any] = {}
    for beside in sorted(path.parent.glob("*.json")):
        try:
            found[beside] = read_architecture(beside)
        except ModelError:
            continue
    alike = [beside for beside in found if _stem(beside) == _stem(path)]
    chosen = alike or list(found)
    if len(chosen) == 1:
        return found[chosen[0]]
    names = ", ".join(beside.name for beside in chosen[:4])
    said = f"{names} beside it could be that" if names else "no JSON beside it holds one"
    raise ModelError(
        f"{path} holds weights only, not the network they belong to, and {said}: give it with "
        "--architecture model.json (architecture=...), or build the network in Python, load the "
        "weights and open the live model"
    )


def _stem(path: Path) -> str:
    name = path.name.lower().removesuffix(path.suffix.lower())
    return _ASIDE.sub("", name).strip("._- ")
