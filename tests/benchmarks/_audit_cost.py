"""What the audit log adds to taking alerts in, on SQLite and PostgreSQL.

Alerts of about half a second's work are taken in once with the log and once without; which of the two comes
first takes turns. With it a round of numbering, chaining and signing follows, as one does every second. What
counts is this process's processor time: the wall clock tells of what else runs, and the database's own share
is printed beside it. The figure is the median of the pairs.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import psycopg
import pytest
from sqlmodel import Session

from coordinator import schema
from coordinator.arriving.intake import AlertStore
from coordinator.arriving.portion import MOST
from coordinator.audit import chaining, service as audit
from coordinator.ground.database import Database
from coordinator.ground.own_keys import OwnKeys, make_own_keys
from coordinator.nodes.alert_stream import StreamMessage
from tests.benchmarks._databases import DATABASES
from tests.benchmarks.coordinator import delivery_of
from tests.support.sittings import EdgeNode, sit

SESSIONS: Final = 16
PAIRS: Final = 40
WARM_UP: Final = 2
"""Pairs that do not count."""
BACKLOG: Final = 8
"""Portions of a backlog between two rounds: about half of what one core takes in within a second."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the log adds, in percent."""

    what: str
    percent: float
    """The median of the pairs."""
    measured_on: str


@dataclass(frozen=True, slots=True)
class _Spent:
    own_s: float
    """Processor time of this process."""
    server_s: float
    """The same of PostgreSQL's processes."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A coordinator's parts, as far as taking in and chaining need them."""

    database: Database
    keys: OwnKeys

    async def reading(self, work: Callable[[Session], Any]) -> Any:
        with self.database.read() as db:
            return work(db)

    async def writing(self, work: Callable[[Session], Any]) -> Any:
        with self.database.write() as db:
            return work(db)


def measure() -> Iterator[Cost]:
    """The cost of a backlog and of single alerts on each database that is installed."""
    for name, made in DATABASES.items():
        try:
            with made() as (url, folder):
                yield from _measured(name, url, folder)
        except pytest.skip.Exception as missing:
            sys.stdout.write(f"audit on {name}: SKIPPED, {missing.msg}\n")


def _measured(name: str, url: str, folder: Path) -> Iterator[Cost]:
    place, node = _Place(Database(url), make_own_keys(folder / "keys", None)), EdgeNode()
    schema.upgrade(place.database)
    keyring = place.keys.keyring
    store = AlertStore(place.database, keyring, {node.node_id: node.signing.public_key()})
    sittings = [sit(place.database, keyring, node, f"AUDIT-{number}") for number in range(SESSIONS)]
    alerts = (delivery_of(sittings[n % SESSIONS], n // SESSIONS, n + 1) for n in range(sys.maxsize))
    try:
        for what, size, portions in ((f"batches of {MOST}", MOST, BACKLOG), ("single alerts", 1, SESSIONS)):
            pairs = [
                _pair(place, store, [[next(alerts) for _ in range(size)] for _ in range(2 * portions)], turn)
                for turn in range(PAIRS + WARM_UP)
            ]
            yield _cost(what, name, pairs[WARM_UP:])
    finally:
        place.database.close()


def _pair(
    place: _Place, store: AlertStore, batches: Sequence[list[StreamMessage]], turn: int
) -> tuple[_Spent, _Spent]:
    """Without the log and with it, half of the batches each."""
    half = len(batches) // 2
    spent = {}
    for logged, mine in zip((turn % 2 == 0, turn % 2 != 0), (batches[:half], batches[half:]), strict=True):
        gc.collect()
        begun_s, server_s = time.process_time(), _server_s(place.database)
        with _written(logged):
            for batch in mine:
                store.take(batch, datetime.now(UTC))
        if logged:
            asyncio.run(chaining.round_of(cast(Any, place), datetime.now(UTC)))
        spent[logged] = _Spent(time.process_time() - begun_s, _server_s(place.database) - server_s)
    return spent[False], spent[True]


@contextmanager
def _written(logged: bool) -> Iterator[None]:
    whole: Callable[..., None] = audit.write_stored
    if not logged:
        audit.write_stored = lambda *_: None
    try:
        yield
    finally:
        audit.write_stored = whole


def _cost(what: str, name: str, pairs: Sequence[tuple[_Spent, _Spent]]) -> Cost:
    percents = [100.0 * (more.own_s / less.own_s - 1.0) for less, more in pairs]
    low, median, high = statistics.quantiles(percents, n=4)
    less_s, more_s = (sum(pair[side].own_s for pair in pairs) for side in (0, 1))
    servers = [sum(pair[side].server_s for pair in pairs) for side in (0, 1)]
    server = f"; its server {servers[0]:.2f} s and {servers[1]:.2f} s" if servers[1] else ""
    sys.stdout.write(
        f"audit on {name}, {what}: {less_s:.2f} s without the log, {more_s:.2f} s with it{server}; "
        f"{len(pairs)} pairs, quartiles {low:.1f}, {median:.1f}, {high:.1f} %\n"
    )
    return Cost(what, median, f"{name}, processor time, median of {len(pairs)} pairs")


def _server_s(database: Database) -> float:
    """The processor time of PostgreSQL's processes so far, ended ones included; 0: there are none."""
    if database.file is not None:
        return 0.0
    with psycopg.connect(database.engine.url.set(drivername="postgresql").render_as_string()) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    server = int((Path(row[0]) / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    ticks = sum(sum(_ticks(pid)[: 4 if pid == server else 2]) for pid in (server, *map(int, children)))
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> list[int]:
    """Of a process and of its ended children, in its own code and in the kernel's (proc(5), `stat`)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except FileNotFoundError:
        return []  # it has ended since it was listed
    return [int(ticks) for ticks in fields[11:15]]
