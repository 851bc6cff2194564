"""All that a viewer may ask: one function, whatever carries the messages."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convscope.errors import ConvscopeError, SelectionError
from convscope.explorer.answers.ablation import ablation
from convscope.explorer.answers.books import books
from convscope.explorer.answers.channel import channel
from convscope.explorer.answers.field import field
from convscope.explorer.answers.fields import fields
from convscope.explorer.answers.film import NEEDS_WEIGHTS, film, film_channel
from convscope.explorer.answers.heatmap import heatmap
from convscope.explorer.answers.layer import layer
from convscope.explorer.answers.lineage import lineage
from convscope.explorer.answers.network import network
from convscope.explorer.answers.run import run
from convscope.explorer.answers.shares import shares
from convscope.explorer.answers.sheet import sheet
from convscope.explorer.answers.survey_channel import survey_channel
from convscope.explorer.answers.survey_classes import survey_classes
from convscope.explorer.answers.survey_layer import survey_layer
from convscope.explorer.answers.survey_pictures import survey_pictures
from convscope.explorer.answers.unit import unit
from convscope.explorer.answers.weights import weights
from convscope.explorer.arrays import Arrays
from convscope.explorer.failures import Failure, NotUnderstood, Training
from convscope.explorer.message import Message
from convscope.explorer.opened import Opened
from convscope.explorer.planes import depth_named
from convscope.explorer.recorded import Recorded
from convscope.explorer.runs import Runs
from convscope.explorer.sources import Source, opened_with, sent, source_of
from convscope.explorer.surveyed import Surveyed
from convscope.explorer.syllabus import lessons_for
from convscope.networks import Network, network_given
from convscope.training.filmed_network import FilmedNetwork
from convscope.training.opened_film import OpenedFilm

if TYPE_CHECKING:
    from convscope.surveys import Survey

__all__ = ["Session"]

_log = logging.getLogger(__name__)

_BYTES_KEPT = 768 * 2**20
_MOST_TOGETHER = 4096

Answer = Callable[[Recorded, Message, Arrays], dict[str, Any]]

_OF_RUN: dict[str, Answer] = {
    "layer": layer,
    "channel": channel,
    "sheet": sheet,
    "books": books,
    "unit": unit,
    "lineage": lineage,
    "heatmap": heatmap,
    "ablation": ablation,
    "shares": shares,
    "field": field,
}
_OF_NETWORK: dict[str, Callable[[Opened, Recorded | None, Message, Arrays], dict[str, Any]]] = {
    "weights": weights,
    "fields": fields,
}
_OF_FILM: dict[str, Callable[[Opened, Message, Arrays], dict[str, Any]]] = {
    "film": film,
    "film_channel": film_channel,
}
_OF_SURVEY: dict[str, Callable[[Opened, Surveyed, Message, Arrays], dict[str, Any]]] = {
    "survey_layer": survey_layer,
    "survey_channel": survey_channel,
    "survey_pictures": survey_pictures,
    "survey_classes": survey_classes,
}


class Session:
    """A network or several, images, and the runs of these that are kept.

    Parameters
    ----------
    networks : Network, OpenedFilm or sequence of these
        A film shows its own images alone.
    images : optional
        As for `Network.activations`; what may be chosen from on the page.
    survey : Survey, str or Path, optional
        A survey of the first network, or where its store is.
    lessons : str, Path or sequence of these, optional
        Files of lessons for the first network; see `convscope.explorer.lesson.read_lesson`.
    bytes_kept : int
        How much memory the recorded runs may take; the newest is kept however large it is.

    Raises
    ------
    InputError
        When the images cannot be read, or do not fit the first network, or a file holds no lesson.
    SelectionError
        When no network is given, or the survey or a lesson is of another.
    """

    def __init__(
        self,
        networks: Network | OpenedFilm | Sequence[Network | OpenedFilm],
        images: Any = None,
        *,
        survey: Survey | str | Path | None = None,
        lessons: str | Path | Sequence[str | Path] | None = None,
        bytes_kept: int = _BYTES_KEPT,
    ) -> None:
        given = networks if isinstance(networks, list | tuple) else [networks]
        several = [
            one.as_network() if isinstance(one, OpenedFilm) else network_given(one) for one in given
        ]
        if not several:
            raise SelectionError("there is no network to explore: give at least one")
        self.surveyed = None if survey is None else Surveyed(survey, several[0])
        self.networks = tuple(
            Opened(one, place, self.surveyed if place == 0 else None)
            for place, one in enumerate(several)
        )
        self.images = opened_with(several[0], images)
        self.lessons = lessons_for(several[0], self.images, lessons)
        self.runs = Runs(bytes_kept)

    def answer(
        self, message: Mapping[str, Any], buffers: Sequence[bytes] = ()
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Answer a message of the page.

        Parameters
        ----------
        message : mapping
            ``type``, ``id`` and what belongs to the type. Nothing in it is trusted.
        buffers : sequence of bytes
            What the message brings: an image's file or pixels.

        Returns
        -------
        reply : dict
            Plain values for JSON. ``type`` is the message's, or ``error`` with ``code`` and
            ``message``; nothing is raised.
        buffers : list of bytes
            The arrays of the reply, little-endian, in C order.
        """
        arrays = Arrays()
        reply = self._safely(message, buffers, arrays, None)
        return reply, arrays.buffers if reply["type"] != "error" else []

    def _safely(
        self,
        message: Any,
        buffers: Sequence[bytes],
        arrays: Arrays,
        recorded: Recorded | None,
        *,
        again: bool = True,
    ) -> dict[str, Any]:
        given = message if isinstance(message, Mapping) else {}
        begun = len(arrays.buffers)
        head = {"id": _plain(given.get("id"))}
        try:
            fields = Message(given)
            kind = fields.text("type")
            return {**head, "type": kind, **self._answered(kind, fields, buffers, arrays, recorded)}
        except Exception as error:
            del arrays.buffers[begun:]
            if isinstance(error, Training) and again:
                # A film has left copies where the weights were taken away in the middle.
                return self._safely(message, buffers, arrays, recorded, again=False)
            code, said = _failure(error)
            return {**head, "type": "error", "code": code, "message": said}

    def _answered(
        self,
        kind: str,
        message: Message,
        buffers: Sequence[bytes],
        arrays: Arrays,
        recorded: Recorded | None,
    ) -> dict[str, Any]:
        if kind in NEEDS_WEIGHTS:
            self._check_weights(message, recorded)
        if kind in _OF_RUN:
            found = recorded or self._kept(message.text("run"))
            if kind != "layer" or not found.holds(message.layer()):
                found = self._whole(found)
            return _OF_RUN[kind](found, message, arrays)
        if kind in _OF_NETWORK:
            if recorded is None and message.has("run"):
                recorded = self._kept(message.text("run"))
            opened = recorded.opened if recorded else self._opened(message)
            recorded = recorded or self.runs.newest(opened)
            whole = recorded and self._whole(recorded)
            return _OF_NETWORK[kind](opened, whole, message, arrays)
        if kind in _OF_FILM:
            return _OF_FILM[kind](self._opened(message), message, arrays)
        if kind in _OF_SURVEY:
            opened = recorded.opened if recorded else self._opened(message)
            return _OF_SURVEY[kind](opened, _surveyed(opened), message, arrays)
        if recorded is None and kind == "network":
            names = [one.network.name for one in self.networks]
            told = network(self._opened(message), names, self.images, arrays)
            return {**told, "lessons": [asdict(one) for one in self.lessons]}
        if recorded is None and kind == "run":
            return self._run(self._opened(message), message, buffers, arrays)
        known = ", ".join(["network", "run", *_OF_RUN, *_OF_NETWORK, *_OF_SURVEY, *_OF_FILM])
        raise NotUnderstood(f"field 'type' is {kind[:40]!r}: give one of {known}")

    def _check_weights(self, message: Message, recorded: Recorded | None) -> None:
        if recorded is None and message.has("run"):
            recorded = self._kept(message.text("run"))
        network = (recorded.opened if recorded else self._opened(message)).network
        if isinstance(network, FilmedNetwork):
            raise network.without_weights("that")

    def _kept(self, key: str) -> Recorded:
        """Find a run, looked at where its name says."""
        run, _, depth = key.partition("/")
        found = self.runs.get(run)
        return found.at(depth_named(depth)) if depth else found

    def _opened(self, message: Message) -> Opened:
        return self.networks[message.whole("network", 0, len(self.networks) - 1, 0)]

    def _run(
        self, opened: Opened, message: Message, buffers: Sequence[bytes], arrays: Arrays
    ) -> dict[str, Any]:
        began = time.perf_counter()
        target, depth = message.target(), message.depth()
        mutes, solos = message.channels("mute"), message.channels("solo")
        to = message.text("mute_to", "zero")
        then = message.messages("then", _MOST_TOGETHER)
        source = self._source(opened, message, buffers)
        glance = message.flag("glance") and not (mutes or solos)
        layers = _glanced(opened, then) if glance else None
        frame = message.whole("frame", -1, 2**31 - 1, -1)
        network = opened.filmed(frame, training=message.flag("training"))
        recorded = self._recorded(opened, network, source, mutes, solos, to, layers).at(depth)
        before = None
        if mutes or solos:
            before = self._recorded(opened, network, source, {}, {}, "zero")
        reply = run(recorded, before, target, arrays)
        reply["milliseconds"] = (time.perf_counter() - began) * 1000
        reply["then"] = [self._safely(one, (), arrays, recorded) for one in then]
        return reply

    def _source(self, opened: Opened, message: Message, buffers: Sequence[bytes]) -> Source:
        """Find the image that a message means: of the session, of the survey, or brought along."""
        given = message.raw("image")
        if isinstance(given, Mapping) and "survey" in given:
            place = Message(given).whole("survey", 0, 2**53)
            return source_of(_surveyed(self.networks[0]).image(place))
        return sent(message, buffers, self.images, opened.network)

    def _recorded(
        self,
        opened: Opened,
        network: Network,
        source: Source,
        mutes: Mapping[str, tuple[int, ...]],
        solos: Mapping[str, tuple[int, ...]],
        to: str,
        layers: Sequence[str] | None = None,
    ) -> Recorded:
        """Find the run of these, or record it: of some layers alone, where that is quicker."""
        silence = sorted(mutes.items()), sorted(solos.items())
        said = f"{opened.place} {silence} {to if mutes or solos else ''}"
        if isinstance(network, FilmedNetwork):
            said += f" {network.frame} {network.training}"
        key = hashlib.blake2b(source.key + said.encode(), digest_size=12).hexdigest()
        with opened.running() as moment:
            kept = self.runs.find(key)
            wanted = opened.recorded if layers is None else opened.glanced(layers)
            if kept is not None and kept.moment == moment and kept.holds(*wanted):
                return kept
            batch = source.batch(opened.network)
            silenced = opened.silenced(network, mutes, solos, to, source.images)
            if layers is not None and not opened.is_prepared(batch, wanted):
                wanted = opened.recorded
            found = silenced.run(batch, wanted, outputs=True)
            recorded = Recorded(key, opened, silenced, source, batch, found, moment)
        self.runs.add(recorded)
        return recorded

    def _whole(self, run: Recorded) -> Recorded:
        """Give a run with everything recorded: run it again where only some layers were."""
        opened = run.opened
        if run.holds(*opened.recorded):
            return run
        with opened.running(run) as moment:
            found = run.network.run(run.batch, opened.recorded, outputs=True)
        key = run.key.partition("/")[0]
        whole = Recorded(key, opened, run.network, run.source, run.batch, found, moment)
        self.runs.add(whole)
        return whole.at(run.depth)


