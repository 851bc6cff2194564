"""The widget without a browser: what it sends, what a saved notebook holds, what it lets go of."""

import base64
import io
import threading
from importlib.util import find_spec

import numpy as np
import PIL.Image
import pytest

import convscope
from convscope.errors import ConvscopeError
from convscope.explorer.bundle import script
from convscope.explorer.drawn import drawn_digits
from convscope.explorer.still import still
from convscope.training.recipes import embedded

from .asking import ask
from .surveying import IMAGES, write

pytestmark = pytest.mark.skipif(find_spec("anywidget") is None, reason="anywidget is not installed")


@pytest.fixture(scope="module")
def reader():
    return convscope.open(embedded())


@pytest.fixture
def widget(reader):
    found = convscope.explore(reader, drawn_digits())
    yield found
    found.close()


@pytest.fixture
def sent(monkeypatch):
    """Note what widgets send to their pages."""
    import ipywidgets

    messages = []
    monkeypatch.setattr(
        ipywidgets.Widget, "send", lambda self, reply, buffers: messages.append((reply, buffers))
    )
    return messages


def hears(widget, message, *buffers):
    """Let a message arrive, as a comm brings it."""
    widget._handle_custom_msg(message, [memoryview(buffer) for buffer in buffers])


def test_messages_are_answered_as_the_session_answers(widget, sent):
    hears(widget, {"type": "run", "id": "view 1", "image": 7})
    reply, buffers = sent.pop()
    assert (reply["id"], reply["type"], reply["predictions"][0]["index"]) == ("view 1", "run", 7)
    live, arrays = widget.session.answer({"type": "run", "image": 7})
    assert reply["run"] == live["run"] and buffers == arrays


def test_pixels_arrive_as_buffers(widget, sent):
    pixels = widget.session.images[4].content.pixels
    image = {"pixels": list(pixels.shape), "name": "drawn"}
    hears(widget, {"type": "run", "id": 1, "image": image}, pixels.tobytes())
    reply, _ = sent.pop()
    assert reply["image"] == "drawn" and reply["predictions"][0]["index"] == 4


@pytest.mark.parametrize(
    "message", [None, 3, "run", [], {}, {"type": 4}, {"type": "gone", "id": 2}]
)
def test_what_is_not_understood_gets_an_answer_too(widget, sent, message):
    hears(widget, message)
    ((reply, buffers),) = sent
    assert (reply["type"], reply["code"], buffers) == ("error", "not-understood", [])
    sent.clear()
    hears(widget, {"type": "run", "id": 3, "image": 1})
    assert sent[0][0]["type"] == "run"


def test_messages_of_several_threads_are_all_answered(widget, sent):
    def ask(image):
        hears(widget, {"type": "run", "id": image, "image": image % 10})

    threads = [threading.Thread(target=ask, args=(image,)) for image in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply["id"]: reply["predictions"][0]["index"] for reply, _ in sent} == {
        image: image % 10 for image in range(24)
    }


def test_maps_are_let_go_of_when_the_last_view_closes(widget, sent):
    hears(widget, {"type": "run", "id": 1, "image": 0})
    for count, kept in ((1, 1), (2, 1), (1, 1), (0, 0)):
        widget.set_state({"_view_count": count})
        assert len(widget.session.runs) == kept
    hears(widget, {"type": "run", "id": 2, "image": 0})
    assert len(widget.session.runs) == 1
    widget.close()
    assert len(widget.session.runs) == 0


def test_two_networks_can_be_explored(reader, sent):
    both = convscope.explore(reader, drawn_digits(), against=convscope.open(embedded()))
    hears(both, {"type": "network", "id": 1})
    reply, _ = sent.pop()
    assert len(reply["networks"]) == 2
    both.close()


def test_without_images_some_are_drawn(reader):
    found = convscope.explore(reader)
    assert [source.name for source in found.session.images][:2] == ["digit 0", "digit 1"]
    found.close()


