"""Layers of networks over datasets, against NumPy over all images at once."""

import numpy as np
import pytest
from PIL import Image

import convscope
from convscope.errors import InputError, SelectionError
from surveys.plain import Plain, dataset
from surveys.test_images import free  # noqa: F401


def hsic(k, left):
    """Give the unbiased HSIC of Song et al. 2012."""
    n = len(k)
    k, left = k * (1 - np.eye(n)), left * (1 - np.eye(n))
    inner = (k * left).sum() + k.sum() * left.sum() / ((n - 1) * (n - 2))
    return (inner - 2 / (n - 2) * (k.sum(axis=0) @ left.sum(axis=0))) / (n * (n - 3))


def gram(network, layer, images):
    (values,) = network.activations(images, layer).values()
    values = values.to_numpy().astype(float)
    flat = values.reshape(len(values), -1)
    # The same by definition, and with fewer digits lost.
    flat -= flat.mean(axis=0)
    return flat @ flat.T


def expected(one, other, images, layer, other_layer):
    k, left = gram(one, layer, images), gram(other, other_layer, images)
    return hsic(k, left) / np.sqrt(hsic(k, k) * hsic(left, left))


@pytest.fixture
def one():
    return Plain(0, name="before")


@pytest.fixture
def other():
    return Plain(1, name="after")


def test_one_batch_is_the_formula_over_all_images(one, other):
    images = dataset(40)
    found = convscope.similarity(one, other, dataset=images, batch=40)
    assert found.dims == ("layer", "other_layer")
    assert list(found["layer"].values) == list(one.layers)
    for layer in one.layers:
        for second in other.layers:
            value = expected(one, other, list(images), layer, second)
            assert float(found.loc[layer, second]) == pytest.approx(value, rel=1e-4, abs=1e-6)
    assert (found.attrs["network"], found.attrs["other_network"]) == ("before", "after")
    assert found.attrs["dataset"] == "shapes"
    assert found.attrs["images"] == 40


def test_batches_average_hsic_and_not_similarity(one, other):
    images = dataset(30)
    order = np.random.default_rng(5).permutation(30)
    sums = np.zeros(3)
    for start in (0, 12, 24):
        part = [images[int(place)] for place in order[start : start + 12]]
        k, left = gram(one, "maps", part), gram(other, "scores", part)
        sums += len(part) * np.array([hsic(k, left), hsic(k, k), hsic(left, left)])
    found = convscope.similarity(
        one, other, dataset=images, layers="maps", other_layers="scores", batch=12, seed=5
    )
    assert found.item() == pytest.approx(sums[0] / np.sqrt(sums[1] * sums[2]), rel=1e-4)


def test_many_batches_give_what_one_gives(one, other):
    images = dataset(600)
    whole = convscope.similarity(one, other, dataset=images, batch=600)
    parts = convscope.similarity(one, other, dataset=images, batch=20)
    assert parts.attrs["images"] == 600
    np.testing.assert_allclose(parts, whole, atol=0.06)


def test_a_sorted_dataset_is_mixed(one, other):
    """Batches of one class each would say little of what tells the classes apart."""
    images = dataset(600)
    bright = np.argsort(images.images.mean(axis=(1, 2)))
    images = dataset(600, images=images.images[bright])
    whole = convscope.similarity(one, other, dataset=images, batch=600)
    parts = convscope.similarity(one, other, dataset=images, batch=20)
    np.testing.assert_allclose(parts, whole, atol=0.06)


def test_a_network_with_itself(one, monkeypatch):
    runs = []
    run = Plain.run
    monkeypatch.setattr(Plain, "run", lambda *args, **kw: runs.append(1) or run(*args, **kw))
    found = convscope.similarity(one, dataset=dataset(64), batch=32)
    np.testing.assert_allclose(np.diag(found), 1, rtol=1e-12)
    np.testing.assert_allclose(found, found.T, rtol=1e-9)
    assert len(runs) == 2
    some = convscope.similarity(
        one, dataset=dataset(64), batch=32, layers="maps", other_layers=["scores", "block"]
    )
    assert some.shape == (1, 2)
    assert list(some["other_layer"].values) == ["block", "scores"]
    np.testing.assert_allclose(some, found.loc[["maps"], ["block", "scores"]], rtol=1e-9)


def test_a_constant_layer_is_not_a_number(one):
    one.kernels[:] = 0
    found = convscope.similarity(one, dataset=dataset(20))
    assert np.isnan(found).all()


