"""Every format and mode that is read, written by Pillow itself."""

import warnings

import numpy as np
import PIL.Image
import pytest

from convscope.errors import ConvscopeWarning, InputError
from convscope.inputs import read_image

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (5, 7), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.bmp", {}),
        ("a.tif", {}),
        ("a.tiff", {"compression": "tiff_lzw"}),
        ("a.webp", {"lossless": True}),
    ],
)
def test_lossless_colour_formats_give_the_pixels_back(tmp_path, name, options):
    PIL.Image.fromarray(COLOUR).save(tmp_path / name, **options)
    image = read_image(tmp_path / name)
    assert image.name == name
    assert image.label is None
    assert image.size == (5, 7)
    assert image.pixels.dtype == np.uint8
    np.testing.assert_array_equal(image.pixels, COLOUR)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.gif"])
def test_lossless_grey_formats_keep_one_channel(tmp_path, name):
    PIL.Image.fromarray(GREY).save(tmp_path / name)
    image = read_image(str(tmp_path / name))
    np.testing.assert_array_equal(image.pixels, GREY[:, :, None])


@pytest.mark.parametrize("size", [(40, 60), (40, 60, 3)])
def test_jpeg_is_near_and_keeps_its_channels(tmp_path, size):
    smooth = np.broadcast_to(np.linspace(0, 255, 60).astype(np.uint8), (40, 60))
    pixels = smooth if len(size) == 2 else np.stack([smooth] * 3, axis=2)
    PIL.Image.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / "a.jpg", quality=95)
    image = read_image(tmp_path / "a.jpg")
    assert image.pixels.shape == (40, 60, 1 if len(size) == 2 else 3)
    assert np.abs(image.pixels.astype(int) - smooth[:, :, None]).max() <= 4


def test_one_bit_is_black_and_white(tmp_path):
    bits = GREY > 127
    PIL.Image.fromarray(bits).save(tmp_path / "a.png")
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png").pixels[:, :, 0], np.where(bits, 255, 0)
    )


def test_palette_becomes_its_colours(tmp_path):
    picture = PIL.Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png").pixels, [[[255, 0, 0], [0, 255, 0], [0, 0, 255]]]
    )


@pytest.mark.parametrize("transparency", [1, bytes([255, 0, 255])])
def test_transparent_palette_is_laid_over_white_without_warning(tmp_path, transparency):
    picture = PIL.Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    picture.save(tmp_path / "a.png", transparency=transparency)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = read_image(tmp_path / "a.png").pixels
    np.testing.assert_array_equal(pixels, [[[255, 0, 0], [255, 255, 255], [0, 0, 255]]])


def test_alpha_is_laid_over_white(tmp_path):
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [100, 200, 0, 128]]], np.uint8)
    PIL.Image.fromarray(rgba).save(tmp_path / "a.png")
    half = [round(c * 128 / 255 + 255 * 127 / 255) for c in (100, 200, 0)]
    expected = np.array([[[10, 20, 30], [255, 255, 255], half]])
    assert np.abs(read_image(tmp_path / "a.png").pixels.astype(int) - expected).max() <= 1
    # The same as an array.
    assert np.abs(read_image(rgba).pixels.astype(int) - expected).max() <= 1
    assert np.abs(read_image(rgba / 255).pixels - expected).max() <= 1


def test_grey_with_alpha_stays_grey(tmp_path):
    pair = np.array([[[50, 255], [50, 0]]], np.uint8)
    PIL.Image.fromarray(pair, "LA").save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, [[[50], [255]]])


def test_grey_with_one_transparent_value_stays_grey(tmp_path):
    PIL.Image.fromarray(np.array([[50, 60]], np.uint8)).save(tmp_path / "a.png", transparency=60)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, [[[50], [255]]])


def test_sixteen_bits_keep_their_precision(tmp_path):
    fine = np.array([[0, 1, 257, 30000, 65535]], np.uint16)
    PIL.Image.fromarray(fine).save(tmp_path / "a.png")
    PIL.Image.fromarray(fine).save(tmp_path / "a.tif")
    for source in (tmp_path / "a.png", tmp_path / "a.tif", fine):
        pixels = read_image(source).pixels
        assert pixels.dtype == np.float32
        np.testing.assert_allclose(pixels[0, :, 0], fine[0] / 65535 * 255, rtol=1e-6)


def test_mode_i_is_16_bit_or_8_bit_by_its_values():
    def wide(values):
        return PIL.Image.fromarray(np.array([values], np.int32), "I")

    assert read_image(wide([0, 65535])).pixels.ravel().tolist() == [0, 255]
    assert read_image(wide([0, 200])).pixels.ravel().tolist() == [0, 200]
    for values in ([-1, 5], [0, 70000]):
        with pytest.raises(InputError, match="scale it to 16 bits"):
            read_image(wide(values))


def test_floating_point_tiff_is_0_to_1(tmp_path):
    floats = np.array([[0, 0.1, 1]], np.float32)
    PIL.Image.fromarray(floats).save(tmp_path / "a.tif")
    pixels = read_image(tmp_path / "a.tif").pixels
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels[0, :, 0], [0, 25.5, 255], rtol=1e-6)


