"""The table of mean maps by class."""

import numpy as np
import pytest

import convscope
from convscope.errors import InputError, SelectionError
from convscope.pictures import figures
from convscope.surveys import class_maps

from .surveying import images, maps_of, write


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    folder = tmp_path_factory.mktemp("means")
    network, dataset = write(folder)
    kept = ["edges", "smaller"]
    return convscope.survey(network, str(dataset), folder / "own.zarr", per_class=kept, k=1)


@pytest.fixture
def drawn(monkeypatch):
    """Note what is drawn."""
    noted = {}
    table = figures.table

    def note(cells, **options):
        noted.update(options, cells=cells)
        return table(cells, **options)

    monkeypatch.setattr(figures, "table", note)
    return noted


@pytest.mark.parametrize("channel", [None, 2])
def test_every_cell_is_the_mean_map_of_a_class(survey, drawn, tmp_path, channel):
    class_maps(survey, channel=channel).save(tmp_path / "means.png")
    assert (tmp_path / "means.png").stat().st_size > 1000
    assert drawn["row_titles"] == ["0", "1", "2"]
    assert drawn["column_titles"] == ["edges", "smaller"]
    labels = images()[1]
    for column, layer in enumerate(["edges", "smaller"]):
        maps = maps_of(layer)
        shown = maps.mean(axis=1) if channel is None else maps[:, channel]
        for own in range(3):
            expected = shown[labels == own].mean(axis=0)
            np.testing.assert_allclose(drawn["cells"][own][column], expected, rtol=1e-4, atol=1e-6)


def test_some_classes_of_some_layers_on_the_scale_of_the_layer(survey, drawn):
    class_maps(survey, ["smaller"], classes=["2", "0"], scale="layer")
    labels, maps = images()[1], maps_of("smaller").mean(axis=1)
    means = [maps[labels == own].mean(axis=0) for own in (2, 0)]
    np.testing.assert_allclose(drawn["cells"][0][0], means[0], rtol=1e-4)
    low, high = drawn["bounds"][0][0]
    assert low == pytest.approx(np.min(means), rel=1e-4)
    assert high == pytest.approx(np.max(means), rel=1e-4)


def test_what_is_not_there_is_said(survey, tmp_path):
    with pytest.raises(SelectionError, match="'scores' is no layer whose maps were kept"):
        class_maps(survey, ["scores"])
    with pytest.raises(SelectionError, match="'seven' is no class"):
        class_maps(survey, classes=["seven"])
    with pytest.raises(SelectionError, match="no channel 9"):
        class_maps(survey, channel=9)
    network, dataset = write(tmp_path)
    plain = convscope.survey(network, str(dataset), tmp_path / "plain.zarr", k=1)
    with pytest.raises(InputError, match="--per-class"):
        class_maps(plain)
