"""Pictures: files that hold their levels, colour bars that are true, nothing left half-written."""

import errno
import io
import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from convscope.errors import InputError, OutputError, SelectionError
from convscope.pictures import Place, mosaic, png, read_provenance, write_atomically
from convscope.pictures.files import whole_file

RNG = np.random.default_rng(8)
VALUES = RNG.random((12, 9, 7), dtype=np.float32)


def test_pillow_reads_the_levels_back():
    picture = mosaic(VALUES)
    with Image.open(io.BytesIO(picture.png())) as image:
        assert image.mode == "P"
        read = np.asarray(image)
        colours = np.asarray(image.convert("RGB"))
    height, width = picture.levels.shape
    np.testing.assert_array_equal(read[:height, :width], picture.levels)
    np.testing.assert_array_equal(read, picture.places())
    np.testing.assert_array_equal(colours, picture.palette[read])
    np.testing.assert_array_equal(np.asarray(picture.image()), read)


def test_without_isal_the_pixels_are_the_same(monkeypatch):
    picture = mosaic(VALUES)
    monkeypatch.setattr(png, "_deflate", zlib)
    with Image.open(io.BytesIO(picture.png())) as image:
        np.testing.assert_array_equal(np.asarray(image), picture.places())


def test_zoom_repeats_pixels():
    picture = mosaic(VALUES, zoom=3)
    wanted = np.kron(picture.levels, np.ones((3, 3), np.uint8))
    np.testing.assert_array_equal(picture.tile_places(), wanted)
    np.testing.assert_array_equal(np.asarray(picture.tiles_image()), wanted)
    assert picture.box(1) == (0, 8 * 3, 27, 15 * 3)


def test_the_footer_lies_below_and_narrow_tiles_are_padded_with_paper():
    picture = mosaic(VALUES[:1])
    drawn = picture.places()
    assert drawn.shape[0] > 9 and drawn.shape[1] > 200
    np.testing.assert_array_equal(drawn[:9, :7], picture.levels)
    assert (drawn[:9, 7:] == Place.PAPER).all()


def test_provenance_is_read_back(tmp_path):
    said = {"network": "schöne Netze", "layer": "conv2d", "preparation": {"size": (28, 28)}}
    path = tmp_path / "a.png"
    picture = mosaic(VALUES, provenance=said)
    picture.save(path)
    read = read_provenance(path)
    assert read["network"] == "schöne Netze" and read["preparation"] == {"size": [28, 28]}
    assert read["scale"] == "channel" and read["colormap"] == "viridis"
    np.testing.assert_array_equal(np.float32(read["low"]), VALUES.min((1, 2)))
    np.testing.assert_array_equal(np.float32(read["high"]), VALUES.max((1, 2)))
    mosaic(VALUES, scale="layer").save(path)
    assert read_provenance(path)["high"] == float(VALUES.max())


def test_provenance_of_other_files_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*name a picture that exists"):
        read_provenance(tmp_path / "none.png")
    path = tmp_path / "plain.png"
    Image.new("L", (2, 2)).save(path)
    with pytest.raises(InputError, match="does not say where it came from"):
        read_provenance(path)


def test_an_unknown_suffix_names_the_possible(tmp_path):
    with pytest.raises(SelectionError, match=r"end the name in \.png, \.pdf, \.svg"):
        mosaic(VALUES).save(tmp_path / "a.jpg")


def test_vector_files_hold_text(tmp_path):
    picture = mosaic(VALUES, title="a layer's name")
    picture.save(tmp_path / "a.svg")
    assert "a layer's name" in (tmp_path / "a.svg").read_text().replace("&#x27;", "'")
    picture.save(tmp_path / "a.PDF")
    assert (tmp_path / "a.PDF").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full: free some space"),
        (errno.EROFS, "the folder is read-only: name another folder"),
        (errno.EACCES, "no permission to write there: name another folder"),
        (errno.EIO, "name another folder"),
    ],
)
@pytest.mark.parametrize("step", ["open", "write", "replace"])
def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch, number, reason, step):
    path = tmp_path / "a.png"
    path.write_bytes(b"before")

    def fail(*_args, **_options):
        raise OSError(number, os.strerror(number))

    class Full(io.FileIO):
        def write(self, data):
            super().write(data[:5])
            fail()

    if step == "open":
        monkeypatch.setattr(os, "open", fail)
    elif step == "write":
        monkeypatch.setattr(os, "fdopen", lambda descriptor, _mode: Full(descriptor, "wb"))
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match=reason):
        mosaic(VALUES).save(path)
    monkeypatch.undo()
    assert path.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
