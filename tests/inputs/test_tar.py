"""Headers of tar files: what tarfile writes and what GNU tar writes, and what is damaged."""

import io
import shutil
import subprocess
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import InputError
from convscope.inputs.tar import members

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def write(path, entries, form=tarfile.PAX_FORMAT):
    with tarfile.open(path, "w", format=form) as archive:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def held(path):
    with path.open("rb") as file:
        found = []
        for member in members(file, path):
            file.seek(member.start)
            found.append((member.name, file.read(member.size)))
        return found


def refusal(path):
    with pytest.raises(InputError) as caught:
        held(path)
    message = str(caught.value)
    assert "\n" not in message and path.name in message
    return message


def by_tarfile(path):
    with tarfile.open(path) as archive:
        return [
            (entry.name, archive.extractfile(entry).read()) for entry in archive if entry.isreg()
        ]


NAMES = st.lists(
    st.text("abcé/._- 漢", min_size=1, max_size=300).map(lambda name: f"x{name}y"),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(NAMES, st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]), st.integers(0, 1100))
def test_what_tarfile_reads(tmp_path_factory, names, form, size):
    path = tmp_path_factory.mktemp("tar") / "a.tar"
    write(path, [(name, bytes([place]) * (size + place)) for place, name in enumerate(names)], form)
    assert held(path) == by_tarfile(path)


@pytest.mark.parametrize("form", FORMATS)
def test_links_folders_and_devices_are_passed_over(tmp_path, form):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=form) as archive:
        for name, kind in (("folder", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE),
                           ("hard", tarfile.LNKTYPE), ("pipe", tarfile.FIFOTYPE),
                           ("disk", tarfile.BLKTYPE)):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("/etc/a.txt")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
    assert held(path) == [("/etc/a.txt", b"abc")]


@pytest.mark.skipif(shutil.which("tar") is None, reason="no tar here")
@pytest.mark.parametrize("form", ["v7", "ustar", "gnu", "pax"])
def test_what_the_command_tar_writes(tmp_path, form):
    folder = tmp_path / "in"
    folder.mkdir()
    # What v7 and ustar have room for.
    long = {"v7": "b" * 90, "ustar": f"{'d' * 60}/{'b' * 90}"}.get(form, "b" * 120)
    for name, size in (("a.txt", 0), (long, 513)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"q" * size)
    path = tmp_path / "a.tar"
    options = ["tar", f"--format={form}", "-cf", str(path), "-C", str(folder), "a.txt", long]
    if subprocess.run(options, capture_output=True, check=False).returncode:
        pytest.skip("another tar than GNU's")
    assert held(path) == [("a.txt", b""), (long, b"q" * 513)]


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_compressed_files_are_refused(tmp_path, kind):
    path = tmp_path / f"a.tar.{kind}"
    with tarfile.open(path, f"w:{kind}") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    message = refusal(path)
    assert "is compressed" in message
    assert f"unpack it once, {'gunzip' if kind == 'gz' else ''}" in message
    (tmp_path / "b.tar.zst").write_bytes(b"\x28\xb5\x2f\xfd and so on")
    assert "unzstd b.tar.zst" in refusal(tmp_path / "b.tar.zst")


def test_truncated_files(tmp_path):
    path = write(tmp_path / "a.tar", [("a.txt", b"x" * 700), ("b.txt", b"y" * 10)])
    whole = path.read_bytes()
    # Two headers, two blocks and one of content; then zeros to a whole record.
    for length in range(0, 5 * 512 + 1, 64):
        path.write_bytes(whole[:length])
        assert "truncated" in refusal(path) or (not length and "empty" in refusal(path))
    path.write_bytes(whole[: 6 * 512])
    assert [name for name, _ in held(path)] == ["a.txt", "b.txt"]


def test_damaged_headers(tmp_path):
    path = write(tmp_path / "a.tar", [("a.txt", b"x" * 700), ("b.txt", b"y" * 10)])
    whole = bytearray(path.read_bytes())
    whole[3 * 512 + 7] ^= 1
    path.write_bytes(whole)
    assert "is damaged at byte 1,536 (bad checksum)" in refusal(path)
    path.write_bytes(b"neither this nor that" * 100)
    assert "is no tar file" in refusal(path)


def test_header_that_claims_too_much(tmp_path):
    info = tarfile.TarInfo("a.jpg")
    info.size = 2**40
    path = tmp_path / "a.tar"
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
    assert "'a.jpg' in it ends beyond its end" in refusal(path)
    info.size = -512
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
    assert "truncated" in refusal(path)
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2**21
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(2**22))
    assert "a header of 2,097,152 bytes" in refusal(path)


@pytest.mark.parametrize("record", [b"nonsense", b"99 path=x\n", b"0 path=x\n", b"3 a\n", b" =\n"])
def test_damaged_records_of_pax(tmp_path, record):
    info = tarfile.TarInfo("a.jpg")
    info.type, info.size = tarfile.XHDTYPE, len(record)
    path = tmp_path / "a.tar"
    path.write_bytes(info.tobuf() + record.ljust(512, b"\0") + bytes(1024))
    assert "damaged header" in refusal(path)


@pytest.mark.skipif(shutil.which("tar") is None, reason="no tar here")
@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_sparse_files_are_refused(tmp_path, form):
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(2**22)
        file.seek(2**21)
        file.write(b"x")
    path = tmp_path / "a.tar"
    options = ["tar", f"--format={form}", "--sparse", "-cf", str(path), "-C", str(tmp_path), "hole"]
    if subprocess.run(options, capture_output=True, check=False).returncode:
        pytest.skip("another tar than GNU's")
    if path.stat().st_size > 2**20:
        pytest.skip("this file system keeps no holes")
    assert "sparse" in refusal(path)


def test_data_is_passed_over(tmp_path):
    path = tmp_path / "a.tar"
    info = tarfile.TarInfo("large.jpg")
    info.size = 2**33
    with path.open("wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.truncate(2**33 + 512)
        file.seek(2**33 + 512)
        file.write(bytes(1024))
    with path.open("rb") as file:
        (member,) = members(file, path)
    assert (member.start, member.size) == (512, 2**33)
