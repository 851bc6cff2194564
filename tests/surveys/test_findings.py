"""What a survey shows: selective, alike, dead and flat channels, and the tables of it."""

import numpy as np
import pandas as pd
import pytest

from convscope import survey
from convscope.errors import InputError, SelectionError
from convscope.surveys.findings import alike, areas, dprime, firing, outline, selective
from convscope.surveys.tables import save_tables, tables
from surveys.expected import bins_of, peaks
from surveys.plain import Plain, dataset
from surveys.test_figures import activations

COUNT = 320


@pytest.fixture(scope="module")
def given():
    """Give a dataset: the first layer's values of some images are far from zero."""
    return dataset(COUNT)


@pytest.fixture(scope="module")
def values(given):
    """Give the activations of all images."""
    return activations(Plain(), given)


@pytest.fixture(scope="module")
def found(given, tmp_path_factory):
    """Survey them."""
    return survey(
        Plain(), given, tmp_path_factory.mktemp("found") / "s.zarr", per_class="*", batch=16
    )


def means_of(values):
    return values.reshape(*values.shape[:2], -1).mean(axis=2, dtype=np.float64)


def test_dprime_is_the_formula_on_the_means_of_single_images(found, values, given):
    computed = dprime(found)
    for name, own in found.columns.items():
        means = means_of(values[name])
        flat = np.ptp(means, axis=0) == 0
        for label in range(3):
            one, other = means[given.labels == label], means[given.labels != label]
            spread = np.sqrt((one.var(axis=0) + other.var(axis=0)) / 2)
            with np.errstate(invalid="ignore"):
                wanted = np.where(flat, 0, (one.mean(axis=0) - other.mean(axis=0)) / spread)
            np.testing.assert_allclose(computed[own, label], wanted, 1e-4, 1e-6)
    assert (computed[found.columns["maps"]][5:] == 0).all()


def test_dprime_of_a_class_with_not_a_number_touches_every_class(tmp_path):
    class Broken(Plain):
        def run(self, batch, layers, *, outputs=True, edits=None):
            run = super().run(batch, layers, outputs=outputs)
            if "shapes:7" in batch.names and "maps" in run.values:
                run.values["maps"][batch.names.index("shapes:7"), 2] = np.nan
            return run

    broken = survey(Broken(), dataset(30), tmp_path / "s.zarr", layers="maps")
    assert np.isnan(dprime(broken)[2]).all()
    assert np.isfinite(dprime(broken)[:2]).all()
    assert firing(broken)["word"].tolist() == [
        *["active"] * 2,
        "not a number",
        *["active"] * 2,
        "dead",
        "constant",
    ]


def test_dprime_of_classes_without_images(tmp_path):
    given = dataset(40, labels=np.arange(40) % 2, class_names=("a", "b", "none"))
    computed = dprime(survey(Plain(), given, tmp_path / "s.zarr", layers="maps"))
    assert np.isnan(computed[:, 2]).all()
    np.testing.assert_allclose(computed[:, 0], -computed[:, 1])
    assert np.isfinite(computed[:, :2]).all()


def test_areas_are_those_of_scikit_learn_on_binned_maxima(found, values, given):
    metrics = pytest.importorskip("sklearn.metrics")
    computed = areas(found)
    assert list(computed) == list(values)
    for name, value in values.items():
        bins = bins_of(peaks(value))
        for label in range(3):
            for channel in range(value.shape[1]):
                wanted = metrics.roc_auc_score(given.labels == label, bins[:, channel])
                np.testing.assert_allclose(computed[name][channel, label], wanted, 1e-12)


def test_the_most_selective_come_first_with_their_class(found):
    table = selective(found)
    values = dprime(found)
    assert len(table) == len(values)
    sizes = table["dprime"].abs().to_numpy()
    assert (np.diff(sizes) <= 0).all()
    np.testing.assert_allclose(sizes[0], np.abs(values).max())
    first = table.iloc[0]
    own = found.columns[first["layer"]]
    place = found.classes.index(first["class"])
    assert values[own][first["channel"], place] == first["dprime"]
    assert areas(found)[first["layer"]][first["channel"], place] == first["area"]
    assert set(selective(found, "scores")["layer"]) == {"scores"}
    with pytest.raises(SelectionError, match="'score' was not surveyed.*'scores'"):
        selective(found, "score")


