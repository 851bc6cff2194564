"""A survey in a process of its own, which is killed and started again.

Run as a script: everything is imported once, and each survey runs in a fork of that.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np

import convscope.surveys.plan
import convscope.surveys.store
from convscope import survey
from surveys.copies import many
from surveys.plain import Plain

LAYERS = ["maps", "block"]


def surveyed(store):
    """Survey in small shards."""
    convscope.surveys.plan._SHARD, convscope.surveys.plan._BATCHES = 16, 2
    return survey(Plain(), many(), store, batch=8, layers=LAYERS, per_class="block", k=3)


def forked(run):
    """Run something in a fork; give its process."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        run()
        status = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(status)


def ended(process):
    """Wait for a fork; give its exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def held(store):
    """Give the shards of finished summaries, as they lie there."""
    found = set()
    for file in (store / "nodes").glob("*.npz"):
        level, place = map(int, file.stem.split("-"))
        found |= set(range(place << level, (place + 1) << level))
    return found


def at_random_moments(folder, times):
    """Kill surveys at random moments between the first finished shard and the last."""
    store, seen = folder / "killed.zarr", folder / "seen"
    os.environ |= {"SEEN": str(seen), "PAUSE": "0.02"}
    chance = random.Random(3)
    shards, kills, again = 25, 0, []
    while kills < times:
        before, read = held(store), seen.stat().st_size if seen.exists() else 0
        process = forked(lambda: surveyed(store))
        while not held(store) - before:
            if os.waitpid(process, os.WNOHANG)[0]:
                raise RuntimeError("the survey ended by itself")
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.15))
        os.kill(process, signal.SIGKILL)
        status = ended(process)
        text = seen.read_bytes()[read:].decode()
        names = {int(line.partition(":")[2]) // 16 for line in text.splitlines() if before}
        again += sorted(names & before)
        kills += status == -signal.SIGKILL
        if len(held(store)) == shards or status == 0:
            # Almost through: from the beginning, so that the others are killed on the way as well.
            finish(store)
            shutil.move(store, folder / f"finished-{kills}.zarr")
            seen.unlink()
    finish(store)
    del os.environ["SEEN"], os.environ["PAUSE"]
    return {"kills": kills, "again": again}


def finish(store):
    if ended(forked(lambda: surveyed(store))):
        raise RuntimeError("the survey did not end")


def dying(count, *, after):
    """Die at the n-th change of a file's name, before it or after; deletions count as well."""
    left = [count]

    def wrapped(change):
        def instead(*given, **named):
            left[0] -= 1
            if left[0] == 0 and not after:
                os._exit(9)
            done = change(*given, **named)
            if left[0] == 0:
                os._exit(9)
            return done

        return instead

    for name in ("replace", "unlink"):
        setattr(os, name, wrapped(getattr(os, name)))
    shutil.rmtree = wrapped(shutil.rmtree)


def at_every_change(folder, begun, *, after):
    """Kill surveys at every change that they make to their store, from a begun one on."""
    found, number = [], 0
    while True:
        number += 1
        store = folder / "changed.zarr"
        shutil.rmtree(store, ignore_errors=True)
        if begun is not None:
            shutil.copytree(begun, store)

        def run(store=store, number=number):
            dying(number, after=after)
            surveyed(store)

        status = ended(forked(run))
        if status == 0:
            return {"changes": number - 1, "stores": found}
        if status != 9:
            raise RuntimeError(f"ended with {status}")
        finish(store)
        shutil.move(store, folder / f"changed-{number}.zarr")
        found.append(f"changed-{number}.zarr")


def before_merging(folder):
    """Survey up to the last shard, with nothing merged."""
    store = folder / "unmerged.zarr"

    def run():
        convscope.surveys.survey._merge = lambda *_: None
        surveyed(store)

    import convscope.surveys.survey

    ended(forked(run))
    return store


if __name__ == "__main__":
    kind, folder = sys.argv[1], Path(sys.argv[2])
    finish(folder / "whole.zarr")
    match kind:
        case "random":
            told = at_random_moments(folder, 20)
        case "changes":
            told = at_every_change(folder, None, after=False)
    print(json.dumps(told))
