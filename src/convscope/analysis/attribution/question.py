"""The question that a method answers: one batch, one score, one layer or the input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from convscope.analysis.attribution.picture_input import PictureInput
from convscope.analysis.attribution.rows import pieces, rows_at_once
from convscope.analysis.target import Aim, aim, aim_at, head_of, is_strongest
from convscope.networks import Batch, Edit, Gradients, Head, Network

__all__ = ["Question"]

Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Question:
    """A score of every image of a batch, and where in the image it is to be found.

    Attributes
    ----------
    network : Network
    batch : Batch
    picture : PictureInput
        The input that is looked at, where the input is.
    target : None, int, str, pair or Target
        The score.
    layer : str
        The layer that is looked at; empty for methods that look at the input.
    seed : int
        What random numbers begin with.
    progress : callable
        Told the share of the work on this batch that is done, 0..1.
    kept : dict of str to Gradients
        Gradients by layer, computed before.
    aims : list of Aim
        The target as it was found, once it is known.
    """

    network: Network
    batch: Batch
    picture: PictureInput
    target: Any
    layer: str
    seed: int
    progress: Progress
    kept: dict[str, Gradients] = field(default_factory=dict, repr=False)
    aims: list[Aim] = field(default_factory=list, repr=False)

    @property
    def images(self) -> int:
        """Number of images."""
        return len(self.batch.names)

    @property
    def head(self) -> Head:
        """Where the score is."""
        return head_of(self.network, self.target)

    @property
    def aim(self) -> Aim:
        """The score of every image."""
        if not self.aims:
            self.aims.append(aim(self.network, self.batch, self.target))
        return self.aims[0]

    def own(self, image: int) -> np.ndarray:
        """Give the input's array for one image, without the image axis."""
        return np.asarray(self.picture.array(self.batch)[image])

    @property
    def values(self) -> np.ndarray:
        """The layer's maps, ``(image, channel, y, x)``."""
        return self._recorded[self.layer]

    @property
    def score(self) -> np.ndarray:
        """The score of every image, ``(image,)``."""
        return _sum(self._recorded[self.head.layer] * self.aim.seed)

    @cached_property
    def _recorded(self) -> Mapping[str, np.ndarray]:
        names = [name for name in dict.fromkeys((self.layer, self.head.layer)) if name]
        return self.network.run(self.batch, names, outputs=False).values

    def gradients_of(self, layer: str) -> Gradients:
        """Differentiate the scores by a layer; what was asked before is not computed again."""
        if layer not in self.kept:
            # To search for each image's class first would be another pass.
            searching = not self.aims and self.images <= self._most
            if searching and is_strongest(self.network, self.target):
                self.kept[layer] = self._found_with_aim(layer)
            else:
                self.kept[layer] = _joined(list(self._gradients([layer])), layer, self.images)
        return self.kept[layer]

    def _found_with_aim(self, layer: str) -> Gradients:
        head = self.head
        names = list(dict.fromkeys((layer, head.layer)))
        found = self.network.gradients(self.batch, head, None, names, inputs=False)
        self.aims.append(aim_at(self.network, head, found.values[head.layer], self.target))
        return found

    def felt(self, layers: Sequence[str]) -> list[str]:
        """Give the layers by which the gradient is not zero everywhere on every image."""
        found = {
            name
            for part in self._gradients(layers)
            for name in layers
            if np.any(part.gradients[name])
        }
        return [name for name in layers if name in found]

    def _gradients(self, layers: Sequence[str]) -> Iterator[Gradients]:
        for piece in pieces(self.images, self._most):
            seed = self.aim.seed[piece]
            head = self.head.layer
            yield self.network.gradients(self._taken(piece), head, seed, layers, inputs=False)

    @cached_property
    def _most(self) -> int:
        return rows_at_once(self.network, self.picture.size(self.batch), backward=True)

    def slopes(
        self, image: int, count: int, version: Callable[[np.ndarray], np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Differentiate the score by the input, for several versions of one image.

        Parameters
        ----------
        image : int
        count : int
            How many versions.
        version : callable
            Gives the input's array for the versions of these numbers, ``(row, ...)``.

        Returns
        -------
        scores : numpy.ndarray
            ``(row,)``
        gradients : numpy.ndarray
            ``(row, ...)``, in the input's own axis order.
        """
        scores, gradients = [], []
        for piece in pieces(count, self._most):
            batch = self._versions(image, version(piece))
            seed = np.repeat(self.aim.seed[image : image + 1], len(piece), axis=0)
            found = self.network.gradients(batch, self.head.layer, seed, [])
            scores.append(found.score)
            gradients.append(found.inputs[self.picture.name])
            self._tell(image, piece, count)
        return np.concatenate(scores)[:count], np.concatenate(gradients)[:count]

    def scores(
        self,
        image: int,
        count: int,
        version: Callable[[np.ndarray], np.ndarray] | None = None,
        edit: Callable[[np.ndarray], Edit] | None = None,
    ) -> np.ndarray:
        """Score several versions of one image, ``(row,)``.

        Parameters
        ----------
        image : int
        count : int
            How many versions.
        version : callable, optional
            As for `slopes`; the image as it is, by default.
        edit : callable, optional
            Gives what becomes of the layer in the versions of these numbers.
        """
        most = rows_at_once(self.network, self.picture.size(self.batch), backward=False)
        found = []
        for piece in pieces(count, most):
            rows = version(piece) if version else np.repeat(self.own(image)[None], len(piece), 0)
            batch = self._versions(image, rows)
            edits = {self.layer: edit(piece)} if edit else None
            found.append(self._scored(batch, self.aim.seed[image : image + 1], edits))
            self._tell(image, piece, count)
        return np.concatenate(found)[:count]

    def _scored(
        self, batch: Batch, seed: np.ndarray, edits: Mapping[str, Edit] | None = None
    ) -> np.ndarray:
        head = self.head.layer
        value = self.network.run(batch, [head], outputs=False, edits=edits).values[head]
        return _sum(value * seed)

    def _taken(self, places: np.ndarray) -> Batch:
        if len(places) == self.images:
            return self.batch
        arrays = {name: array[places] for name, array in self.batch.arrays.items()}
        return _renamed(self.batch, arrays, places)

    def _versions(self, image: int, versions: np.ndarray) -> Batch:
        rows = np.full(len(versions), image)
        arrays = {
            name: versions.astype(array.dtype, copy=False)
            if name == self.picture.name
            else array[rows]
            for name, array in self.batch.arrays.items()
        }
        return _renamed(self.batch, arrays, rows)

    def _tell(self, image: int, piece: np.ndarray, count: int) -> None:
        self.progress((image + (int(piece.max()) + 1) / count) / self.images)


def _renamed(batch: Batch, arrays: Mapping[str, np.ndarray], rows: np.ndarray) -> Batch:
    return replace(
        batch,
        arrays=arrays,
        names=tuple(batch.names[row] for row in rows),
        labels=tuple(batch.labels[row] for row in rows),
        class_names=tuple(batch.class_names[row] for row in rows),
    )


def _sum(products: np.ndarray) -> np.ndarray:
    return np.asarray(products.reshape(len(products), -1).sum(axis=1))


def _joined(parts: Sequence[Gradients], layer: str, images: int) -> Gradients:
    if len(parts) == 1:
        return parts[0]
    values, gradients = (
        np.concatenate([kind[layer] for kind in kinds])[:images]
        for kinds in ([part.values for part in parts], [part.gradients for part in parts])
    )
    score = np.concatenate([part.score for part in parts])[:images]
    return Gradients(score, {layer: values}, {layer: gradients}, {})
