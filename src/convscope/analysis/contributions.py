"""What every map contributed to a class score, with books that balance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.activations import image_index
from convscope.analysis.target import Aim, aim, aim_at, head_of
from convscope.arguments import told
from convscope.errors import NotHeldError, SelectionError, near
from convscope.networks import Batch, Computation, Head, Network, network_given
from convscope.networks.graph import Graph
from convscope.networks.selection import LINEAR, named_layer

if TYPE_CHECKING:
    import xarray

__all__ = ["Books", "books", "contributions", "unit_contributions"]


@dataclass(frozen=True, eq=False)
class Books(Mapping[str, "xarray.DataArray"]):
    """The signed share of every map of every layer in a class score.

    A mapping from layer, in execution order, to a DataArray with dims ``image, channel``, in the
    units of the score. For every layer and image ``shares.sum() + biases + remainder == score``.

    Attributes
    ----------
    score : numpy.ndarray
        ``(image,)``: what is explained.
    biases : mapping of str to numpy.ndarray
        By layer, ``(image,)``: what the biases behind that layer contribute, and the upper limits
        of rectifiers behind it. Computed by themselves, from weights and gradients.
    remainder : mapping of str to numpy.ndarray
        By layer, ``(image,)``: what is left. Rounding, where the layer is `crossed` by everything
        and what follows is piecewise linear; see `reason`.
    crossed : frozenset of str
        The layers that every path from the inputs to the score crosses. The others hold a part: the
        rest passes beside them.
    curved : mapping of str to tuple of str
        By layer, the layers behind it that are not known to be piecewise linear, and so leave a
        remainder.
    words : tuple of str
        What the score of each image is.
    images : tuple of str
    """

    score: np.ndarray
    shares: Mapping[str, np.ndarray]
    biases: Mapping[str, np.ndarray]
    remainder: Mapping[str, np.ndarray]
    crossed: frozenset[str]
    curved: Mapping[str, tuple[str, ...]]
    words: tuple[str, ...]
    images: tuple[str, ...]

    def __iter__(self) -> Iterator[str]:
        return iter(self.shares)

    def __len__(self) -> int:
        return len(self.shares)

    def __getitem__(self, layer: str) -> xarray.DataArray:
        import xarray

        self._require(layer)
        return xarray.DataArray(
            self.shares[layer],
            dims=("image", "channel"),
            coords={"image": list(self.images)},
            name=layer,
            attrs={"layer": layer, "words": list(self.words)},
        )

    def _require(self, layer: str) -> None:
        if not isinstance(layer, str) or layer not in self.shares:
            raise NotHeldError(
                f"no contributions of a layer {told(layer)}: {near(str(layer), self)}"
            )

    def reason(self, layer: str) -> str:
        """Say why a layer's maps and the biases behind it do not make up the whole score.

        Returns
        -------
        str
            Empty where they do.

        Raises
        ------
        SelectionError
            When the score does not depend on such a layer.
        """
        self._require(layer)
        parts = []
        if layer not in self.crossed:
            parts.append("a part of the score passes beside this layer")
        if curved := self.curved[layer]:
            more = f" and {len(curved) - 3} more" if len(curved) > 3 else ""
            parts.append(f"not piecewise linear behind it: {', '.join(curved[:3])}{more}")
        return "; ".join(parts)

    def ranking(self, layer: str, image: int = 0) -> np.ndarray:
        """Give the channels of a layer by the size of their share, largest first.

        Returns
        -------
        numpy.ndarray
            ``(channel,)``, indices.

        Raises
        ------
        SelectionError
            When there is no such layer or image.
        """
        self._require(layer)
        image = image_index(image, len(self.images))
        return np.argsort(-np.abs(self.shares[layer][image]), kind="stable")


def contributions(network: Network, images: Any, target: Any = None) -> Books:
    """Say what every map contributed to a class score, from one backward pass.

    The share of a map is its activation times the gradient of the score with respect to it, summed
    over the map.

    Parameters
    ----------
    network : Network
    images
        As for `Network.activations`.
    target : None, int, str, pair or Target
        The score: a logit, or the difference of two; see `Target`. By default the class that the
        network gives each image.

    Returns
    -------
    Books
        Of all layers on which the score depends.

    Raises
    ------
    SelectionError
        For a class that does not exist, or a network without gradients.

    Notes
    -----
    In a network of convolutions, dense layers, batch norm, rectifiers and pooling the score is a
    linear function of a layer's value around the image, plus what the biases behind it add: shares
    and biases are the terms of the full-gradient decomposition of Srinivas and Fleuret,
    *Full-Gradient Representation for Neural Network Visualization* (2019), equation (2), taken at
    an inner layer.
    """
    network_given(network)
    return books(network, network.batches(images), target)


def books(
    network: Network,
    batches: Sequence[Batch],
    target: Any = None,
    *,
    aims: Sequence[Aim] | None = None,
) -> Books:
    """Keep the books of prepared batches; see `contributions`.

    Parameters
    ----------
    network : Network
    batches : sequence of Batch
    target : None, int, str, pair or Target
    aims : sequence of Aim, optional
        The target in each batch, where the scores are known already; `target` is then left out.
    """
    if not network.differentiable:
        raise SelectionError(
            f"{network.name} gives no gradients, and contributions need them: use ablation, which "
            "mutes each channel by itself"
        )
    graph = network.graph
    known = {layer: network.computation(layer) for layer in network.layers}
    found: Sequence[Aim | None] = aims or [None] * len(batches)
    head = aims[0].head if aims else head_of(network, target)
    ledgers = [
        _ledger(network, graph, known, batch, head, target, aimed)
        for batch, aimed in zip(batches, found, strict=True)
    ]
    words = [word for ledger in ledgers for word in ledger.words]

    def joined(part: str) -> dict[str, np.ndarray]:
        return {
            name: np.concatenate([getattr(ledger, part)[name] for ledger in ledgers])
            for name in ledgers[0].shares
        }

    return Books(
        score=np.concatenate([ledger.score for ledger in ledgers]),
        shares=joined("shares"),
        biases=joined("biases"),
        remainder=joined("remainder"),
        crossed=graph.crossed(head.layer),
        curved=_curved(known, graph, head.layer, list(ledgers[0].shares)),
        words=tuple(words),
        images=tuple(name for batch in batches for name in batch.names),
    )


@dataclass(frozen=True, eq=False)
class _Ledger:
    """The books of one batch."""

    score: np.ndarray
    shares: Mapping[str, np.ndarray]
    biases: Mapping[str, np.ndarray]
    remainder: Mapping[str, np.ndarray]
    words: tuple[str, ...]


_Known = Mapping[str, Computation | None]


def _ledger(
    network: Network,
    graph: Graph,
    known: _Known,
    batch: Batch,
    head: Head,
    target: Any,
    aimed: Aim | None,
) -> _Ledger:
    above = graph.upstream(head.layer)
    entries = [
        layer
        for layer in network.layers.values()
        if layer.name in above and layer.channels is not None and layer.has_image_axis
    ]
    names = [layer.name for layer in entries if layer.name + LINEAR != head.layer]
    offsets = {
        layer.name + LINEAR * layer.has_linear: offset
        for layer in entries
        if (offset := _offset(known[layer.name], layer.channels or 1)) is not None
    }
    # Searching for each image's class needs no pass of its own where it is the strongest channel.
    searching = target is None and not named_layer(network.layers, head.layer).space
    if aimed is None and not searching:
        aimed = aim(network, batch, target)
    seed = None if aimed is None else aimed.seed
    sums = network.sums(batch, head, seed, names, list(offsets))
    aimed = aimed or aim_at(network, head, sums.value, target)
    added: dict[str, np.ndarray] = dict(sums.clipped)
    for place, offset in offsets.items():
        bias = sums.slopes[place].astype(np.float64) @ offset.astype(np.float64)
        name = place.removesuffix(LINEAR)
        added[name] = added.get(name, 0) + bias
    shares = {name: sums.products[name] for name in names}
    biases, remainder = {}, {}
    for name in names:
        later = [added[other] for other in graph.downstream(name) - {name} if other in added]
        biases[name] = np.sum(later, axis=0) if later else np.zeros_like(sums.score)
        remainder[name] = sums.score - shares[name].sum(axis=1, dtype=np.float64) - biases[name]
    return _Ledger(sums.score, shares, biases, remainder, aimed.words)


def _offset(computation: Computation | None, channels: int) -> np.ndarray | None:
    """Give what a layer adds to every unit of a channel, ``(channel,)``."""
    if computation is None:
        return None
    weights = computation.weights
    offset = weights.get("bias")
    if computation.operation == "affine":
        offset = weights["offset"] - weights["centre"] * weights["factor"]
    if offset is None or offset.size not in {1, channels}:
        return None
    return np.broadcast_to(offset.reshape(-1), (channels,))


_LINEAR = frozenset(
    {
        "convolution", "transposed convolution", "separable convolution", "dense", "affine",
        "average pooling", "sum", "difference", "mean", "concatenation", "padding", "upsampling",
        "rearrangement", "identity",
    }
)  # fmt: skip
_PIECEWISE = frozenset({"maximum pooling", "maximum", "minimum", "activation"})
_BENT = frozenset({"linear", "relu", "relu6", "leaky_relu"})


def _curved(
    known: _Known, graph: Graph, head: str, names: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Name, behind every layer, those that leave a remainder."""
    end = head.removesuffix(LINEAR)
    above = graph.upstream(head)
    odd = [
        layer
        for layer, computation in known.items()
        if layer in above and not _is_piecewise_linear(computation, before=layer + LINEAR == head)
    ]
    return {
        name: tuple(other for other in odd if other in graph.downstream(name) - {name})
        for name in names
        if name != end or head == end
    }


