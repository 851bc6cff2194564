"""``convscope explore``: the page on which a person sees through a network."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convscope.cli.options import Lesson, Quiet, TrustModel, opens_network
from convscope.cli.serving import LOCAL, PORT, Host, NoBrowser, Port

if TYPE_CHECKING:
    from convscope.networks import Network

__all__ = ["explore"]


def _of_store(given: dict[str, Any]) -> dict[str, Any]:
    """Take a survey in the place of a model, with its network, or a film."""
    model = given["model"]
    if not _is_store(model):
        return given
    from convscope.errors import SelectionError
    from convscope.surveys.opened import open_survey
    from convscope.surveys.reopening import open_network_of
    from convscope.training.opened_film import is_film, open_film

    if is_film(model):
        if given["images"] or given["survey"] is not None:
            raise SelectionError(
                f"{model} is a film, which knows its own images alone: leave out IMAGE and --survey"
            )
        return {**given, "model": open_film(model).as_network(), "trust_model": False}
    if given["survey"] is not None:
        raise SelectionError(
            f"{model} is a survey, and --survey gives another: give one, or a model and --survey"
        )
    trusted = given["trust_model"]
    network = open_network_of(open_survey(model), trust_model=trusted)
    return {**given, "model": network, "survey": model, "trust_model": False}


def _is_store(model: str) -> bool:
    if model.rstrip("/").endswith(".zarr"):
        return True
    return "://" not in model and (Path(model) / "zarr.json").is_file()


@partial(opens_network, settle=_of_store)
def explore(
    network: Network,
    *,
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IMAGE",
            show_default=False,
            help="Images, .npy, .npz or .wav files, or DATASET:INDEX; drawn in code by default.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="A second network, to compare the first with."),
    ] = None,
    survey: Annotated[
        str | None,
        typer.Option(
            metavar="STORE.zarr",
            help="A survey of the network, shown beside it; as MODEL it opens its own network.",
        ),
    ] = None,
    lesson: Lesson = None,
    host: Host = LOCAL,
    port: Port = PORT,
    no_browser: NoBrowser = False,
    trust_model: TrustModel = False,
    quiet: Quiet = False,
) -> None:
    """Open a page on which every map of every layer can be looked at.

    Where MODEL is a survey's store, its network is opened again, with the survey beside it; where
    it is a film, its maps are shown frame by frame, while the training goes on too. Prints the
    address of the page with its token, opens it in a browser, and serves it until Ctrl+C. The
    options of the model belong to the first network.
    """
    from convscope.cli.printing import say, say_preparation
    from convscope.cli.serving import serve_page
    from convscope.explorer.drawn import drawn_images
    from convscope.explorer.session import Session
    from convscope.explorer.surveyed import first_images
    from convscope.networks import open_network
    from convscope.surveys.opened import open_survey

    networks = [network]
    if against is not None:
        networks.append(open_network(against, trust_model=trust_model))
    found = None if survey is None else open_survey(survey)
    examples = images or (first_images(found) if found else None) or drawn_images(network)
    session = Session(networks, examples, survey=found, lessons=lesson)
    say_preparation(network, quiet=quiet)
    if found is not None and not found.is_finished:
        say(
            f"{survey} is not finished: {found.images:,} of {found.plan.images:,} images",
            quiet=quiet,
        )
    serve_page(session, host=host, port=port, browser=not no_browser, quiet=quiet)
