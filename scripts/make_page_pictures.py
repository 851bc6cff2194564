"""Make the pictures of the pages that say by which command or Python they were made.

    uv run --group test python scripts/make_page_pictures.py DATA [MODEL.keras]

DATA is a folder with the IDX files of Fashion-MNIST. The recipe fashion-mnist is trained on it for
the pages' fashion.keras, ten minutes, unless MODEL.keras is one that it made before.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from convscope import recipes

DOCS = Path(__file__).resolve().parents[1] / "docs"
# Page, what its command or its Python writes, and the picture of it.
MADE = (
    ("heatmap", "heatmap.png", "heatmap"),
    ("heatmap", "occlusion.png", "heatmap-occlusion"),
    ("filters", "excites.png", "filters"),
    ("contributions", "sorted/2_conv2d_1.png", "sorted"),
    ("muting", "muted/0_conv2d.png", "muted"),
    ("explain", "explained.png", "explained"),
    ("receptive-field", "field.png", "receptive-field"),
)


def main() -> None:
    """Lay out what the pages name, run them, and keep their pictures."""
    given = [Path(name).resolve() for name in sys.argv[1:]]
    if not given or len(given) > 2 or not given[0].is_dir():
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        datasets = Path("keras", "datasets")
        datasets.mkdir(parents=True)
        (datasets / "fashion-mnist").symlink_to(given[0])
        os.environ["KERAS_HOME"] = str(Path("keras").resolve())
        lay_out(given[1:])
        for page, written, picture in MADE:
            make(page, written)
            shutil.copy(written, DOCS / "pictures" / f"{picture}.png")


def lay_out(trained: list[Path]) -> None:
    """Put the networks there that the pages name."""
    for suffix in (".keras", ".convscope.json"):
        shutil.copy(recipes.embedded().with_suffix(suffix), f"embedded{suffix}")
        for model in trained:
            shutil.copy(model.with_suffix(suffix), f"fashion{suffix}")
    if not trained:
        recipes.train("fashion-mnist", "fashion.keras")


def make(page: str, written: str) -> None:
    """Run the line of a page that writes a picture, or else its Python."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    output = written.partition("/")[0]
    for line in re.findall(r"^convscope .*$", text, re.MULTILINE):
        command = shlex.split(line)
        if command[-2:] == ["-o", output]:
            subprocess.run(command, check=True)
            return
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        exec(compile(block, f"{page}.md", "exec"), names)


if __name__ == "__main__":
    main()
