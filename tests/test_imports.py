"""What importing the package brings, and what its public names are."""

import subprocess
import sys

import pytest

import convscope
from convscope.errors import MissingExtraError, require


def loaded_by(statement: str) -> set[str]:
    """Run a statement in a fresh interpreter; give the modules that it loaded."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


HEAVY = {"keras", "jax", "tensorflow", "torch", "onnxruntime", "ray", "matplotlib", "pandas"}


def test_importing_convscope_imports_no_framework():
    assert not loaded_by("import convscope") & (HEAVY | {"xarray", "numpy"})


def test_importing_the_rooms_imports_no_framework():
    rooms = (
        "inputs",
        "networks",
        "analysis",
        "pictures",
        "views.maps",
        "training.recipes",
        "explorer.session",
    )
    statement = "import " + ", ".join(f"convscope.{room}" for room in rooms)
    assert not loaded_by(statement) & HEAVY


def test_help_imports_neither_framework_nor_numpy():
    statement = (
        "from convscope.cli.main import main\ntry:\n    main(['--help'])\nexcept SystemExit: pass"
    )
    assert not loaded_by(statement) & (HEAVY | {"numpy", "rich", "xarray"})


def test_the_server_runs_before_anything_heavy_is_imported():
    assert not loaded_by("import convscope.explorer.server") & (HEAVY | {"numpy", "xarray", "PIL"})


def test_every_public_name_is_there():
    for name in convscope.__all__:
        assert getattr(convscope, name) is not None
        assert name in dir(convscope)


@pytest.mark.parametrize(
    ("extra", "package"), [("onnx", "'convscope[onnx]'"), (None, "broken_here")]
)
@pytest.mark.parametrize("error", ["AttributeError", "ImportError", "RuntimeError"])
def test_a_library_that_fails_while_it_is_imported(tmp_path, monkeypatch, error, extra, package):
    (tmp_path / "broken_here.py").write_text(f"raise {error}('numpy has no\\nfloat4')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtraError) as told:
        require("broken_here", extra, "opening a model")
    assert str(told.value) == (
        "opening a model needs broken_here, which is installed but cannot be imported "
        f"(numpy has no float4): pip install --upgrade --upgrade-strategy eager {package}"
    )
