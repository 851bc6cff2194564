"""One piece of work, done by a peer and by convscope in the same process."""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import statistics
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from rounds import in_turn, ratio

__all__ = ["Comparison", "main", "near", "near_map", "random_images", "sample", "surveyed", "total"]

SIZE = 64
"""How large the images are that become statistics: the slowest peer takes minutes."""


@dataclass(frozen=True)
class Comparison:
    """The same work, done in two ways.

    Attributes
    ----------
    theirs, ours : callable
        Do it once, and give what `agreement` compares.
    amount : str
        How much work it is: ``18 layers, 4,227 maps``.
    agreement : callable
        Says from both results how equal they are, or why they cannot be.
    rounds : int or None
        How often both are measured after the first time; 0 where the first time takes minutes and
        has to do; None for as often as the command line says.
    """

    theirs: Callable[[], Any]
    ours: Callable[[], Any]
    amount: str
    agreement: Callable[[Any, Any], str]
    rounds: int | None = None


Work = Mapping[tuple[str, str], Callable[[], Comparison]]
"""What makes a comparison, by the name of the work and that of the network."""


def main(peer: str, package: str | None, work: Work) -> None:
    """Do all work that a peer can do, and write a line of JSON for each piece."""
    given = _parsed()
    warnings.simplefilter("ignore")
    given.json.unlink(missing_ok=True)
    for (name, network), make in work.items():
        if given.works and name not in given.works:
            continue
        row = {"peer": peer, "version": _version(package), "work": name, "network": network}
        try:
            row |= _measure(make(), given.rounds)
        except Exception as error:
            traceback.print_exc()
            row["error"] = f"{type(error).__name__}: {_line(str(error))}"
        print(row, file=sys.stderr, flush=True)
        with given.json.open("a") as file:
            file.write(json.dumps(row) + "\n")


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="One peer beside convscope")
    parser.add_argument("--json", type=Path, default=Path("peer.jsonl"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=2000, help="that become statistics")
    parser.add_argument("--works", nargs="+", help="such as pictures; all by default")
    return parser.parse_args()


def near(ours: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray]) -> str:
    """Say how far values lie apart, relative to the largest of their layer."""
    if missing := set(ours) ^ set(theirs):
        raise ValueError(f"{len(missing)} layers are not in both: {sorted(missing)[:4]}")
    apart = {
        name: float(np.abs(np.asarray(theirs[name], float) - values).max())
        / max(float(np.abs(values).max()), 1e-30)
        for name, values in ours.items()
    }
    wrong = sorted(name for name, far in apart.items() if not far < 1e-3)
    same = max((far for name, far in apart.items() if name not in wrong), default=0.0)
    said = f"equal within {same:.0e}"
    return f"{said}, but for {len(wrong)} layers such as {wrong[0]}" if wrong else said


def near_map(ours: np.ndarray, theirs: np.ndarray) -> str:
    """Say how far two heat maps lie apart, each from its lowest value as 0 to its largest as 1."""
    one, other = (_stretched(values) for values in (ours, theirs))
    apart, alike = np.abs(one - other).max(), np.corrcoef(one.ravel(), other.ravel())[0, 1]
    return f"at most {apart:.0e} apart" if apart < 1e-3 else f"r = {alike:.4f}, {apart:.2f} apart"


def _stretched(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, float)
    return (values - values.min()) / (values.max() - values.min())


def sample() -> np.ndarray:
    """Make the images that become statistics, as many as the command line says."""
    return random_images(_parsed().images, SIZE)


def surveyed(layers: Sequence[Any], images: np.ndarray) -> str:
    """Say what becomes statistics."""
    return f"{len(images):,} images of {SIZE} x {SIZE}, {total(layers)}"


def random_images(count: int, size: int) -> np.ndarray:
    """Make images without files: smooth noise, ``(image, y, x, channel)``, uint8."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (count, size // 8, size // 8, 3), np.uint8)
    fine = coarse.repeat(8, axis=1).repeat(8, axis=2)
    return (fine // 2 + random.integers(0, 128, fine.shape, np.uint8)).astype(np.uint8)


def _measure(comparison: Comparison, rounds: int) -> dict[str, Any]:
    """Measure the first time of each, with its memory, and then both in turn.

    Convscope goes first, so that what both need once (threads, imports) is on its bill.
    """
    work = {"ours": comparison.ours, "theirs": comparison.theirs}
    firsts, peaks, values = {}, {}, {}
    for name, piece in work.items():
        with _peak() as peak:
            start = _clocks()
            values[name] = piece()
            firsts[name] = _clocks() - start
        peaks[name] = peak[0]
    said = comparison.agreement(values["ours"], values["theirs"])
    values.clear()
    rounds = rounds if comparison.rounds is None else comparison.rounds
    both = {name: [first] for name, first in firsts.items()}
    if rounds:
        both = in_turn(work, rounds, _clocks, warm=True)
    wall = {name: [float(pair[0]) for pair in pairs] for name, pairs in both.items()}
    worked = {name: [float(pair[1]) for pair in pairs] for name, pairs in both.items()}
    return {
        "amount": comparison.amount,
        "agreement": said,
        "rounds": rounds,
        "ours": statistics.median(wall["ours"]),
        "theirs": statistics.median(wall["theirs"]),
        "ours_first": float(firsts["ours"][0]),
        "theirs_first": float(firsts["theirs"][0]),
        "ratio": ratio(wall, "theirs", "ours"),
        "ratio_processor": ratio(worked, "theirs", "ours"),
        "ours_peak": peaks["ours"],
        "theirs_peak": peaks["theirs"],
    }


def _clocks() -> Any:
    return np.array([time.perf_counter(), time.process_time()])


@contextmanager
def _peak() -> Iterator[list[float]]:
    """Give the megabytes that the process grew by at most; nan where the system does not say."""
    grown = [float("nan")]
    gc.collect()
    try:
        # What was freed before would be used again, and not be seen.
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
        before = _resident("VmRSS")
    except (OSError, AttributeError):
        yield grown
        return
    yield grown
    grown[0] = (_resident("VmHWM") - before) / 1024


def _resident(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def _version(package: str | None) -> str:
    try:
        return version(package) if package else ""
    except PackageNotFoundError:
        return ""


def _line(text: str, most: int = 160) -> str:
    """Give the first line that says something."""
    said = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return said if len(said) <= most else said[: most - 3] + "..."


def total(layers: Sequence[Any]) -> str:
    """Count layers and their maps."""
    return f"{len(layers)} layers, {sum(layer.channels or 0 for layer in layers):,} maps"
