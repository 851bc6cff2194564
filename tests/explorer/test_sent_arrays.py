"""Arrays and sound that the page sends: what reaches the network, and what is refused."""

import io
import wave
import zipfile

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.explorer import Session

from .asking import ask, refused
from .models import numbers, settled

SIGNAL = np.random.default_rng(5).normal(size=(20, 1)).astype("float32")


@pytest.fixture(scope="module")
def hearing():
    parts = [layers.Conv1D(5, 3, activation="relu", name="conv"), layers.Flatten(), layers.Dense(2)]
    model = settled(keras.Sequential([keras.Input((20, 1), name="wave"), *parts]))
    return convscope.open(model)


def npy(array):
    held = io.BytesIO()
    np.save(held, array)
    return held.getvalue()


def npz(**arrays):
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)
    return held.getvalue()


def wav(samples):
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.astype("<i2").tobytes())
    return held.getvalue()


def maps_of(session, name, data):
    run = ask(session, "run", image={"upload": name}, buffers=[data])
    assert run["image"] == name
    return ask(session, "layer", run=run["run"], layer="conv")["values"].reshape(5, -1)


def by_keras(network, x):
    return numbers(network.model.get_layer("conv")(x.reshape(1, 20, 1)))[0].T


@pytest.mark.parametrize(
    ("name", "data", "x"),
    [
        ("beat.npy", npy(SIGNAL), SIGNAL),
        ("BEAT.NPY", npy(SIGNAL[None].astype("float64")), SIGNAL),
        ("beat.npz", npz(wave=SIGNAL), SIGNAL),
        ("beat.wav", wav(1000 * np.arange(20)), np.float32(1000 * np.arange(20) / 32768)),
    ],
)
def test_the_network_hears_what_was_sent(hearing, name, data, x):
    np.testing.assert_allclose(
        maps_of(Session(hearing), name, data), by_keras(hearing, x), rtol=1e-4, atol=1e-5
    )


def test_several_inputs_come_in_one_archive():
    entries = [keras.Input((3,), name="left"), keras.Input((2,), name="right")]
    model = keras.Model(entries, layers.Dense(4, name="dense")(layers.Concatenate()(entries)))
    network = convscope.open(settled(model))
    left, right = np.float32([1, 2, 3]), np.float32([4, 5])
    session = Session(network)
    data = npz(left=left, right=right)
    run = ask(session, "run", image={"upload": "both.npz"}, buffers=[data])
    values = ask(session, "layer", run=run["run"], layer="dense")["values"].ravel()
    expected = numbers(model([left[None], right[None]]))[0]
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)


def bomb():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("wave.npy", bytes(300_000_000))
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("long.npy", npy(np.zeros((21, 1), "f4")), "20"),
        ("two.npy", npy(np.zeros((2, 20, 1), "f4")), "holds 2 entries: send one at a time"),
        ("none.npy", npy(np.full((20, 1), np.nan, "f4")), "nan"),
        ("objects.npy", npy(np.array([{}], object)), "Python objects"),
        ("cut.npy", npy(SIGNAL)[:90], "cannot be read"),
        ("other.npz", npz(noise=SIGNAL, wave2=SIGNAL), "wave"),
        ("bomb.npz", bomb(), "300,000,000 bytes: give an archive of at most 200,000,000"),
        ("no.wav", b"RIFF", "no.wav"),
        ("photo.png", b"\x89PNG", "photo.png"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(hearing, name, data, said):
    session = Session(hearing)
    _, words = refused(session, {"type": "run", "image": {"upload": name}}, buffers=[data])
    assert said.lower() in words.lower() and "\n" not in words
    assert len(session.runs) == 0