def _is_piecewise_linear(computation: Computation | None, *, before: bool) -> bool:
    """Tell layers that leave no remainder; `before`: the score is taken before the activation."""
    if computation is None or computation.operation not in _LINEAR | _PIECEWISE:
        return False
    if before:
        return True
    given = computation.activation.parameters
    return computation.activation.name in _BENT and not given.get("threshold")


def unit_contributions(
    network: Network, images: Any, layer: str, target: Any = None
) -> xarray.DataArray:
    """Say what every unit of a layer contributed to a class score.

    Parameters
    ----------
    network : Network
    images
        As for `Network.activations`.
    layer : str
    target : None, int, str, pair or Target
        As for `contributions`.

    Returns
    -------
    xarray.DataArray
        Dims as the layer's activation, signed: activation x gradient. Summed over a map it is the
        map's share.

    Raises
    ------
    SelectionError
        For a layer or class that does not exist, or a network without gradients.
    """
    import xarray

    entry = named_layer(network.layers, layer)
    pieces: list[np.ndarray] = []
    names: list[str] = []
    words: list[str] = []
    for batch in network.batches(images):
        aimed = aim(network, batch, target)
        found = network.gradients(batch, aimed.head.layer, aimed.seed, [layer], inputs=False)
        pieces.append(found.values[layer] * found.gradients[layer])
        names += batch.names
        words += aimed.words
    return xarray.DataArray(
        np.concatenate(pieces),
        dims=("image", *entry.dims),
        coords={"image": names},
        name=layer,
        attrs={"network": network.name, "layer": layer, "words": words},
    )
