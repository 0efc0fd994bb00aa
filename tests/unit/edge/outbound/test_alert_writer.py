from __future__ import annotations

import asyncio
import json
import logging

import pytest

from edge.judging.alerts import AlertRevision
from edge.outbound.alert_writer import QUEUE, AlertWriter
from edge.outbound.envelope import OutgoingAlert
from shared.errors import Corrupt, Unavailable
from shared.events.types import EventType
from shared.logs import JsonFormatter
from shared.sealing import new_sealing_key
from tests.support.alerts import SESSION, alert, envelope_to

ENVELOPE = envelope_to(new_sealing_key(), SESSION)


def revision(second: int, number: int = 1) -> OutgoingAlert:
    return OutgoingAlert(AlertRevision(alert(SESSION, second), number), ENVELOPE)


class Disk:
    """Refuses as told, then takes."""

    def __init__(self, *refusals: Exception) -> None:
        self.refusals = list(refusals)
        self.kept: list[OutgoingAlert] = []

    async def commit(self, one: OutgoingAlert) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.kept.append(one)


def written(disk: Disk, revisions: list[OutgoingAlert]) -> AlertWriter:
    async def story() -> AlertWriter:
        writer = AlertWriter(disk.commit, retry_s=0.0)
        for one in revisions:
            writer.write(one)
        writer.close()
        await writer.run()
        return writer

    return asyncio.run(story())


def test_alerts_are_written_in_order_and_counted() -> None:
    disk, alerts = Disk(), [revision(1), revision(2), revision(1, 2)]
    writer = written(disk, alerts)
    assert disk.kept == alerts
    assert writer.counts["committed"] == 3


def test_what_the_disk_refuses_is_tried_until_it_takes_it() -> None:
    disk = Disk(Unavailable("full"), Unavailable("full"))
    writer = written(disk, [revision(1), revision(2)])
    assert [one.revision.alert.evidence["onset_s"] for one in disk.kept] == [1, 2]
    assert writer.counts["committed"] == 2


def test_what_cannot_be_sealed_is_counted_and_holds_nothing_up() -> None:
    disk = Disk(Corrupt("too large"), Corrupt("too large"))
    writer = written(disk, [revision(1), revision(2), revision(3)])
    assert [one.revision.alert.evidence["onset_s"] for one in disk.kept] == [3]
    assert writer.counts == {"unsealable": 2, "committed": 1}


def test_a_queue_that_overflows_loses_the_oldest_and_says_so() -> None:
    disk = Disk()
    writer = written(disk, [revision(second) for second in range(QUEUE + 3)])
    assert writer.overflowed == 3
    assert disk.kept[0].revision.alert.evidence["onset_s"] == 3


def test_who_waits_for_the_disk_does_not_wait_for_alerts_that_were_lost() -> None:
    async def story() -> None:
        disk = Disk(Unavailable("full"))
        writer = AlertWriter(disk.commit, retry_s=0.0)
        for second in range(QUEUE + 3):
            writer.write(revision(second))
        waiting = asyncio.create_task(writer.caught_up())
        await asyncio.sleep(0)
        assert not waiting.done()
        running = asyncio.create_task(writer.run())
        await asyncio.wait_for(waiting, 30)
        assert len(disk.kept) == QUEUE
        await asyncio.wait_for(writer.caught_up(), 30)  # nothing is left to wait for
        writer.close()
        await running

    asyncio.run(story())


def test_a_detection_is_a_warning_with_ids_only_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    seen = revision(1)
    stalled = OutgoingAlert(AlertRevision(alert(SESSION, 2, EventType.STREAM_STALLED), 1), ENVELOPE)
    written(Disk(Unavailable("full")), [seen, stalled, revision(1, 2)])
    told = [
        json.loads(JsonFormatter("proctor-edge").format(record))
        for record in caplog.records
        if hasattr(record, "event")
    ]
    first, second = told
    body = seen.revision.alert
    assert first.pop("timestamp")
    assert first == {
        "level": "WARNING",
        "service": "proctor-edge",
        "logger": "edge.outbound.alert_writer",
        "message": "an event was detected",
        "event": "FACE_NOT_FOUND",
        "alert_id": str(body.event_id),
        "trace_id": body.metadata.trace_id,
        "session_id": str(SESSION),
        "degradation_level": body.metadata.degradation_level,
    }
    assert (second["level"], second["event"]) == ("INFO", "STREAM_STALLED")


def test_an_alert_that_fails_in_another_way_holds_up_nobody_who_waits_for_the_disk() -> None:
    async def story() -> None:
        disk = Disk(RuntimeError("a fault"))
        writer = AlertWriter(disk.commit)
        writer.write(revision(1))
        writer.write(revision(2))
        with pytest.raises(RuntimeError):
            await writer.run()
        running = asyncio.create_task(writer.run())
        await asyncio.wait_for(writer.caught_up(), 10)
        assert [one.revision.alert.evidence["onset_s"] for one in disk.kept] == [2]
        assert writer.counts == {"failed": 1, "committed": 1}
        writer.close()
        await running

    asyncio.run(story())