def test_floating_point_tiff_with_nan_names_the_file(tmp_path):
    PIL.Image.fromarray(np.array([[0, np.nan]], np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match=r"a\.tif.*1 values of 2.*not finite.*nan_to_num"):
        read_image(tmp_path / "a.tif")


def test_cmyk_becomes_rgb(tmp_path):
    solid = np.zeros((8, 8, 4), np.uint8)
    solid[:] = (0, 255, 255, 0)  # magenta and yellow: red
    PIL.Image.fromarray(solid, "CMYK").save(tmp_path / "a.jpg", quality=100)
    PIL.Image.fromarray(solid, "CMYK").save(tmp_path / "a.tif")
    for name in ("a.jpg", "a.tif"):
        pixels = read_image(tmp_path / name).pixels
        assert pixels.shape == (8, 8, 3)
        assert np.abs(pixels.astype(int) - [255, 0, 0]).max() <= 3


# What a viewer shows for each value of the EXIF tag, from the stored rows and columns.
SHOWN = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(tmp_path, orientation):
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    PIL.Image.fromarray(COLOUR).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, SHOWN[orientation](COLOUR))


def test_first_frame_of_a_gif(tmp_path):
    frames = [PIL.Image.fromarray(np.full((4, 6), value, np.uint8)) for value in (40, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert set(read_image(tmp_path / "a.gif").pixels.ravel().tolist()) == {40}


def test_picture_of_pillow_is_left_as_it_is():
    picture = PIL.Image.fromarray(COLOUR)
    image = read_image(picture)
    np.testing.assert_array_equal(image.pixels, COLOUR)
    assert image.name == "image 0"
    assert picture.mode == "RGB"


def test_picture_of_pillow_has_its_files_name(tmp_path):
    PIL.Image.fromarray(COLOUR).save(tmp_path / "shoe.png")
    with PIL.Image.open(tmp_path / "shoe.png") as picture:
        assert read_image(picture).name == "shoe.png"


@pytest.mark.parametrize("mode", ["HSV", "YCbCr", "LAB", "CMYK", "RGBX", "RGBa"])
def test_any_other_mode_has_three_channels(mode):
    colour = PIL.Image.fromarray(COLOUR)
    picture = (
        colour.convert("RGBA").convert(mode) if mode == "RGBa" else PIL.Image.new(mode, (7, 5))
    )
    pixels = read_image(picture).pixels
    assert pixels.dtype == np.uint8
    assert pixels.shape == (5, 7, 3)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_says_nothing_of_the_rotation(tmp_path):
    PIL.Image.fromarray(COLOUR).save(tmp_path / "a.png", exif=b"Exif\0\0MM\0*garbage")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, COLOUR)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4)])
def test_shapes_of_arrays(shape):
    array = np.full(shape, 255, np.uint8)
    assert read_image(array).pixels.shape == (5, 7, 3 if shape[-1] in {3, 4} else 1)


@pytest.mark.parametrize(
    ("array", "expected", "dtype"),
    [
        ([[False, True]], [0, 255], np.uint8),
        (np.array([[0, 255]], np.uint8), [0, 255], np.uint8),
        (np.array([[0, 255]], np.int64), [0, 255], np.uint8),
        (np.array([[0, 127]], np.int8), [0, 127], np.uint8),
        (np.array([[0, 255]], np.uint32), [0, 255], np.uint8),
        (np.array([[0, 65535]], np.uint16), [0, 255], np.float32),
        (np.array([[0, 0.5, 1]], np.float64), [0, 127.5, 255], np.float32),
        (np.array([[0, 0.5, 1]], np.float16), [0, 127.5, 255], np.float32),
        (np.array([[-1e-7, 1 + 1e-6]], np.float32), [0, 255], np.float32),
    ],
)
def test_dtypes_of_arrays(array, expected, dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = read_image(np.asarray(array)).pixels
    assert pixels.dtype == dtype
    np.testing.assert_allclose(pixels.ravel(), expected)


def test_floats_up_to_255_are_taken_so_with_a_warning():
    with pytest.warns(ConvscopeWarning, match=r"up to 200 is taken as 0\.\.255.*divide by 255"):
        image = read_image(np.array([[0.0, 200.0]]))
    assert image.pixels.ravel().tolist() == [0, 200]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([[0, 300]]), r"from 0 to 300.*scale it to 0\.\.255, or give uint16"),
        (np.array([[-1, 3]]), r"from -1 to 3"),
        (np.array([[0.0, np.nan]]), r"1 values of 2 .*not finite.*nan_to_num"),
        (np.array([[0.0, np.inf]]), r"not finite"),
        (np.array([[-0.5, 0.5]]), r"from -0\.5 to 0\.5.*scale it to 0\.\.1"),
        (np.array([[0.0, 256.0]]), r"to 256.*scale it"),
        (np.zeros((2, 2), complex), r"complex128 is no image.*\(y, x, 3\)"),
        (np.array([["a"]]), r"is no image"),
        (np.zeros(5), r"shape \(5,\) is no image.*\(y, x\)"),
        (np.zeros((2, 2, 5), np.uint8), r"shape \(2, 2, 5\) is not one image"),
        (np.zeros((1, 2, 2, 3), np.uint8), r"\(1, 2, 2, 3\) is not one image"),
        (np.zeros((0, 3), np.uint8), r"holds no pixels"),
        ([[1, 2], [3]], r"cannot be made an array.*give an array"),
    ],
)
def test_arrays_that_are_no_images(array, words):
    with pytest.raises(InputError, match=words) as caught:
        read_image(array)
    assert "\n" not in str(caught.value)
