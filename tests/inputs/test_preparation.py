"""Preparation against NumPy written out, Pillow, and Keras's own functions."""

import importlib
import os
import subprocess
import sys
import textwrap

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import InputError, SelectionError
from convscope.inputs import Image, Preparation, check, prepare
from convscope.inputs.preparation import APPLICATIONS, application_preparation

RNG = np.random.default_rng(1)


def image(*shape, dtype=np.uint8):
    return Image(RNG.integers(0, 256, shape).astype(dtype), "random")


def test_plain_preparation_is_division_by_255():
    pictures = [image(28, 28, 1) for _ in range(5)]
    array = prepare(pictures, Preparation((28, 28), 1))
    assert array.dtype == np.float32
    assert array.shape == (5, 28, 28, 1)
    expected = np.stack([picture.pixels for picture in pictures]).astype("float32") / 255
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(12, 9), (90, 70), (30, 7)])
def test_stretching_is_pillows_bilinear_on_bytes(channels, size):
    picture = image(40, 33, channels)
    mode = picture.pixels[:, :, 0] if channels == 1 else picture.pixels
    pillow = PIL.Image.fromarray(mode).resize((size[1], size[0]), PIL.Image.Resampling.BILINEAR)
    expected = np.asarray(pillow, np.float32).reshape(1, *size, channels) / 255
    np.testing.assert_allclose(prepare([picture], Preparation(size, channels)), expected, rtol=1e-6)


def test_stretching_keeps_the_precision_of_floats():
    ramp = np.broadcast_to(np.arange(16, dtype=np.float32)[:, None, None], (16, 8, 3))
    array = prepare([Image(ramp, "ramp")], Preparation((8, 8), 3, high=255.0))
    # A reduction by two averages with weights 1 3 3 1; inside, a ramp stays a ramp.
    np.testing.assert_allclose(array[0, 1:-1, 0, 0], np.arange(2.5, 14, 2), rtol=1e-5)


