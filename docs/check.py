"""Check the documents: links and pictures are there, commands and options exist and are all shown.

uv run --group test python docs/check.py
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import typer

from convscope.cli.main import app

ROOT = Path(__file__).resolve().parents[1]

_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
_SHOWN = re.compile(r"^(?: {4})?(?:pip install uv && uv run )?convscope (.+)$", re.MULTILINE)


def documents() -> list[Path]:
    """List the Markdown files."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])


def broken_links(document: Path) -> Iterator[str]:
    """Find links to files that are not there."""
    for target in _LINK.findall(document.read_text(encoding="utf-8")):
        if "://" not in target and not (document.parent / target).exists():
            yield f"{document.relative_to(ROOT)}: {target} is not there"


def wrong_commands(document: Path) -> Iterator[str]:
    """Find commands and options that the command line does not have."""
    commands = typer.main.get_command(app).commands
    for line in _SHOWN.findall(document.read_text(encoding="utf-8")):
        words = shlex.split(line.partition("    ")[0].replace("[", "").replace("]", ""))
        if words[0].startswith("-"):
            continue
        if words[0] not in commands:
            yield f"{document.relative_to(ROOT)}: there is no command {words[0]!r}"
            continue
        options = {
            name
            for parameter in commands[words[0]].params
            for name in (*parameter.opts, *parameter.secondary_opts)
        }
        for word in words[1:]:
            if re.match(r"--?[a-z]", word) and word not in options:
                yield f"{document.relative_to(ROOT)}: {words[0]} has no option {word}"


def missing_options() -> Iterator[str]:
    """Find commands and options that the page of all commands does not show."""
    sections = dict(
        section.split("\n", 1)
        for section in (ROOT / "docs" / "commands.md")
        .read_text(encoding="utf-8")
        .split("\n## ")[1:]
    )
    for name, command in typer.main.get_command(app).commands.items():
        for parameter in command.params:
            for option in (*parameter.opts, *parameter.secondary_opts):
                shown = rf"`[^`]*(?<![\w-]){re.escape(option)}(?![\w-])"
                if option.startswith("-") and not re.search(shown, sections.get(name, "")):
                    yield f"docs/commands.md: {name} has {option}: run docs/commands.py"


def main() -> None:
    """Print what is wrong and fail, or how much was checked."""
    found = documents()
    wrong = [
        problem
        for document in found
        for check in (broken_links, wrong_commands)
        for problem in check(document)
    ]
    wrong += missing_options()
    print(*wrong, sep="\n")
    if wrong:
        sys.exit(1)
    print(f"{len(found)} documents: links, pictures and commands are right")


if __name__ == "__main__":
    main()
