"""Frameworks of other packages: the example of docs/adapters.md, found as an installed package."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import convscope
from convscope.errors import ModelError, SelectionError
from convscope.networks.definitions import DEFINITIONS, evaluate
from convscope.networks.opening import open_network

PAGE = Path(__file__).resolve().parents[2] / "docs" / "adapters.md"
(CODE,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
(ENTRY,) = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)

NAMES: dict = {}
exec(compile(CODE, PAGE.name, "exec"), NAMES)


def installed(name, module, attribute, folder):
    """Lay a package out as an installer does: a module, and what says which entry points it has."""
    found = folder / f"{name}-1.0.dist-info"
    found.mkdir(parents=True)
    (found / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (found / "entry_points.txt").write_text(
        f"[convscope.networks]\n{name} = {module}:{attribute}\n"
    )


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Give a folder on Python's path."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("numpy_networks", None)


@pytest.fixture
def package(site):
    """Install the page's example."""
    import tomllib

    ((name, place),) = tomllib.loads(ENTRY)["project"]["entry-points"]["convscope.networks"].items()
    module, attribute = place.split(":")
    (site / f"{module}.py").write_text(CODE)
    installed(name, module, attribute, site)
    return site


@pytest.mark.usefixtures("package")
class TestPage(NAMES["TestNumpy"]):
    """The example of the page passes."""


def test_the_example_is_short():
    assert sum(1 for line in CODE.splitlines() if line) <= 60


def test_a_package_is_found_by_its_entry_point(package):
    """A live model, and a name; the module is the one that was laid out."""
    import numpy_networks

    definition = DEFINITIONS["chain"]
    x = definition.arrays(3)
    values, (expected,) = evaluate(definition, x)
    for model in (definition, "numpy:chain"):
        network = convscope.open(model, labels=["one", "two", "three"])
        assert isinstance(network, numpy_networks.NumpyNetwork)
        np.testing.assert_allclose(network.predict(x).values, expected, atol=1e-6)
        activations = network.activations(x, "kind:conv")
        assert list(activations) == ["conv", "strided"]
        np.testing.assert_allclose(activations["strided"].values, values["strided"], atol=1e-6)
    assert network.labels == ("one", "two", "three")


def test_what_the_person_says_of_the_preparation_reaches_the_adapter(package):
    network = convscope.open("numpy:chain", pixel_range=(-1, 1))
    assert (network.preparation.low, network.preparation.high) == (-1, 1)
    picture = np.full((12, 12, 3), 255, np.uint8)
    assert network.batches(picture)[0].arrays["image"].max() == 1
    assert convscope.open("numpy:several").preparation is None


def test_the_views_work_for_it(package, tmp_path):
    """Pictures, a table and heat maps: nothing above networks knows the framework."""
    network = convscope.open("numpy:chain")
    picture = np.random.default_rng(0).integers(0, 255, (12, 12, 3), np.uint8)
    drawn = convscope.maps(network, picture)
    assert set(drawn) >= set(network.layers)
    assert len(convscope.layers(network)) == len(network.layers)
    assert np.isfinite(convscope.heatmap(network, picture, method="score-cam").maps).all()
    found = convscope.receptive_field(network, "pool", (0, 0), picture)
    assert found.box == ((0, 3), (0, 3))


@pytest.mark.parametrize("command", ["layers", "verify"])
def test_the_commands_of_the_page_work(package, command, capsys):
    from convscope.cli.main import main

    with pytest.raises(SystemExit) as stop:
        main([command, "numpy:chain"])
    assert not stop.value.code
    assert "strided" in capsys.readouterr().out


def test_a_name_that_the_adapter_does_not_know(package):
    with pytest.raises(ModelError, match="numpy_networks:open_model does not open 'numpy:chian'"):
        convscope.open("numpy:chian")


def test_its_refusal_of_gradients_is_told(package):
    with pytest.raises(SelectionError, match="needs gradients"):
        convscope.heatmap(convscope.open("numpy:chain"), np.zeros((1, 3, 12, 12), "f4"))


OTHERS = {
    "raises": "def opener(*_): raise ValueError('out of paper\\nand ink')",
    "absent": "",
    "broken": "import there_is_no_such_package",
    "stale": "def opener(model): return None",
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_adapter_that_fails_is_named(site, name):
    (site / f"other_{name}.py").write_text(OTHERS[name])
    installed("other", f"other_{name}", "opener", site)
    with pytest.raises(ModelError, match=f"the adapter other_{name}:opener failed with") as caught:
        open_network(DEFINITIONS["chain"])
    assert "\n" not in str(caught.value)
    assert "mend or remove the package" in str(caught.value)


def test_its_own_errors_stay_as_they_are(site):
    text = "from convscope.errors import ModelError\ndef opener(*_): raise ModelError('no ink')"
    (site / "other_own.py").write_text(text)
    installed("other", "other_own", "opener", site)
    with pytest.raises(ModelError, match="^no ink$"):
        open_network(DEFINITIONS["chain"])


@pytest.mark.parametrize("folder", [False, True])
def test_files_and_folders_of_its_own(site, tmp_path, folder):
    """What Convscope does not know by its ending is offered to the adapters."""
    code = (
        "from pathlib import Path\n"
        "from convscope.networks.definitions import DEFINITIONS\n"
        "from numpy_networks import NumpyNetwork\n"
        "def opener(model, sidecar, options):\n"
        "    if isinstance(model, Path) and model.suffix == '.mine':\n"
        "        return NumpyNetwork(DEFINITIONS['chain'], sidecar, options)\n"
    )
    (site / "other_files.py").write_text(code)
    (site / "numpy_networks.py").write_text(CODE)
    installed("other", "other_files", "opener", site)
    path = tmp_path / "model.mine"
    path.mkdir() if folder else path.write_text("a model")
    path.with_suffix(".convscope.json").write_text('{"labels": ["a", "b", "c"]}')
    assert convscope.open(path).labels == ("a", "b", "c")
    with pytest.raises(ModelError):
        convscope.open(path.with_suffix(".yours"))
