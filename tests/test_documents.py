"""What the documents show works."""

import math
import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
# The gallery's pages need real data: `test_gallery` runs them.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAVED = re.compile(r"\.save\(\"([^\"]+)\"\)")
_DIMS = re.compile(r"^(?:print\((.+)\)|(.+?))  # DataArray\[([^\]]+)\]", re.MULTILINE)
_PRINTED = re.compile(r"^```bash\n(.*?)^```\n\n^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]\d+)?")


def blocks(page: Path) -> list[str]:
    return _BLOCK.findall(page.read_text(encoding="utf-8"))


def runs(page: Path) -> dict:
    """Run all Python of a page, one block after the other, in one namespace."""
    names: dict = {}
    for block in blocks(page):
        exec(compile(block, page.name, "exec"), names)
    return names


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory):
    import keras
    from page_files import drawn, lay_out

    folder = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.initializers.VarianceScaling, "__call__", drawn)
        lay_out(folder)
    return folder


@pytest.fixture
def folder(laid_out, tmp_path, monkeypatch):
    """Stand in a folder where the files lie that the pages name."""
    for file in laid_out.iterdir():
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.setenv("KERAS_HOME", str(laid_out / "keras"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda p: p.stem)
def test_the_python_of_a_page_runs(page, folder):
    names = runs(page)
    text = "\n".join(blocks(page))
    for name in _SAVED.findall(text):
        path = folder / name
        if path.is_dir():
            assert (path / "maps.json").is_file()
            continue
        with Image.open(path) as picture:
            assert len(set(picture.convert("L").tobytes())) > 8, f"{name} is nearly empty"
    for printed, plain, dims in _DIMS.findall(text):
        expression = printed or plain
        assert eval(expression, names).dims == tuple(dims.split(", ")), expression


def numbers_apart(text: str) -> tuple[list[str], list[float]]:
    """Split text into its words and its numbers."""
    words = " ".join(_NUMBER.sub(" # ", text).split())
    return words.split(), [float(number) for number in _NUMBER.findall(text)]


@pytest.mark.parametrize("place", [0, 1], ids=["explain", "verify"])
def test_what_a_command_prints_is_what_the_page_shows(place, folder, capsys):
    from convscope.cli.main import main

    text = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
    commands, shown = _PRINTED.findall(text)[place]
    # The network that the page trains is the one that comes with the package.
    _, *arguments = shlex.split(commands.splitlines()[-1])
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert not stop.value.code
    printed = capsys.readouterr().out
    (words, found), (expected_words, expected) = map(numbers_apart, (printed, shown))
    assert words == expected_words
    # What is left after large products have cancelled depends on the processor.
    for one, other in zip(found, expected, strict=True):
        assert math.isclose(one, other, rel_tol=1e-3, abs_tol=3e-6)


def test_a_field_is_printed_as_the_page_shows_it(folder, capsys):
    page = ROOT / "docs" / "receptive-field.md"
    (shown,) = re.findall(r"^print\(field\)  # (.+)$", page.read_text(), re.MULTILINE)
    runs(page)
    assert shown in capsys.readouterr().out


def test_the_version_has_one_place():
    import convscope

    text = (ROOT / "pyproject.toml").read_text()
    assert 'dynamic = ["version"]' in text
    assert (
        f'__version__ = "{convscope.__version__}"'
        in (ROOT / "src" / "convscope" / "__init__.py").read_text()
    )
    assert convscope.__version__ in (ROOT / "CHANGELOG.md").read_text()


def test_the_reference_has_every_public_name():
    import convscope

    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    shown = re.findall(r"^      heading: convscope\.(\w+)$", text, re.MULTILINE)
    assert sorted(shown) == sorted(name for name in convscope.__all__ if not name.startswith("_"))


def test_the_site_leads_to_every_page():
    listed = set(re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    docs = ROOT / "docs"
    assert listed == {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}


PICTURES = sorted((ROOT / "docs" / "pictures").iterdir())


# The gallery's own are made by `docs/gallery/pages.py` from the pages that show them.
@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.stem)
def test_every_picture_is_made_by_a_script(picture):
    # One of the scripts runs the Python of that page.
    made = [*(ROOT / "scripts").glob("*.py"), ROOT / "docs" / "beyond-images.md"]
    name = re.compile(rf"\b{picture.stem.removeprefix('explorer-')}\b")
    said = [file for file in made if name.search(file.read_text(encoding="utf-8"))]
    assert said, f"no script makes {picture.name}"
