from __future__ import annotations

import pytest

from edge.membership.address import usable
from shared.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("https://proctor.example.org", "https://proctor.example.org"),
        (" https://proctor.example.org:8443/\n", "https://proctor.example.org:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_another_machine_is_asked_by_https_and_this_one_also_without(url: str, used: str) -> None:
    assert usable(url) == used


@pytest.mark.parametrize(
    "url",
    [
        "",
        "proctor.example.org",
        "ftp://proctor.example.org",
        "https://",
        "https://me:secret@proctor.example.org",
        "https://proctor.example.org/?x=1",
        "https://proctor.example.org/#x",
        "https://[::1",
        "https://proctor.example.org:99999",
        "https://proctor.example.org:https",
        "http://proctor.example.org",
        "http://127.0.0.1.example.org",
    ],
)
def test_anything_else_is_refused_without_what_may_be_secret(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        usable(url)
    assert "secret" not in str(refused.value)
