"""The client against an HTTP transport that answers as the coordinator would."""

from __future__ import annotations

import httpx
import pytest

from cli.client import Client
from cli.whole_ids import require_whole
from coordinator.nodes.examples import NODE_EXAMPLES
from coordinator.sessions.examples import SESSION_EXAMPLES
from shared.errors import Corrupt, Rejected, Unavailable


def _client(answer: httpx.Response | Exception) -> Client:
    def reply(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer secret"
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Client("http://coordinator.test", "secret", httpx.MockTransport(reply))


def _problem(status: int) -> httpx.Response:
    body = {
        "type": "urn:x",
        "title": "t",
        "status": status,
        "detail": "the policy is refused",
        "code": "policy-invalid",
        "errors": [{"path": "policy.rules", "message": "unknown"}],
    }
    return httpx.Response(status, json=body)


def test_a_problem_document_becomes_a_refusal_with_its_code_and_every_wrong_field() -> None:
    with _client(_problem(422)) as client, pytest.raises(Rejected) as refusal:
        client.sessions.end("SESS-1")
    assert (refusal.value.code, refusal.value.status) == ("policy-invalid", 422)
    assert "policy.rules: unknown" in str(refusal.value)


def test_a_coordinator_without_nodes_is_unavailable_not_a_refusal() -> None:
    with _client(_problem(503)) as client, pytest.raises(Unavailable, match="the policy is refused"):
        client.sessions.end("SESS-1")


def test_an_error_page_of_a_proxy_is_told_by_its_status() -> None:
    with _client(httpx.Response(404, text="<html>")) as client, pytest.raises(Rejected, match="HTTP 404"):
        client.alerts.timeline("SESS-1")


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("refused", r"http://coordinator\.test does not answer"),
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed",
            "not trusted here; SSL_CERT_FILE",
        ),
    ],
)
def test_nobody_listening_is_said_with_the_address_and_a_strange_authority_too(why: str, told: str) -> None:
    with _client(httpx.ConnectError(why)) as client, pytest.raises(Unavailable, match=told):
        client.fleet.nodes()


def test_an_answer_of_another_version_is_corrupt() -> None:
    with _client(httpx.Response(200, json={"unknown": 1})) as client, pytest.raises(Corrupt, match="version"):
        client.sessions.end("SESS-1")


def test_alerts_are_followed_through_every_page() -> None:
    asked: list[str | None] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("cursor"))
        return httpx.Response(200, json={"items": [], "next_cursor": None if len(asked) == 2 else "two"})

    with Client("http://coordinator.test", "secret", httpx.MockTransport(reply)) as client:
        assert client.alerts.listed({"event_type": "FACE_MISMATCH"}) == []
    assert asked == [None, "two"]


ONE, TWO = "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70", "0193a5f1-5a00-7c4e-9b6e-3f1d2c4b5a70"
UNKNOWN = {
    "type": "urn:x",
    "title": "t",
    "status": 404,
    "detail": "no such session",
    "code": "session-unknown",
}


def _coordinator_of(sessions: dict[str, dict[str, object]], asked: list[str]) -> Client:
    """A coordinator that has these sessions and two nodes."""

    def reply(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        asked.append(f"{request.method} {path}")
        if path == "/nodes":
            return httpx.Response(200, json=[node(ONE), node(TWO)])
        if path == "/sessions":
            begun = [
                one for name, one in sessions.items() if name.startswith(request.url.params["begins_with"])
            ]
            return httpx.Response(200, json={"items": begun, "next_cursor": None})
        name = path.split("/")[2]
        return httpx.Response(200, json={}) if name in {*sessions, ONE} else httpx.Response(404, json=UNKNOWN)

    return Client("http://coordinator.test", "secret", httpx.MockTransport(reply))


def node(node_id: str) -> dict[str, object]:
    return {**NODE_EXAMPLES["NodeOut"], "node_id": node_id}


def listed(name: str) -> dict[str, object]:
    return {**SESSION_EXAMPLES["SessionListed"], "session_id": name}


def test_a_session_is_found_by_the_beginning_of_its_name_only_if_none_has_exactly_this_name() -> None:
    asked: list[str] = []
    with _coordinator_of({"SESS-1": listed("SESS-1"), "SESS-10": listed("SESS-10")}, asked) as client:
        for typed in ("SESS-1", "SESS-10"):
            with pytest.raises(Corrupt):  # the answer is empty; what counts is whom it was asked of
                client.sessions.end(typed)
        with pytest.raises(Rejected, match="several sessions begin with SESS"):
            client.sessions.end("SESS")
        with pytest.raises(Rejected, match="no such session"):
            client.sessions.end("OTHER")
    assert asked == [
        "POST /session/SESS-1/end",
        "POST /session/SESS-10/end",
        *("POST /session/SESS/end", "GET /sessions"),
        *("POST /session/OTHER/end", "GET /sessions"),
    ]


def test_a_node_is_found_by_the_beginning_of_its_id_and_a_whole_id_is_not_looked_for() -> None:
    asked: list[str] = []
    with _coordinator_of({}, asked) as client:
        for typed in (ONE, ONE[:8], ONE.upper(), ONE[:8].upper()):
            client.memberships.revoke(typed)
        with pytest.raises(Rejected, match="several nodes begin with 0193"):
            client.memberships.revoke("0193")
    revoked = f"POST /nodes/{ONE}/revoke"
    assert asked == [revoked, "GET /nodes", revoked, revoked, "GET /nodes", revoked, "GET /nodes"]


def test_what_cannot_be_undone_is_not_done_unasked_by_the_beginning_of_an_id() -> None:
    require_whole("SESS-1", "SESS-10", yes=False)
    require_whole("SESS-10", "SESS-10", yes=True)
    with pytest.raises(Rejected, match="with --yes write the whole id"):
        require_whole("SESS-1", "SESS-10", yes=True)
