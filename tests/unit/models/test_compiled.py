"""Files of compiled networks: whose they are, and what is never read."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from models.compiled import MOST, Compiled, keep_compiled, kept_path, read_compiled

MADE = Compiled(("boxes", "a name\nof two lines"), b"compiled\n\0network")
HERE = ("2026.4", "a processor", "NUM_STREAMS=1")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "net.xml"
    path.write_bytes(b"layers")
    path.with_suffix(".bin").write_bytes(b"numbers")
    return path


def test_what_is_kept_is_read_again(weights: Path) -> None:
    path = kept_path(weights, HERE)
    assert read_compiled(path) is None
    keep_compiled(path, MADE)
    assert read_compiled(path) == MADE
    assert kept_path(weights, HERE) == path
    assert sorted(one.name for one in weights.parent.iterdir()) == sorted([path.name, "net.bin", "net.xml"])


@pytest.mark.parametrize("number", range(len(HERE)))
def test_another_version_processor_or_setting_has_a_file_of_its_own(weights: Path, number: int) -> None:
    other = [*HERE]
    other[number] += "1"
    assert kept_path(weights, other) != kept_path(weights, HERE)


@pytest.mark.parametrize("end", [".xml", ".bin"])
def test_other_weights_have_a_file_of_their_own(weights: Path, end: str) -> None:
    before = kept_path(weights, HERE)
    weights.with_suffix(end).write_bytes(b"others")
    assert kept_path(weights, HERE) != before


def test_what_is_settings_and_what_is_weights_is_told_apart(weights: Path) -> None:
    assert kept_path(weights, ("ab", "c")) != kept_path(weights, ("a", "bc"))


@pytest.mark.parametrize("place", [0, 31, 32, -1])
def test_a_damaged_file_counts_as_none(weights: Path, place: int) -> None:
    path = kept_path(weights, HERE)
    keep_compiled(path, MADE)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert read_compiled(path) is None


@pytest.mark.parametrize("length", [0, 1, 32, 40])
def test_half_a_file_counts_as_none(weights: Path, length: int) -> None:
    path = kept_path(weights, HERE)
    keep_compiled(path, MADE)
    path.write_bytes(path.read_bytes()[:length])
    assert read_compiled(path) is None


@pytest.mark.parametrize("names", [b"", b"{", b"\xff", b"5", b'{"boxes": 1}', b"[1]", b"null"])
def test_a_whole_file_with_something_else_in_it_counts_as_none(weights: Path, names: bytes) -> None:
    path = kept_path(weights, HERE)
    rest = names + b"\nnetwork"
    path.write_bytes(sha256(rest).digest() + rest)
    assert read_compiled(path) is None


def test_the_oldest_of_the_same_weights_go_and_no_others(weights: Path) -> None:
    other = weights.with_name("net.xml2")
    other.write_bytes(b"of another network")
    kept = [kept_path(other, HERE), *(kept_path(weights, [str(version)]) for version in range(MOST + 1))]
    for at_s, path in enumerate(kept):
        keep_compiled(path, MADE)
        os.utime(path, (at_s, at_s))
    newest = kept_path(weights, ["the newest"])
    keep_compiled(newest, MADE)
    # A second opening of the same keeps as many.
    keep_compiled(newest, MADE)
    assert {path for path in [*kept, newest] if path.exists()} == {kept[0], *kept[-MOST + 1 :], newest}


def test_where_nothing_may_be_written_nothing_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "no folder" / "net.onnx.key.compiled"
    keep_compiled(path, MADE)
    assert read_compiled(path) is None
    assert not path.parent.exists()
