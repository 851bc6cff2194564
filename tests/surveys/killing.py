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

import convscope.surveys.plan
from convscope import survey
from surveys.plain import Plain, dataset


def surveyed(store, count=400):
    """Survey in shards of 16 images."""
    convscope.surveys.plan._SHARD, convscope.surveys.plan._BATCHES = 16, 2
    return survey(
        Plain(),
        dataset(count),
        store,
        batch=8,
        layers=["block/rows", "block"],
        per_class="block",
        k=3,
    )


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
    chance, kills, again = random.Random(3), 0, []
    while kills < times:
        before, read = held(store), seen.stat().st_size if seen.exists() else 0
        process = forked(lambda: surveyed(store))
        ended_by_itself = False
        while not (held(store) - before or ended_by_itself):
            ended_by_itself = os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.15))
        os.kill(process, signal.SIGKILL)
        status = ended(process)
        kills += status == -signal.SIGKILL
        lines = seen.read_bytes()[read:].decode().splitlines() if seen.exists() else []
        again += sorted({int(line.partition(":")[2]) // 16 for line in lines if before} & before)
        if status == 0 or len(held(store)) == 25:
            # Through: from the beginning, so that the others are killed on the way as well.
            finish(store)
            store.rename(folder / f"finished-{kills}.zarr")
            seen.unlink(missing_ok=True)
    finish(store)
    del os.environ["SEEN"], os.environ["PAUSE"]
    return {"kills": kills, "again": again}


def finish(store, count=400):
    """Survey without being killed."""
    if ended(forked(lambda: surveyed(store, count))):
        raise RuntimeError("the survey did not end")


def dying(count):
    """Die before the n-th change of a file's name; deletions count as well."""
    left = [count]

    def dead(change):
        def instead(*given, **named):
            left[0] -= 1
            if left[0] == 0:
                os._exit(9)
            return change(*given, **named)

        return instead

    os.replace, os.unlink, shutil.rmtree = map(dead, (os.replace, os.unlink, shutil.rmtree))
    return left


def changes_of(folder):
    """Count the changes that an undisturbed survey makes."""
    count, store = folder / "count", folder / "counted.zarr"

    def run():
        left = dying(-1)
        surveyed(store, 40)
        count.write_text(str(-1 - left[0]))

    ended(forked(run))
    shutil.rmtree(store)
    return int(count.read_text())


def at_changes(folder):
    """Kill surveys at changes that they make to their store.

    At each while shards are written and merged, and at the end; at every twelfth of those by which
    the arrays of the result are written, one like the other.
    """
    whole = changes_of(folder)
    for number in [*range(1, 28), *range(28, whole - 5, 12), *range(whole - 5, whole + 1)]:
        store = folder / f"changed-{number}.zarr"

        def run(store=store, number=number):
            dying(number)
            surveyed(store, 40)

        status = ended(forked(run))
        if status != 9:
            raise RuntimeError(f"ended with {status}")
        finish(store, 40)
    return {"changes": whole}


if __name__ == "__main__":
    kind, folder = sys.argv[1], Path(sys.argv[2])
    if kind == "moments":
        finish(folder / "whole.zarr")
        told = at_random_moments(folder, 20)
    else:
        finish(folder / "whole.zarr", 40)
        told = at_changes(folder)
    print(json.dumps(told))
