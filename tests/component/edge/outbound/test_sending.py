"""What the publisher says, counts and sends, with the real outbox and a hub that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.coordinator_keys import CoordinatorKeys
from edge.outbound import publisher, schedule
from edge.outbound.envelope import OutgoingAlert
from edge.outbound.message import seal
from edge.outbound.outbox_caps import Caps
from edge.outbound.outbox_thread import OutboxThread
from edge.outbound.publisher import ACKNOWLEDGE_TIMEOUT_S, Pace, Publisher
from shared import subjects
from shared.errors import Unavailable
from shared.events.types import EventType, Lane
from shared.messages.heartbeats import LaneMark, Marks, OtherHost
from shared.sealing import new_sealing_key, pack, signing_public_text
from tests.support.alerts import SESSION, alert, envelope_to, first_revision, new_identity
from tests.support.eventually import cancelled, until

NODE = new_identity()
COORDINATOR = Ed25519PrivateKey.generate()
ENVELOPE = envelope_to(new_sealing_key(), SESSION)
AT_ONCE = Pace(backlog_jitter_s=0.0, resend_after_s=0.0)


@dataclass
class Hub:
    """Always connected; refuses as often as it was told to, then takes."""

    refusals: int = 0
    asked: list[tuple[str, str, float]] = field(default_factory=list)
    """Subject, message id and patience of every try."""
    connected_since: float | None = 0.0
    away_s: float = 0.0

    async def wait_connected(self) -> None: ...

    async def store(self, _: object, subject: str, __: bytes, *, message_id: str, timeout_s: float) -> None:
        self.asked.append((subject, message_id, timeout_s))
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("the stream is full")


@dataclass
class Stand:
    """A publisher that does not run yet."""

    sender: Publisher
    outbox: OutboxThread
    hub: Hub

    async def add(self, onset_s: float, event: EventType = EventType.FACE_NOT_FOUND) -> UUID:
        made = first_revision(alert(SESSION, onset_s, event))
        await self.sender.add(OutgoingAlert(made, ENVELOPE))
        return made.alert.event_id

    async def told(self, *marks: LaneMark, **more: Any) -> None:
        """The coordinator's marks arrive."""
        said = Marks(node_id=NODE.node_id, marks=marks, **more)
        await self.sender.marks(pack(said.model_dump(mode="json"), b"", COORDINATOR))

    def mark(self, sequence: int, lane: Lane = Lane.CONDUCT) -> LaneMark:
        return LaneMark(outbox_id=self.outbox.outbox_id, lane=lane, sequence=sequence)

    async def hide(self) -> None:
        """Take the alerts out of reach of the next statement."""
        await self.outbox._run(self.outbox._outbox._db.execute, "ALTER TABLE alert RENAME TO hidden")

    async def show(self) -> None:
        await self.outbox._run(self.outbox._outbox._db.execute, "ALTER TABLE hidden RENAME TO alert")


def sent_again(stand: Stand, times: int) -> bool:
    return stand.sender.counts["sent-again"] == times


OnStand = Callable[[Callable[[Stand], Awaitable[None]]], None]


@pytest.fixture
def on_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OnStand:
    monkeypatch.setattr(schedule, "FIRST_RETRY_S", 0.0)

    async def run(story: Callable[[Stand], Awaitable[None]]) -> None:
        hub = Hub()
        monkeypatch.setattr(publisher, "store", hub.store)
        caps = Caps(max_alerts=100, max_bytes=2**20)
        outbox = await OutboxThread.open(tmp_path / "outbox.db", caps, partial(seal, node=NODE))
        link: Any = hub
        sender = await Publisher.over(
            outbox,
            link,
            node_id=NODE.node_id,
            coordinator_keys=CoordinatorKeys(signing_public_text(COORDINATOR.public_key())),
            pace=AT_ONCE,
            dispatched=lambda *_: None,
        )
        try:
            await story(Stand(sender, outbox, hub))
        finally:
            await outbox.close()

    return lambda story: asyncio.run(run(story))


def test_the_outbox_works_until_a_write_fails_and_again_after_the_next_that_does_not(
    on_stand: OnStand,
) -> None:
    async def story(stand: Stand) -> None:
        works = [stand.sender.outbox_works]
        for times in (1, 2):
            await stand.hide()
            with pytest.raises(Unavailable):
                await stand.add(times)
            works.append(stand.sender.outbox_works)
            await stand.show()
            await stand.add(times)
            works.append(stand.sender.outbox_works)
        assert works == [True, False, True, False, True]

    on_stand(story)


def test_the_coordinators_clock_is_known_from_its_marks_and_kept_by_those_without_a_time(
    on_stand: OnStand,
) -> None:
    async def story(stand: Stand) -> None:
        await stand.told()
        assert stand.sender.skew.seconds == 0.0
        await stand.told(sent_utc=datetime.now(UTC) - timedelta(hours=1))
        assert stand.sender.skew.seconds == pytest.approx(-3_600, abs=300)
        await stand.told()
        assert stand.sender.skew.seconds == pytest.approx(-3_600, abs=300)

    on_stand(story)