def test_colour_becomes_grey_by_itu_r_601():
    picture = image(6, 5, 3)
    expected = picture.pixels.astype(float) @ [0.299, 0.587, 0.114]
    array = prepare([picture], Preparation((6, 5), 1, high=255.0))
    assert np.abs(array[0, :, :, 0] - expected).max() <= 0.5 + 1e-3
    fine = Image(picture.pixels.astype(np.float32), "fine")
    array = prepare([fine], Preparation((6, 5), 1, high=255.0))
    np.testing.assert_allclose(array[0, :, :, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_grey_is_repeated_for_colour(dtype):
    picture = image(6, 5, 1, dtype=dtype)
    array = prepare([picture], Preparation((6, 5), 3, high=255.0))
    np.testing.assert_array_equal(array[0], np.repeat(picture.pixels, 3, axis=2))


def test_mean_and_std_belong_to_the_channels_as_the_network_sees_them():
    picture = image(4, 4, 3)
    preparation = Preparation((4, 4), 3, 0, 255, (1.0, 2.0, 3.0), (4.0, 5.0, 6.0), "bgr")
    expected = (picture.pixels[:, :, ::-1].astype(float) - [1, 2, 3]) / [4, 5, 6]
    np.testing.assert_allclose(prepare([picture], preparation)[0], expected, rtol=1e-5, atol=1e-5)


def test_one_mean_serves_all_channels():
    picture = image(4, 4, 3)
    array = prepare([picture], Preparation((4, 4), 3, mean=(0.5,), std=(2.0,)))
    np.testing.assert_allclose(array[0], (picture.pixels / 255 - 0.5) / 2, rtol=1e-5, atol=1e-6)


def test_images_of_unlike_size_need_a_size():
    pictures = [image(4, 5, 1), image(6, 5, 3)]
    with pytest.raises(InputError, match=r"\(4 x 5, 6 x 5\).*one by one") as caught:
        prepare(pictures, Preparation(None, 3))
    assert "\n" not in str(caught.value)
    assert prepare(pictures, Preparation((3, 3), 3)).shape == (2, 3, 3, 3)
    assert prepare(pictures[:1], Preparation(None, 3)).shape == (1, 4, 5, 3)
    with pytest.raises(InputError, match="at least one"):
        prepare([], Preparation(None, 3))


def test_preparing_leaves_the_image_alone():
    picture = image(6, 6, 3, dtype=np.float32)
    before = picture.pixels.copy()
    prepare([picture], application_preparation("VGG16", (6, 6)))
    np.testing.assert_array_equal(picture.pixels, before)


finite = st.floats(-300, 300, width=32)


@given(
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    own=st.tuples(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3])),
    channels=st.sampled_from([1, 3]),
    ends=st.tuples(finite, finite).filter(lambda ends: abs(ends[0] - ends[1]) > 0.01),
    mean=st.none() | finite,
    std=st.none() | st.floats(0.1, 100),
    order=st.sampled_from(["rgb", "bgr"]),
    fine=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_shape_and_range(size, own, channels, ends, mean, std, order, fine, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, own)
    picture = Image(pixels.astype(np.float32 if fine else np.uint8), "random")
    means = None if mean is None else (mean,)
    stds = None if std is None else (std,)
    preparation = Preparation(size, channels, *ends, means, stds, order)
    array = prepare([picture], preparation)
    assert array.shape == (1, *size, channels)
    assert array.dtype == np.float32
    bounds = [(end - (mean or 0)) / (std or 1) for end in ends]
    slack = 1e-3 * max(1, *map(abs, bounds))
    assert min(bounds) - slack <= array.min()
    assert array.max() <= max(bounds) + slack
    problems = check(array, preparation)
    assert all("not finite" not in problem for problem in problems)
    if "expects" in "".join(problems):
        # Only what may also be meant otherwise: all within 0..1 though more is possible.
        assert array.min() >= -1.01
        assert array.max() <= 1.01


def test_every_application_is_in_the_table():
    program = """
        import keras
        names = [name for name in vars(keras.applications) if name[0].isupper()]
        print(" ".join(sorted(names)))
    """
    assert keras_says(program).split() == sorted(APPLICATIONS)


def keras_says(program):
    """Run a program with Keras, on a backend that is installed, and give what it prints."""
    for backend in ("jax", "torch", "tensorflow"):
        if importlib.util.find_spec("keras") and importlib.util.find_spec(backend):
            break
    else:
        pytest.skip("Keras or a backend of it is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return found.stdout


def test_applications_prepare_as_keras_does(tmp_path):
    pixels = RNG.integers(0, 256, (9, 8, 3), dtype=np.uint8)
    np.save(tmp_path / "pixels.npy", pixels)
    keras_says(f"""
        import keras, numpy
        found = {{}}
        for name, function in vars(keras.applications).items():
            if name[0].isupper():
                # The module that exports the function has its preparation too, except for one.
                modules = [
                    module for module in vars(keras.applications).values()
                    if getattr(module, name, None) is function
                    and hasattr(module, "preprocess_input")
                ]
                if name.startswith("MobileNetV3"):
                    modules = [keras.applications.mobilenet_v3]
                module = modules[0]
                pixels = numpy.load({str(tmp_path / "pixels.npy")!r}).astype("float32")
                found[name] = module.preprocess_input(pixels[None])
        numpy.savez({str(tmp_path / "found.npz")!r}, **found)
    """)
    with np.load(tmp_path / "found.npz") as found:
        assert set(found.files) == set(APPLICATIONS)
        for name in found.files:
            preparation = application_preparation(name, (9, 8))
            array = prepare([Image(pixels, "random")], preparation)
            np.testing.assert_allclose(array, found[name], atol=1e-4, err_msg=name)
            assert check(found[name], preparation) == []


def test_application_names():
    assert application_preparation("mobilenetv2", (224, 224)).low == -1
    assert "VGG16" in application_preparation("VGG16", None).describe()
    with pytest.raises(SelectionError, match=r"'MobilNetV2'.*did you mean 'MobileNetV2'"):
        application_preparation("MobilNetV2", None)


def test_description():
    assert Preparation((28, 28), 1).describe() == "28 x 28, grey, 0..1 (default)"
    assert Preparation(None, 3, -1, 1, source="from a.json").describe() == (
        "own size, RGB, -1..1 (from a.json)"
    )
    described = application_preparation("VGG16", (224, 200)).describe()
    assert described.startswith("224 x 200, BGR, 0..255, minus 103.939 116.779 123.68 (")
    assert "over 0.229 0.224 0.225" in application_preparation("DenseNet121", None).describe()


def test_sidecar_entry():
    plain = Preparation((28, 28), 1)
    entry = {"size": [28, 28], "channels": 1, "low": 0.0, "high": 1.0, "order": "rgb"}
    assert plain.to_json() == entry
    assert Preparation.from_json(entry) == plain
    full = Preparation(None, 3, 0, 255, (1.0, 2.0, 3.0), (1.0, 1.0, 2.0), "bgr", "sidecar")
    assert full.to_json()["mean"] == [1, 2, 3]
    assert Preparation.from_json(full.to_json(), source="sidecar") == full
    assert Preparation.from_json({"channels": 3}) == Preparation(None, 3)


@pytest.mark.parametrize(
    ("entry", "kind", "words"),
    [
        ({"channels": 1, "hihg": 1}, ValueError, "unknown entry 'hihg': did you mean 'high'"),
        ({"size": [1, 2]}, KeyError, "channels"),
        ({"channels": 1, "low": "dark"}, ValueError, "dark"),
        ({"channels": 1, "size": 5}, TypeError, "int"),
        ({"channels": 1, "size": [5]}, InputError, "give height and width"),
        ({"channels": 1, "size": [0, 5]}, InputError, "at least one pixel"),
        ({"channels": 2}, InputError, r"2 channels: give 1 \(grey\) or 3"),
        ({"channels": 1, "low": 1, "high": 1}, InputError, r"range 1\.\.1: give two"),
        ({"channels": 1, "high": float("nan")}, InputError, "give two finite"),
        ({"channels": 1, "order": "grb"}, InputError, "'grb': give 'rgb' or 'bgr'"),
        ({"channels": 3, "mean": [1, 2]}, InputError, "2 numbers as mean: give one, or 3"),
        ({"channels": 3, "std": 0}, InputError, "as std: give positive numbers"),
        ({"channels": 1, "mean": [float("inf")]}, InputError, "as mean: give finite numbers"),
    ],
)
def test_what_is_no_preparation(entry, kind, words):
    with pytest.raises(kind, match=words) as caught:
        Preparation.from_json(entry, source="a.json")
    assert "\n" not in str(caught.value)
    if kind is InputError:
        assert "a.json" in str(caught.value)


def test_the_middle_is_cut_out_of_an_image_whose_shorter_side_is_resized():
    y, x = np.mgrid[:40, :80].astype("float64")
    ramp = np.stack([2 * x, 4 * y, np.zeros_like(x)], axis=-1).astype("uint8")
    wanted = Preparation((16, 12), 3, 0, 255, resize=20)
    (found,) = prepare([Image(ramp, "ramp")], wanted)
    # Two pixels of the image make one: the middle 32 x 24 of 40 x 80.
    rows, columns = 4 + 2 * np.arange(16) + 0.5, 28 + 2 * np.arange(12) + 0.5
    assert np.abs(found[..., 0] - 2 * columns).max() <= 1
    assert np.abs(found[..., 1] - 4 * rows[:, None]).max() <= 1
    exact = ramp[:16, :12]
    assert np.array_equal(prepare([Image(exact, "exact")], wanted)[0], exact)
    assert Preparation.from_json(wanted.to_json()) == wanted
    assert wanted.describe().startswith("the middle 16 x 12 of 20 on the shorter side, RGB")


@pytest.mark.parametrize("size", [None, (16, 12)])
def test_a_part_that_is_larger_than_the_image_is_refused(size):
    with pytest.raises(InputError, match=r"resize 15: give a size, and at least its longer side"):
        Preparation(size, 3, resize=15)


@given(st.integers(1, 900), st.integers(1, 900))
def test_the_whole_shorter_side_is_part_of_any_image(height, width):
    image = Image(np.full((height, width, 1), 77, np.uint8), "grey")
    (found,) = prepare([image], Preparation((24, 24), 1, 0, 255, resize=24))
    assert found.shape == (24, 24, 1) and (found == 77).all()
