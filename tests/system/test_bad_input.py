"""Bad input to the whole installation: each is refused by name, and nothing is left half-done."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from edge.media.signaling import PROTOCOL, TOKEN_PREFIX
from shared.api.sessions import SessionStartResponse
from tests.support.bad_pictures import failing_pictures, good_picture, jpeg
from tests.support.devices import Device
from tests.support.picture_bomb import bomb
from tests.support.whole import EXAM, Whole

pytestmark = pytest.mark.weights

API = "/api/v1"
START = {"candidate_id": "CAND-bad", "exam_id": EXAM, "allow_unregistered": True}
GARBAGE = ("", "garbage", "v=0\r\n", "v=0\r\no=- 1 1 IN IP4 0\r\ns=-\r\nt=0 0\r\nm=video x y z\r\n")


@pytest.fixture
def http(site: Whole) -> Iterator[httpx.Client]:
    """The coordinator, spoken to as an administrator."""
    token = (site.prepared.folder / "secrets" / "admin.token").read_text()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=site.prepared.coordinator_url, headers=headers, timeout=60) as client:
        yield client


@contextmanager
def nothing_changes(site: Whole) -> Iterator[None]:
    """No row of the coordinator and no session of the node comes or goes in here."""
    before = rows_but_the_log(site), site.metric("active_exam_sessions")
    yield
    assert (rows_but_the_log(site), site.metric("active_exam_sessions")) == before


def rows_but_the_log(site: Whole) -> dict[str, int]:
    """That somebody was refused is written in the audit log."""
    return {name: count for name, count in site.rows().items() if not name.startswith("audit_")}


def enrollment(*pictures: bytes, **changes: object) -> dict[str, Any]:
    images = [{"image_base64": base64.b64encode(picture).decode()} for picture in pictures]
    acknowledged = {"text_version": "test"}
    whole = {"candidate_id": f"CAND-{uuid4()}", "exam_id": EXAM, "images": images}
    return whole | {"acknowledged": acknowledged} | changes


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refusal of this kind."""
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    return problem


@pytest.mark.parametrize("check", ["one-face", "brightness", "sharpness", "size"])
def test_a_picture_that_shows_too_little_is_refused_by_its_check(
    site: Whole, http: httpx.Client, check: str
) -> None:
    with nothing_changes(site):
        answer = http.post(f"{API}/enroll", json=enrollment(jpeg(failing_pictures()[check])))
        errors = refused(answer, 422, "enrollment-refused")["errors"]
    assert check in {error["check"] for error in errors}, errors
    assert all(error["bound"] and error["message"] for error in errors)


def test_the_same_person_in_good_light_is_enrolled(site: Whole, http: httpx.Client) -> None:
    assert http.post(f"{API}/enroll", json=enrollment(jpeg(good_picture()))).status_code == 201


@pytest.mark.parametrize(
    ("picture", "check"),
    [
        (b"not a picture", "picture-unreadable"),
        (b"\xff\xd8\xff\xe0" + bytes(400), "picture-unreadable"),
        (bomb(), "picture-too-many-pixels"),
    ],
)
def test_a_file_that_is_no_picture_is_refused(
    site: Whole, http: httpx.Client, picture: bytes, check: str
) -> None:
    with nothing_changes(site):
        answer = http.post(f"{API}/enroll", json=enrollment(picture))
        errors = refused(answer, 422, "enrollment-refused")["errors"]
    assert check in json.dumps(errors)


def test_bodies_of_nothing_and_of_100_mb_are_refused(site: Whole, http: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    with nothing_changes(site):
        refused(http.post(f"{API}/enroll", content=b"", headers=headers), 422, "invalid-request")
        refused(http.post(f"{API}/session/start", content=b"", headers=headers), 422, "invalid-request")
        for body in (bytes(100_000_000), (bytes(1_000_000) for _ in range(100))):
            try:
                answer = http.post(f"{API}/enroll", content=body, headers=headers)
            except httpx.TransportError:  # hung up on in the middle of it
                continue
            refused(answer, 413, "body-too-large")
    assert http.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        ("session/start", {"policy": {"gaze": 1}}, "gaze"),
        ("session/start", {"policy": {"rules": {"FACE_NOT_FOUND": {"holds": 2}}}}, "holds"),
        ("session/start", {"verification_policy": {"leniency": 1}}, "leniency"),
        ("session/start", {"candidate_id": "CAND\u0000"}, "candidate_id"),
        ("session/start", {"metadata": {"room": "1\u00002"}}, "metadata"),
        ("enroll", {"exam_id": "EXAM\u0000"}, "exam_id"),
    ],
)
def test_unknown_fields_and_nul_are_refused_by_name(
    site: Whole, http: httpx.Client, path: str, change: dict[str, Any], field: str
) -> None:
    body = enrollment(b"x") if path == "enroll" else START
    with nothing_changes(site):
        answer = http.post(f"{API}/{path}", json=body | change)
    assert answer.status_code == 422
    assert field in json.dumps(answer.json()["errors"]) or field in answer.json()["detail"]