def test_marks_that_are_refused_are_told_once_and_counted_every_time(
    on_stand: OnStand, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(stand: Stand) -> None:
        for _ in range(3):
            await stand.sender.marks(b"no parcel")
        await stand.add(0)
        await stand.hide()
        for _ in range(2):
            await stand.told(stand.mark(1))
        await stand.show()
        for _ in range(2):
            await stand.told(LaneMark(outbox_id=uuid4(), lane=Lane.CONDUCT, sequence=1))
        assert stand.sender.counts == {
            "marks-refused": 3,
            "marks-not-kept": 2,
            "marks-of-another-outbox": 2,
        }

    on_stand(story)
    told = [(one.getMessage(), getattr(one, "count", 0)) for one in caplog.records]
    assert told == [("marks are refused", 1), ("marks cannot be obeyed", 1)]
    assert all(getattr(one, "error", "None") not in ("", "None") for one in caplog.records)


def test_a_mark_that_is_repeated_is_obeyed_without_the_disk(on_stand: OnStand) -> None:
    async def story(stand: Stand) -> None:
        await stand.add(0)
        await stand.told(stand.mark(1))
        await stand.hide()
        await stand.told(stand.mark(1))
        await stand.told(stand.mark(0))
        assert stand.sender.counts == {"marks-obeyed": 3}

    on_stand(story)


def test_another_host_is_told_when_it_appears_and_when_this_one_is_refused(
    on_stand: OnStand, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[tuple[OtherHost | None, str]] = [
        ("none", "none"),
        ("seen", "seen"),
        ("seen", "seen"),
        (None, "seen"),
        ("refused", "refused"),
        ("none", "none"),
    ]

    async def story(stand: Stand) -> None:
        for other_host, known in said:
            await stand.told(other_host=other_host)
            assert stand.sender.other_host == known

    on_stand(story)
    assert [message.partition(";")[0] for message in caplog.messages] == [
        "another host has this node's identity and is refused",
        "another host is this node",
    ]


def test_a_send_that_failed_keeps_its_message_id_and_one_that_was_lost_gets_a_fresh_one_each_time(
    on_stand: OnStand,
) -> None:
    async def story(stand: Stand) -> None:
        stand.hub.refusals = 1
        running = asyncio.create_task(stand.sender.run())
        alert_id = await stand.add(0)
        await until(lambda: stand.sender.counts["sent"] == 1, "the second try")
        for times in (1, 2):
            await stand.told(stand.mark(0))
            await until(partial(sent_again, stand, times), "another send")
        await cancelled(running)
        own = f"{alert_id}:1"
        ids = [message_id for _, message_id, _ in stand.hub.asked]
        assert ids[:2] == [own, own]
        boots, again = zip(*(one.removeprefix(f"{own}:").split(".") for one in ids[2:]), strict=True)
        assert again == ("1", "2")
        assert boots[0] == boots[1] != ""
        where = {(subject, timeout_s) for subject, _, timeout_s in stand.hub.asked}
        assert where == {(subjects.alert(NODE.node_id, Lane.CONDUCT), ACKNOWLEDGE_TIMEOUT_S)}
        assert stand.sender.counts == {"failed": 1, "sent": 1, "sent-again": 2, "marks-obeyed": 2}

    on_stand(story)


def test_what_is_covered_before_it_was_sent_is_not_waited_for_and_holds_up_nothing(
    on_stand: OnStand,
) -> None:
    async def story(stand: Stand) -> None:
        await stand.add(0)
        newest = await stand.add(1)
        technical = await stand.add(2, EventType.STREAM_STALLED)
        await stand.outbox.covered(Lane.CONDUCT, 1)  # as a full outbox would have dropped it
        running = asyncio.create_task(stand.sender.run())
        assert await stand.sender.settle(30.0)
        await cancelled(running)
        sent = {message_id.partition(":")[0] for _, message_id, _ in stand.hub.asked}
        assert sent == {str(newest), str(technical)}
        assert stand.sender.counts["sent"] == 2

    on_stand(story)


def test_the_trouble_with_a_hub_is_told_with_its_reason_and_its_end_only_after_it(
    on_stand: OnStand, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(stand: Stand) -> None:
        stand.hub.refusals = 2
        running = asyncio.create_task(stand.sender.run())
        await stand.add(0)
        await until(lambda: stand.sender.counts["sent"] == 1, "the third try")
        await cancelled(running)

    caplog.set_level("INFO", logger=publisher.__name__)
    on_stand(story)
    assert [(one.getMessage(), getattr(one, "error", "")) for one in caplog.records] == [
        ("alerts do not reach the hub; they wait in the outbox", "the stream is full"),
        ("alerts reach the hub again", ""),
    ]


def test_the_coordinator_is_heard_for_two_heartbeats_after_what_it_has_signed(
    on_stand: OnStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stand: Stand) -> None:
        now_s = 100.0
        monkeypatch.setattr(Publisher, "_now", staticmethod(lambda: now_s))
        assert not stand.sender.hears()
        await stand.sender.marks(b"no parcel")
        await stand.told(other_host="refused")  # it speaks to another host
        assert not stand.sender.hears()
        for _ in range(2):
            await stand.told(other_host="none")
            assert stand.sender.hears()
            now_s += publisher.HEARS_WITHIN_S - 0.1
            assert stand.sender.hears()
            now_s += 0.2
            assert not stand.sender.hears()

    on_stand(story)
