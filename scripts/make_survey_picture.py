"""Make docs/pictures/explorer-survey.png: a survey beside the embedded network.

uv run --group test python scripts/make_survey_picture.py DATA

DATA is a folder with the IDX files of MNIST, such as ../shared/data/mnist; its test images are
surveyed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from make_explorer_pictures import settled, started
from playwright.sync_api import sync_playwright

import convscope
from convscope.training.recipes import embedded

_STATE = (
    "m=layer&l=conv4&c=5&i=4&sort=selectivity&tile=76&theme=light"
    "&strip=compare&cmp=survey&of=4&with=9"
)
_KEPT = ["kind:conv", "kind:pool"]


def main() -> None:
    """Survey, and keep what the page shows."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(__doc__)
    code = "import sys; from convscope.cli.main import main; main(sys.argv[1:])"
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "mnist.zarr"
        convscope.survey(embedded(), sys.argv[1], store, per_class=_KEPT)
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        with started(
            "-c", code, "explore", str(store), "--no-browser", "--port", "0", "-q"
        ) as address:
            page = browser.new_page(viewport={"width": 1640, "height": 1120})
            page.goto(f"{address}#{_STATE}")
            page.wait_for_function("() => globalThis.convscope?.books", timeout=60_000)
            page.locator(".cs-leader").first.wait_for()
            page.locator(".cs-survey").evaluate(
                """(node) => {
                    const panel = node.closest(".cs-channel");
                    const [own, around] = [node, panel].map((one) => one.getBoundingClientRect());
                    panel.scrollTop += own.top - around.top;
                }"""
            )
            page.locator(".cs-leader").nth(2).hover()
            settled(page, "survey")
        browser.close()


if __name__ == "__main__":
    main()
