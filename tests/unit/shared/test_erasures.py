"""The journal of erasures and the receipt: what was changed is not believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.erasures import BEGINNING, Cause, ErasureEntry, JournalEntry, entered, read_journal
from shared.errors import Corrupt
from shared.receipts import Receipt, is_genuine, read_receipt, signed
from shared.tokens import Role

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key()
NOW = datetime(2026, 11, 30, 12, 0, 0, 123_000, tzinfo=UTC)


def entry(number: int) -> ErasureEntry:
    return ErasureEntry(
        number=number,
        erasure_id=UUID(int=number),
        tenant_id=UUID(int=100),
        candidate_id=UUID(int=200 + number),
        session_ids=(UUID(int=300 + number), UUID(int=400 + number)),
        decided_utc=NOW,
        decided_by=Role.DPO,
        cause=Cause.OFFICER,
    )


def journal(count: int = 3) -> list[JournalEntry]:
    made: list[JournalEntry] = []
    for number in range(1, count + 1):
        made.append(entered(made[-1].chain if made else BEGINNING, entry(number), KEY))
    return made


LINES = [one.line().encode() for one in journal()]


def test_a_journal_is_read_as_it_was_written() -> None:
    assert read_journal(LINES, [PUBLIC]) == journal()
    assert read_journal([], [PUBLIC]) == []


def test_a_last_line_whose_writing_was_interrupted_is_left_out() -> None:
    assert read_journal([*LINES[:2], LINES[2][:-9]], [PUBLIC]) == journal(2)


@pytest.mark.parametrize(
    "lines",
    [
        [LINES[0], LINES[2]],
        [LINES[1], LINES[0]],
        LINES[1:],
        [LINES[0], LINES[0]],
        [LINES[0].replace(b'"dpo"', b'"admin"')],
        [LINES[0].replace(b"officer", b"request")],
        [b"{}\n"],
        [b"nonsense\n"],
        [b"[1]\n"],
    ],
)
def test_a_journal_that_was_touched_is_refused(lines: list[bytes]) -> None:
    with pytest.raises(Corrupt):
        read_journal(lines, [PUBLIC])


def test_a_journal_of_another_coordinator_is_refused() -> None:
    with pytest.raises(Corrupt, match="not signed"):
        read_journal(LINES, [Ed25519PrivateKey.generate().public_key()])


RECEIPT = signed(
    Receipt(
        erasure_id=UUID(int=1),
        number=1,
        tenant_id=UUID(int=2),
        candidate_uuid=UUID(int=3),
        cause=Cause.REQUEST,
        decided_by=Role.DPO,
        decided_at=NOW,
        completed_at=NOW,
        erased={"alerts": 3},
        recipients_told=0,
        nodes_told=1,
        kept=[],
    ),
    KEY,
)
FILE = RECEIPT.model_dump_json().encode()


def test_a_receipt_is_genuine_in_any_layout_and_only_as_it_was_signed() -> None:
    assert read_receipt(FILE) == RECEIPT
    assert is_genuine(FILE, PUBLIC)
    assert is_genuine(json.dumps(json.loads(FILE), indent=4).encode(), PUBLIC)
    assert not is_genuine(FILE, Ed25519PrivateKey.generate().public_key())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"alerts":3', b'"alerts":2'),
        (b'"nodes_told":1', b'"nodes_told":0'),
        (b"request", b"officer"),
        (b"12:00:00.123Z", b"12:00:00.124Z"),
        (b'"kept":[]', b'"kept":[{"what":"a","why":"b"}]'),
    ],
)
def test_a_changed_receipt_is_not_genuine(before: bytes, after: bytes) -> None:
    assert before in FILE
    assert not is_genuine(FILE.replace(before, after), PUBLIC)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", FILE[:-5], FILE.replace(b'"receipt":1', b'"receipt":2')])
def test_what_is_no_receipt_is_refused(data: bytes) -> None:
    with pytest.raises(Corrupt):
        is_genuine(data, PUBLIC)