def test_tokens_of_nobody_and_of_others_open_nothing(site: Whole, http: httpx.Client) -> None:
    mine, other = site.start("CAND-mine"), site.start("CAND-other")
    paths = [f"session/{other.session_id}", f"session/{other.session_id}/timeline", "alerts", "nodes"]
    with nothing_changes(site):
        for token in (".", "x.y.z", mine.session_token[:-4] + "AAAA"):
            headers = {"Authorization": f"Bearer {token}"}
            for path in paths:
                assert http.get(f"{API}/{path}", headers=headers).status_code == 401
            assert http.post(f"{API}/session/start", json=START, headers=headers).status_code == 401
        headers = {"Authorization": f"Bearer {mine.session_token}"}
        for path in paths:
            assert http.get(f"{API}/{path}", headers=headers).status_code == 403
        assert http.post(f"{API}/session/{other.session_id}/end", headers=headers).status_code == 403
        assert whip(other, mine.session_token, "v=0\r\n").status_code == 403
        assert signalled(other, mine.session_token, "v=0\r\n") == 4403
        with pytest.raises(InvalidStatus):
            connect(mine.websocket_url, subprotocols=[Subprotocol(PROTOCOL)]).close()


def test_a_link_opens_its_session_on_one_device_until_it_ends(site: Whole, http: httpx.Client) -> None:
    session, mine, other = site.start("CAND-link"), Device(), Device()
    code = {"code": session.join_url.partition("#")[2]}

    def opened_on(device: Device) -> httpx.Response:
        seen = http.post(f"{API}/join/look", json=code | {"device_key": device.key}).json()
        proof = device.proof(seen["session_uuid"], seen["challenge"] or "none")
        return http.post(f"{API}/join", json=code | {"device": proof})

    assert [opened_on(mine).status_code for _ in range(2)] == [200, 200]
    with nothing_changes(site):
        refused(http.post(f"{API}/join", json=code), 409, "device-key-missing")
        refused(opened_on(other), 409, "device-elsewhere")
        refused(http.post(f"{API}/join", json={"code": "A" * 32}), 404, "join-code-unknown")
    site.client.sessions.end(session.session_id)
    with nothing_changes(site):
        refused(http.post(f"{API}/join", json=code), 410, "session-ended")


@pytest.mark.parametrize("sdp", GARBAGE)
def test_garbage_for_sdp_is_refused_at_both_doors(site: Whole, sdp: str) -> None:
    session = site.start("CAND-garbage")
    with nothing_changes(site):
        answer = whip(session, session.session_token, sdp)
        assert answer.status_code in (400, 422), answer.text
        assert signalled(session, session.session_token, sdp) in (4400, 4422)
    assert httpx.get(f"{site.prepared.edge_url}/healthz").status_code == 200


def whip(session: SessionStartResponse, token: str, sdp: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    return httpx.post(session.whip_url, content=sdp, headers=headers)


def signalled(session: SessionStartResponse, token: str, sdp: str) -> int:
    """The code with which the node closes the signaling socket after such an offer."""
    protocols = [Subprotocol(PROTOCOL), Subprotocol(TOKEN_PREFIX + token)]
    with connect(session.signaling_url, subprotocols=protocols) as socket:
        with suppress(ConnectionClosed):
            socket.send(json.dumps({"type": "offer", "sdp": sdp}))
            message: Mapping[str, Any] = json.loads(socket.recv(timeout=20))
            assert message["type"] == "error", message
            socket.recv(timeout=20)
        assert socket.close_code is not None
        return socket.close_code
