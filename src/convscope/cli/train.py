"""``convscope train``: the small networks of the tutorials."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.completion import dataset_names, recipe_names
from convscope.cli.options import Json, Quiet

if TYPE_CHECKING:
    from convscope.training.recipes import Progress, Training

__all__ = ["train"]


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE",
            help="digits, mnist, fashion-mnist, cats-vs-dogs or embedded.",
            autocompletion=recipe_names,
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="MODEL.keras", help="Where to save it.")
    ],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET",
            help="Train on this instead of the recipe's own: a folder of class folders or of IDX "
            "files, an .npz, a name.",
            autocompletion=dataset_names,
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", help="Epochs of each phase, instead of the recipe's.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(metavar="N", help="Images a step, instead of the recipe's.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a small network and save it.

    Its labels and preparation are saved beside it. Prints loss and accuracy on the training and the
    test images.
    """
    from convscope.cli.printing import print_json
    from convscope.training.recipes import train as run

    with _bar(recipe, quiet=quiet) as progress:
        training = run(recipe, output, data=data, epochs=epochs, batch=batch, progress=progress)
    if json:
        print_json({**asdict(training), "path": str(training.path)})
    elif not quiet:
        _print(training)


def _print(training: Training) -> None:
    from convscope.cli.printing import print_table

    rows = [("train", training.train)]
    rows += [
        (f"validation, phase {place}" if len(training.validation) > 1 else "validation", score)
        for place, score in enumerate(training.validation, start=1)
    ]
    rows.append(("test", training.test))
    print_table(
        ("images", "loss", "accuracy"),
        [(name, f"{score.loss:.4f}", f"{score.accuracy:.4f}") for name, score in rows],
        right=(1, 2),
    )
    print(
        f"{training.path}: {training.parameters:,} parameters, {training.epochs} epochs in "
        f"{training.seconds:.0f} s"
    )


@contextmanager
def _bar(task: str, *, quiet: bool) -> Iterator[Progress | None]:
    """Show epoch, step, loss and accuracy at a terminal; a line an epoch elsewhere."""
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        yield _line
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), "{task.fields[words]}", TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        identity = bar.add_task(task, total=None, words="")

        def move(
            epoch: int, epochs: int, step: int, steps: int, metrics: Mapping[str, float]
        ) -> None:
            done, total = (epoch - 1) * steps + step, epochs * steps
            words = f"epoch {epoch}/{epochs}  {_words(metrics)}"
            bar.update(identity, completed=done, total=total, words=words)

        yield move


def _line(epoch: int, epochs: int, step: int, steps: int, metrics: Mapping[str, float]) -> None:
    if step == steps:
        print(f"epoch {epoch}/{epochs}  {_words(metrics)}", file=sys.stderr)


def _words(metrics: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in metrics.items())
