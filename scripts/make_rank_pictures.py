"""Make the pictures of docs/beyond-images.md: a volume, a signal, a recurrent layer, the page.

uv run --group test python scripts/make_rank_pictures.py
"""

from __future__ import annotations

import re
import shutil
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from convscope.explorer.server import Server
from convscope.explorer.session import Session

_ROOT = Path(__file__).resolve().parents[1]
_PICTURES = _ROOT / "docs" / "pictures"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STATE = "m=layer&l=edges&c=3&sort=index&tile=120"


def documented() -> dict:
    """Run the document's own Python, which saves most of the pictures."""
    names: dict = {}
    for block in _BLOCK.findall((_ROOT / "docs" / "beyond-images.md").read_text(encoding="utf-8")):
        saved = re.sub(r'\.save\("([a-z-]+\.png)"\)', rf'.save("{_PICTURES}/\1")', block)
        exec(compile(saved, "beyond-images.md", "exec"), names)
    return names


def main() -> None:
    """Make all pictures."""
    names = documented()
    server = Server(Session(names["network"], names["scan"]), port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 880}, color_scheme="light")
        page.goto(f"{server.address}#{_STATE}")
        page.wait_for_function("() => globalThis.convscope?.run", timeout=60_000)
        page.wait_for_timeout(2500)
        page.screenshot(path=_PICTURES / "explorer-volume.png")
        browser.close()
    server.stop()
    thread.join(20)


if __name__ == "__main__":
    main()