def test_alike_is_the_correlation_of_the_means_of_images(found, values):
    table = alike(found, 0.05)
    compared = 0
    for name, value in values.items():
        means = means_of(value)
        varies = np.ptp(means, axis=0) > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            wanted = np.corrcoef(means.T)
        own = table[table["layer"] == name]
        expected = {
            (a, b): wanted[a, b]
            for a in range(len(wanted)) for b in range(a + 1, len(wanted))
            if varies[a] and varies[b] and wanted[a, b] >= 0.05
        }  # fmt: skip
        pairs = dict(
            zip(zip(own["channel"], own["other"], strict=True), own["correlation"], strict=True)
        )
        assert pairs.keys() == expected.keys()
        for pair, correlation in expected.items():
            assert abs(pairs[pair] - correlation) < 1e-5
        compared += len(pairs)
    assert compared > 5
    assert table["correlation"].is_monotonic_decreasing
    assert (alike(found, 0.9)["correlation"] >= 0.9).all()
    with pytest.raises(SelectionError, match="above 0, up to 1"):
        alike(found, 1.5)


def test_who_fires_how_often(found, values):
    table = firing(found)
    fired = np.concatenate(
        [
            (value.reshape(COUNT, value.shape[1], -1) != 0).any(axis=2).sum(axis=0)
            for value in values.values()
        ]
    )
    np.testing.assert_array_equal(table["fired"], fired)
    np.testing.assert_array_equal(table["share"], fired / COUNT)
    words = table[table["layer"] == "maps"]["word"].tolist()
    assert words == [*["active"] * 5, "dead", "constant"]
    told = outline(found)
    assert told["dead"] == (fired == 0).sum()
    assert told["images"] == COUNT


def test_images_without_a_class_are_images(tmp_path):
    labels = np.where(np.arange(60) % 3 == 0, -1, np.arange(60) % 3 - 1)
    some = survey(Plain(), dataset(60, labels=labels, class_names=("a", "b")), tmp_path / "s.zarr")
    assert some.images == 60
    assert (firing(some)["share"] <= 1).all()
    assert firing(some)["share"].max() == 1


def test_what_needs_classes_says_so(tmp_path):
    plain = survey(Plain(), dataset(20, labels=None, class_names=()), tmp_path / "s.zarr")
    with pytest.raises(InputError, match="has no labels"):
        dprime(plain)
    one = survey(
        Plain(), dataset(20, labels=np.zeros(20, int), class_names=("a",)), tmp_path / "1.zarr"
    )
    with pytest.raises(InputError, match="one class alone"):
        selective(one)
    assert areas(plain) == {}
    assert set(tables(plain)) == {"channels", "leaders", "alike"}
    assert "selective" not in tables(one)


def test_tables_are_the_same_as_csv_and_parquet(found, tmp_path):
    pytest.importorskip("pyarrow")
    written = save_tables(found, tmp_path / "tables")
    made = tables(found)
    assert {path.name for path in written} == {
        f"{name}.{kind}" for name in made for kind in ("csv", "parquet")
    }
    for name, table in made.items():
        whole = pd.read_parquet(tmp_path / "tables" / f"{name}.parquet")
        pd.testing.assert_frame_equal(whole, table, check_dtype=False)
        text = pd.read_csv(tmp_path / "tables" / f"{name}.csv")
        pd.testing.assert_frame_equal(text, table, check_dtype=False, rtol=1e-6)
    channels = len(firing(found))
    assert len(made["channels"]) == channels
    assert len(made["classes"]) == channels * 3
    assert len(made["leaders"]) == channels * 9
    layer, row = found["maps"], made["leaders"].iloc[3]
    assert row["image"] == layer["top_image"][0, 3]
    assert row["class"] == found.classes[int(layer["top_label"][0, 3])]
    assert made["confusion"]["images"].sum() == COUNT


def test_tables_of_classes_and_outputs_of_one_name(tmp_path):
    """Two birds of ImageNet are called crane, one of them a machine."""
    network = Plain(labels=("crane", "crane", "10"))
    given = dataset(30, class_names=("crane", "crane", "dog"))
    found = survey(network, given, tmp_path / "s.zarr")
    assert found.plan.truth == (0, 1, 2)
    assert tables(found)["confusion"]["images"].sum() == 30
    save_tables(found, tmp_path / "tables")


def test_classes_of_one_name_are_told_by_their_order(tmp_path):
    network = Plain(labels=("dog", "Crane", "crane"))
    found = survey(network, dataset(9, class_names=("crane", "crane", "dog")), tmp_path / "s.zarr")
    assert found.plan.truth == (1, 2, 0)


def test_tables_that_cannot_be_written_say_so(found, tmp_path):
    from convscope.errors import OutputError

    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written.*give another folder"):
        save_tables(found, tmp_path / "file")