def test_a_real_limit_while_writing_leaves_nothing_behind(tmp_path):
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "from convscope.errors import OutputError\n"
        "from convscope.pictures import write_atomically\n"
        "try:\n    write_atomically(sys.argv[1], bytes(100_000))\n"
        "except OutputError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(tmp_path / "a.png")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "cannot write" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_file_of_many_pieces_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"before")
    with whole_file(path) as file:
        file.write(b"one ")
        assert path.read_bytes() == b"before"
        file.write(b"two")
    assert path.read_bytes() == b"one two"
    with pytest.raises(RuntimeError, match="on the way"), whole_file(path) as file:
        file.write(b"three")
        raise RuntimeError("on the way")
    assert path.read_bytes() == b"one two"
    assert [found.name for found in tmp_path.iterdir()] == ["a"]


def test_a_missing_folder_and_a_folder_as_target_are_explained(tmp_path):
    with pytest.raises(OutputError, match=r"there is no folder .*make it first"):
        write_atomically(tmp_path / "none" / "a.png", b"")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match="that is a folder: name a file in it"):
        write_atomically(tmp_path / "folder.png", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


def test_files_have_the_rights_of_other_files(tmp_path):
    write_atomically(tmp_path / "a", b"12")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode
    assert (tmp_path / "a").read_bytes() == b"12"


@pytest.mark.parametrize(
    ("options", "low", "high", "middle", "words"),
    [
        ({}, "min", "max", "", "each map's own min..max"),
        ({"signed": True}, "-end", "+end", "0", "each map: ± its larger end"),
        ({"scale": "sigma"}, "-2 sd", "+2 sd", "mean", "mean ± 2 sd of each map"),
        ({"scale": "layer"}, "0.5", "4", "", "one scale for all maps"),
        ({"scale": "layer", "signed": True}, "-4", "4", "0", "all maps, ± the larger end"),
        ({"scale": "fixed(-1, 3)"}, "-1", "3", "0", "fixed scale"),
        ({"scale": "shared", "bounds": (0, 8)}, "0", "8", "", "one scale for all pictures"),
    ],
)
def test_the_colour_bar_is_true_for_every_tile(options, low, high, middle, words):
    values = np.linspace(0.5, 4, 32).reshape(2, 4, 4)
    picture = mosaic(values, **options)
    bar = picture.bar
    assert (bar.low, bar.high, bar.middle) == (low, high, middle)
    assert words in bar.words
    # A bar with numbers stands for one span, which every channel has.
    assert (bar.ends is not None) == (len({*picture.low}) == len({*picture.high}) == 1)
    if bar.ends:
        assert (picture.low == bar.ends[0]).all() and (picture.high == bar.ends[1]).all()


def test_a_single_map_has_numbers_on_its_bar():
    bar = mosaic(np.linspace(0, 0.75, 9).reshape(3, 3)).bar
    assert (bar.low, bar.high, bar.words) == ("0", "0.75", "this map's min..max")


def test_the_drawn_bar_runs_through_all_colours():
    drawn = mosaic(VALUES, scale="layer").places()
    row = next(line for line in drawn[27:] if (line < 240).sum() > 100)
    steps = row[row < 240].astype(int)
    assert steps[0] == 0 and steps[-1] == 239 and (np.diff(steps) >= 0).all()


@pytest.mark.parametrize("scale", ["layer", "channel"])
def test_matplotlib_gets_an_image_with_a_true_bar(scale):
    figure = Figure()
    picture = mosaic(VALUES, scale=scale, zoom=2)
    drawn = picture.to_matplotlib(figure.subplots())
    np.testing.assert_array_equal(drawn.get_array(), picture.colours())
    bar = figure.axes[1]
    if scale == "layer":
        assert bar.get_ylim() == pytest.approx((VALUES.min(), VALUES.max()))
    else:
        assert [tick.get_text() for tick in bar.get_yticklabels()] == ["min", "max"]
    assert "channel 1, unit (2, 1)" in figure.axes[0].format_coord(2 * 9, 2 * 2)


def test_a_notebook_shows_it_enlarged():
    with Image.open(io.BytesIO(mosaic(VALUES)._repr_png_())) as image:
        assert image.width >= 640
    with Image.open(io.BytesIO(mosaic(np.arange(10.0))._repr_png_())) as image:
        assert image.width >= 640 and image.height < 200


def test_it_opens_large(monkeypatch):
    opened = []
    monkeypatch.setattr(Image.Image, "show", lambda self, title=None: opened.append(self.size))
    mosaic(VALUES).show()
    assert opened[0][0] >= 640


def test_drawing_a_mosaic_needs_neither_matplotlib_nor_xarray():
    code = (
        "import sys, numpy\n"
        "from convscope.pictures import mosaic\n"
        "mosaic(numpy.eye(4), colormap='RdBu').png()\n"
        "print({'matplotlib', 'xarray', 'pandas'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
