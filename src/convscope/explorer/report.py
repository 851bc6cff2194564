"""The explorer as one HTML file that works offline, from the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convscope.arguments import callback, file_path
from convscope.errors import InputError, OutputError
from convscope.explorer.contents import contents
from convscope.explorer.document import document
from convscope.explorer.session import Session
from convscope.networks import Network, network_given
from convscope.pictures.files import whole_file

if TYPE_CHECKING:
    from convscope.surveys import Survey

__all__ = ["report"]

Progress = Callable[[float], None]


def report(
    network: Network,
    images: Any,
    path: str | Path,
    *,
    survey: Survey | str | Path | None = None,
    lessons: str | Path | Sequence[str | Path] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write the explorer as one self-contained HTML file.

    It holds the maps of every layer on every image, the predictions, and the books of the class
    that the network gives. Of a network with at most 400,000 values an image it holds exact
    numbers, the books and heat maps of the best five classes, what fed which map, and the kernels,
    where these have at most 500,000 weights; of a larger one the 240 levels of every map. What
    needs the network itself, such as muting and other images, the page says in its place.

    Parameters
    ----------
    network : Network
    images
        As for `Network.activations`.
    path : path
        The file, with the suffix ``.html``; one that exists is replaced.
    survey : Survey, str or Path, optional
        A survey of the network, or where its store is: which channels are dead or silent and what
        they tell apart; without its images and mean maps.
    lessons : str, Path or sequence of these, optional
        TOML files of lessons, which the page steps through; as for `convscope.explore`.
    progress : callable, optional
        Told the share of the work that is done, 0..1.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        When no image is given, or it cannot be read, or there is no survey, or a file holds no
        lesson.
    SelectionError
        When the survey or a lesson is of another network.
    OutputError
        For another suffix, and when the file cannot be written; nothing is left half-written.
    """
    target = file_path(path)
    network_given(network)
    callback(progress, "progress")
    if target.suffix.lower() not in {".html", ".htm"}:
        raise OutputError(f"{target.name!r} is no page: give a file name that ends in .html")
    session = Session(network, images, survey=survey, lessons=lessons)
    if not session.images:
        raise InputError("a report without images: give at least one file, array or DATASET:INDEX")
    packs = contents(session, progress or (lambda _: None))
    with whole_file(target) as file:
        for piece in document(network.name, packs):
            file.write(piece)
    return target