def test_the_sample_is_drawn_by_seed(one):
    images = dataset(200)
    options = {"dataset": images, "sample": 50, "batch": 50, "layers": "maps,scores"}
    first, again, second = (convscope.similarity(one, seed=seed, **options) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    drawn = list(images.sample(50, 1))
    value = expected(one, one, drawn, "maps", "scores")
    assert float(second[0, 1]) == pytest.approx(value, rel=1e-4)


def test_a_rest_of_less_than_four_is_left_out(one):
    assert convscope.similarity(one, dataset=dataset(23), batch=10).attrs["images"] == 20
    assert convscope.similarity(one, dataset=dataset(24), batch=10).attrs["images"] == 24


def test_frameworks_agree_with_numpy(network):
    images = dataset(12)
    # A comma in a name would part it.
    chosen = [layer.index for layer in network.layers.values() if layer.space][:2]
    found = convscope.similarity(network, dataset=images, layers=chosen, batch=8)
    sums = np.zeros(3)
    order = np.random.default_rng(0).permutation(12)
    for places in (order[:8], order[8:]):
        part = [images[int(place)] for place in places]
        k, left = (gram(network, index, part) for index in chosen)
        sums += len(part) * np.array([hsic(k, left), hsic(k, k), hsic(left, left)])
    assert float(found[0, 1]) == pytest.approx(sums[0] / np.sqrt(sums[1] * sums[2]), rel=1e-3)


def test_mistakes_are_told_in_one_line(one, other, keras_network):
    images = dataset(20)
    cases = [
        (SelectionError, "no layer is called 'mops'", {"layers": "mops"}),
        (SelectionError, "no layer is called 'dense'", {"other_layers": "dense"}),
        (SelectionError, "at least 4 images at once, and a batch of 3", {"batch": 3}),
        (SelectionError, "at least 4 images at once, and 3 of shapes", {"dataset": dataset(3)}),
        (SelectionError, "at least 4 images at once, and 2 of shapes", {"sample": 2}),
        (SelectionError, "sample 0: a whole number from 1", {"sample": 0}),
        (SelectionError, "no dataset 'shaps'", {"dataset": "shaps"}),
    ]
    for error, words, options in cases:
        with pytest.raises(error, match=words) as told:
            convscope.similarity(one, other, **{"dataset": images, **options})
        assert "\n" not in str(told.value)


def test_a_network_that_takes_no_images():
    import keras

    signals = convscope.open(
        keras.Sequential([keras.Input((16, 2)), keras.layers.Conv1D(3, 3)], name="heart")
    )
    with pytest.raises(InputError, match="heart takes no images"):
        convscope.similarity(signals, dataset=dataset(20))


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for place in range(9):
        size = (9, 14, 3) if place % 2 else (12, 8, 3)
        path = tmp_path / "pictures" / f"{place % 3}" / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, size, np.uint8)).save(path)
    return tmp_path / "pictures"


def test_images_of_unlike_size(free, folder):  # noqa: F811
    network = convscope.open(free)
    found = convscope.similarity(network, dataset=folder, layers="mean,scores", batch=9)
    images = [str(path) for path in sorted(folder.glob("*/*.png"))]
    value = expected_one_by_one(network, images)
    assert float(found[0, 1]) == pytest.approx(value, rel=1e-4)
    with pytest.raises(InputError, match=r"the maps of 'conv' in free: open .* size="):
        convscope.similarity(network, dataset=folder)


def expected_one_by_one(network, images):
    rows = {
        name: np.concatenate(
            [network.activations(image, name)[name].to_numpy() for image in images]
        ).astype(float)
        for name in ("mean", "scores")
    }
    k, left = (row @ row.T for row in rows.values())
    return hsic(k, left) / np.sqrt(hsic(k, k) * hsic(left, left))


def test_images_that_cannot_be_read_are_counted(free, folder):  # noqa: F811
    broken = folder / "0" / "0.png"
    broken.write_bytes(broken.read_bytes()[:60])
    network = convscope.open(free, size=(9, 9))
    found = convscope.similarity(network, dataset=folder, batch=9)
    assert found.attrs["skipped"] == 1
    assert found.attrs["images"] == 8
    for path in list(folder.glob("*/*.png"))[:6]:
        path.write_bytes(b"\x89PNG")
    with pytest.raises(SelectionError, match="too few at once of pictures can be read"):
        convscope.similarity(network, dataset=folder)
