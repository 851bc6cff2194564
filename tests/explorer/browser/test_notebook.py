"""The widget in a real JupyterLab: pixels and answers, while cells run and when it is closed."""

import json
import re
from importlib.util import find_spec

import numpy as np
import pytest

from .lab import running_lab

pytestmark = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("jupyterlab", "nbformat", "anywidget")),
    reason="JupyterLab, nbformat or anywidget is not installed",
)

SHOWN = "globalThis.jupyterapp.shell.currentWidget"
MODEL = f"{SHOWN}.model"
OPEN = """
import convscope
from convscope.explorer.drawn import drawn_digits
from convscope.training.recipes import embedded
digits = drawn_digits()
network = convscope.open(embedded())
first = convscope.explore(network, digits)
second = convscope.explore(network, digits[:5])
"""
SLEEP = """
import time
time.sleep(15)
"""
STATE = """
import json
print(json.dumps([[len(one.session.runs), one._view_count] for one in (first, second)]))
"""
TRAIN = """
import time
import keras
import numpy as np
keras.utils.set_random_seed(0)
pixels = np.stack([digit.pixels for digit in digits]).astype("float32") / 255
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(4, 3, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy")
trained = convscope.open(model)
third = convscope.explore(trained, digits)
third
"""
FIT = """
ends = time.monotonic() + 8
while time.monotonic() < ends:
    model.fit(np.repeat(pixels, 40, 0), np.repeat(np.arange(10), 40), epochs=1, verbose=0)
"""
ANSWER = """
print(np.asarray(model(pixels[6:7]))[0].argmax(), float(np.asarray(model(pixels[6:7]))[0].max()))
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("lab")) as found:
        yield found


@pytest.fixture
def notebook(lab, chromium, request):
    """Open a notebook of the cells that the test is marked with."""
    (cells,) = request.node.get_closest_marker("cells").args
    name = request.node.name
    lab.write(name, cells)
    context = chromium.new_context(viewport={"width": 1000, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60_000)
    problems = []
    page.on("pageerror", lambda error: problems.append(error.stack))
    found = lab.open(page, name)
    yield found
    found.end()
    context.close()
    # JupyterLab has errors of its own, such as when its theme changes.
    assert not [stack for stack in problems if "/static/lab/" not in stack]


def widget(notebook, cell):
    """Give the explorer in a cell's output, once it shows a run."""
    root = notebook.cell(cell).locator(".cs-root")
    root.locator(".cs-class").first.wait_for()
    return root


def read(root):
    """Give the class that is said to be the best one."""
    return re.match(r"[^:]*", root.locator(".cs-class").first.get_attribute("aria-label"))[0]


def choose(notebook, root, image):
    root.locator(".cs-thumb").nth(image).click()


def reads(notebook, root, word):
    """Wait until a class is the best one."""
    label = root.locator(".cs-class").first
    deadline = 60
    while read(root) != word:
        notebook.page.wait_for_timeout(100)
        deadline -= 0.1
        assert deadline > 0, f"{label.get_attribute('aria-label')} instead of {word}"


def stage(root, painted):
    """Give the pixels of the input as it is drawn."""
    return painted(root.locator(".cs-stage-picture"))[..., 0]


@pytest.mark.cells([OPEN, "first", SLEEP, "second", "first", STATE])
def test_widgets_show_what_the_network_says(notebook, painted, explored):
    notebook.run(0, 1)
    page = notebook.page
    one = widget(notebook, 1)
    images = explored.session.images
    assert np.array_equal(stage(one, painted), images[0].content.pixels[..., 0])
    assert read(one) == "0"
    sheet = painted(one.locator(".cs-sheet canvas").first)
    paper = np.all(sheet[..., :3] == 255, axis=-1).mean()
    assert 0.3 < paper < 0.95, "the sheet is drawn on the light theme's paper"
    colours = len(np.unique(sheet[..., :3].reshape(-1, 3), axis=0))
    assert colours > 50, "with maps on it"

    # While a cell runs, the widget answers or waits.
    notebook.start(2)
    page.wait_for_timeout(500)
    assert notebook.busy(2)
    choose(notebook, one, 3)
    reads(notebook, one, "3")
    notebook.finish(2)

    # Two widgets, and two views of one, are each for itself.
    notebook.run(3, 4)
    two, again = widget(notebook, 3), widget(notebook, 4)
    assert (read(one), read(two), read(again)) == ("3", "0", "0")
    choose(notebook, two, 4)
    choose(notebook, again, 7)
    reads(notebook, two, "4")
    reads(notebook, again, "7")
    assert read(one) == "3"
    for root, image in ((one, 3), (two, 4), (again, 7)):
        assert np.array_equal(stage(root, painted), images[image].content.pixels[..., 0])

    # What nobody sees any more is let go of.
    runs = json.loads(notebook.printed(5))
    assert runs == [[3, 2], [2, 1]]
    notebook.clear(4)
    notebook.clear(3)
    page.wait_for_function("() => document.querySelectorAll('.cs-root').length === 1")
    assert json.loads(notebook.printed(5)) == [[3, 1], [0, 0]]
    choose(notebook, one, 8)
    reads(notebook, one, "8")
    notebook.clear(1)
    page.wait_for_function("() => !document.querySelector('.cs-root')")
    assert json.loads(notebook.printed(5)) == [[0, 0], [0, 0]]
    notebook.run(1)
    assert read(widget(notebook, 1)) == "0"


