"""A widget whose kernel is gone shows its still picture, until somebody answers."""

import base64
import io
import json

import numpy as np
import PIL.Image
import pytest

from convscope.explorer.bundle import script, styles
from convscope.explorer.still import still

PAGE = "<!doctype html><style>body { margin: 0; }</style><div class='place'></div>"
# What anywidget gives a module; what it sends waits until `heard` is called.
OPEN = """async ([code, styles, still]) => {
    const own = document.createElement("style");
    own.textContent = styles;
    document.head.append(own);
    const listeners = new Set();
    const sent = [];
    let heard = false;
    const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    const relay = async (message) => {
        const [reply, buffers] = await globalThis.answer(JSON.stringify(message));
        const views = buffers.map((one) => new DataView(bytes(one).buffer));
        for (const listener of listeners) listener(reply, views);
    };
    const model = {
        get: (name) => (name === "_still" ? still : undefined),
        set() {}, save_changes() {}, off() {},
        on: (name, listener) => name === "msg:custom" && listeners.add(listener),
        send: (message) => (heard ? relay(message) : sent.push(message)),
    };
    globalThis.heard = () => { heard = true; sent.splice(0).forEach(relay); };
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const { default: explorer } = await import(url);
    explorer.render({ model, el: document.querySelector(".place") });
}"""


def decoded(png):
    return np.asarray(PIL.Image.open(io.BytesIO(png)).convert("RGB"))


@pytest.fixture
def page(chromium, explored):
    def answer(text):
        reply, buffers = explored.session.answer(json.loads(text), [])
        return [reply, [base64.b64encode(bytes(one)).decode() for one in buffers]]

    context = chromium.new_context(viewport={"width": 1000, "height": 800})
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.expose_function("answer", answer)
    page.set_content(PAGE)
    yield page
    context.close()
    assert not problems


def test_the_still_stands_in_until_the_kernel_answers(page, explored):
    picture = still(explored.session)
    page.evaluate(OPEN, [script(), styles(), picture])
    shown = page.locator(".cs-still")
    shown.wait_for()
    root, box = page.locator(".cs-root").bounding_box(), shown.bounding_box()
    assert all(abs(root[side] - box[side]) <= 2 for side in root), "it covers the explorer"
    page.wait_for_function("() => document.querySelector('.cs-still').naturalWidth > 500")
    assert page.locator(".cs-status").inner_text().startswith("waiting for the kernel")
    drawn, expected = decoded(shown.screenshot()), decoded(base64.b64decode(picture))
    height, width = expected.shape[:2]
    assert np.array_equal(drawn[:height, :width], expected)

    page.evaluate("() => heard()")
    page.locator(".cs-class").first.wait_for()
    assert shown.count() == 0


def test_without_a_still_the_explorer_says_what_it_waits_for(page):
    page.evaluate(OPEN, [script(), styles(), ""])
    page.wait_for_function("() => document.querySelector('.cs-status').textContent")
    assert page.locator(".cs-still").count() == 0
