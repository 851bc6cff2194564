"""What a report holds: the answers to all that its reader may ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from convscope.analysis.attribution import METHODS
from convscope.analysis.contributions import books
from convscope.analysis.target import Aim
from convscope.errors import InputError
from convscope.explorer.packing import Pack, compressed
from convscope.explorer.planes import is_deep
from convscope.explorer.residual import Mapped, behind, beside
from convscope.explorer.session import Session
from convscope.networks import Layer, Network
from convscope.networks.selection import named_layer

__all__ = ["contents"]

# A network with fewer values comes with exact numbers and all that follows from them; of a larger
# one the levels. scope.js has the same number.
_SMALL = 400_000
_WEIGHTS = 500_000
# Pixels across a tile of the overview; scope.js asks for the same.
_TILE = 12
_CLASSES = 5
# The class that the network gives, twice, and the next: what each unit contributed is long.
_SHARED = 3
# Each of one or two passes.
_METHODS = ("grad-cam", "grad-cam++", "hires-cam", "layer-cam", "eigen-cam", "saliency")

Progress = Callable[[float], None]
_Message = dict[str, Any]
_Answer = tuple[dict[str, Any], list[bytes]]


def contents(session: Session, progress: Progress) -> Iterator[Pack]:
    """Ask a session all that a reader may ask, a pack for what is looked at together.

    Parameters
    ----------
    session : Session
        With one network, and one image at least.
    progress : callable
        Told the share of the work that is done, 0..1.

    Yields
    ------
    Pack
        First the network, then of every image the run, the overview and the maps.

    Raises
    ------
    InputError
        When the network refuses an image.
    """
    asked = _Asked(session)
    yield asked.network()
    with ThreadPoolExecutor(1, "explaining") as thread:
        # To compile the backward pass takes as long as all else.
        thread.submit(asked.compile_ahead)
        for image in range(len(session.images)):
            run = asked.run(image)
            explained = thread.submit(asked.explanations, run)
            yield run.pack
            yield asked.sheet(run)
            for place, layer in enumerate(asked.layers):
                yield from asked.maps(run, layer)
                share = 0.8 * (place + 1) / len(asked.layers)
                progress((image + share) / len(session.images))
            if image == 0:
                yield from (asked.recipe(layer) for layer in asked.layers)
                yield from asked.survey()
            yield explained.result()
            progress((image + 1) / len(session.images))


@dataclass(frozen=True, eq=False)
class _Run:
    """One image: the pack of its run, the run's name, and the classes that are explained."""

    pack: Pack
    name: str
    targets: Sequence[int | None]


