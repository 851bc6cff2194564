"""``convscope datasets``: what is in a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convscope.cli.completion import dataset_names
from convscope.cli.options import Colormap, Json, Quiet

if TYPE_CHECKING:
    import numpy as np

    from convscope.inputs.dataset import Dataset

__all__ = ["datasets"]


def datasets(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A name, a folder with a sub-folder a class, of IDX, parquet or .tar files or "
            "saved by the library datasets, an .npz, or a .tar; with /train or /test for a split. "
            "Without it, the names are listed.",
            autocompletion=dataset_names,
        ),
    ] = None,
    labels: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Print the first N labels.")
    ] = None,
    each: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="Name the first K images of each class."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Draw these images: a .png, .pdf or .svg file."
        ),
    ] = None,
    colormap: Colormap = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print what is in a dataset.

    Shapes, classes, labels, and the first images of each class.
    """
    from convscope.cli.printing import print_json, print_table
    from convscope.inputs.datasets import NAMES, open_dataset

    if name is None:
        if json:
            print_json(list(NAMES))
        else:
            print("\n".join(NAMES))
        return
    dataset = open_dataset(name)
    examples = _examples(dataset, each or (1 if output else None))
    if output is not None:
        _draw(dataset, examples, output, colormap)
    if json:
        print_json(_facts(dataset, name, labels, examples))
        return
    if not quiet:
        for split in dataset.splits or (dataset.split,):
            print(_line(open_dataset(name, split) if split != dataset.split else dataset))
    if labels is not None and dataset.labels is not None:
        print(" ".join(map(str, dataset.labels[:labels])))
    elif examples:
        rows = [
            (label, _class_name(dataset, label), ", ".join(map(str, indices)))
            for label, indices in examples.items()
        ]
        print_table(
            ("label", "class", f"first of {dataset.title or dataset.name}"), rows, right=(0,)
        )
    elif not quiet:
        print_table(("label", "class"), list(enumerate(dataset.class_names)), right=(0,))
    if output is not None and not quiet:
        print(output)


def _line(dataset: Dataset) -> str:
    shape = " x ".join("any" if size is None else f"{size}" for size in dataset.shape[1:])
    held = getattr(dataset.images, "dtype", None)
    kind = f", {held}" if held is not None else ""
    return f"{dataset.name}/{dataset.split or 'all'}: {len(dataset):,} images, {shape}{kind}"


def _examples(dataset: Dataset, each: int | None) -> dict[int, list[int]]:
    from convscope.inputs.dataset import first_of_each

    return {} if each is None else first_of_each(dataset, each)


def _class_name(dataset: Dataset, label: int) -> str:
    names = dataset.class_names
    return names[label] if label < len(names) else str(label)


def _facts(
    dataset: Dataset, name: str, labels: int | None, examples: dict[int, list[int]]
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": name,
        "split": dataset.split,
        "splits": list(dataset.splits),
        "shape": list(dataset.shape),
        "class_names": list(dataset.class_names),
    }
    if labels is not None and dataset.labels is not None:
        facts["labels"] = [int(label) for label in dataset.labels[:labels]]
    if examples:
        facts["each"] = {str(label): indices for label, indices in examples.items()}
    return facts


def _draw(
    dataset: Dataset, examples: dict[int, list[int]], output: Path, colormap: str | None
) -> None:
    from convscope.pictures.figures import table

    cells = [
        [_cell(dataset, index, colormap) for index in indices] for indices in examples.values()
    ]
    names = [_class_name(dataset, label) for label in examples]
    options: dict[str, Any] = {
        "scale": "fixed(0, 255)",
        "colormap": colormap,
        "title": dataset.title or dataset.name,
    }
    if all(len(row) == 1 for row in cells):
        drawing = table([[row[0] for row in cells]], column_titles=names, **options)
    else:
        drawing = table(cells, row_titles=names, **options)
    drawing.save(output)


def _cell(dataset: Dataset, index: int, colormap: str | None) -> np.ndarray:
    """Give a picture as it is, or, to be coloured, its brightness as numbers."""
    import numpy as np

    pixels = dataset[index].pixels
    if colormap is not None:
        return np.asarray(pixels.astype(np.float32).mean(axis=-1))
    eight = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    return np.asarray(eight[..., 0] if eight.shape[-1] == 1 else eight)
