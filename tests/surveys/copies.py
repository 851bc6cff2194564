"""Stores compared with each other."""


def check_same(path, other):
    """Check that two stores hold the same, bit for bit, and nothing that the other has not."""
    one, two = contents(path), contents(other)
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def contents(path):
    """Read all files of a store but the lock: arrays, and what is told of them."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file() and file.name != ".lock"
    }
