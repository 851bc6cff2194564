"""What comes of an input, measured in a process of its own."""

from __future__ import annotations

import os
import random
import resource
import shutil
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from fuzzing.seeds import MARK, plant
from fuzzing.subject import LIMIT, Subject

__all__ = ["Outcome", "work"]


@dataclass(frozen=True)
class Outcome:
    """What came of one input.

    Parameters
    ----------
    number : int
        Which mutant.
    seconds : float
        Of the clock or of the processor, whichever is less: the machine may be busy.
    memory : int
        Bytes that it added at most.
    said : str
        ``opened``, ``refused``, or what should not have happened.
    """

    number: int
    seconds: float
    memory: int
    said: str

    def __str__(self) -> str:
        return f"{self.number} {self.seconds:.3f} {self.memory} {self.said}"

    @classmethod
    def of(cls, line: str) -> Outcome:
        """Read what `str` wrote."""
        number, seconds, memory, said = line.split(" ", 3)
        return cls(int(number), float(seconds), int(memory), said)


def work(subject: Subject, start: int, folder: Path) -> None:
    """Use mutants from number `start` on, and print what came of each."""
    plant(folder)
    made = subject.seeds(folder)
    warnings.simplefilter("ignore")
    for path in made:
        print("whole", path.name, _said(subject, path, folder), flush=True)
        (folder / MARK).unlink(missing_ok=True)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + LIMIT, used + LIMIT))
    print("ready", flush=True)
    number = start
    while True:
        chance = random.Random(number)
        path = subject.mutated(chance.choice(made), folder, chance)
        print(_measured(subject, number, path, folder), flush=True)
        _delete(path)
        (folder / MARK).unlink(missing_ok=True)
        number += 1


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _measured(subject: Subject, number: int, path: Path, folder: Path) -> Outcome:
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    clock, processor = time.perf_counter(), time.process_time()
    said = _said(subject, path, folder)
    seconds = min(time.perf_counter() - clock, time.process_time() - processor)
    memory = max(0, _memory("VmHWM") - before)
    return Outcome(number, seconds, memory, "MEMORY" if memory > subject.memory else said)


def _memory(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    return 0


def _said(subject: Subject, path: Path, folder: Path) -> str:
    """Use an input; say what came of it."""
    from convscope.errors import ConvscopeError

    try:
        subject.used(path, folder)
        said = "opened"
    except ConvscopeError as error:
        said = _refused(error)
    except MemoryError:
        said = "MEMORY"
    except BaseException as error:
        said = f"ESCAPED {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    if os.environ.get("FUZZ_SHOW"):
        print("#", path.name, said, flush=True)
    return "CODE RAN" if (folder / MARK).exists() else said


def _refused(error: BaseException) -> str:
    """Say how a file was refused: for want of memory, in many lines, or as it should be."""
    text, cause = str(error), error.__cause__
    while cause is not None:
        if isinstance(cause, MemoryError) or "allocate memory" in str(cause):
            return f"MEMORY {' '.join(text.split())[:300]}"
        cause = cause.__cause__
    if "\n" in text or len(text) > 1200:
        return f"LINES {' '.join(text.split())[:300]}"
    if os.environ.get("FUZZ_SHOW"):
        print("#", text, flush=True)
    return "refused"
