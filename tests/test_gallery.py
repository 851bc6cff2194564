"""The gallery's pages run as they are written, with short trainings on a part of the data."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest
from PIL import Image
from short_data import shorten

ROOT = Path(__file__).resolve().parents[1]
SPEC = importlib.util.spec_from_file_location("pages", ROOT / "docs" / "gallery" / "pages.py")
pages = importlib.util.module_from_spec(SPEC)
sys.modules["pages"] = pages
SPEC.loader.exec_module(pages)


@pytest.fixture(scope="module")
def data(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    shorten(shared, folder)
    return folder


@pytest.fixture(scope="module")
def laid_out(data: Path, tmp_path_factory: pytest.TempPathFactory):
    """Put the data where the pages look for it; pages that train the same network share it."""
    folder = tmp_path_factory.mktemp("gallery")
    before = os.environ.get("KERAS_HOME")
    pages.lay_out(data, folder)
    yield folder
    if before is None:
        del os.environ["KERAS_HOME"]
    else:
        os.environ["KERAS_HOME"] = before


@pytest.mark.parametrize("page", pages.PAGES)
def test_a_page_runs_and_makes_the_pictures_it_shows(page, laid_out, capsys):
    once = pages._once(laid_out)

    def short(arguments: list[str]) -> list[str]:
        arguments = once(arguments)
        return [*arguments, "--epochs", "1"] if arguments[0] == "train" else arguments

    pages.run(page, laid_out, short)
    shown = pages.pictures(page)
    assert shown
    for name in shown:
        with Image.open(laid_out / name) as picture:
            assert min(picture.size) > 20
            assert len(set(picture.convert("L").tobytes())) > 8, f"{name} is nearly empty"
    printed = capsys.readouterr().out
    expected = {
        "shoes": "9 2 1 1 6 1 4 6 5 7",
        "cats-and-dogs": "3,453,121",
        "fashion-in-numbers": "243,786",
        "mnist-mosaic": "(28 - 2 + 0)/1 + 1 = 27",
        "corgi": "7_max_pooling2d_3.png",
    }
    assert expected[page] in printed


@pytest.mark.parametrize(
    ("model", "maps", "count"),
    [("cats", "dog", 704), ("mnist", "five", 128), ("cats", "corgi", 704)],
)
def test_the_tiles_of_the_pages_are_the_values_of_keras(model, maps, count, laid_out):
    if not (laid_out / maps).is_dir():
        pytest.skip("the page has not run")
    assert pages.tiles(laid_out / f"{model}.keras", laid_out / maps) == count