@pytest.mark.cells([OPEN, TRAIN, FIT, ANSWER])
def test_a_widget_survives_that_its_network_is_trained(notebook):
    notebook.run(0, 1)
    page = notebook.page
    root = widget(notebook, 1)
    notebook.start(2)
    said = set()
    image = 0
    while notebook.busy(2):
        image = (image + 1) % 6
        choose(notebook, root, image)
        page.wait_for_timeout(200)
        problem = root.locator(".cs-problem")
        said.add(problem.inner_text() if problem.is_visible() else "")
    assert said <= {
        "",
        "sequential is training: ask again when it is done",
        # Between two calls of fit it runs, and what is asked of that run comes after the next.
        "the weights have changed since this run: run the image again",
    }
    index, score = notebook.printed(3).split()
    choose(notebook, root, 6)
    reads(notebook, root, index if len(index) > 1 else f"class {index}")
    label = root.locator(".cs-class").first.get_attribute("aria-label")
    percent = float(re.search(r"([\d.]+) %", label)[1])
    assert percent == pytest.approx(100 * float(score), abs=0.11)
    assert not root.locator(".cs-problem").is_visible()


@pytest.mark.cells([OPEN, "first"])
def test_theme_keys_and_a_new_kernel(notebook):
    notebook.run(0, 1)
    page = notebook.page
    root = widget(notebook, 1)
    assert root.get_attribute("data-theme") == "light"
    notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    page.wait_for_function("() => document.querySelector('.cs-root').dataset.theme === 'dark'")
    notebook.command("apputils:change-theme", theme="JupyterLab Light")
    page.wait_for_function("() => document.querySelector('.cs-root').dataset.theme === 'light'")

    # Single letters mean something here, and are no commands of the notebook.
    scroll = root.locator(".cs-sheet")
    scroll.locator("canvas").first.click(position={"x": 5, "y": 5})
    root.focus()
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("b", "m", "x", "2"):
        page.keyboard.press(key)
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert notebook.cell(1).get_attribute("class").find("jp-CodeCell") >= 0
    assert root.get_attribute("data-mode") == "layer"

    # With Ctrl they are the notebook's.
    page.evaluate(f"() => {{ {MODEL}.sharedModel.setMetadata('changed', true) }}")
    page.wait_for_function(f"() => {MODEL}.dirty")
    root.focus()
    page.keyboard.press("Control+s")
    page.wait_for_function(f"() => !{MODEL}.dirty")

    # A new kernel knows nothing of the widget, which says so.
    page.evaluate(f"() => {SHOWN}.context.sessionContext.session.kernel.restart()")
    page.wait_for_timeout(1000)
    choose(notebook, root, 2)
    page.wait_for_function(
        """() => /kernel/.test(document.querySelector('.cs-status').textContent
            + document.querySelector('.cs-problem').textContent)"""
    )
    notebook.run(0, 1)
    again = widget(notebook, 1)
    choose(notebook, again, 2)
    reads(notebook, again, "2")


@pytest.mark.cells([OPEN, "first", "second"])
def test_lessons_in_a_cell(notebook):
    notebook.run(0, 1, 2)
    root, other = widget(notebook, 1), widget(notebook, 2)
    # Five of the digits are not those for which they were written.
    assert other.get_by_role("button", name="Lessons", exact=True).is_hidden()
    root.get_by_role("button", name="Lessons", exact=True).click()
    root.get_by_role("button", name="Convolution by hand").click()
    for place in range(1, 5):
        root.get_by_text(f"{place} of 8", exact=True).wait_for()
        root.locator(".cs-lesson").press("n")
    unit = root.locator("[aria-label='arithmetic of a unit'] .cs-value")
    unit.get_by_text("0.3342", exact=True).wait_for()
