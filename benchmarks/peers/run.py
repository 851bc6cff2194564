"""Convscope beside other tools: the same work on the same network in the same process.

    python benchmarks/peers/run.py                    all; half an hour, 8 GB of environments
    python benchmarks/peers/run.py captum make_grid   these
    python benchmarks/peers/run.py --table            the table of what was measured before

Each tool runs in an environment of its own, made with pip under `--folder`. Every figure is
how many times as long the tool takes as convscope, medians of neighbouring measurements.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from environments import PEERS, Peer, environment

HERE = Path(__file__).parent
# Threads that wait must not count as working.
SETTINGS = {"MPLBACKEND": "agg", "OMP_WAIT_POLICY": "passive"}
HEAD = (
    "tool", "work", "network", "amount", "time, tool / convscope", "processor time",
    "first time", "memory, MB: tool, convscope", "values",
)  # fmt: skip


def run(peer: Peer, folder: Path, rounds: int, images: int, limit: int) -> None:
    """Run the script of a peer, and write down what does not install or fails."""
    results = folder / f"{peer.name}.jsonl"
    results.unlink(missing_ok=True)
    python, reason = environment(peer, folder)
    if reason:
        row = {"peer": peer.name, "version": peer.packages[0].split("==")[-1], "error": reason}
        results.write_text(json.dumps(row | {"work": "pip install", "network": ""}) + "\n")
        return
    command = [str(python), str(HERE / f"{peer.script}.py"), "--json", str(results)]
    log = folder / f"{peer.name}.log"
    with log.open("w") as file:
        try:
            done = subprocess.run(
                [*command, "--rounds", str(rounds), "--images", str(images)],
                stdout=file, stderr=file, env={**os.environ, **SETTINGS},
                timeout=limit, check=False,
            )  # fmt: skip
            said = None if done.returncode == 0 else f"exit status {done.returncode}"
        except subprocess.TimeoutExpired:
            said = f"not done after {limit} s"
    if said:
        row = {"peer": peer.name, "version": "", "work": "the rest", "network": "", "error": said}
        with results.open("a") as file:
            file.write(json.dumps(row) + "\n")


def line(row: dict[str, Any]) -> str:
    """Write one row of the table; what the tool does faster is bold."""
    named = [f"{row['peer']} {row['version']}".strip(), row["work"], row["network"]]
    if "error" in row:
        return "| " + " | ".join([*named, f"`{row['error']}`", *[""] * 5]) + " |"
    first = row["theirs_first"] / row["ours_first"]
    figures = [
        row["amount"],
        f"{times(row['ratio'])} ({row['theirs']:.3g} s, {row['ours']:.3g} s)",
        times(row["ratio_processor"]),
        times(first),
        f"{row['theirs_peak']:,.0f}, {row['ours_peak']:,.0f}",
        row["agreement"],
    ]
    return "| " + " | ".join([*named, *figures]) + " |"


def times(ratio: float) -> str:
    """Write a ratio, bold below 1."""
    said = f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2g}"
    return f"**{said}**" if ratio < 1 else said


def table(folder: Path, peers: list[str]) -> str:
    """Gather what was measured."""
    rows = [
        json.loads(text)
        for peer in peers
        if (folder / f"{peer}.jsonl").exists()
        for text in (folder / f"{peer}.jsonl").read_text().splitlines()
    ]
    head = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    return "\n".join([*head, *map(line, rows)])


def main() -> None:
    """Read the command line, run and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("peers", nargs="*", help=", ".join(PEERS))
    parser.add_argument("--folder", type=Path, default=Path("peers"), help="./peers by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=2000, help="that become statistics")
    parser.add_argument("--limit", type=int, default=1200, help="seconds a tool may take")
    parser.add_argument("--table", action="store_true", help="print what was measured before")
    given = parser.parse_args()
    if unknown := set(given.peers) - set(PEERS):
        parser.error(f"no peer is called {', '.join(unknown)}: choose among {', '.join(PEERS)}")
    folder, peers = given.folder.absolute(), given.peers or list(PEERS)
    folder.mkdir(parents=True, exist_ok=True)
    for name in () if given.table else peers:
        print(f"{name} ...", file=sys.stderr, flush=True)
        run(PEERS[name], folder, given.rounds, given.images, given.limit)
    print(table(folder, peers))


if __name__ == "__main__":
    main()
