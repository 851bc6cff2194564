"""The explorer in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convscope.errors import require
from convscope.explorer.bundle import script, styles
from convscope.explorer.drawn import drawn_images
from convscope.explorer.session import Session
from convscope.explorer.still import still
from convscope.explorer.surveyed import first_images
from convscope.networks import Network
from convscope.surveys.opened import Survey, open_survey
from convscope.training.opened_film import OpenedFilm

if TYPE_CHECKING:
    import anywidget

__all__ = ["explore"]


def explore(
    network: Network | OpenedFilm,
    images: Any = None,
    *,
    against: Network | OpenedFilm | None = None,
    survey: Survey | str | Path | None = None,
    lessons: str | Path | Sequence[str | Path] | None = None,
) -> anywidget.AnyWidget:
    """Open the explorer in a notebook.

    Parameters
    ----------
    network : Network or OpenedFilm
        A film (`convscope.open_film`) is shown frame by frame, with its own images.
    images : optional
        As for `Network.activations`: those that can be chosen on the screen. By default the first
        of each class of the dataset that was surveyed, else pictures drawn in code.
    against : Network or OpenedFilm, optional
        Another network to compare with.
    survey : Survey, str or Path, optional
        A survey of the network (see `convscope.survey`), shown beside it, or where its store is.
    lessons : str, Path or sequence of these, optional
        TOML files of lessons, which the explorer steps through; for the embedded network on the
        drawn digits it has some of its own.

    Returns
    -------
    anywidget.AnyWidget
        Shown where it is a cell's last value. A saved notebook holds a still picture besides, for
        places where widgets do not run.

    Raises
    ------
    MissingExtraError
        When anywidget is not installed.
    InputError
        When the images cannot be read, or do not fit the network, or there is no survey, or a file
        holds no lesson.
    SelectionError
        When the survey or a lesson is of another network.
    """
    kind = _widget_class()
    networks = [network] if against is None else [network, against]
    found = open_survey(survey) if isinstance(survey, str | Path) else survey
    if images is None and isinstance(network, Network):
        images = (first_images(found) if found else None) or drawn_images(network)
    shown: anywidget.AnyWidget = kind(Session(networks, images, survey=found, lessons=lessons))
    return shown


@cache
def _widget_class() -> Any:
    """Make the class when it is first needed: anywidget is an extra."""
    anywidget: Any = require("anywidget", "notebook", "the explorer in a notebook")
    from traitlets import Unicode

    class Explorer(anywidget.AnyWidget):  # type: ignore[misc]
        """The explorer's page, asked by messages of the widget's own channel."""

        _esm = script()
        _css = styles()
        # A page made of a saved notebook has the widget's state and no kernel to ask.
        _still = Unicode().tag(sync=True)

        def __init__(self, session: Session) -> None:
            # Where this is a number, the front end counts the views.
            super().__init__(_view_count=0)
            self.session = session
            self.on_msg(self._answer)
            self.observe(self._forget, "_view_count")

        def __repr__(self) -> str:
            names = " and ".join(one.network.name for one in self.session.networks)
            count = len(self.session.images)
            return f"<Explorer of {names}: {count} image{'' if count == 1 else 's'}>"

        def close(self) -> None:
            super().close()
            self.session.runs.clear()

        def _answer(self, _: Any, message: Any, buffers: Sequence[Any]) -> None:
            # May run in another thread than the cells do, and while one of them runs.
            reply, arrays = self.session.answer(message, [bytes(part) for part in buffers or ()])
            self.send(reply, arrays)

        def _forget(self, change: Mapping[str, Any]) -> None:
            """Let go of the maps once nobody sees them: a notebook keeps every widget."""
            if change["old"] and not change["new"]:
                self.session.runs.clear()

        def _repr_mimebundle_(self, **given: Any) -> Any:
            shown = super()._repr_mimebundle_(**given)
            picture = still(self.session) if shown else None
            if picture is None:
                return shown
            self._still = picture
            bundle, *rest = shown if isinstance(shown, tuple) else (shown,)
            bundle = {**bundle, "image/png": picture}
            return (bundle, *rest) if isinstance(shown, tuple) else bundle

    return Explorer
