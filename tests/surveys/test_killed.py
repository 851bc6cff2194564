"""Killed at any moment and started again: nothing is lost, and nothing is done twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from surveys.copies import check_same

TESTS = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def killed(how, folder):
    """Let `killing` kill surveys; give what it tells, and all stores that were finished after."""
    path = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "surveys.killing", how, str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    stores = sorted(folder.glob("*.zarr"))
    return json.loads(done.stdout.splitlines()[-1]), stores


def test_at_twenty_random_moments_between_the_first_shard_and_the_last(tmp_path):
    told, stores = killed("moments", tmp_path)
    assert told["kills"] == 20
    assert told["again"] == []
    assert len(stores) > 1
    for store in stores:
        check_same(store, tmp_path / "whole.zarr")


def test_at_changes_that_are_made_to_the_store(tmp_path):
    told, stores = killed("changes", tmp_path)
    assert told["changes"] > 50
    assert len(stores) > 35
    for store in stores:
        check_same(store, tmp_path / "whole.zarr")
