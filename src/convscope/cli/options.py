"""What several commands take: a model and how to open it, images, scale and colours."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convscope.errors import SelectionError

if TYPE_CHECKING:
    from convscope.analysis.muting import MutedNetwork
    from convscope.networks import Network

__all__ = [
    "Colormap",
    "Images",
    "Json",
    "LayerChoice",
    "Lesson",
    "Mute",
    "MuteTo",
    "Quiet",
    "Scale",
    "Solo",
    "Target",
    "TrustModel",
    "opens_network",
    "silenced",
    "target_of",
]

_MODEL = (
    "A Keras file (.keras, .h5) or PyTorch file (.pt, .pth, .pt2); keras:NAME, timm:NAME or "
    "torchvision:NAME (MobileNetV2, resnet50, ...); or package.module:callable."
)
Images = Annotated[
    list[str],
    typer.Argument(
        metavar="IMAGE...",
        show_default=False,
        help="Image files, or DATASET:INDEX (fashion_mnist:23, ../data/mnist/train:0); for what is "
        "no image .npy, .npz (an array an input) and .wav.",
    ),
]
LayerChoice = Annotated[
    str | None,
    typer.Option(
        "--layers",
        metavar="WHICH",
        help="Names, globs, kinds and index slices, separated by commas: conv*, kind:conv, 0:4, "
        "conv2d:linear. All by default.",
    ),
]
Lesson = Annotated[
    list[str] | None,
    typer.Option(
        "--lesson",
        metavar="FILE.toml",
        help="A lesson that the page steps through; see docs/lessons.md. May be given several "
        "times.",
    ),
]
Scale = Annotated[
    str,
    typer.Option(
        "--scale", help="channel, layer, shared, robust, sigma or fixed(LOW,HIGH).", metavar="SCALE"
    ),
]
Colormap = Annotated[
    str | None,
    typer.Option(
        "--colormap",
        metavar="NAME",
        help="viridis, inferno, gray, paper, ... or any of matplotlib's; viridis by default, RdBu "
        "for values of both signs.",
    ),
]
Mute = Annotated[
    list[str] | None,
    typer.Option(
        "--mute",
        metavar="LAYER:CHANNELS",
        help="Silence channels and run on: conv2d:3, conv2d:3,5,8-12, conv2d:25% (the strongest "
        "quarter). May be given several times.",
    ),
]
Solo = Annotated[
    list[str] | None,
    typer.Option(
        "--solo", metavar="LAYER:CHANNELS", help="Silence all channels of a layer but these."
    ),
]
MuteTo = Annotated[
    str,
    typer.Option(
        "--mute-to",
        metavar="zero|mean",
        help="What silent maps become: zero, or their mean over the images.",
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="CLASS",
        help="The class, by name or index, or two of them for their difference: dog,cat. By "
        "default the class that the network gives each image.",
    ),
]
TrustModel = Annotated[
    bool,
    typer.Option("--trust-model", help="Run code that the file holds or names."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but results.")]


def _opening(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=_MODEL, show_default=False)],
    labels: Annotated[
        str | None,
        typer.Option(help="Names of the classes: a text file with one a line, or A,B,C."),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="HxW", help="Bring images to this height and width."),
    ] = None,
    pixel_range: Annotated[
        str | None,
        typer.Option(metavar="LOW,HIGH", help="What black and white become."),
    ] = None,
    pixel_mean: Annotated[
        str | None, typer.Option(metavar="A,B,C", help="Subtracted from each colour.")
    ] = None,
    pixel_std: Annotated[
        str | None, typer.Option(metavar="A,B,C", help="Each colour is divided by this.")
    ] = None,
    pixel_order: Annotated[
        str | None, typer.Option(metavar="rgb|bgr", help="Order of the colours.")
    ] = None,
    trust_model: TrustModel = False,
    custom: Annotated[
        list[str] | None,
        typer.Option(
            metavar="package.module:Class",
            help="A class that the file names and Keras does not have, or a function under the "
            "name of a Lambda layer. May be given several times.",
        ),
    ] = None,
    architecture: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.json",
            help="The architecture, where the model's file holds weights only.",
        ),
    ] = None,
    factory: Annotated[
        str | None,
        typer.Option(
            metavar="package.module:callable",
            help="What makes the PyTorch network that a state dict belongs to.",
        ),
    ] = None,
    input_shape: Annotated[
        str | None,
        typer.Option(
            metavar="CxHxW",
            help="What a PyTorch network takes, ? where any size fits: 3x224x224, 1x?x?.",
        ),
    ] = None,
) -> Network:
    """Open the network that these options describe."""
    from convscope.networks import open_network

    return open_network(
        model,
        labels=labels,
        size=_size(size),
        pixel_range=_pair(pixel_range),
        pixel_mean=_numbers("--pixel-mean", pixel_mean),
        pixel_std=_numbers("--pixel-std", pixel_std),
        pixel_order=pixel_order,
        trust_model=trust_model,
        custom=custom or None,
        architecture=architecture,
        factory=factory,
        input_shape=_shape(input_shape),
    )


def silenced(
    network: Network, images: Any, mute: list[str] | None, solo: list[str] | None, to: str
) -> MutedNetwork | None:
    """Silence the channels that the options name; None where they name none."""
    from convscope.analysis import muting

    muted = None
    for silence, several in ((muting.mute, mute), (muting.solo, solo)):
        for text in several or ():
            layer, _, channels = text.rpartition(":")
            if not layer:
                raise SelectionError(
                    f"{text!r} names no channels of a layer: give LAYER:CHANNELS, such as conv2d:3"
                )
            muted = silence(muted or network, layer, channels, to=to, images=images)
    return muted


def opens_network(
    command: Callable[..., Any],
    settle: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Callable[..., Any]:
    """Let a command whose first parameter is a network take a model and its options instead.

    An option of the model that the command has as well is given to both. What was given passes
    through `settle` first.
    """
    opening = _parameters(_opening)
    needed = {entry.name for entry in opening}
    wanted = {entry.name for entry in _parameters(command, skip=1)}
    own = [entry for entry in _parameters(command, skip=1) if entry.name not in needed]

    @functools.wraps(command)
    def opened(**given: Any) -> Any:
        given = settle(given)
        network = _opening(**{name: given[name] for name in needed})
        return command(network, **{name: given[name] for name in wanted})

    model, *options = opening
    required = [entry for entry in own if entry.default is entry.empty]
    optional = [entry for entry in own if entry.default is not entry.empty]
    parameters = [model, *required, *optional, *options]
    del vars(opened)["__wrapped__"]
    vars(opened)["__signature__"] = inspect.Signature(parameters)
    opened.__annotations__ = {entry.name: entry.annotation for entry in parameters}
    return opened


def target_of(text: str | None, network: Network) -> Any:
    """Read a target: a class, or two for their difference; a class may have a comma in its name."""
    if text is None or text in network.labels or "," not in text:
        return text
    first, _, second = text.partition(",")
    return first.strip(), second.strip()


def _parameters(function: Callable[..., Any], skip: int = 0) -> list[inspect.Parameter]:
    """Give the parameters with their annotations evaluated, less the first `skip`.

    Only these are evaluated: the type of a network would bring the rooms that it lives in.
    """
    entries = list(inspect.signature(function).parameters.values())[skip:]
    return [
        entry.replace(
            kind=inspect.Parameter.KEYWORD_ONLY,
            annotation=eval(entry.annotation, function.__globals__),
        )
        for entry in entries
    ]


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    try:
        height, width = (int(part) for part in text.lower().replace("×", "x").split("x"))
    except ValueError:
        raise SelectionError(
            f"--size {text!r} is no size: give height and width, such as 224x224"
        ) from None
    return height, width


def _shape(text: str | None) -> tuple[int | None, ...] | None:
    if text is None:
        return None
    try:
        parts = text.lower().replace("×", "x").split("x")
        return tuple(None if part == "?" else int(part) for part in parts)
    except ValueError:
        raise SelectionError(
            f"--input-shape {text!r} is no shape: give channels and sizes, such as 3x224x224"
        ) from None


def _pair(text: str | None) -> tuple[float, float] | None:
    numbers = _numbers("--pixel-range", text)
    if numbers is None:
        return None
    if len(numbers) != 2 or numbers[0] == numbers[1]:
        raise SelectionError(
            f"--pixel-range {text!r} is no range: give two unlike numbers, such as 0,1"
        )
    return numbers[0], numbers[1]


def _numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise SelectionError(
            f"{option} {text!r} holds something that is no number: give numbers separated by "
            "commas, such as 0.5,0.5,0.5"
        ) from None
