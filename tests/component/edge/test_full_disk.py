"""A node whose disk is full: nothing promised is lost, it says so, and goes on when there is room."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.coordinator_keys import CoordinatorKeys
from edge.judging.alerts import AlertRevision
from edge.outbound.alert_writer import AlertWriter
from edge.outbound.envelope import OutgoingAlert
from edge.outbound.message import OutboxPlace
from edge.outbound.outbox import Outbox, Sealed
from edge.outbound.outbox_caps import Caps
from edge.outbound.outbox_thread import OutboxThread
from edge.outbound.publisher import Pace, Publisher
from shared.errors import Unavailable
from shared.events.types import EventType, Lane
from shared.sealing import new_sealing_key, signing_public_text
from tests.support.alerts import alert as alert_of, envelope_to, new_identity
from tests.support.eventually import until
from tests.support.nats import node_hub
from tests.support.small_disk import SmallDisk, small_disk

pytestmark = pytest.mark.chaos

__all__ = ["small_disk"]

CAPS = Caps(max_alerts=100_000, max_bytes=2**30)


def alert(sequence: int) -> Sealed:
    return Sealed(alert_id=uuid4(), revision=1, message=b"%d " % sequence + bytes(20_000), evidence=None)


def added_until_refused(outbox: Outbox) -> int:
    """The last sequence that was taken."""
    last = 0
    for _ in range(1_000):
        try:
            last = outbox.add(Lane.CONDUCT, alert)
        except Unavailable:
            return last
    pytest.fail("a disk of 3 MiB took 1,000 alerts of 20 kB")


def test_what_was_taken_before_the_disk_was_full_is_kept_and_the_next_is_taken_once_there_is_room(
    small_disk: SmallDisk,
) -> None:
    path = small_disk.folder / "outbox.db"
    outbox = Outbox(path, CAPS)
    taken = [outbox.add(Lane.CONDUCT, alert) for _ in range(3)]
    small_disk.fill()
    last = max(added_until_refused(outbox), taken[-1])
    assert outbox.sequences(Lane.CONDUCT) == list(range(1, last + 1))
    small_disk.free()
    assert outbox.add(Lane.CONDUCT, alert) == last + 1
    outbox.close()
    again = Outbox(path, CAPS)
    assert again.sequences(Lane.CONDUCT) == list(range(1, last + 2))
    assert again.messages(Lane.CONDUCT, [last + 1])[0].message.startswith(b"%d " % (last + 1))
    again.close()


def test_a_disk_that_the_outbox_itself_has_filled_is_freed_by_the_coordinators_marks(
    small_disk: SmallDisk,
) -> None:
    outbox = Outbox(small_disk.folder / "outbox.db", CAPS)
    last = added_until_refused(outbox)
    for mark in range(10, last, 10):
        assert outbox.covered(Lane.CONDUCT, mark) > 0
    assert outbox.add(Lane.CONDUCT, alert) == last + 1
    outbox.close()


def test_an_alert_that_the_disk_refuses_waits_and_the_node_is_not_well_meanwhile(
    small_disk: SmallDisk,
) -> None:
    async def scenario() -> None:
        node_id, commander = new_identity().node_id, Ed25519PrivateKey.generate()

        def sealed(_: OutgoingAlert, place: OutboxPlace) -> Sealed:
            return alert(place.sequence)

        outbox = await OutboxThread.open(small_disk.folder / "outbox.db", CAPS, sealed)
        publisher = await Publisher.over(
            outbox,
            node_hub("nats://127.0.0.1:1", node_id),
            node_id=node_id,
            coordinator_keys=CoordinatorKeys(signing_public_text(commander.public_key())),
            pace=Pace(backlog_jitter_s=0.0, resend_after_s=1.0),
            dispatched=lambda _, _latency_s: None,
        )

        async def commit(outgoing: OutgoingAlert) -> None:
            taken.append(await publisher.add(outgoing))

        taken: list[int] = []
        small_disk.fill()
        writer = AlertWriter(commit, retry_s=0.05)
        writing = asyncio.create_task(writer.run())
        session_id = uuid4()
        made = AlertRevision(alert_of(session_id, 1.0, EventType.FACE_NOT_FOUND), 1)
        outgoing = OutgoingAlert(made, envelope_to(new_sealing_key(), session_id))
        for _ in range(200):  # the log may have room for the first
            writer.write(outgoing)
        await until(lambda: not publisher.outbox_works, "the disk refuses")
        kept = len(taken)
        small_disk.free()
        await until(lambda: len(taken) > kept, "the disk takes alerts again")
        known = list(taken)
        assert (await outbox.sequences(Lane.CONDUCT))[: len(known)] == known
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await outbox.close()

    asyncio.run(scenario())
