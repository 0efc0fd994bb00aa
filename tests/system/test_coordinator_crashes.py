"""The coordinator killed with -9 again and again: what it accepted is there once, none is torn.

Writers ask under an Idempotency-Key and ask again until they are answered, as platforms do; a node publishes
sealed alerts meanwhile. In the end all of it is compared with what was answered.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import nats.errors
import pytest
from sqlmodel import Session, func, select

from coordinator import schema, serving
from coordinator.alerts.tables import RefusedAlert, StoredAlert
from coordinator.exams.tables import Exam
from coordinator.ground.database import Database
from coordinator.ground.own_keys import make_own_keys
from coordinator.incidents.tables import Incident
from coordinator.policies.tables import PolicyVersion
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.events.types import EventType
from shared.tokens import Claims, Role, issue
from tests.support.databases import (
    migrated_postgres,
    migrated_sqlite,
    migrated_url,
    postgres,
    reused_postgres,
    sqlite_url,
)
from tests.support.exam_site import NODE_ID, NODE_KEY, hub, site_config
from tests.support.fake_node import FakeNode, fake_node
from tests.support.findings import alert
from tests.support.mortal import Mortal
from tests.support.nats import RunningServer
from tests.support.ports import reserved_port
from tests.support.thorough import SEED, rounds

pytestmark = [pytest.mark.chaos, pytest.mark.early]

__all__ = [
    "hub",
    "migrated_postgres",
    "migrated_sqlite",
    "migrated_url",
    "postgres",
    "reused_postgres",
    "sqlite_url",
]

LIVES: Final = rounds(12, 50)
BEGAN: Final = datetime(2026, 11, 22, 14, tzinfo=UTC)
FIRST_REASON: Final = "made with the exam"
APART_S: Final = 30.0
"""Between findings: each becomes an incident of its own."""
WRITERS: Final = 4
DELIVERED_WITHIN_S: Final = 90.0
"""What a life took with it comes again after the stream's 30 s; twice that and some."""
LIFE_S: Final = (0.05, 0.4)
"""From the first answer of a life to its end: short ones die in their first transactions."""


@dataclass
class Kept:
    """What was answered, to be found again."""

    exams: dict[str, str] = field(default_factory=dict)
    """Titles by exam_id."""
    reasons: dict[str, list[str]] = field(default_factory=dict)
    """Of the accepted policy versions after the first, in their order, by exam_id."""
    refused: list[str] = field(default_factory=list)
    """exam_ids that were refused and no other request made."""
    published: int = 0
    asked_again: int = 0

    @property
    def answered(self) -> int:
        """Writing requests that were answered."""
        return len(self.exams) + len(self.refused) + sum(map(len, self.reasons.values()))


class Platform:
    """Asks until it is answered, whatever dies meanwhile."""

    def __init__(self, http: httpx.AsyncClient, kept: Kept) -> None:
        self._http = http
        self.kept = kept
        self.stopping = asyncio.Event()

    async def ask(self, path: str, body: dict[str, Any]) -> httpx.Response:
        key = {"Idempotency-Key": str(uuid4())}
        while True:
            try:
                response = await self._http.post(f"/api/v1{path}", json=body, headers=key)
            except httpx.TransportError:
                response = None
            # 503 comes from a life that is just waking up, 409 from one that still does what was asked.
            if response is not None and response.status_code != 503:
                return response
            self.kept.asked_again += 1
            await asyncio.sleep(0.02)

    async def write(self, writer: int) -> None:
        """Make exams and change their policies; some requests are wrong and must leave nothing."""
        number = 0
        while not self.stopping.is_set():
            number += 1
            exam = f"EXAM-{writer}-{number}"
            if number % 3 == 0:
                wrong = await self.ask("/exams", {"exam_id": exam, "title": "x", "policy": {"version": "?"}})
                assert wrong.status_code == 422, wrong.text
                self.kept.refused.append(exam)
                continue
            made = await self.ask("/exams", {"exam_id": exam, "title": f"Title of {exam}"})
            assert made.status_code == 201, made.text
            self.kept.exams[exam] = f"Title of {exam}"
            doubled = await self.ask("/exams", {"exam_id": exam, "title": "another"})
            assert doubled.status_code == 409, doubled.text
            await self._change(exam, number)

    async def _change(self, exam: str, number: int) -> None:
        for version in range(1, 1 + number % 3):
            reason = f"{exam} after {version}"
            body = {"policy": {}, "reason": reason, "based_on": version}
            changed = await self.ask(f"/exams/{exam}/policies", body)
            assert (changed.status_code, changed.json()["version"]) == (201, version + 1), changed.text
            self.kept.reasons.setdefault(exam, []).append(reason)


async def publish(node: FakeNode, kept: Kept, stopping: asyncio.Event) -> None:
    """A node's findings, one after another."""
    start = node.obeyed.newest
    while not stopping.is_set():
        kept.published += 1
        onset_s = APART_S * kept.published
        onset = BEGAN + timedelta(seconds=onset_s)
        times = {"onset": onset, "raised": onset, "cleared": onset + timedelta(seconds=1)}
        one = alert(start, node, EventType.MULTIPLE_FACES, onset_s)
        await node.publish(one.model_copy(update={**times, "evidence_pictures": ()}), start, 2)
        await asyncio.sleep(0.02)


