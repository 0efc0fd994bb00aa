"""The audit log: what it adds to taking alerts in, and how long a long one is checked.

`python -m tests.benchmarks audit [ENTRIES]`. Batches with the log and without it take turns in one process on
SQLite; with it, its entries are also numbered, chained and signed, which a coordinator does right after. Both
are counted in this process's processor time. The log that is checked is a file of so many entries, with a
checkpoint after every thousand.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator import schema
from coordinator.arriving.intake import AlertStore
from coordinator.arriving.portion import MOST
from coordinator.audit import chaining_service as chaining, service as audit
from coordinator.ground.database import Database
from coordinator.ground.keyring import Keyring
from coordinator.ground.own_keys import make_own_keys
from coordinator.nodes.alert_stream import StreamMessage
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.audit_chain import BEGINNING, Checkpoint, leaf_of, linked, sign
from shared.audit_check import AuditCheck
from shared.audit_file import Link, Signed, first_line
from shared.sealing import signing_public_text
from tests.benchmarks._figures import Figure
from tests.benchmarks.coordinator import delivery_of
from tests.support.sittings import EdgeNode, sit

ENTRIES: Final = 1_000_000
MOST_S: Final = 60.0
MOST_COST_PERCENT: Final = 10.0
SESSIONS: Final = 16
ROUNDS: Final = 24
"""Of each way: a batch of `MOST` alerts, and as many single ones as sessions."""
SIGNED_EVERY: Final = 1_000
KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
AT: Final = datetime(2026, 11, 30, 8, tzinfo=UTC)


def run(arguments: Sequence[str]) -> list[Figure]:
    """The cost in percent, for a backlog and for single alerts, and the seconds of a check."""
    entries = int(arguments[0]) if arguments else ENTRIES
    with tempfile.TemporaryDirectory(prefix="proctor-bench-") as name:
        backlog, single = _cost(Path(name))
        checked_s = _checked_s(Path(name) / "log.jsonl", entries)
    on = "SQLite, processor time, batches by turns"
    return [
        Figure.at_most(f"audit log, of batches of {MOST} alerts (%)", backlog, MOST_COST_PERCENT, on),
        Figure.at_most("audit log, of single alerts (%)", single, MOST_COST_PERCENT, on),
        Figure.at_most(
            f"a check of {entries:,} entries (s)", checked_s, MOST_S, "one process, processor time"
        ),
    ]


def _cost(folder: Path) -> tuple[float, float]:
    database = Database(f"sqlite:///{folder}/coordinator.db")
    schema.upgrade(database)
    keyring, node = make_own_keys(folder / "keys", None).keyring, EdgeNode()
    store = AlertStore(database, keyring, {node.node_id: node.signing.public_key()})
    made = _alerts(database, keyring, node)
    try:
        backlog, single = (_more_percent(database, store, made, size) for size in (MOST, 1))
    finally:
        database.close()
    return backlog, single


def _alerts(database: Database, keyring: Keyring, node: EdgeNode) -> Iterator[StreamMessage]:
    sittings = [sit(database, keyring, node, f"AUDIT-{number}") for number in range(SESSIONS)]
    for number in range((MOST + SESSIONS) * (2 * ROUNDS + 2)):
        yield delivery_of(sittings[number % SESSIONS], number // SESSIONS, number + 1)


def _more_percent(database: Database, store: AlertStore, made: Iterator[StreamMessage], size: int) -> float:
    count = 1 if size == MOST else SESSIONS
    spent = {True: 0.0, False: 0.0}
    for number in range(-2, 2 * ROUNDS):  # the first two are warm-up
        batches = [[next(made) for _ in range(size)] for _ in range(count)]
        logged = number % 2 == 0
        with _written(logged):
            begun = time.process_time()
            for batch in batches:
                store.take(batch, datetime.now(UTC))
            if logged:
                _chained(database)
            if number >= 0:
                spent[logged] += time.process_time() - begun
    sys.stdout.write(
        f"audit: {count * size * ROUNDS:,} alerts by {size}: {spent[False]:.2f} s without the log, "
        f"{spent[True]:.2f} s with it\n"
    )
    return 100.0 * (spent[True] / spent[False] - 1.0)


@contextmanager
def _written(logged: bool) -> Iterator[None]:
    whole: Callable[..., None] = audit.write_stored
    if not logged:
        audit.write_stored = lambda *_: None
    try:
        yield
    finally:
        audit.write_stored = whole


def _chained(database: Database) -> None:
    with database.write() as db:
        chaining.chain_next(db, DEFAULT_TENANT_ID)
        chaining.sign_next(db, DEFAULT_TENANT_ID, KEY, datetime.now(UTC))


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
