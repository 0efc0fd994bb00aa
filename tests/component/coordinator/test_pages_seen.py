"""Where candidates' pages are, as nodes say it: stored at once, in lists, and on a wall's one socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from coordinator.live.wall_socket import BATCH
from coordinator.live.walls import MAX_SHOWN, MAX_WALLS_PER_BEARER
from coordinator.sessions.presence.noting import Pages
from coordinator.web_api.limits import CAMERA_RATE
from shared.events.types import EventType
from shared.rates import Buckets, Rate
from shared.tokens import Role
from tests.support.devices import Device, code_of
from tests.support.eventually import PATIENCE_S, until
from tests.support.exam_site import OnSite, Site
from tests.support.findings import alert
from tests.support.nats import RunningServer
from tests.support.node_answers import watching
from tests.support.served_site import served_site

AT_ONCE = 25


async def say(site: Site, phase: str, *sessions: dict[str, Any]) -> None:
    """The node says this phase of these sessions' pages, and no other session."""
    site.node.sessions = tuple(watching(UUID(one["session_uuid"]), phase=phase) for one in sessions)
    await site.node.beat()


async def page_of(site: Site, **bearer: Any) -> Any:
    return (await site.get("/session/SESS-1", **bearer)).json()["page"]


def test_each_state_stands_on_the_session_and_survives_a_restart(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        session = await site.started()
        assert (await page_of(site))["state"] == "waiting"
        await Device().joined(site, code_of(session))
        assert (await page_of(site))["state"] == "opened"
        pages = Pages()
        for phase, state in {"watching": "connected", "silent": "lost", "waiting": "lost"}.items():
            await say(site, phase, session)
            await pages.round(site.parts, datetime.now(UTC))
            page = await page_of(site)
            assert (page["state"], page["since"] is not None) == (state, True)
            [listed] = (await site.get("/sessions")).json()["items"]
            assert listed["page"]["state"] == state
        lost_since = (await page_of(site))["since"]
        await Pages().round(site.parts, datetime.now(UTC))  # another start of the program, or another replica
        assert (await page_of(site))["since"] == lost_since
        assert await page_of(site, headers=site.bearer(Role.CANDIDATE, "CAND-1")) is None
        await site.post("/session/SESS-1/pause", {"reason": "Fire alarm."})
        assert (await page_of(site))["state"] == "paused"
        await site.post("/session/SESS-1/end")
        assert (await page_of(site))["state"] == "over"

    on_site(test)


async def camera(site: Site, code: str, word: str, device: Device | None = None) -> int:
    """The page says what became of its camera; the answer's status."""
    body = {"code": code, "camera": word} | ({"device_key": device.key} if device else {})
    return (await site.post("/join/camera", body, headers={})).status_code


def test_a_refused_camera_is_told_to_staff_in_one_word_until_pictures_come(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        session = await site.started()
        code, pages = code_of(session), Pages()
        await say(site, "waiting", session)
        await pages.round(site.parts, datetime.now(UTC))
        assert await camera(site, code, "refused") == 204
        page = await page_of(site)
        assert (page["state"], page["camera"]) == ("opened", "refused")
        assert page["text"] == "Page opened, no picture yet: the browser does not allow camera or microphone"
        [listed] = (await site.get("/sessions")).json()["items"]
        assert listed["page"] == page
        assert await camera(site, code, "refused") == 204  # the same again changes nothing
        assert (await page_of(site))["since"] == page["since"]
        assert await camera(site, code, "busy") == 204
        assert (await page_of(site))["camera"] == "busy"
        assert await camera(site, code, "on") == 204
        assert (await page_of(site))["state"] == "waiting"
        assert await camera(site, code, "missing") == 204
        mine = Device()
        await mine.joined(site, code)
        await say(site, "watching", session)
        await pages.round(site.parts, datetime.now(UTC))
        await say(site, "silent", session)
        await pages.round(site.parts, datetime.now(UTC))
        lost = await page_of(site)
        assert (lost["state"], lost["camera"], lost["text"]) == ("lost", None, "No picture")
        assert await camera(site, code, "busy", mine) == 204
        assert (await page_of(site))["text"] == "No picture: another program uses camera or microphone"
        assert (await site.get("/incidents")).json()["items"] == []  # it counts against nobody

    on_site(test)


def test_what_a_page_says_of_its_camera_is_bounded_and_its_own(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session = await site.started()
        code, mine = code_of(session), Device()
        assert await camera(site, code, "FaceTime HD Camera (Built-in)") == 422
        assert await camera(site, "A" * 32, "refused") == 404
        await mine.joined(site, code)
        assert await camera(site, code, "refused") == 409  # another device is bound
        assert await camera(site, code, "refused", Device()) == 409
        assert (await page_of(site))["camera"] is None
        site.parts.rates.camera = Buckets(Rate(CAMERA_RATE.burst, per_s=0.000_001))
        answers = [await camera(site, code, "refused", mine) for _ in range(2 * int(CAMERA_RATE.burst))]
        assert answers.count(204) == answers.count(429) == CAMERA_RATE.burst
        other = code_of(await site.started("SESS-2", "CAND-2"))
        assert await camera(site, other, "refused") == 204
        await site.post("/session/SESS-2/end")
        assert await camera(site, other, "on") == 410

    on_sqlite(test)


def test_of_two_nodes_words_the_later_assignments_counts(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session = await site.started()
        one = UUID(session["session_uuid"])
        site.node.sessions = (
            watching(one, phase="watching", epoch=2),
            watching(one, phase="waiting", epoch=1),
        )
        await site.node.beat()
        await Pages().round(site.parts, datetime.now(UTC))
        assert (await page_of(site))["state"] == "connected"

    on_sqlite(test)


@asynccontextmanager
async def wall(url: str, token: str) -> AsyncIterator[ClientConnection]:
    protocols = [Subprotocol("proctor.v1"), Subprotocol(f"bearer.{token}")]
    async with connect(url.replace("http", "ws") + "/wall", subprotocols=protocols) as socket:
        yield socket


class Watching:
    """What a wall's page has been told."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.states: dict[str, str] = {}
        self.last: dict[str, str] = {}
        self.largest = 0

    async def show(self, *names: str) -> None:
        for first in range(0, len(names), AT_ONCE):
            part = {"show": names[first : first + AT_ONCE], "more": first > 0}
            await self._socket.send(json.dumps(part))

    async def until(self, expected: dict[str, str]) -> None:
        """Until just these sessions were told, in these states."""
        async with asyncio.timeout(PATIENCE_S):
            while self.states != expected:
                self._take(json.loads(await self._socket.recv()))

    async def until_last(self, name: str, event: EventType) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.last.get(name) != event:
                self._take(json.loads(await self._socket.recv()))

    def _take(self, message: dict[str, Any]) -> None:
        self.largest = max(self.largest, len(message["items"]))
        for one in message["items"]:
            if "last" in one:
                self.last[one["session_id"]] = one["last"]["event_type"]
            else:
                self.states[one["session_id"]] = one["page"]["state"]


def test_one_socket_tells_of_all_shown_sessions_in_bounded_batches(
    migrated_url: str, hub: RunningServer, tmp_path: Path
) -> None:
    async def test() -> None:
        async with served_site(migrated_url, hub, tmp_path) as served:
            site, names = served.site, [f"SESS-{number:03}" for number in range(BATCH + 10)]
            started = [await site.started(name, f"CAND-{name}") for name in names]
            stranger = site.token(Role.PROCTOR, "eve", tenant_id=await site.institution())
            async with wall(served.url, site.token(Role.PROCTOR, "ann")) as socket:
                watched = Watching(socket)
                await watched.show(*names, "SESS-UNKNOWN")
                await watched.until(dict.fromkeys(names, "waiting"))
                assert watched.largest == BATCH
                await say(site, "watching", *started)
                await watched.until(dict.fromkeys(names, "connected"))
                start = site.node.obeyed.newest
                await site.node.publish(alert(start, site.node, EventType.LEFT_FRAME, 1.0), start)
                await watched.until_last(names[-1], EventType.LEFT_FRAME)
                await say(site, "silent", *started)
                lost = dict.fromkeys(names, "lost")
                await watched.until(lost)
                await watched.show(names[0])
                await say(site, "watching", *started)
                await watched.until(lost | {names[0]: "connected"})
            async with wall(served.url, stranger) as socket:
                await socket.send(json.dumps({"show": names[:AT_ONCE]}))
                assert json.loads(await socket.recv())["items"] == []  # the first that is sent

    asyncio.run(test())


def test_a_wall_is_for_staff_and_bounded(sqlite_url: str, hub: RunningServer, tmp_path: Path) -> None:
    async def test() -> None:
        async with served_site(sqlite_url, hub, tmp_path) as served:
            site = served.site
            for role in (Role.CANDIDATE, Role.DPO):
                with pytest.raises(InvalidStatus, match="403"):
                    async with wall(served.url, site.token(role, "CAND-1")):
                        pass
            with pytest.raises(InvalidStatus, match="401"):
                async with wall(served.url, "not-a-token"):
                    pass
            token = site.token(Role.PROCTOR, "ann")
            many = json.dumps({"show": ["S"] * AT_ONCE, "more": True})
            for wrong in (["{}"], ['{"show": 1}'], [many] * (MAX_SHOWN // AT_ONCE + 1)):
                async with wall(served.url, token) as socket:
                    for each in wrong:
                        await socket.send(each)
                    with pytest.raises(ConnectionClosed) as closed:
                        await socket.recv()
                    assert closed.value.rcvd is not None
                    assert closed.value.rcvd.code == 1008
            sockets = [wall(served.url, token) for _ in range(MAX_WALLS_PER_BEARER)]
            for one in sockets:
                await one.__aenter__()
            with pytest.raises(InvalidStatus, match="503"):
                async with wall(served.url, token):
                    pass
            for one in sockets:
                await one.__aexit__(None, None, None)
            await until(lambda: not len(site.parts.rooms.walls), "every wall is taken down")

    asyncio.run(test())
