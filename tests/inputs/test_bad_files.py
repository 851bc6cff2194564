"""What is said of files that are no pictures: one line, with the remedy."""

import gc
import os
import struct
import subprocess
import sys
import textwrap
import warnings
import zlib

import numpy as np
import PIL.Image
import PIL.ImageFile
import pytest

from convscope.errors import InputError
from convscope.inputs import read_image


def refusal(source):
    """Give what is said; a warning or an open file left behind is a failure as well."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError) as caught:
            read_image(source)
        gc.collect()
    message = str(caught.value)
    assert "\n" not in message
    return message


def png(width, height):
    """Give a PNG that claims a size, with hardly any pixels."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_missing_file_names_near_ones(tmp_path):
    (tmp_path / "shoe.png").write_bytes(b"")
    message = refusal(tmp_path / "shoo.png")
    assert "there is no file" in message
    assert "did you mean 'shoe.png'?" in message


def test_missing_file_in_an_empty_or_missing_folder(tmp_path):
    assert "check the path" in refusal(tmp_path / "a.png")
    message = refusal(tmp_path / "none" / "a.png")
    assert "nor a folder" in message
    assert "check the path" in message


def test_file_below_a_file(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    assert "nor a folder" in refusal(tmp_path / "a.png" / "b.png")


def test_directory(tmp_path):
    message = refusal(tmp_path)
    assert "is a directory" in message
    assert "give a picture in it" in message


def test_empty_file(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    message = refusal(tmp_path / "a.png")
    assert "empty file" in message
    assert "give a PNG, JPEG" in message


@pytest.mark.parametrize("content", [b"hello, this is text\n" * 40, b"BM", b"GIF", b"II*\x00"])
def test_file_that_is_no_picture(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    message = refusal(tmp_path / "a.png")
    assert "a.png" in message
    assert "give a" in message


def test_renamed_text_lists_the_formats(tmp_path):
    (tmp_path / "a.jpg").write_text("not a picture at all")
    message = refusal(tmp_path / "a.jpg")
    assert "is not a picture that can be read" in message
    assert "PNG, JPEG, WebP, BMP, GIF or TIFF" in message


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "bmp", "gif", "tif"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_truncated_file(tmp_path, kind, part):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / f"a.{kind}"
    PIL.Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    message = refusal(path)
    assert "truncated" in message
    assert "give a whole file" in message


@pytest.mark.parametrize(("width", "height"), [(100_000, 100_000), (13_400, 13_400)])
def test_decompression_bomb_is_refused_from_its_header(tmp_path, monkeypatch, width, height):
    (tmp_path / "a.png").write_bytes(png(width, height))
    monkeypatch.setattr(PIL.ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    message = refusal(tmp_path / "a.png")
    assert f"claims {width:,} x {height:,} pixels" in message
    assert "178 million" in message
    assert "smaller version" in message


def test_large_but_allowed_picture_warns_of_nothing(tmp_path):
    # Pillow would warn from 89 million pixels on; this one fails only for lack of pixels.
    (tmp_path / "a.png").write_bytes(png(10_000, 9_500))
    assert "truncated" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize("url", ["https://example.org/a.png", "s3://bucket/a.png", "HTTP://x/y"])
def test_url_is_not_fetched(url):
    message = refusal(url)
    assert "URLs are not fetched" in message
    assert "download the file first" in message


def test_empty_name():
    assert "give a file or DATASET:INDEX" in refusal(" ")


def test_name_with_a_line_break_stays_one_line(tmp_path):
    assert "\\n" in refusal(f"{tmp_path}/a\nb.png")


def test_name_that_no_file_can_have():
    assert "cannot be read" in refusal("a\0b.png")
    assert "cannot be read" in refusal("a" * 5000 + ".png")


def test_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    PIL.Image.new("L", (2, 2)).save(path)
    if os.name == "posix" and os.geteuid() != 0:
        path.chmod(0)
    else:

        def denied(*_args, **_options):
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(type(path), "open", denied)
    message = refusal(path)
    assert "permission denied" in message
    assert "change its permissions" in message


def test_picture_of_pillow_whose_file_is_closed(tmp_path):
    PIL.Image.new("L", (2, 2)).save(tmp_path / "a.png")
    with PIL.Image.open(tmp_path / "a.png") as picture:
        pass
    assert "give one whose file is whole and open" in refusal(picture)


def test_other_things_are_refused():
    for thing in (None, 3, object()):
        assert "give an array" in refusal(thing)


def test_no_file_is_left_open(tmp_path):
    PIL.Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    (tmp_path / "b.gif").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    program = f"""
        import gc, warnings
        warnings.simplefilter("error")
        import convscope.inputs as inputs
        from convscope.errors import InputError
        inputs.read_image({str(tmp_path / "a.png")!r})
        try:
            inputs.read_image({str(tmp_path / "b.gif")!r})
        except InputError:
            pass
        gc.collect()
        print("read")
    """
    found = subprocess.run(
        [sys.executable, "-X", "dev", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "read"
    assert "ResourceWarning" not in found.stderr


def test_a_common_suffix_makes_no_name_near(tmp_path):
    (tmp_path / "shoes.png").write_bytes(b"x")
    message = refusal(tmp_path / "missing.png")
    assert "did you mean" not in message and "one of: shoes.png" in message
    assert "did you mean 'shoes.png'?" in refusal(tmp_path / "shoe.jpg")
