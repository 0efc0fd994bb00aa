"""The coordinator on SQLite and PostgreSQL: starting sessions, taking alerts in, lists over 100,000 of them.

`python -m tests.benchmarks coordinator [ALERTS [DATABASE…]]`. Requests go through the whole application but
no socket; alerts are sealed and signed before the clock starts, and verified, opened, grouped and stored
under it. One process, its database beside it on the same disk. The columns "own" are this process's processor
time: on a machine that others use too it says what the wall clock does not.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

import pytest

from coordinator import schema
from coordinator.arriving.intake import AlertStore
from coordinator.arriving.portion import MOST
from coordinator.arriving.treated import Treatment
from coordinator.ground.database import Database
from coordinator.nodes.alert_stream import StreamMessage
from tests.benchmarks._coordinator_filling import RARE, Filled, fill
from tests.benchmarks._databases import DATABASES
from tests.benchmarks._figures import Figure
from tests.support.album import pictured
from tests.support.exam_site import NODE_ID, Site, exam_site
from tests.support.nats import nats_server
from tests.support.sittings import START, EdgeNode, Sitting, sit

ALERTS: Final = 100_000
PAGES: Final = 100
"""Requests per list."""
STARTS: Final = 200
INGESTED: Final = 2_048
LONG: Final = 8_192
"""Alerts of one session, or of `MANY` sessions: storing them must not get slower as a session grows."""
MANY: Final = 512
JPEG: Final = b"\xff\xd8\xff" + b"A" * 9_000
BOUND_MS: Final = 100.0
"""p99 of a list's page."""


@dataclass(frozen=True, slots=True)
class Spent:
    """On one request or batch."""

    wall_ms: float
    own_ms: float


class Stopwatch:
    """Runs from its making."""

    def __init__(self) -> None:
        self._wall, self._own = time.perf_counter(), time.process_time()

    def spent(self) -> Spent:
        wall, own = time.perf_counter() - self._wall, time.process_time() - self._own
        return Spent(1000 * wall, 1000 * own)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    what: str
    times: Sequence[Spent]
    note: str = ""
    is_list: bool = False

    @property
    def wall_ms(self) -> list[float]:
        return [one.wall_ms for one in self.times]

    @property
    def own_ms(self) -> list[float]:
        return [one.own_ms for one in self.times]


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them did not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def run(arguments: Sequence[str]) -> list[Figure]:
    """Print every line; the slowest list, the rate of ingest and starting a session for the table."""
    alerts = int(arguments[0]) if arguments else ALERTS
    figures: list[Figure] = []
    for name in arguments[1:] or DATABASES:
        try:
            with DATABASES[name]() as (url, folder):
                lines = asyncio.run(_measure(url, folder, alerts))
        except pytest.skip.Exception as missing:
            sys.stdout.write(f"coordinator on {name}: SKIPPED, {missing.msg}\n")
            continue
        _print(f"coordinator on {name}, {alerts:,} alerts", lines)
        figures += _figures(lines, f"{name}, {alerts:,} alerts")
    return figures


def _figures(lines: Sequence[Line], measured_on: str) -> list[Figure]:
    """Where more wants to run than there are cores, the wall clock tells of the others: then the own time
    counts, which is all of it with SQLite and leaves the server's out with PostgreSQL."""
    busy = os.getloadavg()[0] > (os.cpu_count() or 1)
    on = measured_on + (", processor time on a busy machine" if busy else ", wall clock")
    slowest = max(quantile(one.own_ms if busy else one.wall_ms, 0.99) for one in lines if one.is_list)
    page = Figure.at_most("a list's page, p99 of the slowest (ms)", slowest, BOUND_MS, on)
    if busy and "SQLite" not in measured_on:
        page = replace(page, holds=None)
    rates = [Figure(one.what, one.note, measured_on=measured_on) for one in lines if "per core" in one.note]
    return [page, *rates]


async def _measure(url: str, folder: Path, alerts: int) -> list[Line]:
    database = Database(url)
    schema.upgrade(database)
    database.close()
    (folder / "nats").mkdir()
    with nats_server(folder / "nats", [NODE_ID]) as hub:
        async with exam_site(url, hub, folder) as site:
            lines = [await _starts(site), *_ingest(site), _backlog(site, MANY), _backlog(site, 1)]
            keyring = site.parts.keys.keyring
            filled = await asyncio.to_thread(fill, site.parts.database, keyring, alerts)
            gc.collect()
            gc.freeze()  # what the filling made is no burden of the coordinator's
            return lines + await _lists(site, filled)


async def _starts(site: Site) -> Line:
    async def start(number: int) -> None:
        await site.started(f"START-{number}", f"CAND-{number}")
        if number % 20 == 0:
            await site.node.beat()  # it must stay online

    return Line("session/start", await _timed(start, STARTS), "with the node's answer")


