"""Models by name: package.module:callable, keras:NAME."""

import sys
import urllib.error

import keras
import pytest

import convscope
from convscope.errors import ConvscopeError

from .models import classifier

MODULE = """
import keras

def make():
    dense = keras.layers.Dense(2, name="made")
    return keras.Sequential([keras.layers.Input((3,)), dense], name="m")

def raises():
    raise ValueError("no data here\\nmore")

def needs(size):
    return None

def gives_text():
    return "model"

number = 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module of factories to the current folder."""
    (tmp_path / "factories_here.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("factories_here", None)


def refusal(name):
    with pytest.raises(ConvscopeError) as caught:
        convscope.open(name)
    line = str(caught.value)
    assert "\n" not in line and "\x1b" not in line
    return line


def test_a_factory_in_the_current_folder(module):
    path = list(sys.path)
    network = convscope.open("factories_here:make")
    assert list(network.layers) == ["made"] and network.source == "factories_here:make"
    assert sys.path == path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("factories_here:raises", "failed with ValueError: no data here"),
        ("factories_here:needs", "failed with TypeError"),
        ("factories_here:gives_text", "builtins.str is no model"),
        ("factories_here:number", "failed with TypeError"),
        ("factories_here:mak", "has no 'mak': did you mean 'make'"),
        ("no_such_module_at_all:make", "no module 'no_such_module_at_all' can be imported"),
    ],
)
def test_factories_that_make_nothing(module, name, said):
    assert said in refusal(name)


@pytest.mark.parametrize("content", ["def (", "raise RuntimeError('on import')"])
def test_a_module_that_fails_while_it_is_imported(module, content):
    (module / "broken_here.py").write_text(content + "\n")
    assert "importing broken_here failed with" in refusal("broken_here:make")


def test_an_application_that_does_not_exist():
    assert "did you mean 'MobileNetV2'" in refusal("keras:MobilNetV2")
    assert "keras.applications has no network 'Nonsense'" in refusal("keras:Nonsense")


def test_an_application_whose_weights_cannot_be_had(monkeypatch, tmp_path):
    def offline(*args, **kwargs):
        raise urllib.error.URLError("name resolution failed")

    from keras.src.utils import file_utils

    monkeypatch.setattr(file_utils, "urlretrieve", offline)
    monkeypatch.setattr(keras.config, "keras_home", lambda: str(tmp_path), raising=False)
    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path), raising=False)
    monkeypatch.setattr(
        keras.applications,
        "MobileNetV2",
        lambda weights="imagenet": keras.utils.get_file("w.h5", "https://x.invalid/w.h5"),
    )
    line = refusal("keras:MobileNetV2")
    assert "could not be downloaded" in line and "connect to the internet once" in line


def test_an_application_has_its_family_s_preparation_and_labels(monkeypatch):
    from convscope.networks.keras import applications

    small = keras.applications.MobileNetV2
    monkeypatch.setattr(
        keras.applications, "MobileNetV2", lambda weights="imagenet": classifier(channels=3)
    )
    monkeypatch.setattr(applications, "application_labels", lambda: ("a", "b", "c"))
    network = convscope.open("keras:MobileNetV2")
    assert (network.preparation.low, network.preparation.high) == (-1.0, 1.0)
    assert "MobileNetV2" in network.preparation.source and network.labels == ("a", "b", "c")
    assert convscope.open("keras:MobileNetV2", labels="x,y,z").labels == ("x", "y", "z")
    assert callable(small)


def test_a_network_is_given_back_as_it_is():
    network = convscope.open(classifier())
    assert convscope.open(network) is network


def test_a_damaged_cached_file_is_not_called_a_failed_download(monkeypatch):
    def damaged(weights="imagenet"):
        raise OSError("Unable to open file (file signature not found)")

    monkeypatch.setattr(keras.applications, "MobileNetV2", damaged)
    line = refusal("keras:MobileNetV2")
    assert "file signature not found" in line and "delete the file in Keras's cache" in line
    assert "download" not in line


def test_an_open_network_takes_no_options():
    network = convscope.open(classifier())
    assert convscope.open(network) is network
    for options in ({"size": (8, 8)}, {"labels": "a,b"}, {"pixel_range": (0, 255)}):
        with pytest.raises(ConvscopeError, match="is open already"):
            convscope.open(network, **options)
