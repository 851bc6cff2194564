"""What every adapter of a framework passes: subclass `Conformance`, and let pytest run it.

.. code-block:: python

    class TestMine(Conformance):
        def build(self, definition, dtype="float32"):
            return ...  # the framework's own model of this definition
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import numpy as np

from convscope.errors import ConvscopeError
from convscope.networks.base import Network
from convscope.networks.definitions import DEFINITIONS, Definition, evaluate, flattened
from convscope.networks.edit import Edit
from convscope.networks.opening import open_network
from convscope.networks.reductions import STATISTICS, columns_of, reduced_by_numpy, reducible
from convscope.networks.run import Batch

__all__ = ["Conformance"]


class Conformance:
    """The checks, on the same small networks as NumPy defines them.

    A subclass gives `build`, and whatever else of the first methods differs in its framework.
    """

    dtypes: Sequence[str] = ("float32", "float16")
    """What the framework can build."""

    tolerance: Mapping[str, float] = {"float32": 1e-4, "float16": 2e-2}
    """How far values may be from NumPy's, relative to the largest of a layer."""

    def build(self, definition: Definition, dtype: str = "float32") -> Any:
        """Make the framework's own model, with the weights and the names of the definition."""
        raise NotImplementedError

    def open(self, definition: Definition, dtype: str = "float32") -> Network:
        """Open the model of a definition."""
        return open_network(self.build(definition, dtype), **self.options(definition))

    def options(self, definition: Definition) -> Mapping[str, Any]:
        """Give what `convscope.open` needs beside the model of a definition."""
        return {}

    def layer_name(self, name: str) -> str:
        """Give what the framework calls a layer of a definition: ``block/conv``, ``relu#2``."""
        return name

    def state(self, model: Any) -> Any:
        """Give what must not change about a model, to be compared with ``==``."""
        return None

    def failing(self) -> tuple[Any, Mapping[str, np.ndarray]] | None:
        """Give a model that can be opened and raises when it is run on the arrays beside it."""
        return None

    def refused(self) -> Sequence[Any]:
        """Give paths and objects that cannot be opened."""
        return (object(), "there/is/no/such.file")

    # What follows is the same for all frameworks.

    def batch(self, network: Network, definition: Definition, images: int) -> Batch:
        """Give the arrays of a definition in the order of the network's axes."""
        made = definition.arrays(images)
        arrays = {}
        for entry, array in zip(network.inputs, _in_order(network, made), strict=True):
            moved = array if entry.channels_first or array.ndim < 3 else np.moveaxis(array, 1, -1)
            arrays[entry.name] = np.ascontiguousarray(moved).astype(entry.dtype)
        names = tuple(f"image {place}" for place in range(images))
        return Batch(arrays, names, (None,) * images, ("",) * images, prepared=False)

    def names(self, definition: Definition) -> dict[str, str]:
        """Give what the framework calls each layer of a definition."""
        return {node.name: self.layer_name(node.name) for node in flattened(definition).nodes}

    def agree(self, found: np.ndarray, expected: np.ndarray, what: str, dtype: str) -> None:
        """Assert that values are NumPy's."""
        assert found.shape == expected.shape, f"{what}: {found.shape}, not {expected.shape}"
        scale = max(float(np.abs(expected).max(initial=0)), 1e-3)
        wrong = float(np.abs(found - expected).max(initial=0)) / scale
        assert wrong <= self.tolerance[dtype], f"{what} is off by {wrong:.1e} of its largest value"

    def need_gradients(self, network: Network, definition: Definition) -> None:
        """Skip where a network says that it has none, with the reason that it gives when asked."""
        if network.differentiable:
            return
        batch, head = self.batch(network, definition, 1), next(iter(network.heads.values()))
        try:
            network.sums(batch, head, None, [head.layer])
        except ConvscopeError as error:
            assert "\n" not in str(error)
            _skip(str(error))
        raise AssertionError(f"{network.name} gives gradients and says that it does not")

    def test_values_are_those_of_numpy(self) -> None:
        """Every layer of every network, for one image and for seven, in every precision."""
        for definition in DEFINITIONS.values():
            names = self.names(definition)
            for dtype in self.dtypes:
                network = self.open(definition, dtype)
                for images in (1, 7):
                    batch = self.batch(network, definition, images)
                    run = network.run(batch, list(names.values()))
                    values, outputs = evaluate(definition, definition.arrays(images))
                    for name, called in names.items():
                        what = f"{definition.name}: {called} of {images} in {dtype}"
                        assert run.values[called].dtype == np.float32, what
                        self.agree(run.values[called], values[name], what, dtype)
                    for found, expected in zip(run.outputs.values(), outputs, strict=True):
                        self.agree(found, expected, f"an output of {definition.name}", dtype)

    def test_a_layer_asked_for_alone_has_the_same_values(self) -> None:
        """What else is recorded changes nothing, nor does it last."""
        for definition in DEFINITIONS.values():
            network, names = self.open(definition), self.names(definition)
            batch = self.batch(network, definition, 2)
            values, _ = evaluate(definition, definition.arrays(2))
            for name, called in names.items():
                run = network.run(batch, [called], outputs=False)
                assert list(run.values) == [called]
                self.agree(run.values[called], values[name], called, "float32")

    def test_maps_are_reduced_as_numpy_reduces_them(self) -> None:
        """Sums, ends, counts and places, for channels whose means are far from zero as well."""
        for definition in DEFINITIONS.values():
            network = self.open(definition)
            batch = self.batch(network, definition, 3)
            layers = [layer for layer in network.layers.values() if reducible(layer)]
            names = [layer.name for layer in layers]
            values = network.run(batch, names, outputs=False).values
            columns = columns_of(layers)
            count = max(own.stop for own in columns.values())
            shift = np.linspace(-1, 1, count, dtype=np.float32)
            anything = np.full(count, -np.inf, np.float32)
            found = network.reductions(batch, layers, shift, anything, kept=names[:1])
            self.agree(found.values[names[0]], values[names[0]], names[0], "float32")
            for name, own in columns.items():
                expected = reduced_by_numpy(values[name], shift[own])
                rows = list(np.moveaxis(found.rows[:, :, own], 1, 0))
                for statistic, one, other in zip(
                    STATISTICS[:-1], rows[:-1], np.moveaxis(expected, 1, 0), strict=False
                ):
                    what = f"{statistic} of {name} of {definition.name}"
                    if statistic == "positive":
                        # What rounds to zero here may be just above it there.
                        assert np.abs(one - other).max() <= 1, what
                    else:
                        self.agree(one, other, what, "float32")
                maps = values[name].reshape(*values[name].shape[:2], -1)
                at_peak = np.take_along_axis(maps, rows[-1][..., None].astype(int), axis=2)[..., 0]
                self.agree(at_peak, maps.max(axis=2), f"the peak of {name}", "float32")
                assert (found.units[own] == maps.shape[2]).all(), name

    def test_names_are_unique_stable_and_in_execution_order(self) -> None:
        """Exactly the layers of the definition, each after what it is made of."""
        for definition in DEFINITIONS.values():
            network = self.open(definition)
            names = list(network.layers)
            expected = list(self.names(definition).values())
            assert sorted(names) == sorted(expected), definition.name
            assert names == list(self.open(definition).layers), definition.name
            for place, (name, layer) in enumerate(network.layers.items()):
                assert (layer.name, layer.index) == (name, place)
                before = {*names[:place], *(entry.name for entry in network.inputs)}
                assert layer.inputs is None or set(layer.inputs) <= before, name

    def test_kinds_shapes_and_weights_are_told(self) -> None:
        """Kinds are one word for all frameworks, shapes the values', and weights count once."""
        for definition in DEFINITIONS.values():
            network, names = self.open(definition), self.names(definition)
            values, _ = evaluate(definition, definition.arrays(2))
            for name, called in names.items():
                known = zip(network.layers[called].shape, values[name].shape[1:], strict=True)
                assert all(told in (None, size) for told, size in known), called
            for node in flattened(definition).nodes:
                # Where space is gone, a mean over it may be a reduction like any other.
                kinds = {node.kind, *["reduction"] * (node.operation == "global average")}
                assert network.layers[names[node.name]].kind in kinds, names[node.name]
            counted = sum(layer.parameters for layer in network.layers.values())
            assert counted == network.parameters[0], definition.name

    def test_nothing_recorded_is_nothing_kept(self) -> None:
        """A run without layers gives the outputs alone."""
        definition = DEFINITIONS["chain"]
        network = self.open(definition)
        batch = self.batch(network, definition, 3)
        run = network.run(batch, ())
        assert not run.values
        (found,) = run.outputs.values()
        self.agree(found, evaluate(definition, definition.arrays(3))[1][0], "output", "float32")
        assert not network.run(batch, (), outputs=False).outputs

    def test_what_a_run_gave_stays_as_it_is(self) -> None:
        """Neither a second run nor the arrays that were given change values already recorded."""
        definition = DEFINITIONS["chain"]
        network, names = self.open(definition), self.names(definition)
        batch = self.batch(network, definition, 2)
        before = {name: array.copy() for name, array in batch.arrays.items()}
        first = network.run(batch, list(names.values())).values
        kept = {name: value.copy() for name, value in first.items()}
        other = Batch(
            {name: array * 0 for name, array in batch.arrays.items()},
            batch.names, batch.labels, batch.class_names, prepared=False,
        )  # fmt: skip
        network.run(other, list(names.values()))
        for name, value in first.items():
            np.testing.assert_array_equal(value, kept[name])
        for name, array in batch.arrays.items():
            np.testing.assert_array_equal(array, before[name])

    def test_the_model_is_left_as_it_was(self) -> None:
        """Whatever is asked of a network, its model is the one that it was."""
        for definition in DEFINITIONS.values():
            model = self.build(definition)
            before = self.state(model)
            network = open_network(model, **self.options(definition))
            batch = self.batch(network, definition, 2)
            network.run(batch, list(network.layers))
            if network.differentiable:
                head = next(iter(network.heads.values()))
                network.sums(batch, head, None, [head.layer])
            assert self.state(model) == before, definition.name

    def test_the_model_is_left_as_it_was_after_an_exception(self) -> None:
        """What the model raises is told in one line, and leaves nothing behind."""
        made = self.failing()
        if made is None:
            _skip("no failing model is given")
        model, arrays = made
        before = self.state(model)
        try:
            open_network(model).predict(dict(arrays))
        except ConvscopeError as error:
            assert "\n" not in str(error)
        else:
            raise AssertionError("the failing model did not fail")
        assert self.state(model) == before

    def test_two_threads_at_once(self) -> None:
        """Two threads on each of two networks, each with other layers."""
        networks = {name: self.open(DEFINITIONS[name]) for name in ("chain", "branching")}

        def ask(name: str, layer: str) -> None:
            definition, network = DEFINITIONS[name], networks[name]
            values, _ = evaluate(definition, definition.arrays(2))
            called = self.layer_name(layer)
            for _ in range(3):
                found = network.run(self.batch(network, definition, 2), [called]).values[called]
                self.agree(found, values[layer], called, "float32")

        with ThreadPoolExecutor(4) as pool:
            tasks = [
                pool.submit(ask, name, node.name)
                for name in networks
                for node in DEFINITIONS[name].nodes[:4]
            ]
            for task in tasks:
                task.result(timeout=120)

    def test_muting_is_multiplying_by_hand(self) -> None:
        """An edit of any layer does what multiplying its value does, here and after it."""
        for definition in DEFINITIONS.values():
            network, names = self.open(definition), self.names(definition)
            batch = self.batch(network, definition, 2)
            whole, _ = evaluate(definition, definition.arrays(2))
            for name, called in names.items():
                edit = _halved(whole[name].shape[1])
                expected, outputs = _changed(definition, name, edit)
                run = network.run(batch, list(names.values()), edits={called: edit})
                for other, other_called in names.items():
                    what = f"{definition.name}: {other_called} with {called} changed"
                    self.agree(run.values[other_called], expected[other], what, "float32")
                for found, output in zip(run.outputs.values(), outputs, strict=True):
                    self.agree(found, output, f"an output with {called} changed", "float32")
            run = network.run(batch, list(names.values()))
            for name, called in names.items():
                self.agree(run.values[called], whole[name], f"{called} afterwards", "float32")

    def test_gradients_are_finite_differences(self) -> None:
        """The slope of a score along any layer's value is what NumPy measures."""
        for definition in DEFINITIONS.values():
            network, names = self.open(definition), self.names(definition)
            self.need_gradients(network, definition)
            batch = self.batch(network, definition, 2)
            head = next(iter(network.heads.values()))
            scores = _told(names, head.layer)
            seed = np.random.default_rng(0).normal(size=_value(definition, scores).shape)
            found = network.gradients(batch, head.layer, seed, list(names.values()))
            for name, called in names.items():
                value = _value(definition, name)
                # A maximum of several zeros of a rectifier has no slope.
                step = np.random.default_rng(1).normal(size=value.shape) * 1e-5 * (value != 0)
                pair = [_score(definition, scores, seed, name, sign * step) for sign in (-1, 1)]
                expected = (pair[1] - pair[0]) / 2
                slope = (found.gradients[called] * step).reshape(len(step), -1).sum(axis=1)
                scale = max(float(np.abs(expected).max()), 1e-7)
                wrong = float(np.abs(slope - expected).max()) / scale
                assert wrong <= 1e-2, f"{definition.name}: the gradient of {called}: {wrong:.1e}"

    def test_sums_are_those_of_values_times_gradients(self) -> None:
        """The sums over every map agree with the gradients."""
        for definition in DEFINITIONS.values():
            network = self.open(definition)
            self.need_gradients(network, definition)
            batch = self.batch(network, definition, 2)
            head = next(iter(network.heads.values()))
            every = [name for name, layer in network.layers.items() if layer.channels]
            sums = network.sums(batch, head, None, every, every)
            seed = (sums.value == sums.value.max(axis=1, keepdims=True)).astype(np.float32)
            found = network.gradients(batch, head.layer, seed, every)
            own = network.gradients(batch, head, None, every, inputs=False)
            self.agree(own.score, found.score, "the score of the strongest", "float32")
            for name in every:
                self.agree(own.gradients[name], found.gradients[name], name, "float32")
                gradient, value = found.gradients[name], found.values[name]
                space = tuple(range(2, value.ndim))
                self.agree(sums.slopes[name], gradient.sum(axis=space), name, "float32")
                self.agree(sums.products[name], (value * gradient).sum(axis=space), name, "float32")

    def test_geometry_gives_the_true_receptive_field(self) -> None:
        """The pixels on which a unit depends are those that the geometries of its layers say."""
        for name in ("chain", "branching", "shared"):
            definition = DEFINITIONS[name]
            network, names = self.open(definition), self.names(definition)
            spatial = [
                (layer, called)
                for layer, called in names.items()
                if network.layers[called].geometry is not None
            ]
            assert spatial, name
            for layer, called in spatial:
                unit = tuple(size // 2 for size in _value(definition, layer).shape[2:])
                found = _pixels(definition, layer, unit)
                told = _pixels_told(network, called, unit, found.shape)
                np.testing.assert_array_equal(found, told, err_msg=f"{name}: {called}")
                field = network.layers[called].receptive_field
                assert field is not None
                spans = [np.ptp(np.flatnonzero(found.any(axis=axis))) + 1 for axis in (1, 0)]
                # At the border, a part of the field lies in the padding.
                pairs = zip(spans, field, strict=True)
                assert all(span <= size for span, size in pairs), called

    def test_what_cannot_be_opened_is_refused_in_one_line(self) -> None:
        """No other error, and no long one."""
        for thing in self.refused():
            try:
                open_network(thing)
            except ConvscopeError as error:
                assert "\n" not in str(error), str(error)
            else:
                raise AssertionError(f"{thing!r} was opened")


def _skip(reason: str) -> NoReturn:
    import pytest

    pytest.skip(reason)


def _in_order(network: Network, made: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Give arrays in the order of the inputs: by name where these are kept, else as they come."""
    names = [entry.name for entry in network.inputs]
    return [made[name] for name in names] if set(names) == set(made) else list(made.values())


def _halved(channels: int) -> Edit:
    """Mute the first channel, and change the others."""
    scale = np.full((1, channels), 0.5, np.float32)
    shift = np.full((1, channels), 0.25, np.float32)
    scale[0, 0] = shift[0, 0] = 0
    return Edit(scale, shift)


def _changed(
    definition: Definition, name: str, edit: Edit
) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    def change(layer: str, value: np.ndarray) -> np.ndarray:
        return edit.applied(value) if layer == name else value

    return evaluate(definition, definition.arrays(2), change)


def _value(definition: Definition, name: str) -> np.ndarray:
    return evaluate(definition, definition.arrays(2))[0][name]


def _told(names: Mapping[str, str], called: str) -> str:
    """Give the name in the definition of what the framework calls a layer."""
    return next(name for name, other in names.items() if other == called)


def _score(
    definition: Definition, head: str, seed: np.ndarray, name: str, step: np.ndarray
) -> np.ndarray:
    values, _ = evaluate(
        definition,
        definition.arrays(2),
        lambda layer, value: value + step if layer == name else value,
    )
    return np.asarray((values[head] * seed).reshape(len(seed), -1).sum(axis=1))


def _pixels(definition: Definition, layer: str, unit: tuple[int, ...]) -> np.ndarray:
    """Find by perturbation on which pixels a unit depends: ``(y, x)``, bool.

    Weights and pixels without a sign, and sums in place of maxima, so that no change is hidden.
    """
    ((name, shape),) = definition.inputs.items()
    count = shape[1] * shape[2]
    arrays = np.zeros((count, *shape))
    for place in range(count):
        arrays[place, :, place // shape[2], place % shape[2]] = 1.0
    open_definition = Definition(
        definition.name,
        definition.inputs,
        tuple(_open(node) for node in definition.nodes),
        definition.outputs,
    )
    values, _ = evaluate(open_definition, {name: arrays})
    chosen: Any = (slice(None), slice(None), *unit)
    return np.asarray(values[layer][chosen].any(axis=1)).reshape(shape[1:])


def _open(node: Any) -> Any:
    from dataclasses import replace

    weights = {name: np.abs(weight) for name, weight in node.weights.items()}
    if node.operation == "normalization":
        return replace(node, operation="relu", weights={}, options={})
    if "bias" in weights:
        weights["bias"] = np.zeros_like(weights["bias"])
    operation = node.operation.replace("maximum", "average")
    return replace(node, operation=operation, weights=weights)


def _pixels_told(
    network: Network, called: str, unit: tuple[int, ...], shape: tuple[int, ...]
) -> np.ndarray:
    """Follow the geometries of layers from a unit to the pixels: ``(y, x)``, bool."""
    seen = np.zeros(shape, bool)
    todo = [(called, [np.array([place]) for place in unit])]
    while todo:
        name, places = todo.pop()
        layer = network.layers.get(name)
        if layer is None:
            inside = [p[(p >= 0) & (p < size)] for p, size in zip(places, shape, strict=True)]
            seen[np.ix_(*inside)] = True
            continue
        assert layer.geometry is not None and layer.inputs is not None, name
        for source in layer.inputs:
            before = network.layers.get(source)
            sizes = shape if before is None else before.space
            known = [size if size is not None else shape[axis] for axis, size in enumerate(sizes)]
            fitted = layer.geometry.fitted(known)
            looked = [fitted.looks_at(places[axis], axis) for axis in range(len(places))]
            kept = [p[(p >= 0) & (p < size)] for p, size in zip(looked, known, strict=True)]
            todo.append((source, kept))
    return seen
