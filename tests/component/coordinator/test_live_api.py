"""Live sockets of a real server, fed by real alerts of a node, with real clients: quick, slow, unwelcome."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from coordinator.live.rooms import QUEUE_MESSAGES
from coordinator.web_api.limits import SOCKET_RATE
from shared.alerts import Shown
from shared.events.types import EventType
from shared.tokens import Role
from tests.support.eventually import PATIENCE_S, until
from tests.support.exam_site import PUBLIC_URL, OnSite, Site
from tests.support.findings import JPEG, PICTURE, alert
from tests.support.node_answers import watching
from tests.support.served_site import listening_to, served


async def next_of(client: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of this kind; others before it are passed over."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message: dict[str, Any] = json.loads(await client.recv())
            if message["type"] == kind:
                return message


def test_alerts_of_the_node_reach_staff_whole_and_the_candidate_gently(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        (order,) = site.node.obeyed.started
        async with served(site) as url:
            staff = listening_to(f"{url}/SESS-1", site.token(Role.PROCTOR))
            own = listening_to(f"{url}/SESS-1", started["session_token"], origin=PUBLIC_URL)
            async with staff as proctor, own as candidate:
                assert proctor.subprotocol == "proctor.v1"
                mismatch = alert(order, site.node, EventType.FACE_MISMATCH, 1.0)
                absent = alert(order, site.node, EventType.FACE_NOT_FOUND, 2.0)
                await site.node.publish(mismatch, order)
                await site.node.publish(absent, order)
                shown = [await next_of(proctor, "alert") for _ in range(2)]
                assert [one["event_type"] for one in shown] == ["FACE_MISMATCH", "FACE_NOT_FOUND"]
                assert shown[0]["evidence_thumbnail"] == PICTURE
                notice = await next_of(candidate, "notice")
                assert notice["event_id"] == str(absent.event_id)
                over = {"cleared": datetime.now(UTC), "duration": 7.0}
                await site.node.publish(absent.model_copy(update=over), order, revision=2)
                assert (await next_of(proctor, "cleared"))["duration_seconds"] == 7.0
                await site.post("/session/SESS-1/end")
                said = [notice, *[json.loads(text) async for text in candidate]]
                assert said[-1]["status"] == "ended"
                text = json.dumps(said)
                for secret in ("0.987", "0.123", "severity", "base64", "FACE_", "alerts_triggered"):
                    assert secret not in text
                assert candidate.close_code == 1000
        await until(lambda: site.parts.rooms.listeners == 0, "everybody has left")

    on_site(test)


def test_a_heartbeat_tells_what_the_node_last_said_of_the_session(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        counts = {"frames_processed": 18_450, "alerts_triggered": 3}
        site.node.sessions = (watching(UUID(started["session_uuid"]), **counts),)
        await site.node.beat()
        async with served(site) as url, listening_to(f"{url}/SESS-1", site.token()) as client:
            beat = await next_of(client, "heartbeat")
            assert (beat["session_id"], beat["status"]) == ("SESS-1", "active")
            assert (beat["stats"]["frames_processed"], beat["stats"]["alerts_triggered"]) == (18_450, 3)

    on_sqlite(test)


def test_a_ticket_opens_one_socket(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        ticket = (await site.post("/session/SESS-1/ws-ticket")).json()
        assert ticket["expires_in_seconds"] == 30
        async with served(site) as url:
            address = f"{url}/SESS-1?ticket={ticket['ticket']}"
            async with connect(address, proxy=None) as client:
                await next_of(client, "heartbeat")
            assert await refusal(address) == (401, "ticket-invalid")

    on_sqlite(test)


async def refusal(address: str, **options: Any) -> tuple[int, str]:
    """With which status and code a socket is refused."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(address, proxy=None, **options)
    return refused.value.response.status_code, json.loads(refused.value.response.body or b"{}")["code"]


