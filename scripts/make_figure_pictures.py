"""Make docs/pictures/panels.png: the figure of docs/figures.md, by the page's own Python.

uv run --group test python scripts/make_figure_pictures.py
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from pathlib import Path

from PIL import Image

from convscope.training.strokes import digits

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    """Run the page in a folder that holds the digit it names."""
    page = (DOCS / "figures.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Image.fromarray(digits()[3][1]).save("digit.png")
        exec(compile(blocks[0], "figures.md", "exec"), {})
        shutil.copy("figure.png", DOCS / "pictures" / "panels.png")


if __name__ == "__main__":
    main()