async def start_session(http: httpx.AsyncClient, node: FakeNode) -> None:
    """Let there be a session for the node's findings."""
    names = {"exam_session_id": "SESS-1", "candidate_id": "CAND-1", "exam_id": "EXAM"}
    body = names | {"allow_unregistered": True}
    response = None
    while response is None or response.status_code == 503:
        with suppress(nats.errors.Error):
            await node.beat()
        response = await http.post("/api/v1/session/start", json=body)
    assert response.status_code == 201, response.text


async def die_often(coordinator: Mortal, kept: Kept, work: Sequence[asyncio.Task[None]]) -> None:
    """Each life ends at another moment after its first answers."""
    chance = random.Random(SEED)
    for _ in range(LIVES):
        answered = kept.answered
        while kept.answered == answered:
            assert not any(task.done() for task in work), [task for task in work if task.done()]
            await asyncio.sleep(0.01)
        await asyncio.sleep(chance.uniform(*LIFE_S))
        await asyncio.to_thread(coordinator.kill)
        await asyncio.to_thread(coordinator.start)


async def listed_exams(http: httpx.AsyncClient) -> dict[str, str]:
    """Titles by exam_id; fails when one is listed twice."""
    found: list[tuple[str, str]] = []
    query = {"limit": "200"}
    while True:
        page = (await http.get("/api/v1/exams", params=query)).json()
        found += [(exam["exam_id"], exam["title"]) for exam in page["items"]]
        if page["next_cursor"] is None:
            assert len(dict(found)) == len(found)
            return dict(found)
        query["cursor"] = page["next_cursor"]


def policies_in(db: Session) -> dict[str, list[str]]:
    """The reasons of every exam's policy versions, in their order; fails where a version is missing."""
    versions: dict[str, list[str]] = {}
    rows = select(Exam.reference, PolicyVersion.version, PolicyVersion.reason)
    for exam, version, reason in sorted(db.exec(rows.join(PolicyVersion))):
        versions.setdefault(exam, []).append(reason)
        assert version == len(versions[exam]), exam
    return versions


def stored(database: Database) -> tuple[int, int, int]:
    """Findings, findings in incidents, and messages refused."""
    with database.read() as db:
        faces = select(func.count()).where(StoredAlert.event_type == EventType.MULTIPLE_FACES)
        grouped = select(func.coalesce(func.sum(Incident.alert_count), 0))
        refused = select(func.count()).select_from(RefusedAlert)
        return db.exec(faces).one(), db.exec(grouped).one(), db.exec(refused).one()


async def _all_delivered(database: Database, kept: Kept) -> None:
    for _ in range(round(DELIVERED_WITHIN_S / 0.5)):
        if stored(database) == (kept.published, kept.published, 0):
            return
        await asyncio.sleep(0.5)
    pytest.fail(f"of {kept.published} findings there are, grouped and refused: {stored(database)}")


def check_whole(database: Database) -> None:
    """The database itself has nothing to complain of."""
    assert schema.differences(database) == []
    if database.dialect == "sqlite":
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").first() is None


@pytest.mark.timeout(400)
def test_deaths_under_load_tear_nothing(migrated_url: str, hub: RunningServer, tmp_path: Path) -> None:
    config = site_config(migrated_url, hub, tmp_path, port=reserved_port())
    keys = make_own_keys(config.data_folder, None)
    who = Claims(subject="platform", role=Role.ADMIN, tenant_id=DEFAULT_TENANT_ID)
    now, hour = datetime.now(UTC), timedelta(hours=1)
    token = issue(who, keys.token, key_id=keys.token_key_id, now_utc=now, lifetime=hour)
    coordinator = Mortal(config.web.port, tmp_path / "coordinator.log", serving.run, config)
    kept, database = Kept(), Database(migrated_url)

    async def test() -> None:
        async with (
            fake_node(hub, NODE_ID, NODE_KEY) as node,
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{config.web.port}",
                headers={"Authorization": f"Bearer {token}"},
                timeout=20,
            ) as http,
        ):
            node.commander = keys.signing.public_key()
            platform = Platform(http, kept)
            await asyncio.to_thread(coordinator.start)
            await start_session(http, node)
            work = [asyncio.create_task(platform.write(number)) for number in range(WRITERS)]
            work.append(asyncio.create_task(publish(node, kept, platform.stopping)))
            await die_often(coordinator, kept, work)
            platform.stopping.set()
            await asyncio.gather(*work)
            assert await listed_exams(http) == kept.exams
            await _all_delivered(database, kept)

    try:
        asyncio.run(test())
        with database.read() as db:
            expected = {exam: [FIRST_REASON, *kept.reasons.get(exam, [])] for exam in kept.exams}
            assert policies_in(db) == expected
        assert not kept.exams.keys() & set(kept.refused)
        assert coordinator.lives == LIVES + 1
        assert kept.asked_again >= LIVES  # each death took answers away
        check_whole(database)
    finally:
        coordinator.kill()
        database.close()
