"""A survey beside the network that it was made of, as a session keeps it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from convscope.errors import ConvscopeError, InputError, SelectionError
from convscope.inputs.dataset import first_of_each
from convscope.inputs.images import Image
from convscope.networks import Network
from convscope.surveys.findings import codes
from convscope.surveys.opened import Survey, open_survey

if TYPE_CHECKING:
    import xarray

__all__ = ["Surveyed", "first_images"]

_T = TypeVar("_T")
_EXAMPLES = 10


class Surveyed:
    """What a survey knows of a network, read by one thread at a time.

    Parameters
    ----------
    survey : Survey, str or Path
        Opened, or where its store is.
    network : Network

    Attributes
    ----------
    survey : Survey

    Raises
    ------
    InputError
        When there is no survey.
    SelectionError
        When it is of another network.
    """

    def __init__(self, survey: Survey | str | Path, network: Network) -> None:
        self.survey = survey if isinstance(survey, Survey) else open_survey(survey)
        if self.survey.plan.network != network.fingerprint():
            raise SelectionError(
                f"{self.survey.path} is a survey of another network than {network.name}, or of one "
                f"with other weights: make one with convscope survey {network.source} DATASET"
            )
        self.lock = threading.RLock()
        self._said: dict[Any, Any] = {}

    def once(self, key: Any, say: Callable[[], _T]) -> _T:
        """Give what was said before under this key, or say it now."""
        with self.lock:
            if key not in self._said:
                self._said[key] = say()
            found: _T = self._said[key]
        return found

    def layer(self, name: str) -> xarray.Dataset:
        """Give what is known of a layer.

        Raises
        ------
        SelectionError
            When it was not surveyed.
        """
        with self.lock:
            if name not in self.survey:
                raise SelectionError(
                    f"{name} was not surveyed in {self.survey.path}: survey again with --layers"
                )
            return self.survey[name]

    @property
    def codes(self) -> np.ndarray:
        """The words of all channels, as indices of `findings.WORDS`."""
        return self.once("codes", lambda: codes(self.survey))

    def image(self, place: int, label: int | None = None) -> Image:
        """Read an image of the dataset.

        Parameters
        ----------
        place : int
            Its index.
        label : int, optional
            The class that it has to have.

        Raises
        ------
        InputError, SelectionError
            When the dataset is not where it was, or is another.
        """
        with self.lock:
            try:
                image = self.survey.image(place)
            except OSError as error:
                raise InputError(
                    f"an image of {self.survey.dataset} cannot be read ({error.strerror or error})"
                ) from error
        if label is not None and label >= 0 and image.label != label:
            raise InputError(
                f"{image.name} is of another class than it was when {self.survey.path} was made: "
                "the dataset there is another"
            )
        return image


def first_images(survey: Survey) -> list[Image]:
    """Give the first image of each class of the dataset that was surveyed, at most ten.

    Returns
    -------
    list of Image
        The first ten where there are no classes; none where the dataset is not where it was.
    """
    try:
        dataset = survey.source_dataset
        if dataset.labels is None:
            places = list(range(min(_EXAMPLES, len(dataset))))
        else:
            places = [one for one, *_ in first_of_each(dataset).values()][:_EXAMPLES]
        return [survey.image(place) for place in places]
    except (ConvscopeError, OSError):
        return []
