"""From a node's outbox over a real nats-server into a real database, through crashes and absences."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.msg import Msg

from coordinator.alerts.stored import Stored
from coordinator.arriving.ingest import Ingest
from coordinator.arriving.intake import Taken
from coordinator.arriving.portion import STEP_S
from coordinator.arriving.treated import Treated, Treatment
from coordinator.nodes.stream import MAX_ACK_PENDING
from coordinator.nodes.tables import Assignment
from shared import subjects
from shared.hub_link import settle
from shared.messages.heartbeats import Marks
from shared.messages.message import parse
from shared.sealing import unpack, verify
from shared.traces.exporting import Traces
from shared.traces.spans import TraceStep, span_id
from tests.support.centre import Centre, edge, heartbeat, lane_state, send, stored
from tests.support.collector import collector
from tests.support.eventually import PATIENCE_S, cancelled, until
from tests.support.sittings import Sitting

PROGRAM = Path(__file__).parent / "dying_ingest.py"


def test_alerts_are_stored_told_and_their_mark_comes_back(
    centre: Centre,
    sitting: Sitting,
) -> None:
    async def scenario() -> None:
        told: list[Stored] = []
        marks: list[int] = []

        async def marked(message: Msg) -> None:
            parcel = unpack(message.data)
            verify(parcel, centre.keys.signing.public_key())
            marks.extend(mark.sequence for mark in parse(Marks, parcel.header).marks)

        async with centre.linked(told), edge(centre.server, sitting.node) as client:
            await client.subscribe(subjects.mark(sitting.node.node_id), cb=marked)
            await settle(client)
            for n in (1, 2, 3):
                await send(client, sitting, n, onset_s=n)
            await until(lambda: marks and marks[-1] == 3, "the mark reaches 3")
        assert [new.alert for new in told] == [sitting.alert(onset_s=n) for n in (1, 2, 3)]
        assert [s.alert for s in stored(centre, sitting)] == [new.alert for new in told]
        assert marks == sorted(marks)

    asyncio.run(scenario())


def test_a_trace_goes_on_where_an_alert_is_stored_or_refused_and_tells_neither_twice(
    centre: Centre,
    sitting: Sitting,
) -> None:
    foreign = sitting.alert(onset_s=2).model_copy(update={"candidate_id": "somebody else"})

    async def scenario(url: str) -> None:
        traces = Traces.to_collector(url, {}, service="proctor-coordinator", instance="one")
        async with centre.linked(traces=traces) as link, edge(centre.server, sitting.node) as client:
            for _ in range(3):
                await send(client, sitting, 1, onset_s=1)
            await client.jetstream().publish(sitting.subject(foreign), sitting.message(foreign, 2))
            await until(lambda: link.ingest.counts["repeated"] >= 2, "two repeats")
            await until(lambda: link.ingest.counts["refused"] >= 1, "the refusal")
        await traces.close()

    with collector() as taken:
        asyncio.run(scenario(taken.url))
    stored_id, refused_id = sitting.alert(onset_s=1).event_id, foreign.event_id
    told = {bytes(span.trace_id): span for span in taken.spans}
    assert len(taken.spans) == len(told) == 2
    good, bad = told[stored_id.bytes], told[refused_id.bytes]
    assert (good.name, good.status.message, bad.name, bad.status.message) == (
        "stored",
        "",
        "stored",
        "refused",
    )
    assert int.from_bytes(good.parent_span_id) == span_id(stored_id, 1, TraceStep.HUB)
    assert int.from_bytes(good.span_id) == span_id(stored_id, 1, TraceStep.STORED)
    assert 0 < good.start_time_unix_nano <= good.end_time_unix_nano


def test_messages_played_again_are_stored_and_told_once(
    centre: Centre,
    sitting: Sitting,
) -> None:
    async def scenario() -> None:
        told: list[Stored] = []
        async with centre.linked(told) as link, edge(centre.server, sitting.node) as client:
            for _ in range(5):  # without a message id, as an attacker or a lost stream would
                await send(client, sitting, 1, onset_s=1)
            await until(lambda: link.ingest.counts["repeated"] >= 4, "four repeats")
        assert (len(told), len(stored(centre, sitting))) == (1, 1)

    asyncio.run(scenario())


def test_tampered_messages_are_dropped_counted_and_do_not_stop_the_rest(
    centre: Centre,
    sitting: Sitting,
) -> None:
    async def scenario() -> None:
        async with centre.linked() as link, edge(centre.server, sitting.node) as client:
            alert = sitting.alert(onset_s=1)
            tampered = bytearray(sitting.message(alert, 1))
            tampered[-1] ^= 1
            await client.jetstream().publish(sitting.subject(alert), bytes(tampered))
            await client.jetstream().publish(sitting.subject(alert), b"\x00" * 1_000)
            await send(client, sitting, 2, onset_s=2)
            await until(lambda: link.ingest.counts["stored"] == 1, "the good one is stored")
            await until(lambda: link.ingest.counts["forged"] == 2, "both others are dropped")
            counts = link.ingest.counts
            assert (counts["forged:bad-signature"], counts["forged:malformed"]) == (1, 1)
            reply = await client.request(
                subjects.heartbeat(sitting.node.node_id),
                heartbeat(sitting.node, lane_state(sitting.node, 2)),
                timeout=PATIENCE_S,
            )
            [mark] = parse(Marks, unpack(reply.data).header).marks
            assert mark.sequence == 0  # the real 1 is still to come
            await send(client, sitting, 1, onset_s=1)
            await until(lambda: link.ingest.counts["stored"] == 2, "the real one is stored")

    asyncio.run(scenario())


def test_an_alert_that_overtakes_its_session_is_stored_when_the_session_is_there(
    centre: Centre,
    sitting: Sitting,
) -> None:
    async def scenario() -> None:
        key = (sitting.session.id, sitting.epoch)
        with centre.database.write() as db:
            assigned = db.get_one(Assignment, key)
            db.delete(assigned)
            db.flush()
            db.delete(sitting.session)
        async with centre.linked() as link, edge(centre.server, sitting.node) as client:
            await send(client, sitting, 1, onset_s=1)
            await until(lambda: link.ingest.counts["later:unknown-session"] >= 1, "it is put off")
            with centre.database.write() as db:
                db.add(type(sitting.session).model_validate(sitting.session.model_dump()))
                db.flush()
                db.add(Assignment.model_validate(assigned.model_dump()))
            await until(lambda: link.ingest.counts["stored"] == 1, "it is stored")
        assert [one.alert for one in stored(centre, sitting)] == [sitting.alert(onset_s=1)]

    asyncio.run(scenario())


def test_alerts_wait_in_the_stream_while_the_database_is_away(
    centre: Centre,
    sitting: Sitting,
) -> None:
    lock = {"sqlite": "SELECT 1", "postgresql": "LOCK TABLE lane_marks"}[centre.database.dialect]

    async def scenario() -> None:
        async with centre.linked() as link, edge(centre.server, sitting.node) as client:
            with centre.database.write() as held:  # nobody else may write now, and is told so after 5 s
                held.connection().exec_driver_sql(lock)
                await send(client, sitting, 1, onset_s=1)
                await until(lambda: link.ingest.counts["away"] >= 1, "storing fails")
                assert link.ingest.counts["stored"] == 0
            await until(lambda: link.ingest.counts["stored"] == 1, "it is stored afterwards")

    asyncio.run(scenario())


def test_a_coordinator_killed_between_commit_and_acknowledgement_stores_once(
    centre: Centre, sitting: Sitting, tmp_path: Path
) -> None:
    about = {
        "url": centre.server.url,
        "password": centre.server.password,
        "database": centre.database.engine.url.render_as_string(hide_password=False),
        "keys": str(tmp_path / "keys"),
        "node_id": str(sitting.node.node_id),
        "signing_key": sitting.node.section.signing_key,
    }

    async def scenario() -> None:
        async with edge(centre.server, sitting.node) as client:
            command = [sys.executable, str(PROGRAM), json.dumps(about)]
            dying = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
            assert dying.stdout is not None
            try:
                async with asyncio.timeout(PATIENCE_S):
                    assert await dying.stdout.readline() == b"connected\n"
                    await send(client, sitting, 1, onset_s=1)
                    assert await dying.wait() == -9
            finally:
                with suppress(ProcessLookupError):
                    dying.kill()
            assert len(stored(centre, sitting)) == 1  # committed, and never acknowledged
            told: list[Stored] = []
            async with centre.linked(told) as link:
                await until(lambda: link.ingest.counts["repeated"] >= 1, "it comes again")
            assert (told, len(stored(centre, sitting))) == ([], 1)

    asyncio.run(scenario())


def test_a_flood_of_garbage_is_counted_whole_and_logged_once_a_minute(
    centre: Centre, sitting: Sitting, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with centre.linked() as link, edge(centre.server, sitting.node) as client:
            alert = sitting.alert(onset_s=1)
            for n in range(50):
                await client.publish(sitting.subject(alert), b"garbage %d" % n)
            await until(lambda: link.ingest.counts["forged:malformed"] == 50, "all are counted")
            await send(client, sitting, 1, onset_s=1)
            await until(lambda: link.ingest.counts["stored"] == 1, "the good one is stored")

    asyncio.run(scenario())
    assert len([record for record in caplog.records if record.name == "coordinator.arriving.ingest"]) == 1


def test_alerts_of_unknown_sessions_hold_up_no_other_alert_and_are_not_settled(
    centre: Centre, sitting: Sitting
) -> None:
    async def scenario() -> None:
        async with centre.linked() as link, edge(centre.server, sitting.node) as client:
            alert = sitting.alert(onset_s=1)
            flood = 2 * MAX_ACK_PENDING
            for n in range(flood):
                message = sitting.message(alert, 1_000 + n, session_id=UUID(int=n))
                await client.publish(sitting.subject(alert), message)
            await send(client, sitting, 1, onset_s=1)
            await until(lambda: link.ingest.counts["stored"] == 1, "the good one is stored")
            assert link.ingest.counts["given-back"] > 0
            assert link.ingest.counts["refused"] == 0

    asyncio.run(scenario())


class Delivered:
    """A message that is settled without a hub."""

    async def ack(self) -> None: ...


class Backlog:
    """A stream with more than anybody fetches, and a store that takes its time for each message."""

    def __init__(self, each_s: list[float]) -> None:
        self.each_s = each_s
        self.sizes: list[int] = []
        self.over = asyncio.Event()

    async def fetch(self, batch: int, _: float) -> list[Delivered]:
        if len(self.sizes) == len(self.each_s):
            self.over.set()
            await asyncio.Event().wait()
        self.sizes.append(batch)
        return [Delivered() for _ in range(batch)]

    def take(self, posts: Sequence[Any], _: datetime) -> Taken:
        took_s = self.each_s[len(self.sizes) - 1] * len(posts)
        return Taken([Treated(one, Treatment.REPEATED) for one in posts], {}, took_s)


def test_a_backlog_is_fetched_in_portions_that_take_a_step_each() -> None:
    quick, slow = STEP_S / 1_000, STEP_S / 40
    backlog = Backlog([quick] * 4 + [slow] * 4 + [quick])
    hub: Any = SimpleNamespace(wait_connected=lambda: asyncio.sleep(0))
    stream: Any = backlog

    async def scenario() -> None:
        reading = Ingest(hub, stream, stream, Ed25519PrivateKey.generate(), lambda _: None)
        running = asyncio.create_task(reading.run())
        await backlog.over.wait()
        await cancelled(running)
        assert reading.counts["repeated"] == sum(backlog.sizes)

    asyncio.run(scenario())
    assert backlog.sizes == [32, 64, 64, 64, 64, 40, 40, 40, 40]
