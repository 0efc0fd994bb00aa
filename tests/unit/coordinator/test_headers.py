"""Origins and the page's content security policy."""

import pytest

from coordinator.web_api.headers import (
    allowed_origin,
    console_policy,
    page_policy,
    socket_origin,
    socket_url,
)

PUBLIC = "https://proctor.example.org"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        (PUBLIC, True),
        ("https://exams.example.org", True),
        ("https://evil.example", False),
        ("http://proctor.example.org", False),
        ("https://proctor.example.org.evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_our_own_and_named_origins_open_sockets(origin: str | None, allowed: bool) -> None:
    assert allowed_origin(origin, PUBLIC, ["https://exams.example.org"]) is allowed


def test_the_page_connects_to_the_coordinator_and_the_nodes_alone() -> None:
    policy = page_policy(PUBLIC, ["wss://edge1.example.org:8443/signal/x", "ws://127.0.0.1:8100/signal/y"])
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    connect = policy.split("connect-src ")[1].split(";")[0]
    assert connect == "'self' ws://127.0.0.1:8100 wss://edge1.example.org:8443 wss://proctor.example.org"


def test_the_console_connects_to_the_coordinator_alone_and_makes_no_markup_of_text() -> None:
    policy = dict(rule.split(" ", 1) for rule in console_policy(PUBLIC).split("; "))
    assert policy["connect-src"] == "'self' wss://proctor.example.org"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["trusted-types"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"


def test_socket_addresses_follow_the_public_one() -> None:
    assert socket_url("http://127.0.0.1:8000", "/ws/SESS-1") == "ws://127.0.0.1:8000/ws/SESS-1"
    assert socket_url(PUBLIC, "/ws/SESS-1") == "wss://proctor.example.org/ws/SESS-1"
    assert socket_origin("wss://edge:1/signal/abc") == "wss://edge:1"
