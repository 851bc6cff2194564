"""Where a survey is kept: a Zarr group, in a folder or in object storage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import ConvscopeError, InputError, OutputError, reason_of, require
from convscope.surveys.checking import check_arrays
from convscope.surveys.declared import Sizes, check_about
from convscope.surveys.packing import packed, unpacked
from convscope.surveys.plan import Plan
from convscope.surveys.stored_arrays import StoredArrays
from convscope.surveys.summary import Summary
from convscope.surveys.tree import Node

__all__ = ["Store"]

_KIND = "convscope survey"
_NODES = "nodes"
_LOCK = ".lock"
# What Zarr writes before it gives it its name.
_PARTIAL = ".partial"
_LATEST = 1
_NODE = re.compile(rf"{_NODES}/(\d{{1,2}}-\d{{1,12}})\.npz")


class Store:
    """A survey's place: its plan, the summaries of finished shards, and the result.

    Every file appears whole or not at all, so that it may be stopped at any moment. What is not
    finished lies under ``nodes/`` and goes when the result is written.

    Parameters
    ----------
    path : str or Path
        A folder, or the address of one in object storage, such as ``s3://bucket/name.zarr``.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._zarr = require("zarr", "survey", "a survey")
        # Not asyncio.run, which a notebook's own loop forbids.
        self._await = require("zarr.core.sync", "survey", "a survey").sync
        self.is_local = "://" not in self.path
        self._told: tuple[Plan, list[dict[str, Any]]] | None = None
        if self.is_local:
            self._store = self._zarr.storage.LocalStore(self.path)
        else:
            require("fsspec", "survey", f"writing to {self.path}")
            try:
                self._store = self._zarr.storage.FsspecStore.from_url(self.path)
            except (ImportError, ValueError) as error:
                raise OutputError(f"{self.path} cannot be reached: {reason_of(error)}") from error

    def exists(self) -> bool:
        """Tell whether a survey, or something else of Zarr, has been begun here."""
        return self._get("zarr.json") is not None

    def other_files(self) -> bool:
        """Tell whether there are files here without anything of Zarr."""
        folder = Path(self.path)
        if not self.is_local or not folder.is_dir() or self.exists():
            return False
        # A survey that was stopped at its very beginning leaves these.
        own = {_LOCK, _NODES}
        return any(entry.name not in own and entry.suffix != _PARTIAL for entry in folder.iterdir())

    def create(self, plan: Plan, about: Mapping[str, Any]) -> None:
        """Begin a survey.

        Parameters
        ----------
        plan : Plan
        about : mapping
            What else is told of it, as JSON has it.
        """
        attributes = {"kind": _KIND, "version": _LATEST, "plan": plan.to_json(), "finished": False,
                      **about}  # fmt: skip
        with self._writing():
            self._zarr.open_group(self._store, mode="a", attributes=attributes)

    def attributes(self) -> dict[str, Any]:
        """Read what is told of the survey.

        Raises
        ------
        InputError
            When there is none, or something else.
        """
        try:
            # To open a group that is not there would make its folder.
            if not self.exists():
                raise FileNotFoundError(self.path)
            attributes = dict(self._zarr.open_group(self._store, mode="r").attrs)
        except Exception as error:
            # Damage meets Zarr in many places, each with errors of its own.
            raise InputError(
                f"{self.path!r} is no survey's store: give the folder that "
                "convscope survey MODEL DATASET -o STORE.zarr wrote"
            ) from error
        if attributes.get("kind") != _KIND:
            raise InputError(
                f"{self.path!r} is a Zarr group and no survey: give the folder that "
                "convscope survey wrote"
            )
        version = attributes.get("version", 0)
        if isinstance(version, int) and version > _LATEST:
            raise InputError(f"{self.path!r} was written by a newer Convscope: install that one")
        try:
            check_about(attributes)
        except ValueError as error:
            raise InputError(
                f"what {self.path!r} tells of itself is damaged ({error}): survey again"
            ) from error
        return attributes

    def plan(self) -> Plan:
        """Read the plan."""
        return Plan.from_json(self.attributes()["plan"])

    @property
    def is_finished(self) -> bool:
        """Whether the result is there."""
        return bool(self.attributes().get("finished"))

    def nodes(self) -> list[Node]:
        """Give the summaries that are there."""
        found = []
        for key in self._await(_listed(self._store, _NODES)):
            # What else lies there is nobody's.
            named = _NODE.fullmatch(key)
            if named is not None:
                found.append(Node.from_str(named[1]))
        return sorted(found)

    def write_node(self, node: Node, summary: Summary) -> None:
        """Write a summary, whole or not at all."""
        self._set(f"{_NODES}/{node}.npz", packed(summary))

    def read_node(self, node: Node) -> Summary:
        """Read a summary.

        Raises
        ------
        InputError
            When it is damaged.
        """
        data = self._get(f"{_NODES}/{node}.npz")
        try:
            return unpacked(data or b"", self._check_summary)
        except (ValueError, InputError) as error:
            raise InputError(
                f"{_NODES}/{node}.npz in {self.path!r} is damaged: delete it, and its shards are "
                "computed again"
            ) from error

    def _check_summary(self, arrays: Mapping[str, np.ndarray]) -> None:
        if self._told is None:
            about = self.attributes()
            self._told = Plan.from_json(about["plan"]), about["layers"]
        check_arrays(arrays, *self._told)

    def delete_node(self, node: Node) -> None:
        """Delete a summary."""
        with self._writing():
            self._await(self._store.delete(f"{_NODES}/{node}.npz"))

    def write_shift(self, shift: np.ndarray) -> None:
        """Keep the shift, so that all who work on the survey have the same."""
        self._set(f"{_NODES}/shift", shift.astype("<f4").tobytes())

    def read_shift(self) -> np.ndarray | None:
        """Give the shift; None where there is none yet.

        Raises
        ------
        InputError
            When it is damaged.
        """
        data = self._get(f"{_NODES}/shift")
        if data is None:
            return None
        channels = sum(int(entry["shape"][0]) for entry in self.attributes()["layers"])
        shift = np.frombuffer(data[: 4 * channels], "<f4") if len(data) == 4 * channels else None
        if shift is None or not np.isfinite(shift).all():
            raise InputError(
                f"{_NODES}/shift in {self.path!r} is damaged, and all that was surveyed rests on "
                "it: delete the store, and survey again"
            )
        return shift.astype(np.float32)

    def write_result(
        self, arrays: Mapping[str, tuple[tuple[str, ...], np.ndarray]], about: Mapping[str, Any]
    ) -> None:
        """Write the arrays of the result by name, with their dims; the survey is finished then."""
        with self._writing():
            group = self._zarr.open_group(self._store, mode="a")
            for name, (dims, values) in arrays.items():
                group.create_array(
                    name,
                    data=values,
                    chunks=_chunks(values),
                    dimension_names=dims,
                    overwrite=True,
                )
            group.attrs.update({**about, "finished": True})
        self.delete_nodes()

    def delete_nodes(self) -> None:
        """Delete what is not needed any more when the result is there."""
        with self._writing():
            self._await(self._store.delete_dir(_NODES))

    def delete_partials(self) -> None:
        """Delete files of a survey that was stopped while it wrote them."""
        if self.is_local:
            with self._writing():
                for file in Path(self.path).rglob(f"*{_PARTIAL}"):
                    file.unlink(missing_ok=True)

    def arrays(self, sizes: Mapping[str, Sizes]) -> StoredArrays:
        """Give the arrays of the result, for reading.

        Parameters
        ----------
        sizes : mapping of str to Sizes
            What sizes each may have; another one is damage, and no memory is taken for it.

        Raises
        ------
        InputError
            When their group cannot be opened.
        """
        try:
            group = self._zarr.open_group(self._store, mode="r")
        except Exception as error:
            # Damage meets Zarr in many places, each with errors of its own.
            raise InputError(
                f"{self.path!r} cannot be read ({reason_of(error)}): survey again"
            ) from error
        return StoredArrays(self.path, group, sizes)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from working on this survey until the block ends, however it ends.

        In object storage nobody can be kept away.

        Raises
        ------
        OutputError
            When somebody else works on it.
        """
        if not self.is_local:
            yield
            return
        filelock = require("filelock", "survey", "a survey")
        with self._writing():
            Path(self.path).mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(str(Path(self.path) / _LOCK))
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout as error:
                raise OutputError(
                    f"{self.path!r} is being written by another survey: wait for it, or give "
                    "another -o"
                ) from error
        try:
            yield
        finally:
            lock.release()

    def _get(self, key: str) -> bytes | None:
        # To look into a folder that is not there would make it.
        if self.is_local and not Path(self.path).is_dir():
            return None
        prototype = self._zarr.core.buffer.default_buffer_prototype()
        try:
            found = self._await(self._store.get(key, prototype))
        except OSError as error:
            raise InputError(
                f"{key} in {self.path!r} cannot be read ({reason_of(error)}): check it, or give "
                "another store"
            ) from error
        return None if found is None else bytes(found.to_bytes())

    def _set(self, key: str, data: bytes) -> None:
        buffer = self._zarr.core.buffer.default_buffer_prototype().buffer
        with self._writing():
            self._await(self._store.set(key, buffer.from_bytes(data)))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except ConvscopeError:
            raise
        except OSError as error:
            raise OutputError(
                f"{self.path!r} cannot be written ({reason_of(error)}): free "
                "some space and give the same command again, which goes on, or give another -o"
            ) from error


async def _listed(store: Any, prefix: str) -> list[str]:
    return [key async for key in store.list_prefix(f"{prefix}/")]


def _chunks(values: np.ndarray) -> tuple[int, ...]:
    """Cut along the first axis into pieces of some megabytes."""
    row = max(1, values.nbytes // max(1, len(values)))
    return (
        max(1, min(len(values), 4_000_000 // row)),
        *(max(1, size) for size in values.shape[1:]),
    )
