"""Linear CKA of arrays, against the formulas as the papers write them."""

import numpy as np
import pytest

from convscope.analysis.similarity import Products, centred_gram, products


def hsic(k, left):
    """Give the unbiased HSIC as equation 3 of Nguyen, Raghu and Kornblith 2021 has it."""
    n = len(k)
    k, left = k - np.diag(np.diag(k)), left - np.diag(np.diag(left))
    ones = np.ones(n)
    inner = np.trace(k @ left)
    inner += (ones @ k @ ones) * (ones @ left @ ones) / ((n - 1) * (n - 2))
    inner -= 2 / (n - 2) * (ones @ k @ left @ ones)
    return inner / (n * (n - 3))


def similar(one, other):
    grams = [centred_gram(one)], [centred_gram(other)]
    return products(*grams).similarity()[0, 0]


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    one = rng.normal(size=(12, 5, 3, 4))
    return one, one[:, :2].reshape(12, -1) @ rng.normal(size=(24, 7)) + 3


@pytest.mark.parametrize("count", [4, 5, 12])
def test_hsic_is_that_of_the_paper(rows, count):
    one, other = (part[:count] for part in rows)
    k, left = ((flat := part.reshape(count, -1)) @ flat.T for part in (one, other))
    found = products([centred_gram(one)], [centred_gram(other)])
    # Times its images: a batch counts by them.
    np.testing.assert_allclose(found.cross / count, [[hsic(k, left)]], rtol=1e-9)
    np.testing.assert_allclose(found.own / count, [hsic(k, k)], rtol=1e-9)
    np.testing.assert_allclose(found.other / count, [hsic(left, left)], rtol=1e-9)
    assert found.images == count


def test_it_nears_the_biased_measure_of_kornblith_where_images_are_many():
    rng = np.random.default_rng(1)
    one = rng.normal(size=(3000, 4))
    other = one @ rng.normal(size=(4, 6)) + 0.5 * rng.normal(size=(3000, 6))
    x, y = one - one.mean(axis=0), other - other.mean(axis=0)
    norm = np.linalg.norm
    biased = norm(y.T @ x) ** 2 / (norm(x.T @ x) * norm(y.T @ y))
    assert abs(similar(one, other) - biased) < 2e-3


def test_turning_scaling_and_shifting_change_nothing(rows):
    one, other = rows
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(7, 7)))
    assert similar(one, 1e3 * other @ turn - 5) == pytest.approx(similar(one, other), rel=1e-9)
    assert similar(other, 1e-6 * other @ turn) == pytest.approx(1)
    shear = other @ np.diag([1, 1, 1, 1, 1, 1, 9.0])
    assert similar(other, shear) < 0.99


def test_the_order_of_memory_means_nothing(rows):
    one, other = rows
    last = np.moveaxis(np.ascontiguousarray(np.moveaxis(one, 1, -1)), -1, 1)
    assert not last.flags.c_contiguous
    assert similar(last, other) == pytest.approx(similar(one, other), rel=1e-12)


def test_wide_layers_that_share_nothing_are_not_alike():
    """The biased estimator says 0.99 here."""
    rng = np.random.default_rng(3)
    found = [similar(rng.normal(size=(32, 4000)), rng.normal(size=(32, 4000))) for _ in range(20)]
    assert abs(np.mean(found)) < 0.03
    assert min(found) < 0


def test_columns_are_added_piece_by_piece(rows, monkeypatch):
    one, other = rows
    whole = similar(one, other)
    monkeypatch.setattr("convscope.analysis.similarity._COLUMNS", 7)
    assert similar(one, other) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e20])
def test_a_constant_layer_is_like_nothing(rows, value):
    flat = np.full((12, 3, 2), value, np.float32)
    assert not centred_gram(flat).any()
    assert np.isnan(similar(flat, rows[0]))
    assert np.isnan(similar(flat, flat))


def test_one_image_alone_tells_the_unbiased_estimator_nothing(rows):
    odd = np.zeros((12, 3))
    odd[4] = 0.1, 7, -3
    assert np.isnan(similar(odd + 0.3, rows[0]))


def test_what_is_not_finite_is_not_a_number_for_its_layer_alone(rows):
    one, other = rows
    broken = one.copy()
    broken[3, 0, 0, 0] = np.inf
    grams = [centred_gram(part) for part in (one, broken)]
    found = products(grams, [centred_gram(other)]).similarity()
    assert np.isfinite(found[0, 0])
    assert np.isnan(found[1, 0])


def test_batches_count_by_their_images():
    one = Products(np.array([[6.0]]), np.array([8.0]), np.array([8.0]), 10)
    other = Products(np.array([[2.0]]), np.array([8.0]), np.array([8.0]), 20)
    merged = one.merge(other)
    assert merged.images == 30
    np.testing.assert_allclose(merged.similarity(), [[0.5]])
