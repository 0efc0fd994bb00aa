"""Two hosts with one node's identity at a real hub: the second is refused while the first answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from coordinator.nodes import heartbeats, hosts
from coordinator.nodes.asking import end
from coordinator.nodes.fleet import Fleet
from coordinator.nodes.heartbeats import Heartbeats
from coordinator.nodes.hosts import Hosts, Stranger, speaks_on
from coordinator.nodes.service import KnownHost, known_host, take_over
from edge.coordinator_keys import CoordinatorKeys
from edge.fleet.commands import Commands
from edge.node_identity import Identity, load as load_identity
from shared import subjects
from shared.errors import Unavailable
from shared.hub_link import HubLink
from shared.messages.heartbeats import MISSING_AFTER_S, Heartbeat, Marks, OtherHost
from shared.messages.message import parse
from shared.messages.sessions import EndSession, SessionEnded
from shared.sealing import pack, unpack
from tests.support.alerts import new_identity
from tests.support.eventually import cancelled, until
from tests.support.heartbeats import idle_heartbeat
from tests.support.identity_place import AtPlace, Place, runner

PLENTY_S = 60.0


@pytest.fixture
def at_place(migrated_sqlite: Path, tmp_path: Path) -> AtPlace:
    return runner(migrated_sqlite, tmp_path)


@dataclass
class Host:
    """A run of a node's daemon: what it says, and what it obeys."""

    identity: Identity
    link: HubLink
    boot_id: UUID = field(default_factory=uuid4)
    ended: list[UUID] = field(default_factory=list)
    frozen: bool = False
    answers_for_host: bool = True

    async def end(self, order: EndSession) -> SessionEnded:
        self.ended.append(order.session_id)
        return SessionEnded(session_id=order.session_id, was_running=True)

    def heartbeat(self) -> Heartbeat:
        return idle_heartbeat(
            self.identity.node_id,
            self.identity.sealing_public,
            boot_id=self.boot_id,
            answers_for_host=self.answers_for_host,
        )

    async def beat(self) -> OtherHost | None:
        """What it is told in answer to a heartbeat."""
        message = pack(self.heartbeat().model_dump(mode="json"), b"", self.identity.signing)
        subject = subjects.heartbeat(self.identity.node_id)
        answer = await self.link.request(subject, message, timeout_s=PLENTY_S)
        return parse(Marks, unpack(answer).header).other_host


@asynccontextmanager
async def running(there: Place, data: Path, *, answers_for_host: bool = True) -> AsyncIterator[Host]:
    host = Host(load_identity(data), there.link(data), answers_for_host=answers_for_host)
    key = CoordinatorKeys(there.site.parts.keys.signing_text)
    commands = Commands(host.identity, key, cast(Any, host), host.boot_id)

    async def obey(subject: str, message: bytes) -> bytes | None:
        return None if host.frozen else await commands.handle(subject, message)

    host.link.listen(subjects.commands(host.identity.node_id), obey)
    task = asyncio.create_task(host.link.run())
    try:
        await until(lambda: host.link.connected and there.site.parts.hub.connected, "both are at the hub")
        yield host
    finally:
        await cancelled(task)


def kept(there: Place, node_id: UUID) -> KnownHost:
    with there.site.parts.database.read() as db:
        return known_host(db, node_id)


def heard(there: Place, host: Host) -> bool:
    """Whether the coordinator takes this host for the node."""
    state = there.site.parts.fleet.state(host.identity.node_id)
    return state is not None and state.heartbeat.boot_id == host.boot_id


