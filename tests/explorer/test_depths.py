"""Volumes looked at slice by slice, and from the front."""

import numpy as np
import pytest

from convscope.explorer.planes import slice_at

from .asking import ask, refused
from .models import numbers

DEPTHS = [(None, 1), (0, 0), (0.25, 1), (0.5, 1), (0.74, 1), (0.75, 2), (1, 2)]


@pytest.fixture(scope="module")
def expected(scan):
    """Give the volumes of the convolution, (channel, z, y, x), as Keras computes them."""
    model = scan.networks[0].network.model
    value = numbers(model.get_layer("conv")(scan.images[0].content["scan"]))[0]
    return np.moveaxis(value, -1, 0)


def run_at(scan, depth):
    given = {} if depth is None else {"depth": depth}
    return ask(scan, "run", image=0, **given)


@pytest.mark.parametrize(("depth", "z"), DEPTHS)
def test_a_slice(scan, expected, depth, z):
    run = run_at(scan, depth)["run"]
    reply = ask(scan, "layer", run=run, layer="conv")
    assert reply["shape"] == [3, 6, 5] and reply["space"] == [3, 6, 5]
    assert reply["depth"] == {"slices": 3, "slice": z}
    np.testing.assert_allclose(reply["values"], expected[:, z], rtol=1e-4, atol=1e-6)
    # Colours and statistics are those of the whole maps, so a colour is the same value everywhere.
    np.testing.assert_allclose(reply["low"], expected.min(axis=(1, 2, 3)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(reply["high"], expected.max(axis=(1, 2, 3)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(reply["mean"], expected.mean(axis=(1, 2, 3)), rtol=1e-4, atol=1e-6)
    one = ask(scan, "channel", run=run, layer="conv", channel=2)
    np.testing.assert_array_equal(one["values"], reply["values"][2])
    unit = ask(scan, "unit", run=run, layer="conv", channel=1, unit=[4, 3])
    assert unit["unit"] == [z, 4, 3] and unit["ok"]
    assert unit["recorded"] == pytest.approx(float(expected[1, z, 4, 3]), rel=1e-4)


def test_the_largest_along_the_depth(scan, expected):
    run = run_at(scan, "maximum")["run"]
    reply = ask(scan, "layer", run=run, layer="conv")
    assert reply["depth"] == {"slices": 3, "slice": None}
    np.testing.assert_allclose(reply["values"], expected.max(axis=1), rtol=1e-4, atol=1e-6)
    for y, x in ((0, 0), (4, 3), (5, 1)):
        unit = ask(scan, "unit", run=run, layer="conv", channel=1, unit=[y, x])
        assert unit["unit"] == [int(expected[1, :, y, x].argmax()), y, x]
        assert unit["recorded"] == pytest.approx(float(reply["values"][1, y, x]), rel=1e-4)


def test_spans_that_one_slice_does_not_tell(scan, expected):
    reply = ask(scan, "layer", run=run_at(scan, 0)["run"], layer="conv")["whole_spans"]
    mean, deviation = expected.mean(axis=(1, 2, 3)), expected.std(axis=(1, 2, 3))
    np.testing.assert_allclose(reply["sigma_low"], mean - 2 * deviation, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(reply["sigma_high"], mean + 2 * deviation, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(reply["robust"], np.percentile(expected, (1, 99)), rtol=1e-3)


def test_the_overview_shows_the_slice_that_is_looked_at(scan, expected):
    for depth, plane in ((0, expected[:, 0]), ("maximum", expected.max(axis=1))):
        reply = ask(scan, "sheet", run=run_at(scan, depth)["run"], tile=12)
        row = reply["layers"][0]
        assert (row["height"], row["width"]) == (6, 5)
        levels = reply["levels"][: 3 * 30].reshape(3, 6, 5).astype(int)
        end = np.abs(expected).max(axis=(1, 2, 3))[:, None, None]
        signed = expected.min() < 0 < expected.max()
        low = -end if signed else expected.min(axis=(1, 2, 3))[:, None, None]
        high = end if signed else expected.max(axis=(1, 2, 3))[:, None, None]
        assert np.abs(levels - (plane - low) / (high - low) * 239).max() <= 1


def test_all_depths_are_one_run(scan):
    names = [run_at(scan, depth)["run"] for depth in (None, 0.5, 0, "maximum", 0)]
    assert names[0] == names[1] and names[2] == names[4] and len(set(names)) == 3
    assert len({name.partition("/")[0] for name in names}) == 1
    count = len(scan.runs)
    run_at(scan, 0.123)
    assert len(scan.runs) == count
    assert ask(scan, "layer", run=names[0].partition("/")[0] + "/0.0", layer="conv")["depth"] == {
        "slices": 3,
        "slice": 0,
    }


def test_what_the_network_was_given(scan, wave):
    x = scan.images[0].content["scan"][0]
    for depth, plane in ((0, x[0]), (1, x[3]), ("maximum", x.max(axis=0))):
        (row,) = run_at(scan, depth)["given"]
        assert row["name"] == "scan" and row["space"] == [4, 7, 6]
        np.testing.assert_array_equal(row["values"], np.moveaxis(plane, -1, 0))
        assert (row["low"], row["high"]) == (float(x.min()), float(x.max()))
    (row,) = ask(wave, "run", image=1)["given"]
    assert row["depth"] is None and row["dims"] == ["channel", "x"]
    np.testing.assert_array_equal(row["values"][:, 0], wave.images[1].content["wave"][0].T)


@pytest.mark.parametrize("depth", [-0.1, 1.5, "front", [1], True, float("nan")])
def test_a_depth_that_is_none(scan, depth):
    code, said = refused(scan, {"type": "run", "image": 0, "depth": depth})
    assert (
        code == "not-understood" and "'depth' has to be 'maximum' or a number from 0 to 1" in said
    )


def test_networks_without_depth_do_not_mind(wave):
    assert ask(wave, "run", image=0, depth=0.1)["run"] == ask(wave, "run", image=0)["run"]


def test_halves_are_rounded_up_as_the_page_rounds_them():
    assert [slice_at(0.5, count) for count in (1, 2, 3, 4)] == [0, 1, 1, 2]


def test_a_report_holds_the_middle_slice_and_says_so(scan, tmp_path):
    from convscope.explorer.report import report

    from .unpacking import unpacked

    network = scan.networks[0].network
    path = report(network, scan.images[0].content, tmp_path / "scan.html")
    stored = [reply for reply, _ in unpacked(path).values()]
    assert "slices" in next(one for one in stored if one["type"] == "network")["left_out"]
    depths = [one["depth"] for one in stored if one["type"] == "layer"]
    assert {"slices": 3, "slice": 1} in depths and all(one["slice"] == 1 for one in depths)
