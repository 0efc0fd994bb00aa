"""A session logs what it measures while its candidate agrees, and not in a pause or after a withdrawal."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from edge.fleet.assignments import Assignments
from edge.fleet.feature_log import LoggedFeatures, sealed
from edge.sessions.port import MeasuredWindows, assignment_of
from shared.errors import Unavailable
from shared.features import WINDOW_S, FeatureVector, decode_features
from shared.hub_link import HubLink
from shared.messages.sessions import StartSession
from shared.sealing import new_sealing_key, open_body, sealing_public_text, unpack, verify
from tests.support.alerts import new_identity
from tests.support.eventually import cancelled, until
from tests.support.observations import ONE
from tests.support.session_stage import Stage, order, play

KEY = new_sealing_key()
LOGS: dict[str, Any] = {"features_key": sealing_public_text(KEY.public_key()), "features_key_id": uuid4()}


def heard_by(world: Stage) -> list[MeasuredWindows]:
    heard: list[MeasuredWindows] = []
    world.assignments.on_features = heard.append
    return heard


def windows(heard: list[MeasuredWindows]) -> list[int]:
    return [vector.window for one in heard for vector in one.vectors]


def test_a_session_without_a_key_logs_nothing() -> None:
    async def story(world: Stage) -> None:
        heard = heard_by(world)
        one = await world.started()
        await world.show(await world.page(one), ONE, from_s=0.0, to_s=WINDOW_S + 1)
        assert not (await world.state(one)).logs_features
        await world.end(one)
        await until(lambda: not world.assignments.watched, "it is over")
        assert heard == []

    play(story)


def test_its_windows_are_told_at_the_end_with_when_its_clock_began() -> None:
    async def story(world: Stage) -> None:
        heard = heard_by(world)
        one = await world.started(**LOGS)
        await world.show(await world.page(one), ONE, from_s=0.0, to_s=WINDOW_S + 1)
        assert (await world.state(one)).logs_features
        await world.end(one)
        await until(lambda: len(heard) > 0, "the rest is told")
        assert windows(heard) == [0, 1]
        assert {vector.faces for each in heard for vector in each.vectors} == {1.0}
        assert abs((datetime.now(UTC) - heard[0].zero_utc).total_seconds()) < 60
        assert heard[0].assignment == assignment_of(one)

    play(story)


def test_a_withdrawal_drops_what_was_not_sent_and_a_pause_sends_it_and_logs_nothing() -> None:
    async def story(world: Stage) -> None:
        heard = heard_by(world)
        one = await world.started(**LOGS)
        page = await world.page(one)
        await world.show(page, ONE, from_s=0.0, to_s=1.0)
        paused = one.model_copy(update={"paused": True})
        await world.actions.change(paused)
        assert windows(heard) == [0]
        await world.actions.change(one)
        await world.show(page, ONE, from_s=WINDOW_S, to_s=WINDOW_S + 1)
        await world.actions.change(one.model_copy(update={"features_key": None, "features_key_id": None}))
        assert not (await world.state(one)).logs_features
        await world.show(page, ONE, from_s=2 * WINDOW_S, to_s=2 * WINDOW_S + 1)
        await world.end(one)
        await until(lambda: not world.assignments.watched, "it is over")
        assert windows(heard) == [0]

    play(story)


def seen(one: StartSession) -> MeasuredWindows:
    vector = FeatureVector(window=3, level=1, watched_face=1, watched_body=0, watched_sound=0, similarity=0.5)
    return MeasuredWindows(assignment_of(one), datetime(2026, 11, 30, 12, tzinfo=UTC), (vector,))


def test_a_message_opens_with_the_features_key_alone_and_names_nobody() -> None:
    one, node = order(**LOGS), new_identity()
    message = sealed(one, seen(one), datetime.now(UTC), node)
    parcel = unpack(message)
    verify(parcel, node.signing.public_key())
    assert decode_features(open_body(parcel, KEY)).vectors == seen(one).vectors
    assert one.candidate_id not in json.dumps(parcel.header)
    assert parcel.header["key_id"] == str(LOGS["features_key_id"])


class Hub:
    """A hub that fails as often as told."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.taken: list[bytes] = []

    async def wait_connected(self) -> None: ...

    async def request(self, subject: str, message: bytes, **_: object) -> bytes:
        self.failures -= 1
        if self.failures >= 0:
            raise Unavailable("away")
        self.taken.append(message)
        return b"{}"


class Orders:
    """The orders in force."""

    def __init__(self, one: StartSession | None) -> None:
        self.one = one

    def order_of(self, _: object) -> StartSession | None:
        return self.one


def sent(hub: Hub, orders: Orders, one: StartSession, after: StartSession | None) -> dict[str, int]:
    async def whole() -> dict[str, int]:
        logged = LoggedFeatures(cast(HubLink, hub), new_identity(), cast(Assignments, orders))
        logged.take(seen(one))
        orders.one = after
        task = asyncio.create_task(logged.run())
        await until(lambda: logged.counts.total() > 0, "it is sent or lost")
        await cancelled(task)
        return dict(logged.counts)

    return asyncio.run(whole())


def test_what_waits_is_not_sent_after_a_withdrawal_and_is_after_the_end() -> None:
    one = order(**LOGS)
    hub = Hub(0)
    assert sent(hub, Orders(one), one, order()) == {"not-agreed": 1}
    assert hub.taken == []
    assert sent(hub, Orders(one), one, None) == {"sent": 1}
    assert len(hub.taken) == 1
