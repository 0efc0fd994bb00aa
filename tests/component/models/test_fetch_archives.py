"""Weights inside archives: one member comes out, and whatever else an archive may be is refused in words."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.manifest import Mirror, Url
from shared.errors import Corrupt, Unavailable
from tests.support.entries import WEIGHTS
from tests.support.fetching import entry_from, leftovers, only, run, store_of
from tests.support.file_server import FileServer, serving_files


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving_files() as served:
        yield served


def zipped(member: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
    return out.getvalue()


def tarred(member: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:bz2") as archive:
        row = tarfile.TarInfo(member)
        row.size = len(content)
        archive.addfile(row, io.BytesIO(content))
    return out.getvalue()


def encrypted() -> bytes:
    content = bytearray(zipped("in/net.onnx", WEIGHTS))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + flags] |= 1
    return bytes(content)


def scratched(method: int) -> bytes:
    """A zip whose compressed bytes are wrong."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("in/net.onnx", WEIGHTS)
    content = bytearray(out.getvalue())
    begin = len("in/net.onnx") + 50
    content[begin : begin + 40] = bytes(byte ^ 0xFF for byte in content[begin : begin + 40])
    return bytes(content)


def after_a_flood() -> bytes:
    """A tar that claims a terabyte before the member."""
    flood = tarfile.TarInfo("flood")
    flood.size = 1 << 40
    return flood.tobuf(tarfile.GNU_FORMAT) + tarred("in/net.onnx", WEIGHTS)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_one_member_is_taken_out_of_an_archive_and_the_archive_goes(
    tmp_path: Path, server: FileServer, pack: object
) -> None:
    server.files["a.pack"] = pack("in/net.onnx", WEIGHTS)  # type: ignore[operator]
    store = store_of(tmp_path, entry_from(Url(server.address("a.pack"), "in/net.onnx")))
    assert run(store).succeeded
    assert store.path(store.manifest.entry("net")).read_bytes() == WEIGHTS
    assert not (store.root / ".incoming").exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (zipped("other", WEIGHTS), "holds no file in/net.onnx"),
        (zipped("in/net.onnx", b"wrong"), "SHA-256"),
        (zipped("in/net.onnx", WEIGHTS)[:-40], "damaged archive"),
        (tarred("in/net.onnx", WEIGHTS * 100)[:300], "damaged archive"),
        (encrypted(), "encrypted"),
        (scratched(zipfile.ZIP_DEFLATED), "damaged archive"),
        (scratched(zipfile.ZIP_BZIP2), "damaged archive"),
        (scratched(zipfile.ZIP_LZMA), "damaged archive"),
        (after_a_flood(), "more than"),
        (b"no archive", "damaged archive"),
        (b"", "damaged archive"),
    ],
)
def test_an_archive_that_is_not_what_it_should_be_is_refused(
    tmp_path: Path, server: FileServer, content: bytes, complaint: str
) -> None:
    server.files["a.pack"] = content
    store = store_of(tmp_path, entry_from(Url(server.address("a.pack"), "in/net.onnx")))
    (problem,) = only(run(store)).problems
    assert isinstance(problem, Corrupt)
    assert complaint in str(problem)
    assert leftovers(store) == []


def test_an_archive_of_the_mirror_that_cannot_be_read_is_said_and_no_full_disk(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    # A regular file whose first byte nobody can read, the superuser included.
    (mirror / "a.zip").symlink_to("/proc/self/mem")
    store = store_of(tmp_path, entry_from(Mirror("a.zip", "in/net.onnx")))
    (problem,) = only(run(store, mirror=mirror)).problems
    assert isinstance(problem, Unavailable)
    assert "cannot read" in str(problem)
    assert "Make room" not in str(problem)
