"""Signals, volumes, sequences and several inputs, given as .npy, .npz and .wav files."""

import wave
import zipfile

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.errors import ConvscopeWarning, InputError, SelectionError

from .expected import TOLERANCE, numbers
from .models import classifier, photos, settled


def signal(length=9, channels=2):
    parts = [layers.Conv1D(3, 3, padding="same", name="conv"), layers.GlobalMaxPooling1D(name="p")]
    return settled(keras.Sequential([keras.Input((length, channels), name="wave"), *parts]))


def volume():
    parts = [layers.Conv3D(2, 2, name="conv"), layers.Flatten(), layers.Dense(2)]
    return settled(keras.Sequential([keras.Input((4, 5, 6, 1), name="scan"), *parts]))


def two():
    left, right = keras.Input((6, 1), name="sound"), keras.Input((3,), name="facts")
    x = layers.GlobalAveragePooling1D(name="mean")(layers.Conv1D(3, 2, name="conv")(left))
    return settled(keras.Model([left, right], layers.Add(name="sum")([x, right]), name="two"))


def tokens():
    parts = [layers.Embedding(6, 3, name="embed"), layers.LSTM(2, name="lstm")]
    return settled(keras.Sequential([keras.Input((4,), dtype="int32", name="words"), *parts]))


def predicted(model, *given):
    return numbers(model(given[0] if len(given) == 1 else list(given)))


@pytest.fixture
def folder(tmp_path):
    """Give a function that saves arrays: under its own name an array, under names a .npz."""

    def save(name, array=None, **arrays):
        path = tmp_path / name
        if array is not None:
            np.save(path, array)
        else:
            np.savez(path, **arrays)
        return path

    return save


