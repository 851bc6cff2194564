"""A browser on the explorer's page: the embedded network, served as a person would have it."""

from __future__ import annotations

import base64
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from convscope.explorer.server import Server
from convscope.explorer.session import Session
from convscope.inputs.images import Image
from convscope.networks import Network, open_network
from convscope.training.recipes import embedded
from convscope.training.strokes import digits

from .several import NETWORKS

WIDTH, HEIGHT = 1280, 800
_PATIENCE = 90_000
# Bytes as text: numbers of JSON would take seconds.
_PIXELS = """(one) => {
    const { data } = one.getContext("2d").getImageData(0, 0, one.width, one.height);
    let text = "";
    for (let at = 0; at < data.length; at += 8190) {
        text += btoa(String.fromCharCode(...data.subarray(at, at + 8190)));
    }
    return [one.height, one.width, text];
}"""


@dataclass(frozen=True)
class Explored:
    """A network that is served, and the images that the page was given."""

    session: Session
    address: str

    @property
    def network(self) -> Network:
        """Give the first network."""
        return self.session.networks[0].network


def serving(networks: Any, images: Any) -> AbstractContextManager[Explored]:
    """Serve networks and images in a thread of its own."""
    return serving_session(Session(networks, images))


@contextmanager
def serving_session(session: Session) -> Iterator[Explored]:
    """Serve a session in a thread of its own."""
    server = Server(session, port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield Explored(session, server.address)
    finally:
        server.stop()
        thread.join(20)


def drawn_digits() -> list[Image]:
    """Give the digits 0 to 9, drawn in code."""
    return [Image(pixels[..., None], f"digit {label}", label) for label, pixels in digits()]


# Of the package alone: while Playwright is open a loop runs in this thread, in which the tests of
# other rooms could not start theirs.
@pytest.fixture(scope="package")
def explored() -> Iterator[Explored]:
    """Serve the embedded network on ten digits."""
    with serving(open_network(embedded()), drawn_digits()) as found:
        yield found


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """Start the browser; skip where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(explored: Explored, chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open the page at a state; what went wrong in a page fails the test at its end."""
    contexts, problems = [], []

    def opened(state: str = "", *, at: Explored | None = None, **context: Any) -> Any:
        context.setdefault("viewport", {"width": WIDTH, "height": HEIGHT})
        contexts.append(chromium.new_context(**context))
        page = contexts[-1].new_page()
        page.set_default_timeout(_PATIENCE)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{(at or explored).address}#{state}")
        page.wait_for_function("() => globalThis.convscope?.run")
        return page

    yield opened
    for one in contexts:
        one.close()
    assert not problems


@pytest.fixture(scope="package")
def serve() -> Callable[[Any, Any], AbstractContextManager[Explored]]:
    """Give what serves other networks and images: ``with serve(networks, images) as found``."""
    return serving


@pytest.fixture(scope="package")
def serve_session() -> Callable[[Session], AbstractContextManager[Explored]]:
    """Give what serves a session: ``with serve_session(session) as found``."""
    return serving_session


@pytest.fixture(scope="package", params=list(NETWORKS))
def walked(
    request: pytest.FixtureRequest, serve: Callable[..., Any]
) -> Iterator[tuple[Explored, str]]:
    """Serve a network of another kind, with the name of a layer whose maps are looked at."""
    make = NETWORKS[request.param]
    network, images, layer = make(lambda: request.getfixturevalue("shared"))
    with serve(network, images) as explored:
        yield explored, layer


@pytest.fixture(scope="package")
def painted() -> Callable[[Any], np.ndarray]:
    """Give what reads a canvas: ``(y, x, 4)``, uint8, in the canvas's own pixels."""

    def read(canvas: Any) -> np.ndarray:
        height, width, text = canvas.evaluate(_PIXELS)
        return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)

    return read
