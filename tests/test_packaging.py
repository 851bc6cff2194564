"""What a person installs: the wheel holds what the source holds, and nothing else."""

import importlib.util
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "convscope"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# With hatchling at hand nothing has to be downloaded.
missing = [name for name in ("build", "hatchling") if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"not installed: {' '.join(missing)}")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Build the source distribution, and the wheel from what is in that."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(made):
    (path,) = made.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def written(folder):
    """List the files that somebody wrote: no caches."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not _left_by_a_run(path.relative_to(folder))
    }


def _left_by_a_run(path):
    return any(part == "__pycache__" or part.startswith(".") for part in path.parts)


def described(wheel, name):
    (path,) = [one for one in wheel.namelist() if one.endswith(f".dist-info/{name}")]
    return wheel.read(path).decode("utf-8")


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert inside == {f"convscope/{name}" for name in written(SOURCE)}


def test_the_wheel_holds_what_is_not_python_byte_for_byte(wheel):
    others = [name for name in written(SOURCE) if not name.endswith(".py")]
    kinds = {Path(name).suffix for name in others} | {Path(name).name for name in others}
    assert {".js", ".css", ".html", ".svg", ".keras", ".npz", "py.typed"} <= kinds
    for name in others:
        assert wheel.read(f"convscope/{name}") == (SOURCE / name).read_bytes(), name


def test_the_wheel_says_what_the_project_says(wheel):
    metadata = Parser().parsestr(described(wheel, "METADATA"))
    assert set(metadata.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    assert metadata["License-Expression"] == PROJECT["license"]
    assert described(wheel, "licenses/LICENSE") == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "convscope = convscope.cli.entry:main" in described(wheel, "entry_points.txt")
    plain = [one for one in metadata.get_all("Requires-Dist") if "extra ==" not in one]
    frameworks = {"keras", "jax", "torch", "tensorflow", "onnxruntime", "ray"}
    assert not {one.partition(">")[0].partition("[")[0] for one in plain} & frameworks


def test_every_extra_that_the_code_and_the_documents_name_is_there():
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    named = set()
    for path in [*SOURCE.rglob("*.py"), *pages]:
        text = path.read_text(encoding="utf-8")
        for extras in re.findall(r"convscope\[([\w,]+)\]", text):
            named |= set(extras.split(","))
        named |= set(re.findall(r"\brequire\(\s*[^,()]+,\s*\"(\w+)\"", text))
    assert {"keras", "onnx", "survey", "torch"} <= named <= set(PROJECT["optional-dependencies"])


def test_the_source_distribution_can_be_worked_on(made):
    (path,) = made.glob("*.tar.gz")
    with tarfile.open(path) as opened:
        inside = {name.partition("/")[2] for name in opened.getnames()}
    assert {f"src/convscope/{name}" for name in written(SOURCE)} <= inside
    assert {f"tests/{name}" for name in written(ROOT / "tests")} <= inside
    assert {"CITATION.cff", "CONTRIBUTING.md", "LICENSE", "docs/check.py"} <= inside
    assert not [name for name in inside if "cache" in name.lower() and name.endswith(".pyc")]


def test_an_index_takes_both(made):
    pytest.importorskip("twine")
    command = [sys.executable, "-m", "twine", "check", "--strict", *made.iterdir()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2
