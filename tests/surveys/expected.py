"""What a survey must find, from the values of all images at once, in float64."""

import numpy as np

from convscope.surveys.grid import EDGES


def figures(values):
    """Give figures, by channel, of values ``(image, channel, ...)``."""
    flat = np.asarray(values, np.float64).reshape(*values.shape[:2], -1)
    means = flat.mean(axis=2)
    return {
        "count": np.full(flat.shape[1], flat.shape[0] * flat.shape[2]),
        "mean": flat.mean(axis=(0, 2)),
        "variance": flat.var(axis=(0, 2)),
        "minimum": flat.min(axis=(0, 2)),
        "maximum": flat.max(axis=(0, 2)),
        "positive": (flat > 0).mean(axis=(0, 2)),
        "fired": (flat != 0).any(axis=2).sum(axis=0),
        "image_mean": means.mean(axis=0),
        "image_variance": means.var(axis=0),
    }


def peaks(values):
    """Give each map's maximum, ``(image, channel)``."""
    return values.reshape(*values.shape[:2], -1).max(axis=2)


def bins_of(values):
    """Find the bins of values, not-a-number among none, by NumPy's own rule."""
    inner = EDGES[1:-1]
    exact = values.astype(np.float64)
    # Bins are closed on the side of zero.
    return np.where(exact < 0, np.digitize(exact, inner, right=True), np.digitize(exact, inner))


def histogram(values):
    """Count values ``(image, channel)`` by NumPy's own rule, ``(channel, bin)``."""
    counts = np.zeros((values.shape[1], len(EDGES) - 1), np.int64)
    for channel, every in enumerate(values.T):
        np.add.at(counts[channel], bins_of(every[~np.isnan(every)]), 1)
    return counts


def leaders(values, k):
    """Give the k images with the highest values ``(image, channel)``; of equals the first."""
    order = np.argsort(-values, axis=0, kind="stable")[:k].T
    return order, np.take_along_axis(values.T, order, axis=1)


def check_figures(found, values, prefix="", spread=None, **place):
    """Compare a layer of a survey with `figures` of its values: counts and ends exactly."""
    wanted = figures(values)
    for name in ("count", "minimum", "maximum", "fired"):
        np.testing.assert_array_equal(
            found[prefix + name].sel(**place), wanted[name].astype(found[prefix + name].dtype), name
        )
    np.testing.assert_allclose(found[f"{prefix}positive"].sel(**place), wanted["positive"], 1e-12)
    given = {
        name: found[f"{prefix}{name}"].sel(**place).to_numpy()
        for name in ("mean", "variance", "image_mean", "image_variance")
    }
    check_moments(given, wanted, spread_of(values) if spread is None else spread)


def spread_of(values):
    """Give the variance of all units, by channel."""
    flat = np.asarray(values, np.float64).reshape(*values.shape[:2], -1)
    return np.nanvar(flat, axis=(0, 2))


def check_moments(found, wanted, spread):
    """Compare means and variances to 1e-6 relative.

    What is nearly nothing beside what the channel varies by over all images (`spread`, a variance)
    is known to 1e-6 of that: means of both signs, the variance of means that are nearly the same,
    or of a class that varies little. And what varies less than float32 can tell does not vary.
    """
    for kind in ("", "image_"):
        mean, variance = wanted[f"{kind}mean"], wanted[f"{kind}variance"]
        size = np.maximum(np.abs(mean), np.sqrt(spread))
        near(found[f"{kind}mean"], mean, 1e-6 * size)
        near(found[f"{kind}variance"], variance, 1e-6 * spread + 1e-14 * np.square(mean))


def near(found, wanted, within):
    """Compare numbers; two that are not-a-number are equal."""
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    known = ~np.isnan(wanted)
    far = np.abs(found - wanted)[known] > within[known]
    assert not far.any(), (found[known][far], wanted[known][far])


def check_histogram(found, values, within=1e-5):
    """Compare counts ``(channel, bin)`` of values ``(image, channel)``, known but for rounding."""
    known = values.astype(np.float64)
    slack = within * np.abs(known) + 1e-12
    below = np.cumsum(found, axis=1)[:, :-1]
    edges = EDGES[1:-1]
    assert (np.sum(found, axis=1) == len(values)).all()
    assert (below >= ((known + slack)[..., None] < edges).sum(axis=0)).all()
    assert (below <= ((known - slack)[..., None] <= edges).sum(axis=0)).all()


def check_leaders(layer, values, competing, k):
    """Check the images that lead a layer: by `competing` ``(image, channel)``, at their peaks."""
    order = np.sort(competing, axis=0)[::-1][:k].T
    image, value = layer["top_image"].to_numpy(), layer["top_value"].to_numpy()
    np.testing.assert_allclose(value, order, rtol=1e-4, atol=1e-6)
    assert all(len(set(row)) == len(row) for row in image.tolist())
    rows = np.arange(image.shape[0])[:, None]
    np.testing.assert_allclose(competing[image, rows], value, rtol=1e-4, atol=1e-6)
    position = layer["top_position"].to_numpy()
    at = values[(image, rows, *np.moveaxis(position, -1, 0))]
    np.testing.assert_allclose(at, peaks(values)[image, rows], rtol=1e-5, atol=1e-6)
