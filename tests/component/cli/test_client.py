"""The client against an HTTP transport that answers as the coordinator would."""

from __future__ import annotations

import httpx
import pytest

from cli.client import Client
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


def test_nobody_listening_is_said_with_the_address() -> None:
    refused = httpx.ConnectError("refused")
    with (
        _client(refused) as client,
        pytest.raises(Unavailable, match=r"http://coordinator\.test does not answer"),
    ):
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
