"""What fuzzing found in datasets: each is refused in one line, before memory is taken."""

import io
import struct
import zipfile

import numpy as np
import pytest

from convscope.errors import InputError
from convscope.inputs import open_dataset
from convscope.inputs.array_files import array_file, decode_arrays
from convscope.inputs.columns import labels_of


def npy(shape, body=b"", descr="|u1"):
    """Write an .npy file whose header says what it is told."""
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def archive(kind=zipfile.ZIP_STORED, **members):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", kind) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return held.getvalue()


def refusal(read, *given):
    with pytest.raises(InputError) as caught:
        read(*given)
    said = str(caught.value)
    assert "\n" not in said and len(said) < 800
    return said


IMAGES = npy((2, 4, 4), bytes(32))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive(x_test=b"no numbers"), "which is no array"),
        (archive(x_test=IMAGES, y_test=b""), "which is no array"),
        (archive(x_test=npy((2**41, 8, 8))), "claims 140,737,488,355,328 bytes"),
        (archive(zipfile.ZIP_DEFLATED, x_test=npy((2**40,), bytes(64))), "claims"),
        (archive(x_test=npy((2, 4, 4), bytes(31))), "cannot be read"),
        (archive(x_test=npy((10**30, 4, 4))), "claims"),
        (archive(x_test=npy((-1, 7, 2**62))), "its shape is (-1, 7, 4611686018427387904)"),
        (archive(x_test=npy((-1, 4, 4))), "test.npz"),
        (archive(x_test=npy("(((", bytes(32))), "cannot be read"),
        (archive(x_test=npy((1, 4, 4), bytes(16), "|O")), "test.npz"),
        (archive(**{"x\n" * 3: IMAGES}), "holds"),
        (npy("((("), "cannot be read"),
        (archive(x_test=IMAGES).replace(b"PK\x03\x04\x14\x00", b"PK\x03\x04\xa5\x00"), ""),
        (archive(x_test=IMAGES).replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\xa5"), ""),
    ],
)
def test_archives_are_not_believed(tmp_path, content, words):
    path = tmp_path / "test.npz"
    path.write_bytes(content)
    if words:
        assert words in refusal(open_dataset, path)
    for read, given in ((array_file, (path,)), (open_dataset, (path,))):
        try:
            read(*given)
        except InputError as error:
            assert "\n" not in str(error)


def test_what_a_damaged_archive_quotes_is_cut_short(tmp_path):
    """Zipfile puts a whole name into its message, up to 64 kB of it."""
    content = bytearray(archive(x_test=IMAGES))
    start = content.index(b"PK\x03\x04")
    content[start + 26 : start + 28] = struct.pack("<H", 200)
    path = tmp_path / "test.npz"
    path.write_bytes(bytes(content))
    assert "cannot be read" in refusal(open_dataset, path)


def test_sent_archives_are_not_believed_either():
    content = archive(wave=npy((2**50,)))
    assert "claims" in refusal(lambda: decode_arrays(content, "a.npz", most=2**28))


def test_true_archives_are_read(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 5, 4), np.uint8)
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "true.npz", x_test=images, y_test=np.array([1, 0, 2]))
        found = open_dataset(tmp_path / "true.npz")
        np.testing.assert_array_equal(found.images, images)
        assert found.labels.tolist() == [1, 0, 2]


def test_labels_without_sign_may_be_missing():
    arrow = pytest.importorskip("pyarrow")
    column = arrow.chunked_array([arrow.array([3, None, 1], arrow.uint64())])
    assert labels_of(column, "a.arrow").tolist() == [3, -1, 1]
    large = arrow.chunked_array([arrow.array([2**63], arrow.uint64())])
    assert "cannot be read" in refusal(labels_of, large, "a.arrow")
    assert "one whole number" in refusal(labels_of, arrow.chunked_array([["a"]]), "a.arrow")
