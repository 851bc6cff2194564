"""Run the gallery's pages: every command and every line of Python that they show.

    uv run python docs/gallery/pages.py DATA

runs them in full, as written, and puts the pictures they show beside them. DATA is a folder with
`mnist` and `fashion_mnist` (IDX files), `cats_dogs` (class folders in train, val and test),
`dog.1100.jpg` and `corgi.png`. Accuracies and tiles are then compared with what the pages promise
and what Keras computes. The tests run the same blocks with short trainings.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from checks import accuracies, tiles  # noqa: E402

PAGES = ("shoes", "cats-and-dogs", "fashion-in-numbers", "mnist-mosaic", "corgi")

_BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]*\]\(pictures/([^)]+)\)")


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Give the blocks of a page in order: their language and their text."""
    for match in _BLOCK.finditer((HERE / f"{page}.md").read_text(encoding="utf-8")):
        yield match.group(1), match.group(2)


def pictures(page: str) -> list[str]:
    """Give the pictures that a page shows, as paths in the folder that it runs in."""
    return _PICTURE.findall((HERE / f"{page}.md").read_text(encoding="utf-8"))


def run(page: str, folder: Path, change: Callable[[list[str]], list[str]] = list) -> None:
    """Run all blocks of a page in a folder.

    Parameters
    ----------
    page : str
    folder : Path
        Holds the data that the page names; what it makes goes there too.
    change : callable
        Changes the arguments of a command before it runs, to make a training short.

    Raises
    ------
    SystemExit
        When a command fails.
    """
    from convscope.cli.main import main

    names: dict[str, object] = {}
    with contextlib.chdir(folder):
        for language, text in blocks(page):
            if language == "python":
                exec(compile(textwrap.dedent(text), f"{page}.md", "exec"), names)
                continue
            for line in text.splitlines():
                _, *arguments = shlex.split(line)
                try:
                    main(change(arguments))
                except SystemExit as stop:
                    if stop.code:
                        raise


def lay_out(data: Path, folder: Path) -> None:
    """Put data where the pages look for it, Keras's cache included."""
    import numpy as np

    from convscope.inputs.datasets import arrays, open_dataset

    cache = folder / "keras" / "datasets"
    cache.mkdir(parents=True)
    (cache / "fashion-mnist").symlink_to((data / "fashion_mnist").resolve())
    train, test = (arrays(open_dataset(data / "mnist", split)) for split in ("train", "test"))
    np.savez(
        cache / "mnist.npz", x_train=train[0], y_train=train[1], x_test=test[0], y_test=test[1]
    )
    for name in ("cats_dogs", "dog.1100.jpg", "corgi.png"):
        (folder / name).symlink_to((data / name).resolve())
    os.environ["KERAS_HOME"] = str(folder / "keras")


def main() -> None:
    """Run every page in full and keep its pictures."""
    data, *chosen = sys.argv[1:] or [""]
    if not Path(data).is_dir():
        sys.exit(__doc__)
    folder = Path(tempfile.mkdtemp())
    lay_out(Path(data), folder)
    for page in chosen or PAGES:
        run(page, folder, _once(folder))
        for name in pictures(page):
            target = HERE / "pictures" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, target)
        print(f"{page}: {len(pictures(page))} pictures")
    print("test accuracies:", accuracies(folder))
    for model, maps in (("cats", "dog"), ("mnist", "five"), ("cats", "corgi")):
        if (folder / maps).is_dir():
            print(f"{maps}: {tiles(folder / f'{model}.keras', folder / maps)} maps equal Keras's")
    shutil.rmtree(folder)


def _once(folder: Path) -> Callable[[list[str]], list[str]]:
    """Leave out a training that an earlier page has done already."""

    def change(arguments: list[str]) -> list[str]:
        if arguments[0] == "train" and (folder / arguments[arguments.index("-o") + 1]).exists():
            return ["--version"]
        return arguments

    return change


if __name__ == "__main__":
    main()