def test_the_second_host_is_refused_while_the_first_answers_and_both_are_told(
    at_place: AtPlace, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(there: Place) -> None:
        data = tmp_path / "edge"
        node_id = (await there.joined(data)).node_id
        async with running(there, data) as second:
            async with running(there, data) as first:
                assert await first.beat() == "none"
                assert [await second.beat(), await second.beat()] == ["refused", "refused"]
                # So far this may be what a run that has ended had said before.
                assert await first.beat() == "none"
                monkeypatch.setattr(hosts, "SPEAKS_ON_S", 0.0)
                assert [await second.beat(), await second.beat()] == ["refused", "refused"]
                said = [record.levelname for record in caplog.records if "second host" in record.message]
                assert said == ["ERROR"]
                assert await first.beat() == "seen"
                assert heard(there, first)
                session = uuid4()
                await end(there.site.parts.commander, node_id, EndSession(session_id=session, submitted=True))
                assert (first.ended, second.ended) == ([session], [])
                # Another replica, or this one after a restart, knows of the first by the database alone.
                parts = there.site.parts
                anew = Hosts(parts.hub, parts.database, parts.signers, parts.keys.signing)
                assert await anew.judge(second.heartbeat(), datetime.now(UTC)) == "refused"
            assert await second.beat() == "none", "the first is gone, and this is the node"
            assert heard(there, second)
            assert kept(there, node_id).boot_id == second.boot_id
            async with running(there, data) as back:
                assert await back.beat() == "refused"

    at_place(test)


@pytest.mark.parametrize(
    ("known", "speaks"),
    [
        (None, False),
        ((2, 10.0), False),  # another one was refused before
        ((1, 10.0), False),  # with it came what was kept on the way
        ((1, 8.5), False),
        ((1, 8.0), True),
        ((1, -600.0), True),
    ],
)
def test_a_second_host_is_told_only_if_it_speaks_on(known: tuple[int, float] | None, speaks: bool) -> None:
    stranger = None if known is None else Stranger(UUID(int=known[0]), known[1])
    assert speaks_on(stranger, UUID(int=1), 10.0) is speaks


@pytest.mark.parametrize(("silent_s", "heard_one"), [(0.0, "first"), (MISSING_AFTER_S, "second")])
def test_while_nobody_can_be_asked_the_host_that_is_heard_stays_the_node(
    monkeypatch: pytest.MonkeyPatch, silent_s: float, heard_one: str
) -> None:
    identity, now = new_identity(), [100.0]
    monkeypatch.setattr(heartbeats, "time", SimpleNamespace(monotonic=lambda: now[0]))

    class Away:
        async def judge(self, *_: object) -> OtherHost | None:
            raise Unavailable("the database is away")

    async def test() -> None:
        signers = {identity.node_id: identity.signing.public_key()}
        fleet, judging = Fleet(), cast(Any, Away())
        hearing = Heartbeats(
            cast(Any, None), fleet, signers, identity.signing, hosts=judging, leads=lambda: False
        )
        hosts_by_name = {name: Host(identity, cast(Any, None)) for name in ("first", "second")}
        subject = subjects.heartbeat(identity.node_id)
        for name in ("first", "second"):
            beat = hosts_by_name[name].heartbeat().model_dump(mode="json")
            assert await hearing.hear(subject, pack(beat, b"", identity.signing)) is None
            now[0] += silent_s
        state = fleet.state(identity.node_id)
        assert state is not None
        assert state.heartbeat.boot_id == hosts_by_name[heard_one].boot_id
        assert hearing.counts["not-judged"] == 2

    asyncio.run(test())


def test_of_two_coordinators_that_judge_at_once_both_know_the_same_host(
    at_place: AtPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(there: Place) -> None:
        data = tmp_path / "edge"
        node_id = (await there.joined(data)).node_id
        parts, faster = there.site.parts, uuid4()
        async with running(there, data) as before:
            assert await before.beat() == "none"

        async def asked_meanwhile(_: Hosts, node: UUID, former: UUID) -> bool:
            with parts.database.write() as db:
                assert take_over(db, node, former, faster)
            return False

        monkeypatch.setattr(Hosts, "_is_there", asked_meanwhile)
        slower = Host(load_identity(data), there.link(data))
        judging = Hosts(parts.hub, parts.database, parts.signers, parts.keys.signing)
        assert await judging.judge(slower.heartbeat(), datetime.now(UTC)) == "refused"
        assert kept(there, node_id).boot_id == faster

    at_place(test)


@pytest.mark.parametrize("stays", [True, False])
def test_a_hub_that_goes_away_while_a_host_is_asked_says_nothing_of_that_host(
    monkeypatch: pytest.MonkeyPatch, stays: bool
) -> None:
    identity = new_identity()

    class Hub:
        connected = True

        async def request(self, *_: object, **__: object) -> bytes:
            self.connected = stays
            raise Unavailable("no reply came")

    monkeypatch.setattr(Hosts, "_read", lambda *_: KnownHost(uuid4(), None))
    monkeypatch.setattr(Hosts, "_take_over", lambda *_: True)
    judging = Hosts(cast(Any, Hub()), cast(Any, None), {}, identity.signing)
    judged = judging.judge(Host(identity, cast(Any, None)).heartbeat(), datetime.now(UTC))
    with nullcontext() if stays else pytest.raises(Unavailable):
        assert asyncio.run(judged) == "none", "nobody answers, so this is the node"


def test_a_restart_is_no_second_host_nor_is_one_that_does_not_answer(
    at_place: AtPlace, tmp_path: Path
) -> None:
    async def test(there: Place) -> None:
        data = tmp_path / "edge"
        node_id = (await there.joined(data)).node_id
        async with running(there, data) as before:
            assert await before.beat() == "none"
        async with running(there, data) as after:
            assert await after.beat() == "none"
            assert kept(there, node_id) == KnownHost(after.boot_id, None)
            after.frozen = True
            async with running(there, data) as another:
                assert await another.beat() == "none"
                after.frozen = False
                assert await after.beat() == "refused", "it has been replaced"
                assert heard(there, another)

    at_place(test)


def test_a_host_of_an_older_program_is_heard_as_before_and_told_nothing(
    at_place: AtPlace, tmp_path: Path
) -> None:
    async def test(there: Place) -> None:
        data = tmp_path / "edge"
        node_id = (await there.joined(data)).node_id
        async with running(there, data, answers_for_host=False) as old:
            assert await old.beat() is None
            assert (heard(there, old), kept(there, node_id)) == (True, KnownHost(None, None))
            await end(there.site.parts.commander, node_id, EndSession(session_id=uuid4(), submitted=True))
            assert len(old.ended) == 1

    at_place(test)