def _surveyed(opened: Opened) -> Surveyed:
    if opened.surveyed is None:
        raise SelectionError(
            f"no survey of {opened.network.name} is open: give one with convscope explore MODEL "
            "--survey STORE.zarr"
        )
    return opened.surveyed


def _glanced(opened: Opened, then: Sequence[Mapping[str, Any]]) -> list[str] | None:
    """Name the one layer that is shown; None where anything else is asked for."""
    asked = [one.get("layer") for one in then if one.get("type") == "layer"]
    names = [name for name in asked if isinstance(name, str) and name in opened.network.layers]
    return names if len(names) == len(then) <= 1 else None


def _failure(error: Exception) -> tuple[str, str]:
    """Say under which code and in which words the page is told of an error."""
    if isinstance(error, Failure):
        return error.code, str(error)
    if isinstance(error, ConvscopeError):
        return "refused", str(error)
    if isinstance(error, MemoryError):
        return "too-large", "there is not enough memory for this: ask for less, or close something"
    _log.error("a message could not be answered", exc_info=error)
    return "internal", f"something went wrong inside ({type(error).__name__}): see the log"


def _plain(value: Any) -> Any:
    """Give an id back as it came, where it is one."""
    return value if isinstance(value, str | int) and len(str(value)) <= 200 else None
