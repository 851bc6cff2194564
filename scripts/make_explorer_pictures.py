"""Make the explorer's pictures in docs/pictures: the page, a lesson, a notebook, a report.

uv run --group test python scripts/make_explorer_pictures.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

import convscope
from convscope.explorer.drawn import drawn_digits
from convscope.training.recipes import embedded

_ROOT = Path(__file__).resolve().parents[1]
_PICTURES = _ROOT / "docs" / "pictures"
_PINNED = "m=layer&l=conv3&c=2&yx=4,5&i=3"
_CELL = """import convscope
from convscope.explorer.drawn import drawn_digits
from convscope.training.recipes import embedded

convscope.explore(convscope.open(embedded()), drawn_digits())"""


@contextmanager
def started(*command: str) -> Iterator[str]:
    """Start a server and give its address, which is its first line with one."""
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield next(word for line in server.stdout for word in line.split() if "token=" in word)
        finally:
            server.terminate()


def shot(browser: Browser, address: str, name: str, *, dark: bool = False) -> None:
    """Open a page, wait until its maps are there, and keep what is seen."""
    scheme = "dark" if dark else "light"
    page = browser.new_page(viewport={"width": 1400, "height": 880}, color_scheme=scheme)
    page.goto(address)
    page.wait_for_function("() => globalThis.convscope?.books", timeout=60_000)
    settled(page, name)


def settled(page: Page, name: str) -> None:
    """Keep a page once nothing moves any more."""
    page.wait_for_timeout(2500)
    page.screenshot(path=_PICTURES / f"explorer-{name}.png")
    page.close()


def notebook(browser: Browser, folder: str) -> None:
    """Run a notebook in a real JupyterLab and keep its one cell's value."""
    sys.path.insert(0, str(_ROOT / "tests" / "explorer" / "browser"))
    from lab import running_lab

    with running_lab(Path(folder)) as lab:
        lab.write("explore", [_CELL])
        page = browser.new_page(viewport={"width": 1100, "height": 1000})
        shown = lab.open(page, "explore")
        shown.run(0)
        page.locator(".cs-root canvas").first.wait_for(timeout=90_000)
        page.wait_for_timeout(4000)
        settled(page, "notebook")


def main() -> None:
    """Make all pictures."""
    code = "import sys; from convscope.cli.main import main; main(sys.argv[1:])"
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        with started("-c", code, "demo", "--no-browser", "--port", "0", "-q") as address:
            shot(browser, f"{address}#i=3", "sheet")
            shot(browser, f"{address}#{_PINNED}", "layer")
            shot(browser, f"{address}#i=3", "dark", dark=True)
            shot(browser, f"{address}#lesson=convolution-by-hand,4", "lesson")
        path = Path(folder) / "report.html"
        convscope.report(convscope.open(embedded()), drawn_digits(), path)
        shot(browser, f"{path.as_uri()}#{_PINNED}", "report")
        notebook(browser, folder)
        browser.close()


if __name__ == "__main__":
    main()
