"""The command line: every command, and what happens when one fails."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Annotated, Any

import typer

from convscope import __version__
from convscope.cli.compare import compare
from convscope.cli.datasets import datasets
from convscope.cli.demo import demo
from convscope.cli.explain import explain
from convscope.cli.explore import explore
from convscope.cli.film import film
from convscope.cli.filters import filters
from convscope.cli.heatmap import heatmap
from convscope.cli.layers import layers
from convscope.cli.maps import maps
from convscope.cli.predict import predict
from convscope.cli.report import report
from convscope.cli.stopping import Stopping, leave
from convscope.cli.survey import survey
from convscope.cli.train import train
from convscope.cli.values import values
from convscope.cli.verify import verify
from convscope.errors import ConvscopeError, ConvscopeWarning

__all__ = ["app", "main"]

app = typer.Typer(
    name="convscope",
    help="See what any convolutional network makes of an image.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    # Plain help: rich's boxes cost three times what everything else here does.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    demo, explore, layers, predict, maps, compare, values, explain, verify, heatmap, filters,
    report, survey, datasets, train, film,
):  # fmt: skip
    app.command()(command)

# Typer brings click along under a private name; these are its public descendants.
_UsageError: type[Exception]
_ClickError: type[Exception]
_UsageError, _ClickError = typer.BadParameter.__mro__[1:3]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"convscope {__version__}")
        raise typer.Exit


@app.callback()
def _convscope(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """See what any convolutional network makes of an image."""


_STOPPED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the work failed, 2 wrong usage.

    Stopped by a signal, 128 and its number: 130 by SIGINT (Ctrl+C), 143 by SIGTERM.
    """
    with Stopping() as stopping:
        try:
            status = _status(arguments, stopping)
        except KeyboardInterrupt:
            # Raised once more on its way out.
            status = _STOPPED
    if status == _STOPPED:
        status = _say("stopped", stopping.status or _STOPPED)
    others = [one for one in threading.enumerate() if not one.daemon]
    if arguments is None and (stopping.status is not None or len(others) > 1):
        leave(status)
    sys.exit(status)


def _status(arguments: Sequence[str] | None, stopping: Stopping) -> int:
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", ConvscopeWarning)
    warnings.showwarning = _show_warning
    if arguments is None and len(sys.argv) == 1:
        arguments = ["--help"]
    try:
        result = typer.main.get_command(app).main(
            args=None if arguments is None else list(arguments),
            prog_name="convscope",
            standalone_mode=False,
        )
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except ConvscopeError as error:
        return _say(str(error), error.status)
    except _ClickError as error:
        usage = isinstance(error, _UsageError)
        given = sys.argv[1:] if arguments is None else arguments
        return _say(_with_help(error, given), 2 if usage else 1)
    except (KeyboardInterrupt, typer.Abort):
        return _STOPPED
    except BrokenPipeError:
        _silence()
        return 1
    except MemoryError:
        return _say("the memory does not suffice: choose fewer --layers or fewer images", 1)
    except OSError as error:
        _silence()
        return _say(f"the output cannot be written ({error.strerror or error}): free some space", 1)
    except Exception as error:
        if stopping.status is not None:
            # What a library makes of KeyboardInterrupt.
            return _STOPPED
        if os.environ.get("CONVSCOPE_DEBUG"):
            raise
        return _say(
            f"an error of convscope itself, {type(error).__name__}: {error}; please report it with "
            "what CONVSCOPE_DEBUG=1 prints",
            1,
        )


def _silence() -> None:
    """Send what is left of the output nowhere: a second error at exit would say nothing more."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _with_help(error: Any, arguments: Sequence[str]) -> str:
    """Say what is wrong, what was given where the message leaves that out, and where help is."""
    message = error.format_message().rstrip(".")
    names = getattr(getattr(error, "param", None), "opts", ())
    for name, value in pairwise(arguments):
        if name in names and value not in message:
            message = f"{message} (given: {value})"
    path = getattr(getattr(error, "ctx", None), "command_path", "convscope")
    return f"{message} (see {path} --help)"


def _say(message: str, status: int) -> int:
    print(f"convscope: {' '.join(message.split())}", file=sys.stderr)
    return status


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"convscope: warning: {' '.join(str(message).split())}", file=sys.stderr)