def sound_file(path, samples, rate=8000):
    """Write whole numbers (x, channel) as 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def refused(network, path, *words, error=InputError):
    with pytest.raises(error) as caught:
        network.activations(path)
    said = str(caught.value)
    assert "\n" not in said
    for word in words:
        assert word in said, (word, said)


@pytest.mark.parametrize("make", [signal, volume])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int16"])
def test_an_npy_is_one_entry_or_several(make, dtype, folder):
    model = make()
    network = convscope.open(model)
    shape = network.inputs[0].shape
    x = (photos(3, *shape) * 8).astype(dtype)
    expected = predicted(model, x.astype(np.float32))
    several, one = folder("many.npy", x), folder("one.npy", x[1])
    np.testing.assert_allclose(network.predict(several).values, expected, **TOLERANCE)
    np.testing.assert_allclose(network.predict(one).values, expected[1:2], **TOLERANCE)
    np.testing.assert_allclose(network.predict(f"{several}:2").values, expected[2:], **TOLERANCE)
    np.testing.assert_allclose(network.predict([one, several]).values[0], expected[1], **TOLERANCE)
    named = network.activations([str(one), f"{several}:-1", several]).images
    assert named == ("one.npy", "many.npy:2", "many.npy:0", "many.npy:1", "many.npy:2")


def test_arrays_in_memory_are_taken_likewise():
    model = volume()
    network = convscope.open(model)
    x = photos(2, 4, 5, 6, 1)
    expected = predicted(model, x)
    np.testing.assert_allclose(network.predict(x[1]).values, expected[1:], **TOLERANCE)
    np.testing.assert_allclose(network.predict({"scan": x[1]}).values, expected[1:], **TOLERANCE)
    whole = np.round(x * 9).astype("uint8")
    expected = predicted(model, whole.astype("float32"))
    np.testing.assert_allclose(network.predict(whole).values, expected, **TOLERANCE)


def test_an_npz_holds_an_array_for_every_input(folder):
    model = two()
    network = convscope.open(model)
    x, y = photos(3, 6, 1), photos(3, 3)
    expected = predicted(model, x, y)
    path = folder("both.npz", facts=y, sound=x)
    np.testing.assert_allclose(network.predict(path).values, expected, **TOLERANCE)
    np.testing.assert_allclose(network.predict(f"{path}:1").values, expected[1:2], **TOLERANCE)
    path = folder("one.npz", facts=y[0], sound=x[0])
    np.testing.assert_allclose(network.predict(path).values, expected[:1], **TOLERANCE)
    assert network.activations(path).images == ("one.npz",)


def test_an_npz_of_one_array_needs_no_name(folder):
    model = signal()
    x = photos(2, 9, 2)
    path = folder("plain.npz", arr_0=x)
    found = convscope.open(model).predict(path).values
    np.testing.assert_allclose(found, predicted(model, x), **TOLERANCE)


def test_words_as_whole_numbers(folder):
    model = tokens()
    x = np.array([[3, 1, 0, 5]], "int64")
    network = convscope.open(model)
    for given in (x, x[0], x.astype("float32")):
        found = network.predict(folder("words.npy", given)).values
        np.testing.assert_allclose(found, predicted(model, x.astype("int32")), **TOLERANCE)
    refused(network, folder("parts.npy", x + 0.5), "takes whole numbers (int32)", "round them")


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"sound": (2, 6, 1)}, ["'bad.npz' lacks 'facts'", "'facts' of shape (images, 3)"]),
        (
            {"sound": (2, 6, 1), "facts": (2, 3), "more": (2,)},
            ["holds 'more', which is no input", "numpy.savez"],
        ),
        (
            {"arr_0": (2, 6, 1), "arr_1": (2, 3)},
            ["lacks 'sound' and 'facts'", "holds 'arr_0' and 'arr_1', which are no inputs"],
        ),
        (
            {"sound": (2, 7, 1), "facts": (2, 3)},
            ["'sound' of float32 and shape (2, 7, 1)", "'sound' of shape (images, 6, 1)"],
        ),
        ({"sound": (2, 6, 1), "facts": (3, 3)}, ["2 for 'sound', 3 for 'facts'", "same number"]),
        ({"sound": (0, 6, 1), "facts": (0, 3)}, ["0 for 'sound'", "at least one"]),
    ],
)
def test_names_and_shapes_that_do_not_fit(held, words, folder):
    path = folder("bad.npz", **{name: photos(*shape) for name, shape in held.items()})
    refused(convscope.open(two()), path, *words)


def test_one_array_for_several_inputs(folder):
    path = folder("x.npy", photos(6, 1))
    refused(convscope.open(two()), path, "holds one array, and two takes 2 inputs", "numpy.savez")


def test_several_arrays_for_one_input(folder):
    path = folder("x.npz", wave=photos(9, 2), other=photos(3))
    refused(convscope.open(signal()), path, "holds 'other', which is no input", "'wave' of shape")


@pytest.mark.parametrize("shape", [(9,), (2, 9), (9, 3), (1, 2, 9, 2), ()])
def test_a_shape_that_does_not_fit(shape, folder):
    path = folder("x.npy", np.zeros(shape, np.float32))
    refused(convscope.open(signal()), path, f"shape {shape}", "'wave' of shape (images, 9, 2)")


def test_numbers_that_are_none(folder):
    network = convscope.open(signal())
    x = photos(9, 2)
    x[3, 1] = np.nan
    refused(network, folder("x.npy", x), "1 values of 18 that are not finite", "numpy.nan_to_num")
    for array, dtype in [
        (np.full((9, 2), "a"), "<U1"),
        (np.zeros((9, 2), "complex64"), "complex64"),
        (np.zeros((9, 2), "datetime64[s]"), "datetime64[s]"),
    ]:
        refused(network, folder("x.npy", array), f"of {dtype}", "save numbers with numpy.save")
        refused(network, folder("x.npz", wave=array), f"'wave' of {dtype}", "save numbers")


def test_python_objects_are_never_run(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)
    refused(convscope.open(signal()), path, "Python objects", "save numbers with numpy.save")


def test_files_that_cannot_be_read(tmp_path, folder):
    network = convscope.open(signal())
    good = folder("good.npy", photos(9, 2))
    refused(network, tmp_path / "god.npy", "no file", "did you mean 'good.npy'?")
    for suffix in (".npy", ".npz"):
        path = tmp_path / f"x{suffix}"
        for data in (b"", b"nonsense", good.read_bytes()[:-20], good.read_bytes()[:40]):
            path.write_bytes(data)
            refused(network, path, "cannot be read", "save numbers with numpy.save")
    path = tmp_path / "huge.npy"
    head = good.read_bytes().replace(b"(9, 2)", b"(9, 2000000000)"[:6])
    path.write_bytes(head.replace(b"'shape': (9, 2), ", b"'shape': (99999999, 99999), "))
    refused(network, path, "cannot be read")
    (tmp_path / "folder.npy").mkdir()
    refused(network, tmp_path / "folder.npy", "is a directory: give a file in it")


def test_an_entry_that_is_not_there(folder):
    path = folder("x.npy", photos(3, 9, 2))
    network = convscope.open(signal())
    refused(network, f"{path}:3", "no entry 3 in 'x.npy'", "0 to 2", error=SelectionError)


def test_a_dataset_is_named_as_one(folder):
    path = folder("d.npz", x_test=np.zeros((2, 12, 12), "uint8"), y_test=np.zeros(2))
    network = convscope.open(classifier())
    assert network.activations(f"{path}:1").images == ("d.npz:1",)
    refused(network, path, "is a dataset: give one image of it", ":0")


def test_for_a_network_of_images_files_mean_what_arrays_mean(folder):
    model = classifier()
    network = convscope.open(model)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 12, 12), np.uint8)
    prepared = photos(2, 12, 12, 1)
    for array in (pixels, pixels[0], pixels[..., None], prepared, prepared[0, ..., 0] % 1):
        path = folder("x.npy", array)
        np.testing.assert_array_equal(network.predict(path).values, network.predict(array).values)
    refused(network, folder("x.npy", photos(4, 4, 4, 4, 4)), "'x.npy': an array of shape")


@pytest.mark.filterwarnings("error")
def test_sound_that_fits(tmp_path):
    model = signal(7, 2)
    whole = np.random.default_rng(0).integers(-9999, 9999, (7, 2))
    path = sound_file(tmp_path / "a.wav", whole)
    network = convscope.open(model)
    expected = predicted(model, (whole / 32768).astype("float32")[None])
    np.testing.assert_allclose(network.predict(path).values, expected, **TOLERANCE)
    said = network.activations(path)["conv"].attrs["preparation"]
    assert said == "sound of 8,000 Hz as -1..1, not resampled"


def test_a_network_of_any_length_takes_all_of_a_sound(tmp_path):
    model = signal(None, 1)
    whole = np.random.default_rng(1).integers(-9999, 9999, (31, 1))
    path = sound_file(tmp_path / "a.wav", whole)
    found = convscope.open(model).activations(path)["conv"]
    assert found.shape == (1, 3, 31)
    expected = numbers(model.get_layer("conv")((whole / 32768).astype("float32")[None]))
    np.testing.assert_allclose(found.values, np.moveaxis(expected, -1, 1), **TOLERANCE)


@pytest.mark.parametrize(
    ("frames", "channels", "words"),
    [
        (12, 1, "the first 9 of 12 samples"),
        (5, 1, "5 samples, then silence up to 9"),
        (9, 2, "mean of 2 channels"),
        (12, 3, "mean of 3 channels, the first 9 of 12 samples"),
    ],
)
def test_sound_of_another_length_or_of_several_channels(tmp_path, frames, channels, words):
    model = signal(9, 1)
    whole = np.random.default_rng(2).integers(-9999, 9999, (frames, channels))
    path = sound_file(tmp_path / "a.wav", whole)
    given = (whole / 32768).mean(axis=1)[:9]
    given = np.concatenate([given, np.zeros(9 - len(given))])[None, :, None].astype("float32")
    network = convscope.open(model)
    with pytest.warns(ConvscopeWarning, match=f"a.wav: {words}, as .* takes"):
        found = network.predict(path).values
    np.testing.assert_allclose(found, predicted(model, given), **TOLERANCE)


def test_sound_for_a_plain_vector(tmp_path):
    model = settled(keras.Sequential([keras.Input((5,), name="x"), layers.Dense(2, name="d")]))
    whole = np.array([[100], [-5], [0], [7], [32767]])
    path = sound_file(tmp_path / "a.wav", whole)
    found = convscope.open(model).predict(path).values
    np.testing.assert_allclose(
        found, predicted(model, (whole.T / 32768).astype("float32")), **TOLERANCE
    )


def test_sound_that_a_network_does_not_take(tmp_path):
    path = sound_file(tmp_path / "a.wav", np.ones((9, 1)))
    refused(convscope.open(signal(9, 163)), path, "has 1 channel", "takes 163", "spectrogram")
    refused(convscope.open(volume()), path, "'a.wav' is sound", "'scan' of shape", "numpy.save")
    refused(convscope.open(classifier()), path, "'a.wav' is sound")
    refused(convscope.open(two()), path, "'a.wav' is sound", "'facts' of shape")
    (tmp_path / "b.wav").write_bytes(b"RIFF")
    refused(convscope.open(signal()), tmp_path / "b.wav", "is no .wav file")


def test_a_channels_first_network_takes_sound_channels_first(tmp_path):
    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow has no channels-first convolution on a CPU")
    conv = layers.Conv1D(3, 2, data_format="channels_first", name="conv")
    model = settled(keras.Sequential([keras.Input((2, 6), name="x"), conv]))
    network = convscope.open(model)
    whole = np.random.default_rng(3).integers(-99, 99, (6, 2))
    path = sound_file(tmp_path / "a.wav", whole)
    found = network.predict(path).values
    expected = predicted(model, (whole.T / 32768).astype("float32")[None])
    np.testing.assert_allclose(found, expected, **TOLERANCE)


def test_an_archive_that_lies(tmp_path):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("wave.npy", b"no array")
    refused(convscope.open(signal()), path, "'wave', which is no array")
