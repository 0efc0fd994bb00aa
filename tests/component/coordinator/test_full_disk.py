"""A coordinator whose disk is full: nothing is acknowledged that is not stored, it says why, and goes on."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from prometheus_client import generate_latest
from sqlmodel import select

from coordinator.alerts.tables import StoredAlert
from shared.events.types import EventType
from tests.support.eventually import until
from tests.support.exam_site import Site, exam_site
from tests.support.findings import alert
from tests.support.nats import RunningServer
from tests.support.small_disk import SmallDisk, small_disk

__all__ = ["small_disk"]

pytestmark = pytest.mark.chaos


def test_a_full_disk_stores_nothing_acknowledges_nothing_and_loses_nothing(
    migrated_sqlite: Path, hub: RunningServer, tmp_path: Path, small_disk: SmallDisk
) -> None:
    database = Path(shutil.copy(migrated_sqlite, small_disk.folder / "coordinator.db"))

    async def scenario() -> None:
        async with exam_site(f"sqlite:///{database}", hub, tmp_path) as site:
            await site.started()
            [start] = site.node.obeyed.started
            small_disk.fill()
            refused = await _refused(site)
            assert (refused.status_code, refused.json()["code"]) == (503, "disk-full")
            assert "disk is full" in refused.json()["detail"]
            assert (await site.http.get("/readyz")).status_code == 503
            ready = await site.status.get("/readyz")
            assert ready.status_code == 503
            assert "disk is full" in ready.json()["reasons"][0]
            assert (await site.get("/session/SESS-1")).status_code == 200  # reading goes on
            for n in range(3):
                await site.node.publish(alert(start, site.node, EventType.FACE_NOT_FOUND, float(n)), start)
            await until(lambda: b'messages_total{what="away"}' in _metrics(site), "alerts are put off")
            assert b'messages_total{what="stored"}' not in _metrics(site)
            small_disk.free()
            await until(lambda: _stored(site) == 3, "all are stored once there is room")
            assert (await site.http.get("/readyz")).status_code == 200

    async def bounded() -> None:
        async with asyncio.timeout(90):
            await scenario()

    asyncio.run(bounded())


async def _refused(site: Site) -> httpx.Response:
    """The first answer that is not 201: the log may have room for some sessions more."""
    for _ in range(500):
        body = {"candidate_id": f"CAND-{uuid4()}", "exam_id": "EXAM-1", "allow_unregistered": True}
        answer = await site.post("/session/start", body)
        if answer.status_code != 201:
            return answer
    raise AssertionError("a disk of 3 MiB took 500 sessions")


def _metrics(site: Site) -> bytes:
    return generate_latest(site.parts.metrics.registry)


def _stored(site: Site) -> int:
    with site.parts.database.read() as db:
        wanted = select(StoredAlert).where(StoredAlert.event_type == EventType.FACE_NOT_FOUND)
        return len(db.exec(wanted).all())
