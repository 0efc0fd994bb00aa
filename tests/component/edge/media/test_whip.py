from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from aiortc import RTCSessionDescription

from edge.media.whip import fragment_candidates
from tests.support.candidates import Picture, offer_of
from tests.support.eventually import PATIENCE_S
from tests.support.signaling import ORIGIN, TOKEN, Served, served

BEARER = {"Authorization": f"Bearer {TOKEN}"}
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}


def scene(act: Callable[[Served, httpx.AsyncClient], Awaitable[None]]) -> None:
    async def play() -> None:
        async with served() as node, httpx.AsyncClient() as client, asyncio.timeout(PATIENCE_S):
            await act(node, client)

    asyncio.run(play())


def test_one_post_starts_a_stream_trickle_is_taken_and_delete_ends_it() -> None:
    async def act(node: Served, client: httpx.AsyncClient) -> None:
        candidate = await offer_of(Picture())
        offer = candidate.localDescription.sdp
        known = ("a=candidate", "a=end-of-candidates")
        bare = "".join(line + "\r\n" for line in offer.splitlines() if not line.startswith(known))
        created = await client.post(node.whip_url, content=bare, headers=BEARER | SDP)
        assert created.status_code == 201
        assert created.headers["content-type"].startswith("application/sdp")
        stream = f"http://{node.host}{created.headers['location']}"
        etag = {"If-Match": created.headers["etag"]}
        await candidate.setRemoteDescription(RTCSessionDescription(created.text, "answer"))
        lines = [line for line in offer.splitlines() if line.startswith("a=candidate")]
        fragment = "\r\n".join(["a=ice-ufrag:x", "m=video 9 RTP/AVP 0", "a=mid:0", *lines, ""])
        patched = await client.patch(stream, content=fragment, headers=BEARER | FRAGMENT | etag)
        assert patched.status_code == 204
        assert await node.room.seat.peer.video.get() is not None
        restart = await client.patch(stream, content=fragment, headers=BEARER | FRAGMENT | {"If-Match": "*"})
        assert restart.status_code == 422
        assert (await client.delete(stream, headers={"Authorization": "Bearer other"})).status_code == 401
        assert not node.room.seat.hung_up.is_set()
        assert (await client.delete(stream, headers=BEARER)).status_code == 200
        assert node.room.seat.hung_up.is_set()
        assert (await client.delete(stream, headers=BEARER)).status_code == 404
        await candidate.close()

    scene(act)


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        (SDP, b"v=0", 401),
        (SDP | {"Authorization": "Basic abc"}, b"v=0", 401),
        (SDP | {"Authorization": "Bearer wrong"}, b"v=0", 401),
        (BEARER, b"v=0", 415),
        (BEARER | {"Content-Type": "application/json"}, b"{}", 415),
        (BEARER | SDP, b"garbage", 400),
        (BEARER | SDP, b"\xff\xfe", 400),
        (BEARER | SDP, b"", 400),
        (BEARER | SDP, b"v=0\r\n" * 30_000, 413),
    ],
)
def test_a_bad_request_is_refused_as_a_problem(headers: dict[str, str], content: bytes, status: int) -> None:
    async def act(node: Served, client: httpx.AsyncClient) -> None:
        response = await client.post(node.whip_url, content=content, headers=headers)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == status
        assert ("www-authenticate" in response.headers) == (status == 401)

    scene(act)


def test_only_pages_of_allowed_origins_may_use_it() -> None:
    async def act(node: Served, client: httpx.AsyncClient) -> None:
        for origin, allowed in ((ORIGIN, ORIGIN), ("https://elsewhere.example.org", None)):
            response = await client.options(node.whip_url, headers={"Origin": origin})
            assert response.status_code == 204
            assert response.headers["accept-post"] == "application/sdp"
            assert response.headers.get("access-control-allow-origin") == allowed

    scene(act)


def test_reading_a_stream_is_not_a_method() -> None:
    async def act(node: Served, client: httpx.AsyncClient) -> None:
        assert (await client.get(node.whip_url, headers=BEARER)).status_code == 405

    scene(act)


def test_a_fragment_gives_each_candidate_with_its_section() -> None:
    fragment = "a=mid:0\r\na=candidate:1 …\r\na=mid:1\r\na=candidate:2 …\r\na=end-of-candidates\r\n"
    assert fragment_candidates(fragment) == [("0", "a=candidate:1 …"), ("1", "a=candidate:2 …"), ("1", "")]


def test_who_offers_too_often_is_told_when_to_come_back_before_its_offer_is_read() -> None:
    async def act(node: Served, client: httpx.AsyncClient) -> None:
        node.room.too_often = True
        refused = await client.post(node.whip_url, content=b"no sdp at all", headers=BEARER | SDP)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")

    scene(act)
