"""Stores compared with each other, array for array."""

import numpy as np
import zarr

from surveys.plain import dataset


def arrays_in(path):
    """Give all arrays of a store by name."""
    group = zarr.open_group(str(path), mode="r")
    return {
        name: member[...]
        for name, member in group.members(max_depth=None)
        if isinstance(member, zarr.Array)
    }


def check_same(path, other):
    """Check that two stores hold the same, bit for bit, and no file that the other has not."""
    one, two = arrays_in(path), arrays_in(other)
    assert one.keys() == two.keys()
    for name, values in one.items():
        assert values.dtype == two[name].dtype, name
        assert values.tobytes() == np.ascontiguousarray(two[name]).tobytes(), name
    attributes, wanted = (dict(zarr.open_group(str(at), mode="r").attrs) for at in (path, other))
    assert attributes == wanted
    assert files_in(path) == files_in(other)


def files_in(path):
    """Give the names of all files in a store but the lock."""
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()} - {".lock"}


def many(count=400):
    """Give the dataset that is surveyed again and again."""
    return dataset(count, seed=5)
