from __future__ import annotations

import pytest

from shared.hub_address import address_refused, servers_of, version_refused


@pytest.mark.parametrize(
    "version",
    ["2.11.15", "2.11.16", "2.12.6", "2.13.0", "2.15.1", "v2.15.1", "3.0.0", "2.15.1-beta.2", "2.100.0"],
)
def test_a_recent_server_is_used(version: str) -> None:
    assert version_refused(version) is None


@pytest.mark.parametrize("version", ["2.9.10", "2.11.14", "2.11.0", "1.99.99", "0.0.0", "2.12.0", "2.12.5"])
def test_an_old_server_is_refused_with_its_version_and_the_oldest_that_is_used(version: str) -> None:
    oldest = "2.12.6" if version.startswith("2.12") else "2.11.15"
    assert f"nats-server {version} is older than {oldest}" in str(version_refused(version))


@pytest.mark.parametrize(
    "version", ["", "unknown", "2", "2.15", "2.15.x", "2.15.1.1", "-2.15.1", "x" * 9_000]
)
def test_an_unknown_version_is_no_recent_one(version: str) -> None:
    why = version_refused(version)
    assert why is not None
    assert len(why) < 200


@pytest.mark.parametrize(
    "url",
    [
        "nats://127.0.0.1:4222",
        "nats://127.8.8.8:4222",
        "nats://localhost:4222",
        "nats://[::1]:4222",
        "tls://hub.example.org:4222",
        "tls://10.0.0.5:4222,tls://10.0.0.6:4222,tls://10.0.0.7:4222",
        "nats://127.0.0.1:4222,nats://127.0.0.1:4223",
    ],
)
def test_a_hub_on_this_machine_or_behind_tls_is_used(url: str) -> None:
    assert address_refused(url) is None


@pytest.mark.parametrize(
    ("url", "away"),
    [
        ("nats://10.0.0.5:4222", "nats://10.0.0.5:4222"),
        ("nats://0.0.0.0:4222", "nats://0.0.0.0:4222"),
        ("nats://hub:4222", "nats://hub:4222"),
        ("nats://localhost.example.org:4222", "nats://localhost.example.org:4222"),
        ("nats://[fe80::1]:4222", "nats://[fe80::1]:4222"),
        ("nats://127.0.0.1:4222,nats://10.0.0.6:4222", "nats://10.0.0.6:4222"),
    ],
)
def test_a_hub_on_another_machine_without_tls_is_refused_by_name(url: str, away: str) -> None:
    assert address_refused(url) == f"{away} is on another machine, so it must be reached by tls://"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:4222",
        "http://127.0.0.1",
        "nats://me:secret@127.0.0.1",
        "nats://127.0.0.1/x",
        "nats://a b",
    ],
)
def test_what_is_no_address_of_a_hub_is_refused_and_not_repeated(url: str) -> None:
    why = address_refused(url)
    assert why is not None
    assert "must be nats://host:port" in why
    assert "secret" not in why


def test_one_hub_is_reached_in_one_way() -> None:
    assert "all tls://" in str(address_refused("tls://10.0.0.5:4222,nats://127.0.0.1:4222"))


def test_the_servers_of_a_cluster_are_separated_by_commas() -> None:
    assert servers_of("tls://a:1,tls://b:2") == ["tls://a:1", "tls://b:2"]