class _Asked:
    """Questions put to a session, and the answers that it has."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._network: Network = session.networks[0].network
        self.layers: list[Layer] = list(self._network.layers.values())
        self._mapped: dict[str, Mapped] = {}

    @cached_property
    def _small(self) -> bool:
        values = (
            prod(64 if size is None else size for size in layer.shape) for layer in self.layers
        )
        return sum(values) <= _SMALL

    @cached_property
    def _explained(self) -> bool:
        return bool(self._network.differentiable and self._network.heads)

    @cached_property
    def _with_weights(self) -> bool:
        return self._small and self._network.parameters[0] <= _WEIGHTS

    @property
    def _left_out(self) -> list[str]:
        """Name what the page has to say that it is not there; leftout.js has the words."""
        left_out = ["mute", "image", "target", "pair", "ablation", "heatmap", "unit", "field"]
        left_out += [] if self._with_weights else ["weights"]
        left_out += ["slices"] if any(is_deep(layer.space) for layer in self.layers) else []
        return left_out + ([] if self._small else ["numbers", "lineage", "shares"])

    def network(self) -> Pack:
        """Describe the network as one that is not there to be asked."""
        message = {"type": "network"}
        reply, buffers = self._session.answer(message)
        methods = [one for one in reply["methods"] if one["name"] in self._methods]
        stored = {**reply, "live": False, "methods": methods, "left_out": self._left_out}
        # Of a film a report holds the one frame.
        stored["film"] = None
        return _pack(["network"], [(message, (stored, buffers))])

    @cached_property
    def _methods(self) -> tuple[str, ...]:
        """The heat maps that are stored; each compiles the network once more."""
        if self._network.preparation is None or not self._small:
            return ()
        return _METHODS if self._explained else ("eigen-cam",)

    def run(self, image: int) -> _Run:
        """Run an image, once for every class that is explained."""
        reply, _ = self._session.answer({"type": "run", "image": image})
        if reply["type"] == "error":
            raise InputError(reply["message"])
        targets = self._targets(reply)
        self._mapped.clear()
        answers = self._for_all(
            targets, lambda target: [{"type": "run", "image": image, "target": target}]
        )
        for place, (message, (told, buffers)) in enumerate(answers):
            answers[place] = message, ({**told, "targets": targets[1:]}, buffers)
        return _Run(_pack(["run", image], answers), reply["run"], targets)

    def _targets(self, reply: Mapping[str, Any]) -> list[int | None]:
        """Choose the classes that are explained.

        None, the same by its index, and those with the next best scores.
        """
        if not self._explained or reply["score"] is None:
            return [None]
        first = next(iter(self._network.heads.values())).output
        own = [one for one in reply["predictions"] if one.get("output", first) == first]
        best = dict.fromkeys([reply["score"]["index"], *(one["index"] for one in own)])
        return [None, *list(best)[: _CLASSES if self._small else 1]]

    def maps(self, run: _Run, layer: Layer) -> Iterator[Pack]:
        """Ask for all that depends on the maps of a layer."""
        about = {"run": run.name, "layer": layer.name}
        limit = 2**31 - 1 if self._small else 0
        message = {"type": "layer", **about, "limit": limit}
        # What a unit sees depends on the size of the image.
        fields = {"type": "fields", **about}
        pack = self.pack(["maps", run.name, layer.name], [message, fields])
        self._foretell(pack, run, layer)
        yield pack
        if not self._small:
            return
        channels = range(layer.channels or 0)
        fed = [{"type": "lineage", **about, "channel": channel} for channel in channels]
        yield self.pack(["lineage", run.name, layer.name], fed)
        if self._explained:
            yield _pack(
                ["shares", run.name, layer.name],
                self._for_all(
                    run.targets[:_SHARED],
                    lambda target: [
                        {"type": "shares", **about, "channel": channel, "target": target}
                        for channel in channels
                    ],
                ),
            )

    def compile_ahead(self) -> None:
        """Have the backward pass compiled: with no class chosen, its values do not matter."""
        if self._small or not self._explained:
            return
        head = next(iter(self._network.heads.values()))
        shape = named_layer(self._network.layers, head.layer).shape
        batch = self._session.images[0].batch(self._network)
        if None not in shape:
            seed = np.zeros((1, *(size or 0 for size in shape)), np.float32)
            books(self._network, [batch], aims=[Aim(head, seed, (0,), ("",))])

    def explanations(self, run: _Run) -> Pack:
        """Ask where the scores come from."""

        def about(target: int | None) -> list[_Message]:
            same = {"run": run.name, "target": target}
            books = [{"type": "books", **same}] * self._explained
            return books + [
                {"type": "heatmap", **same, "method": name}
                for name in self._methods
                if METHODS[name].scored or target is None
            ]

        return _pack(["score", run.name], self._for_all(run.targets, about))

    def recipe(self, layer: Layer) -> Pack:
        """Ask how a layer makes its maps."""
        channels = range((layer.channels or 0) * self._with_weights)
        weights = [{"type": "weights", "layer": layer.name, "channel": one} for one in channels]
        return self.pack(["weights", layer.name], weights)

    def survey(self) -> Iterator[Pack]:
        """Ask what a survey says of every layer and, where these are not too many, channel."""
        surveyed = self._session.surveyed
        for name, own in {} if surveyed is None else surveyed.survey.columns.items():
            count = own.stop - own.start if self._small else 0
            channels = [
                {"type": "survey_channel", "layer": name, "channel": channel}
                for channel in range(count)
            ]
            yield self.pack(["survey", name], [{"type": "survey_layer", "layer": name}, *channels])

    def sheet(self, run: _Run) -> Pack:
        """Ask for the overview."""
        message = {"type": "sheet", "run": run.name, "tile": _TILE}
        pack = self.pack(["sheet", run.name], [message])
        for _, reply in pack.answers:
            levels = reply["levels"]["buffer"]
            pack.replace(levels, beside(_bytes(pack.buffers[levels])).tobytes(), {})
        return pack

    def pack(self, place: list[Any], messages: Sequence[_Message]) -> Pack:
        """Ask several things."""
        return _pack(place, [(message, self._session.answer(message)) for message in messages])

    def _for_all(
        self, targets: Sequence[int | None], ask: Callable[[int | None], list[_Message]]
    ) -> list[tuple[_Message, _Answer]]:
        """Ask the same for several classes."""
        found: list[tuple[_Message, _Answer]] = []
        given: dict[str, _Answer] = {}
        for target in targets:
            for message in ask(target):
                # The class that the network gives comes again, by its index.
                same = str({**message, "target": None})
                known = target is not None and target == targets[1]
                answer = given[same] if known else self._session.answer(message)
                if target is None:
                    given[same] = answer
                found.append((message, answer))
        return found

    def _foretell(self, pack: Pack, run: _Run, layer: Layer) -> None:
        """Write the levels of a layer as how they differ from what was to be expected."""
        for _, reply in pack.answers:
            own = Mapped.of(reply, pack.buffers)
            if own is None:
                continue
            place = reply["levels"]["buffer"]
            (source,) = layer.inputs if layer.inputs and len(layer.inputs) == 1 else ("",)
            best = beside(own.levels).tobytes()
            how: dict[str, Any] = {}
            expected = self._mapped.get(source)
            if expected is not None and expected.levels.shape == own.levels.shape:
                stretched = layer.kind == "normalization"
                other = behind(own, expected, stretched=stretched).tobytes()
                if len(compressed(other)) < len(compressed(best)):
                    question = {"type": "layer", "run": run.name, "layer": source}
                    best, how = other, {"source": question, "stretched": stretched}
            self._mapped[layer.name] = own
            pack.replace(place, best, how)


def _pack(place: list[Any], answers: Sequence[tuple[_Message, _Answer]]) -> Pack:
    """Put answers together; what the network could not answer is left out."""
    pack = Pack(place)
    for message, (reply, buffers) in answers:
        if reply["type"] != "error":
            pack.add(message, reply, buffers)
    return pack


def _bytes(buffer: bytes) -> np.ndarray:
    return np.frombuffer(buffer, np.uint8)
