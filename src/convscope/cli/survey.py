"""``convscope survey``: a whole dataset in one pass."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.completion import dataset_names
from convscope.cli.options import Json, LayerChoice, Quiet, opens_network

if TYPE_CHECKING:
    from convscope.networks import Network
    from convscope.surveys import Survey

__all__ = ["survey"]


@opens_network
def survey(
    network: Network,
    *,
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            show_default=False,
            help="A name (mnist/train), a folder with a sub-folder a class, IDX, .npz, parquet, "
            "tar shards, or what the library datasets saved.",
            autocompletion=dataset_names,
        ),
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="STORE.zarr", help="A folder or an address.")
    ],
    chosen: LayerChoice = None,
    per_class: Annotated[
        str | None,
        typer.Option(
            "--per-class",
            metavar="WHICH",
            help="Layers of which histograms and mean maps are kept by class.",
        ),
    ] = None,
    sample: Annotated[
        int | None, typer.Option(metavar="N", help="So many images alone, drawn at random.")
    ] = None,
    seed: Annotated[int, typer.Option(help="What the sample depends on.")] = 0,
    k: Annotated[int, typer.Option("--top", metavar="K", help="Images kept a channel.")] = 9,
    ranking: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="peak|contribution",
            help="What images compete by: the highest unit, or what the map adds to their class.",
        ),
    ] = "peak",
    among: Annotated[
        str, typer.Option(metavar="all|mistakes", help="Which images compete.")
    ] = "all",
    batch: Annotated[
        int | None, typer.Option(metavar="N", help="Images at once; by the size of the maps.")
    ] = None,
    engine: Annotated[
        str, typer.Option(metavar="serial|ray", help="This process, or workers of Ray.")
    ] = "serial",
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Of Ray.")] = 2,
    gpus_per_worker: Annotated[
        float, typer.Option(metavar="N", min=0, help="What each worker has; it may be a share.")
    ] = 0,
    address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Of a Ray cluster that runs already.")
    ] = None,
    tables: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write all tables there, as CSV and Parquet."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Survey a dataset: figures and the strongest images of every channel.

    An interrupted survey goes on with the same command; a finished one is left as it is. Open the
    store with convscope explore STORE.zarr.
    """
    from convscope.cli.printing import print_json, say, say_preparation
    from convscope.cli.surveying import surveying
    from convscope.surveys.findings import outline
    from convscope.surveys.survey import survey as surveyed

    say_preparation(network, quiet=quiet or json)
    with surveying(quiet=quiet or json) as shown:
        found = surveyed(
            network,
            dataset,
            output,
            layers=chosen,
            per_class=per_class,
            k=k,
            ranking=ranking,
            among=among,
            sample=sample,
            seed=seed,
            batch=batch,
            engine=engine,
            workers=workers,
            gpus_per_worker=gpus_per_worker,
            address=address,
            begin=shown.begin,
            progress=shown.progress,
        )
    if tables is not None:
        from convscope.surveys.tables import save_tables

        for path in save_tables(found, tables):
            say(str(path), quiet=quiet or json)
    told = outline(found)
    if json:
        print_json(told)
    elif not quiet:
        _report(found, told)


def _report(found: Survey, told: dict[str, object]) -> None:
    print(f"{found.images:,} images of {found.dataset} through {len(found)} layers: {found.path}")
    for place, reason in found.skipped:
        print(f"skipped {found.dataset}:{place}: {reason}")
    if told["accuracy"] is not None:
        print(f"the network is right on {told['accuracy']:.2%} of them")
    print(f"{told['channels']:,} channels, {told['dead']:,} of them dead on all images")
