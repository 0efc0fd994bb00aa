"""The hub loses its whole store: every alert comes again from its node's outbox, and none twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from coordinator.alerts.stored import Stored
from edge.coordinator_keys import CoordinatorKeys
from edge.judging.alerts import AlertRevision
from edge.node_identity import Identity
from edge.outbound.envelope import Envelope, OutgoingAlert
from edge.outbound.message import seal
from edge.outbound.outbox_caps import Caps
from edge.outbound.outbox_thread import OutboxThread
from edge.outbound.publisher import Pace, Publisher
from shared import subjects
from shared.errors import Unavailable
from tests.support.centre import Centre, heartbeat, stored
from tests.support.eventually import cancelled, until
from tests.support.nats import node_hub
from tests.support.sittings import Sitting

PROMPT = Pace(backlog_jitter_s=0.0, resend_after_s=1.0)
BEAT_S = 1.0
"""Their answers carry the marks that tell the node what the coordinator lacks."""


@asynccontextmanager
async def publishing(folder: Path, centre: Centre) -> AsyncIterator[tuple[OutboxThread, Publisher]]:
    """The node's half: its outbox, its link, its publisher."""
    own = centre.node
    identity = Identity(own.node_id, own.signing, own.sealing)
    outbox = await OutboxThread.open(
        folder / "outbox.db", Caps(max_alerts=100_000, max_bytes=2**30), partial(seal, node=identity)
    )
    hub = node_hub(centre.server.url, own.node_id)
    publisher = await Publisher.over(
        outbox,
        hub,
        node_id=own.node_id,
        coordinator_keys=CoordinatorKeys(centre.keys.signing_text),
        pace=PROMPT,
        dispatched=lambda _, _latency_s: None,
    )

    async def on_mark(_: str, message: bytes) -> None:
        await publisher.marks(message)

    async def beat() -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            message = heartbeat(own, *await outbox.states())
            with suppress(Unavailable):
                marks = await hub.request(subjects.heartbeat(own.node_id), message, timeout_s=5)
                await publisher.marks(marks)

    hub.listen(subjects.mark(own.node_id), on_mark)
    tasks = [asyncio.create_task(work()) for work in (hub.run, publisher.run, beat)]
    try:
        yield outbox, publisher
    finally:
        await cancelled(*tasks)
        await outbox.close()


async def add(publisher: Publisher, sitting: Sitting, onsets: range) -> None:
    envelope = Envelope(
        tenant_id=sitting.session.tenant_id,
        session_id=sitting.session.id,
        epoch=sitting.epoch,
        key_id=sitting.session.seal_key_id,
        seal_to=sitting.seal_key,
    )
    for onset_s in onsets:
        await publisher.add(OutgoingAlert(AlertRevision(sitting.alert(onset_s=onset_s), 1), envelope))


async def story(tmp_path: Path, centre: Centre, sitting: Sitting) -> list[Stored]:
    """Committed, accepted by the hub only, and not even that: then the store is gone."""
    told: list[Stored] = []
    async with publishing(tmp_path, centre) as (outbox, publisher):

        async def settled() -> bool:
            return all(state.waiting == 0 for state in await outbox.states())

        async with centre.linked(told):
            await add(publisher, sitting, range(0, 20))
            await until(settled, "the first twenty are committed")
        await add(publisher, sitting, range(20, 50))
        await until(lambda: publisher.counts["sent"] >= 50, "the hub has accepted fifty")
        centre.server.lose()
        await add(publisher, sitting, range(50, 60))
        centre.server.start()
        async with centre.linked(told):
            await until(settled, "all are committed")
    return told


def test_after_the_loss_of_the_hubs_store_every_alert_comes_again_and_none_twice(
    tmp_path: Path, centre: Centre, sitting: Sitting
) -> None:
    told = asyncio.run(story(tmp_path, centre, sitting))
    wanted = {sitting.alert(onset_s=onset_s).event_id for onset_s in range(60)}
    assert {one.alert.event_id for one in stored(centre, sitting)} == wanted
    assert len(stored(centre, sitting)) == len(told) == 60
    assert {one.alert.event_id for one in told} == wanted