def test_a_survey_stands_beside_the_network_with_images_of_its_dataset(tmp_path, sent):
    model, dataset = write(tmp_path)
    convscope.survey(model, str(dataset), tmp_path / "own.zarr", k=1)
    network = convscope.open(model)
    for survey in (tmp_path / "own.zarr", convscope.open_survey(tmp_path / "own.zarr")):
        widget = convscope.explore(network, survey=survey)
        hears(widget, {"id": 1, "type": "network"})
        reply, _ = sent[-1]
        assert reply["survey"]["images"] == IMAGES
        assert [one["label"] for one in reply["images"]] == [0, 1, 2]
        widget.close()


def test_the_module_is_joined_and_small(widget):
    assert widget._esm == script()
    assert len(widget._esm) + len(widget._css) < 1_000_000


def picture(data):
    return np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def test_the_still_shows_the_input_and_the_strongest_maps(widget):
    data = still(widget.session)
    pixels = picture(data)
    assert len(data) < 100_000
    assert 600 <= pixels.shape[1] <= 1000
    # The drawn digit, enlarged to 126 pixels under the title, within its frame.
    shown = pixels[12 + 24 + 1 :, 13:][:126, :126, 0]
    rows = np.arange(126) * 28 // 126
    digit = widget.session.images[0].content.pixels[..., 0]
    assert np.array_equal(shown, digit[rows[:, None], rows])
    # The strongest map of the first layer, in the colours whose zero is paper.
    network = widget.session.networks[0].network
    maps = network.activations(drawn_digits()[:1])["conv1"].values[0]
    strongest = maps[np.argmax(maps.max(axis=(1, 2)))]
    left, top = 12 + 128 + 16, 12 + 24 + 2 * 15 + 3
    tile = pixels[top + 1 : top + 43, left + 1 : left + 43].astype(int)
    rows = np.arange(42) * 26 // 42
    darkness = 255 - tile.mean(axis=2)
    assert np.corrcoef(darkness.ravel(), strongest[rows[:, None], rows].ravel())[0, 1] > 0.9


@pytest.mark.parametrize("values", ["wave", "scan"])
def test_networks_without_pictures_have_a_still_too(values, request):
    session = request.getfixturevalue(values)
    assert picture(still(session)).ndim == 3


def test_no_still_where_there_is_no_image_or_no_answer(drawing, widget, monkeypatch):
    assert still(drawing) is None
    monkeypatch.setattr(
        type(widget.session), "answer", lambda *_: ({"type": "error", "code": "training"}, [])
    )
    shown = widget._repr_mimebundle_()
    assert "image/png" not in (shown[0] if isinstance(shown, tuple) else shown)


def test_a_saved_notebook_holds_a_picture_beside_the_widget(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    cells = (
        "import convscope\n"
        "from convscope.training.recipes import embedded\n"
        "network = convscope.open(embedded())",
        "convscope.explore(network)",
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    nbformat.write(notebook, tmp_path / "saved.ipynb")
    saved = nbformat.read(tmp_path / "saved.ipynb", 4)
    (output,) = saved.cells[1].outputs
    assert "application/vnd.jupyter.widget-view+json" in output.data
    pixels = picture(output.data["image/png"])
    assert pixels.shape[1] > 600 and len(np.unique(pixels.reshape(-1, 3), axis=0)) > 100
    # With the state of its widgets, a page made of it shows the widget instead: it has the picture.
    states = saved.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    view = output.data["application/vnd.jupyter.widget-view+json"]
    assert states[view["model_id"]]["state"]["_still"] == output.data["image/png"].strip()
    assert output.data["text/plain"] == "<Explorer of embedded: 10 images>"
    assert (tmp_path / "saved.ipynb").stat().st_size < 2_000_000


def test_without_anywidget_the_remedy_is_named(reader, monkeypatch):
    import sys

    from convscope.explorer import widget as module

    module._widget_class.cache_clear()
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(ConvscopeError, match=r"convscope\[notebook\]"):
        convscope.explore(reader)
    module._widget_class.cache_clear()


def test_a_film_is_shown_with_its_own_images(tmp_path):
    from .filming import STEPS, write

    pytest.importorskip("zarr")
    film, _ = write(tmp_path / "film.zarr")
    shown = convscope.explore(convscope.open_film(film.path))
    told = ask(shown.session, "network")
    assert told["film"]["steps"] == list(STEPS)
    assert len(told["images"]) == 3
