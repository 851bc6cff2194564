"""Write the page of all commands from what their help says: docs/commands.md.

uv run --group test python docs/commands.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from convscope.cli.main import app

PAGE = Path(__file__).with_name("commands.md")

_TITLE = """# Commands

All commands with all their options, as `--help` gives them. What is asked for goes to the output,
the rest to the error stream. The exit status is 0, 1 for what could not be done, 2 for a command
that was not understood. `CONVSCOPE_DEBUG=1` shows where an error came from.
"""


def page() -> str:
    """Give the page's text."""
    commands = typer.main.get_command(app).commands
    parts = [_TITLE]
    parts += ["\n".join(_command(name, command)) for name, command in commands.items()]
    return "\n".join(parts)


def _command(name: str, command: Any) -> Iterator[str]:
    summary, *rest = (command.help or "").strip().split("\n\n")
    yield f"## {name}\n"
    yield f"{_plain(summary)}\n"
    for paragraph in rest:
        yield f"{_plain(paragraph)}\n"
    yield "| | |\n|---|---|"
    context = typer.Context(command, info_name=name)
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is not None:
            names, said = record
            yield f"| `{_cell(names)}` | {_cell(_plain(said))} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;").replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