def test_who_may_not_listen_is_refused_before_the_socket_opens(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        await site.started("SESS-2", "CAND-2")

        def bearing(token: str) -> dict[str, Any]:
            return {"subprotocols": [Subprotocol("proctor.v1"), Subprotocol(f"bearer.{token}")]}

        good = bearing(site.token())
        other = bearing(site.token(Role.CANDIDATE, "CAND-1"))
        stale = bearing(site.token(lifetime=timedelta(seconds=-60)))
        await site.post("/session/SESS-2/end")
        async with served(site) as url:
            cases: list[tuple[str, dict[str, Any], int, str]] = [
                ("SESS-1", {}, 401, "token-missing"),
                ("SESS-1", bearing("x.y.z"), 401, "token-invalid"),
                ("SESS-1", stale, 401, "token-expired"),
                ("SESS-1", good | {"origin": "https://evil.example"}, 403, "origin-refused"),
                ("SESS-1", bearing(site.token(Role.DPO)), 403, "role-forbidden"),
                ("SESS-2", other, 403, "not-yours"),
                ("SESS-2", good, 410, "session-ended"),
                ("SESS-9", good, 404, "session-unknown"),
                ("SESS%00", good, 404, "session-unknown"),
            ]
            for reference, options, status, code in cases:
                assert await refusal(f"{url}/{reference}", **options) == (status, code), reference
        assert site.parts.rooms.listeners == 0

    on_sqlite(test)


def test_a_client_that_does_not_keep_up_is_dropped_and_delays_nobody(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        (order,) = site.node.obeyed.started
        shown = alert(order, site.node, EventType.MULTIPLE_FACES, 1.0)
        async with (
            served(site) as url,
            listening_to(f"{url}/SESS-1", site.token(), max_queue=1) as slow,
            listening_to(f"{url}/SESS-1", site.token(), max_queue=1, close_timeout=0.2) as stuck,
            listening_to(f"{url}/SESS-1", site.token()) as quick,
        ):
            sent = 0
            while site.parts.rooms.slow < 2:
                assert sent < 2_000, "the slow clients were never given up"
                site.parts.rooms.tell(order.session_id, Shown(shown, JPEG), 1)
                sent += 1
                await next_of(quick, "alert")
            assert sent > QUEUE_MESSAGES
            async with asyncio.timeout(PATIENCE_S):
                read = [text async for text in all_of(slow)]
            assert len(read) < sent
            assert slow.close_code == 1013
            await until(lambda: site.parts.rooms.listeners == 1, "the stuck client is gone as well")
            site.parts.rooms.tell(order.session_id, Shown(shown, JPEG), 1)
            await next_of(quick, "alert")
            assert stuck.close_code is None  # it has not even looked

    on_sqlite(test)


async def all_of(client: ClientConnection) -> AsyncIterator[str | bytes]:
    """What comes until the socket closes, however it does."""
    with suppress(ConnectionClosed):
        while True:
            yield await client.recv()


def test_a_socket_ends_with_the_token_that_opened_it(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        token = site.token(lifetime=timedelta(seconds=1))
        async with served(site) as url, listening_to(f"{url}/SESS-1", token) as client:
            async with asyncio.timeout(PATIENCE_S):
                await client.wait_closed()
            assert client.close_code == 4401

    on_sqlite(test)


def test_a_candidate_that_opens_sockets_in_a_loop_is_told_to_wait_and_staff_are_not(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        site.stop_clock(monkeypatch)
        started = await site.started()
        own = [Subprotocol("proctor.v1"), Subprotocol(f"bearer.{started['session_token']}")]
        async with served(site) as url:
            address = f"{url}/SESS-1"
            for _ in range(SOCKET_RATE.burst):
                await (await connect(address, subprotocols=own, proxy=None)).close()
            with pytest.raises(InvalidStatus) as refused:
                await connect(address, subprotocols=own, proxy=None)
            answer = refused.value.response
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
            async with listening_to(address, site.token(Role.PROCTOR)) as proctor:
                await next_of(proctor, "heartbeat")

    on_sqlite(test)


def test_a_socket_that_floods_is_closed_with_1008_and_its_neighbour_hears_on(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        (order,) = site.node.obeyed.started
        async with (
            served(site) as url,
            listening_to(f"{url}/SESS-1", started["session_token"], origin=PUBLIC_URL) as flooder,
            listening_to(f"{url}/SESS-1", site.token()) as neighbour,
        ):
            with suppress(ConnectionClosed):
                for _ in range(2_000):
                    await flooder.ping()
            await flooder.wait_closed()
            assert flooder.close_code == 1008
            shown = alert(order, site.node, EventType.MULTIPLE_FACES, 1.0)
            site.parts.rooms.tell(order.session_id, Shown(shown, JPEG), 1)
            await next_of(neighbour, "alert")
            text = (await site.status.get("/metrics")).text
            assert 'coordinator_connections_closed_total{what="too-much"} 1.0' in text
        await until(lambda: site.parts.rooms.listeners == 0, "everybody has left")

    on_sqlite(test)
