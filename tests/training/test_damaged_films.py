"""What fuzzing found in films: each is refused in one line, before memory is taken."""

import json

import numpy as np
import pytest

import convscope
from convscope.errors import ConvscopeError
from convscope.training.film_pictures import film_pictures


@pytest.fixture
def film(tmp_path):
    """Record two frames of a small network."""
    import keras

    model = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3, name="conv")])
    film = convscope.Film(np.ones((2, 6, 6, 1), np.float32), path=tmp_path / "film.zarr")
    for step in range(2):
        film.record(convscope.open(model), step)
    return tmp_path / "film.zarr"


def everything(path):
    found = convscope.open_film(path)
    for layer in found:
        found[layer].load()
    return film_pictures(found)[0]


def refused(path):
    with pytest.raises(ConvscopeError) as caught:
        everything(path)
    assert "\n" not in str(caught.value)


DESCRIPTIONS = [
    {}, {"layers": []}, {"layers": [{"name": "conv"}]}, {"inputs": [3]}, {"inputs": None},
    {"preparation": {"size": "large"}}, {"labels": 4}, {"parameters": [1]},
]  # fmt: skip


@pytest.mark.parametrize("change", DESCRIPTIONS)
def test_what_a_film_tells_of_its_network_may_be_damaged(film, change):
    def damage(told):
        description = told["attributes"]["description"]
        told["attributes"]["description"] = {**description, **change} if change else {}

    changed(film / "zarr.json", damage)
    with pytest.raises(ConvscopeError, match="tells of its network is damaged"):
        convscope.open_film(film).as_network()


@pytest.mark.parametrize("name", ["inputs/0", "outputs/0"])
def test_arrays_of_another_length_or_shape_are_refused(film, name):
    changed(film / name / "zarr.json", lambda told: told.update(shape=[1, 1]))
    network = convscope.open_film(film).as_network()
    with pytest.raises(ConvscopeError, match="damaged|lost its array"):
        network.predict(network.film.inputs)


@pytest.mark.parametrize("name", ["maps/0", "dead", "low", "change"])
def test_arrays_that_end_before_the_film_are_refused(film, name):
    changed(film / name / "zarr.json", lambda told: told.update(shape=[1, *told["shape"][1:]]))
    with pytest.raises(ConvscopeError, match=f"{name} in .* is damaged"):
        everything(film)


def changed(file, change):
    told = json.loads(file.read_text())
    change(told)
    file.write_text(json.dumps(told))


LAYER = {"name": "conv", "kind": "conv", "dims": ["channel", "y", "x"], "shape": [2, 4, 4]}


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("layers", []), ("layers", {}), ("layers", [LAYER, LAYER]), ("layers", [7]),
        ("layers", [{**LAYER, "shape": ["2", 4, 4]}]), ("layers", [{**LAYER, "shape": [2]}]),
        ("layers", [{**LAYER, "shape": [10**9, 10**9, 4]}]), ("layers", [{**LAYER, "name": []}]),
        ("layers", [{**LAYER, "dims": ["y", "y", "x"]}]), ("labels", ["a", "b"]), ("labels", 3),
        ("labels", [1]), ("images", []), ("kind", None),
    ],
)  # fmt: skip
def test_what_a_film_tells_may_be_damaged(film, entry, value):
    changed(film / "zarr.json", lambda told: told["attributes"].update({entry: value}))
    refused(film)


@pytest.mark.parametrize("array", ["step", "dead", "change", "update", "maps/0"])
@pytest.mark.parametrize(
    "change", [{"shape": [2**40]}, {"shape": [2**31, 2, 2]}, {"codecs": None}, {"shape": "x"}]
)
def test_arrays_are_not_believed(film, array, change):
    changed(film / array / "zarr.json", lambda told: told.update(change))
    refused(film)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"attributes": 3}', b"{}{}"])
def test_what_describes_it_may_be_damaged(film, content):
    (film / "zarr.json").write_bytes(content)
    refused(film)
