"""The audit log: what it adds to taking alerts in, and how long a long one is checked.

`python -m tests.benchmarks audit [ENTRIES]`. `_audit_cost` says how the cost is measured. The log that is
checked is a file of so many entries, with a checkpoint after every thousand.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.audit_chain import BEGINNING, Checkpoint, leaf_of, linked, sign
from shared.audit_check import AuditCheck
from shared.audit_file import Link, Signed, first_line
from shared.sealing import signing_public_text
from tests.benchmarks import _audit_cost
from tests.benchmarks._figures import Figure

ENTRIES: Final = 1_000_000
MOST_S: Final = 60.0
MOST_COST_PERCENT: Final = 10.0
SIGNED_EVERY: Final = 1_000
KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
AT: Final = datetime(2026, 11, 30, 8, tzinfo=UTC)


def run(arguments: Sequence[str]) -> list[Figure]:
    """The cost in percent, for a backlog and for single alerts, and the seconds of a check."""
    entries = int(arguments[0]) if arguments else ENTRIES
    costs = [
        Figure.at_most(f"audit log, {one.what} (%)", one.percent, MOST_COST_PERCENT, one.measured_on)
        for one in _audit_cost.measure()
    ]
    with tempfile.TemporaryDirectory(prefix="proctor-bench-") as name:
        checked_s = _checked_s(Path(name) / "log.jsonl", entries)
    check = f"a check of {entries:,} entries (s)"
    return [*costs, Figure.at_most(check, checked_s, MOST_S, "one process, processor time")]


def _checked_s(file: Path, entries: int) -> float:
    with file.open("w", encoding="ascii") as out:
        out.writelines(_log(entries))
    check, begun = AuditCheck((KEY.public_key(),)), time.process_time()
    with file.open("rb") as lines:
        check.read(lines)
    spent_s = time.process_time() - begun
    assert (check.faults, check.entries) == ([], entries)
    sys.stdout.write(f"audit: {file.stat().st_size / 2**20:,.0f} MiB checked in {spent_s:.1f} s\n")
    return spent_s


def _log(entries: int) -> Iterator[str]:
    yield first_line(DEFAULT_TENANT_ID, 0, BEGINNING, signing_public_text(KEY.public_key()))
    chain = BEGINNING
    for number in range(1, entries + 1):
        entry = _entry(number)
        leaf = leaf_of(entry)
        chain = linked(chain, leaf)
        yield Link(number, entry, leaf, chain).line()
        if number % SIGNED_EVERY == 0:
            made = Checkpoint(DEFAULT_TENANT_ID, number, chain, AT + timedelta(seconds=number))
            yield Signed(made, sign(made, KEY)).line()


def _entry(number: int) -> dict[str, Any]:
    return {
        "id": str(UUID(int=number)),
        "tenant": str(DEFAULT_TENANT_ID),
        "at_ms": 1_800_000_000_000 + number,
        "request": str(UUID(int=2 * number)),
        "act": "get_session",
        "role": "proctor",
        "actor": "00" * 60,
        "key": str(UUID(int=7)),
        "node": None,
        "candidate": str(UUID(int=number % 1_000)),
        "session": str(UUID(int=number % 1_000)),
        "outcome": "done",
        "amount": 1,
    }