def _ingest(site: Site) -> Iterator[Line]:
    """One alert at a time, then in the batches of a backlog; the rate is of processor time, on one core."""
    database, keyring, node = site.parts.database, site.parts.keys.keyring, EdgeNode()
    store = AlertStore(database, keyring, {node.node_id: node.signing.public_key()})
    sittings = [sit(database, keyring, node, f"INGEST-{number}") for number in range(16)]
    deliveries = [delivery_of(sittings[number % 16], number) for number in range(INGESTED + PAGES)]
    single, backlog = deliveries[:PAGES], deliveries[PAGES:]
    yield Line("alert ingest, one", [_taken(store, [one]) for one in single], "12 KB thumbnail")
    batches = [backlog[first : first + MOST] for first in range(0, len(backlog), MOST)]
    times = [_taken(store, batch) for batch in batches]
    own = 1000 * len(backlog) / sum(one.own_ms for one in times)
    wall = 1000 * len(backlog) / sum(one.wall_ms for one in times)
    yield Line(f"alert ingest, {MOST}", times, f"{own:,.0f} alerts per core second, {wall:,.0f} per second")


def _backlog(site: Site, sessions: int) -> Line:
    """`LONG` alerts of so many sessions; the first and the last quarter apart."""
    database, keyring, node = site.parts.database, site.parts.keys.keyring, EdgeNode()
    store = AlertStore(database, keyring, {node.node_id: node.signing.public_key()})
    sittings = [sit(database, keyring, node, f"BACKLOG-{sessions}-{number}") for number in range(sessions)]
    times = []
    for first in range(0, LONG, MOST):
        numbers = range(first, first + MOST)
        batch = [delivery_of(sittings[each % sessions], each // sessions, each + 1) for each in numbers]
        times.append(_taken(store, batch))
    quarter = len(times) // 4
    rates = [
        1000 * MOST * quarter / sum(one.own_ms for one in part)
        for part in (times[:quarter], times[-quarter:])
    ]
    note = "{:,.0f} alerts per core second at first, {:,.0f} at last".format(*rates)
    return Line(f"{LONG:,} alerts of {sessions} sessions", times, note)


def delivery_of(sitting: Sitting, number: int, sequence: int | None = None) -> StreamMessage:
    """A sealed alert with its picture, as it comes from the stream."""
    onset = START + timedelta(seconds=30 * number)
    alert = sitting.alert(
        30.0 * number,
        onset=onset,
        raised=onset + timedelta(seconds=3),
        cleared=onset + timedelta(seconds=5),
        evidence_pictures=pictured(sitting.alert(30.0 * number).event_id, JPEG),
    )
    message = sitting.message(alert, sequence or number + 1, revision=2)
    return StreamMessage(sitting.subject(alert), message, 1, cast(Any, None))


def _taken(store: AlertStore, batch: list[StreamMessage]) -> Spent:
    watch = Stopwatch()
    taken = store.take(batch, datetime.now(UTC))
    spent = watch.spent()
    assert [one.treatment for one in taken.treated] == [Treatment.STORED] * len(batch)
    return spent


async def _lists(site: Site, filled: Filled) -> list[Line]:
    some = filled.sessions[:: max(1, len(filled.sessions) // PAGES)]
    late = (START + timedelta(seconds=4_000)).isoformat().replace("+00:00", "Z")
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("alerts of a session and kind", "/alerts", {"event_type": "FACE_MISMATCH"}),
        ("alerts of a class, from an instant", "/alerts", {"event_class": "identity", "since": late}),
        ("alerts of a rare kind", "/alerts", {"event_type": RARE.value}),
        ("incidents, the queue", "/incidents", {}),
        ("incidents of an exam and state", "/incidents", {"exam_id": "BIO-101", "state": "seconding"}),
        ("incidents, the gravest", "/incidents", {"min_severity": 0.999}),
        ("incidents of a session", "/incidents", {}),
        ("sessions, the wall", "/sessions", {}),
    ]
    lines = []
    for what, path, filters in asked:
        of_session = "of a session" in what
        pages = _Pages(site, path, filters, some if of_session else ())
        lines.append(Line(what, await _timed(pages.one, PAGES), f"{pages.rows / PAGES:.0f} rows", True))
    return lines


class _Pages:
    """One list asked again and again: another session each time, else the next page."""

    def __init__(self, site: Site, path: str, filters: dict[str, Any], sessions: Sequence[str]) -> None:
        self._site, self._path, self._filters, self._sessions = site, path, filters, sessions
        self._headers = site.bearer(lifetime=timedelta(hours=1))
        self._cursor: str | None = None
        self.rows = 0

    async def one(self, number: int) -> None:
        more = {"cursor": self._cursor} if self._cursor else {}
        if self._sessions:
            more = {"exam_session_id": self._sessions[number % len(self._sessions)]}
        response = await self._site.get(self._path, params={**self._filters, **more}, headers=self._headers)
        assert response.status_code == 200, response.text
        page = response.json()
        self._cursor = page["next_cursor"]
        self.rows += len(page["items"])


async def _timed(work: Callable[[int], Awaitable[None]], times: int) -> list[Spent]:
    await work(0)  # what the first one opens is not counted
    spent = []
    for number in range(1, times + 1):
        watch = Stopwatch()
        await work(number)
        spent.append(watch.spent())
    return spent


def _print(title: str, lines: Sequence[Line]) -> None:
    load = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    sys.stdout.write(f"{title}, {load}\n{'':36}{'p50 ms':>9}{'p99 ms':>9}{'own p50':>9}{'own p99':>9}\n")
    for one in lines:
        figures = [quantile(spent, share) for spent in (one.wall_ms, one.own_ms) for share in (0.5, 0.99)]
        sys.stdout.write(
            f"  {one.what:34}" + "".join(f"{each:>9.1f}" for each in figures) + f"  {one.note}\n"
        )
