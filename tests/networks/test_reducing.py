"""Maps reduced by compiled code and by PyTorch's operations, beside NumPy."""

from __future__ import annotations

import importlib.util
import os

import numpy as np
import pytest

from convscope.networks import reductions
from convscope.networks.base import ON_GPU
from convscope.networks.reductions import STATISTICS, as_reductions, reduced, reduced_by_numpy

SHAPES = [(1, 1, 1), (2, 3, 7), (1, 5, 8), (3, 33, 300), (1, 64, 56, 56), (2, 17, 5, 3, 9), (4, 10)]


def maps(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = random.normal(3, 2, shape).astype(np.float32)
    # Rectified channels have many equal lowest units, and dead ones equal highest ones.
    values[:, ::3] = np.maximum(values[:, ::3] - 4, 0)
    values[:, -1:] = 0
    return values


def agree(found: np.ndarray, values: np.ndarray, shift: np.ndarray) -> None:
    expected = reduced_by_numpy(values.astype(np.float64), shift)
    for place, statistic in enumerate(STATISTICS):
        if statistic in {"total", "square"}:
            scale = np.abs(expected[:, place]).max()
            np.testing.assert_allclose(
                found[:, place], expected[:, place], rtol=1e-4, atol=1e-5 * scale + 1e-6
            )
        else:
            np.testing.assert_array_equal(found[:, place], expected[:, place], statistic)


@pytest.fixture
def needs_numba() -> None:
    if importlib.util.find_spec("numba") is None:
        pytest.skip("numba is not installed")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.usefixtures("needs_numba")
def test_compiled_code_gives_what_numpy_gives(shape: tuple[int, ...], last: bool) -> None:
    values = maps(shape)
    if last:
        values = np.moveaxis(np.ascontiguousarray(np.moveaxis(values, 1, -1)), -1, 1)
    shift = np.linspace(-1, 4, shape[1], dtype=np.float32)
    agree(reduced(values, shift), values, shift)
    # As frameworks give their values out.
    values.flags.writeable = shift.flags.writeable = False
    agree(reduced(values, shift), values, shift)


@pytest.mark.usefixtures("needs_numba")
@pytest.mark.parametrize("last", [False, True])
def test_a_map_with_a_unit_that_is_no_number_has_no_ends(last: bool) -> None:
    values = maps((2, 4, 9, 9))
    values[1, 2, 4, 4] = np.nan
    positive = np.count_nonzero(values > 0, axis=(2, 3))
    given = np.moveaxis(np.ascontiguousarray(np.moveaxis(values, 1, -1)), -1, 1) if last else values
    rows = reduced(given, np.zeros(4, np.float32))
    found = as_reductions(rows, np.full(4, 81), {}, {}).rows
    assert np.isnan(found[1, :4, 2]).all()
    assert np.isfinite(np.delete(found[1], 2, axis=1)).all()
    assert np.isfinite(found[0]).all()
    np.testing.assert_array_equal(found[:, STATISTICS.index("positive")], positive)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("last", [False, True])
def test_pytorchs_operations_give_what_numpy_gives(
    shape: tuple[int, ...], last: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    from convscope.networks.torch import reducing

    # As on a GPU, or without numba.
    monkeypatch.setattr(reducing, "kernels", lambda: None)
    values = maps(shape)
    tensor = torch.from_numpy(values)
    if last:
        tensor = tensor.movedim(1, -1).contiguous().movedim(-1, 1)
    shift = np.linspace(-1, 4, shape[1], dtype=np.float32)
    bar = np.full(shape[1], -np.inf, np.float32)
    work = reducing.Reducing({"layer": torch.from_numpy(shift)}, {"layer": torch.from_numpy(bar)})
    work.reduce("layer", tensor)
    agree(work.rows["layer"].numpy(), values, shift)
    assert work.units["layer"] == int(np.prod(shape[2:]))


def test_places_are_looked_up_of_maps_that_reach_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from convscope.networks.torch import reducing

    monkeypatch.setattr(reducing, "kernels", lambda: None)
    values = maps((3, 6, 5, 5))
    highest = values.max(axis=(2, 3))
    bar = np.sort(highest, axis=0)[1]
    shift = torch.zeros(6)
    work = reducing.Reducing({"layer": shift}, {"layer": torch.from_numpy(bar)})
    work.reduce("layer", torch.from_numpy(values))
    where = work.rows["layer"][:, STATISTICS.index("peak")].numpy()
    expected = np.where(highest >= bar, values.reshape(3, 6, -1).argmax(axis=2), -1)
    np.testing.assert_array_equal(where, expected)


def test_without_numba_numpy_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reductions, "kernels", lambda: None)
    values = maps((2, 3, 4, 4))
    shift = np.zeros(3, np.float32)
    np.testing.assert_array_equal(reduced(values, shift), reduced_by_numpy(values, shift))


@pytest.mark.usefixtures("needs_numba")
def test_xla_calls_the_compiled_code() -> None:
    jax = pytest.importorskip("jax")
    from convscope.networks.keras import calling

    if jax.default_backend() != "cpu":
        pytest.skip("on a GPU XLA reduces maps itself")
    assert calling.can_be_called_on_jax(), "this version of jax takes no pointers: reduce in XLA"
    values = maps((3, 6, 9, 5))
    last = np.ascontiguousarray(np.moveaxis(values, 1, -1))
    shift = np.linspace(-1, 4, 6, dtype=np.float32)
    agree(np.asarray(jax.jit(calling.called_on_jax)(last, shift)), values, shift)


@pytest.mark.parametrize(("device", "expected"), [("cpu", 64_000_000), ("gpu", ON_GPU)])
def test_a_gpu_is_given_large_batches(
    device: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    jax = pytest.importorskip("jax")
    import convscope
    from convscope.training.recipes import embedded

    network = convscope.open(embedded())
    monkeypatch.setattr(jax, "default_backend", lambda: device)
    assert network.maps_at_once == expected
    assert (network.passes_at_once == 1) == (device == "gpu" or os.cpu_count() == 1)
