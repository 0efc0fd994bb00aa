"""Archives of before another signing key took over, checked with the log that goes on from them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from cli.main import app
from shared.audit_chain import BEGINNING, Checkpoint, leaf_of, linked, sign
from shared.audit_file import Link, Signed, first_line
from shared.sealing import signing_public_text
from shared.successions import named

TENANT = UUID(int=7)
AT = datetime(2026, 11, 30, 8, tzinfo=UTC)
FORMER, PRESENT = (Ed25519PrivateKey.from_private_bytes(bytes([one]) * 32) for one in (1, 2))
NAMES = {
    "former": signing_public_text(FORMER.public_key()),
    "present": signing_public_text(PRESENT.public_key()),
}


def signed(number: int, chain: bytes, key: Ed25519PrivateKey) -> Signed:
    made = Checkpoint(TENANT, number, chain, AT)
    return Signed(made, sign(made, key))


@pytest.mark.parametrize("known", NAMES)
def test_who_knows_either_key_finds_nothing_touched(tmp_path: Path, known: str) -> None:
    chain, pieces = BEGINNING, []
    successions = {1: (), 2: (named(FORMER, PRESENT, AT),)}
    for number, key in ((1, FORMER), (2, PRESENT)):
        entry = {"tenant": str(TENANT), "act": "get_session", "about": []}
        name = signing_public_text(key.public_key())
        first = first_line(TENANT, number - 1, chain, name, successions[number])
        chain = linked(chain, leaf_of(entry))
        link, checkpoint = Link(number, entry, leaf_of(entry), chain), signed(number, chain, key)
        pieces.append(first + link.line() + checkpoint.line())
    files = [tmp_path / name for name in ("archive.jsonl", "rest.jsonl")]
    for file, text in zip(files, pieces, strict=True):
        file.write_text(text)
    earlier = tmp_path / "checkpoints.jsonl"
    earlier.write_text(pieces[1])
    words = ["audit", "verify", *map(str, files), "--signing-key", NAMES[known], "--earlier", str(earlier)]
    done = CliRunner().invoke(app, words)
    assert (done.exit_code, "FAULT" in done.output) == (0, False), done.output
    assert "up to entry 2" in done.output
