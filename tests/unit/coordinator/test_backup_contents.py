"""What a backup says of itself, and what a backup of the keyring holds."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.backups.generation import (
    Erased,
    HeldKey,
    HoldRow,
    Item,
    Notice,
    OwnFile,
    items_of,
    line_of,
)
from coordinator.backups.manifest import Kind, Manifest, SealedFile, read_manifest
from shared.canonical import canonical_json, parse_json
from shared.errors import Corrupt

KEY = Ed25519PrivateKey.generate()
MADE = Manifest(
    kind=Kind.DATABASE,
    backup_id="2026-11-30T021500Z-00000000",
    made_utc=datetime(2026, 11, 30, 2, 15, tzinfo=UTC),
    release="0.1.0",
    revision="0030",
    dialect="sqlite",
    recipient="x25519:AAAA",
    files=(SealedFile(name="database", size_bytes=5, sha256="0" * 64),),
)
ITEMS: list[Item] = [
    OwnFile("ca.2.key", b"\x00\xff"),
    Erased('{"entry":1}\n'),
    HoldRow(uuid4(), b"why"),
    HoldRow(uuid4(), b"why", {"thing": "exam", "until_utc": None}),
    Notice(uuid4(), uuid4(), b"names"),
    HeldKey(uuid4(), b"\x01half"),
]


def test_a_manifest_is_read_as_it_was_signed() -> None:
    assert read_manifest(MADE.text(KEY), [KEY.public_key()]) == MADE


def test_a_manifest_that_was_changed_or_is_of_others_is_refused() -> None:
    other = Ed25519PrivateKey.generate()
    with pytest.raises(Corrupt, match="another coordinator"):
        read_manifest(MADE.text(other), [KEY.public_key()])
    said = parse_json(MADE.text(KEY))
    said["manifest"]["revision"] = "0029"
    with pytest.raises(Corrupt, match="was changed"):
        read_manifest(canonical_json(said), [KEY.public_key()])
    for broken in (b"", b"{}", b"[]", b'"x"', MADE.text(KEY)[:-1]):
        with pytest.raises(Corrupt):
            read_manifest(broken, [KEY.public_key()])


def test_a_manifest_of_a_newer_form_says_so() -> None:
    newer = MADE.model_copy(update={"format": 2})
    with pytest.raises(Corrupt, match="newer release"):
        read_manifest(newer.text(KEY), [KEY.public_key()])


@pytest.mark.parametrize("piece", [1, 10, 10_000])
def test_the_keyring_is_read_as_it_was_written(piece: int) -> None:
    lines = b"".join(line_of(one) for one in ITEMS)
    assert list(items_of(lines[one : one + piece] for one in range(0, len(lines), piece))) == ITEMS


@pytest.mark.parametrize(
    "line",
    [
        b'{"file":"../x","data":""}\n',
        b'{"file":".x","data":""}\n',
        b'{"other":1}\n',
        b'{"key":"x","wrapped":""}\n',
        b"\n",
        b'{"erased":"x"}',
    ],
)
def test_a_line_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises(Corrupt):
        list(items_of([line]))
