from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from aiortc import RTCSessionDescription

from shared.errors import Rejected
from shared.ice import IceServer
from tests.support.candidates import Picture, offer_of
from tests.support.eventually import PATIENCE_S
from tests.support.signaling import ORIGIN, TOKEN, OneSeat, Served, served

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
        ufrag = next(line for line in offer.splitlines() if line.startswith("a=ice-ufrag:"))
        fragment = "\r\n".join([ufrag, "m=video 9 RTP/AVP 0", "a=mid:0", *lines, ""])
        patched = await client.patch(stream, content=fragment, headers=BEARER | FRAGMENT | etag)
        assert patched.status_code == 204
        assert await node.room.seat.peer.video.get() is not None
        for match, text, status in (
            ({}, fragment, 428),
            ({"If-Match": '"another"'}, fragment, 412),
            ({"If-Match": "*"}, fragment, 422),
            (etag, fragment.replace(ufrag, "a=ice-ufrag:other"), 422),
            (etag, "nonsense", 400),
            (etag, "a=mid:0\r\na=candidate:nonsense\r\n", 400),
            ({"If-Match": f'"another", {etag["If-Match"]}'}, fragment, 204),
        ):
            patched = await client.patch(stream, content=text, headers=BEARER | FRAGMENT | match)
            assert patched.status_code == status, text
        assert (await client.patch(stream, content=b"", headers=BEARER | SDP | etag)).status_code == 415
        looked = await client.get(stream, headers=BEARER)
        assert (looked.status_code, looked.headers["ETag"]) == (204, etag["If-Match"])
        assert await node.room.seat.peer.video.get() is not None, "the stream goes on"
        assert (await client.delete(stream, headers={"Authorization": "Bearer other"})).status_code == 401
        assert not node.room.seat.hung_up.is_set()
        assert (await client.delete(stream, headers=BEARER)).status_code == 200
        assert node.room.seat.hung_up.is_set()
        assert (await client.delete(stream, headers=BEARER)).status_code == 404
        await candidate.close()

    scene(act)


async def posted(node: Served, client: httpx.AsyncClient) -> tuple[OneSeat, str, str]:
    """A new seat with a stream to it: the seat, the stream's address and its ETag."""
    seat = node.room.seat = OneSeat()
    candidate = await offer_of(Picture())
    created = await client.post(node.whip_url, content=candidate.localDescription.sdp, headers=BEARER | SDP)
    await candidate.close()
    return seat, f"http://{node.host}{created.headers['location']}", created.headers["etag"]


def test_a_stream_can_be_used_until_the_media_of_a_newer_one_arrive() -> None:
    async def act(node: Served, client: httpx.AsyncClient) -> None:
        (one, first, tag), (other, second, _) = [await posted(node, client) for _ in range(2)]
        match = {"If-Match": tag}
        for stream in (first, second):
            assert (await client.get(stream, headers=BEARER)).status_code == 204
        patched = await client.patch(
            first, content="a=mid:0\r\na=end-of-candidates\r\n", headers=BEARER | FRAGMENT | match
        )
        assert patched.status_code == 204
        one.replaced = Rejected("open in another window", code="open-elsewhere", status=409)
        patched = await client.patch(
            first, content="a=mid:0\r\na=end-of-candidates\r\n", headers=BEARER | FRAGMENT | match
        )
        for answer in (patched, await client.get(first, headers=BEARER)):
            assert (answer.status_code, answer.json()["type"]) == (409, "urn:proctor:open-elsewhere")
        assert (await client.delete(first, headers=BEARER)).status_code == 200
        assert (one.hung_up.is_set(), other.hung_up.is_set()) == (True, False)
        assert (await client.get(first, headers=BEARER)).status_code == 404
        assert (await client.get(second, headers=BEARER)).status_code == 204
        await one.peer.close()

    scene(act)


def test_of_many_streams_of_a_session_the_oldest_is_forgotten() -> None:
    async def act(node: Served, client: httpx.AsyncClient) -> None:
        made = [await posted(node, client) for _ in range(5)]
        found = [(await client.get(stream, headers=BEARER)).status_code for _, stream, _ in made]
        assert found == [404, 204, 204, 204, 204]
        for seat, _, _ in made:
            await seat.peer.close()

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


def test_the_endpoint_can_be_looked_at_and_every_other_method_is_told_which_are_allowed() -> None:
    async def act(node: Served, client: httpx.AsyncClient) -> None:
        looked = await client.get(node.whip_url, headers=BEARER)
        assert (looked.status_code, looked.content) == (204, b"")
        assert (await client.head(node.whip_url, headers=BEARER)).status_code == 204
        assert (await client.get(node.whip_url)).status_code == 401
        assert (await client.get(node.whip_url + "/name", headers=BEARER)).status_code == 404
        for place, allowed, others in (
            (node.whip_url, "GET, HEAD, OPTIONS, POST", ("PUT", "PATCH", "DELETE")),
            (node.whip_url + "/name", "DELETE, GET, HEAD, OPTIONS, PATCH", ("PUT", "POST")),
        ):
            assert (await client.options(place)).headers["Allow"] == allowed
            for method in others:
                refused = await client.request(method, place, headers=BEARER)
                assert (refused.status_code, refused.headers["Allow"]) == (405, allowed)

    scene(act)


def test_the_answer_links_the_ice_servers() -> None:
    async def act(node: Served, client: httpx.AsyncClient) -> None:
        node.room.servers = (
            IceServer(("stun:stun.example.org",)),
            IceServer(("turn:turn.example.org?transport=udp",), "1800:session", "c2VjcmV0"),
        )
        candidate = await offer_of(Picture())
        offer = candidate.localDescription.sdp.replace("a=rtcp-mux", "a=rtcp-mux\r\na=rtcp-mux-only")
        created = await client.post(node.whip_url, content=offer, headers=BEARER | SDP)
        await candidate.close()
        assert created.headers.get_list("Link") == [
            '<stun:stun.example.org>; rel="ice-server"',
            '<turn:turn.example.org?transport=udp>; rel="ice-server"; username="1800:session"; '
            'credential="c2VjcmV0"; credential-type="password"',
        ]
        assert "a=rtcp-mux\r\n" in created.text
        assert "rtcp-mux-only" not in created.text  # belongs into offers only

    scene(act)


def test_who_offers_too_often_is_told_when_to_come_back_before_its_offer_is_read() -> None:
    async def act(node: Served, client: httpx.AsyncClient) -> None:
        node.room.too_often = True
        refused = await client.post(node.whip_url, content=b"no sdp at all", headers=BEARER | SDP)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")

    scene(act)
