"""An issuer's keys: which can be used, and when they are fetched."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt import PyJWK
from pydantic import ValidationError

from coordinator.config import IssuerSection
from coordinator.oidc.cache import (
    FETCH_PAUSE_S,
    FRESH_FOR_S,
    MAX_UNKNOWN,
    STALE_FOR_S,
    UNKNOWN_FOR_S,
    KeyCache,
)
from coordinator.oidc.keys import MAX_KEYS, MAX_KID_CHARS, parse_jwks
from shared.errors import Corrupt
from tests.support.issuer import jwk, jwks, rsa_key

ED = Ed25519PrivateKey.generate()
GOOD = jwk(ED, "good")
KEYS = {"good": PyJWK(GOOD, "EdDSA")}


@pytest.mark.parametrize(
    "entry",
    [
        jwk(ED, "x", use="enc"),
        jwk(ED, "x", alg="RS256"),
        jwk(ED, "x", crv="X25519"),
        jwk(ED, "x", x="AA"),
        jwk(ED, ""),
        jwk(ED, "x" * 201),
        jwk(rsa_key(1_024), "x"),
        {"kty": "oct", "kid": "x", "k": "c2VjcmV0"},
        {"kid": "x"},
        "x",
    ],
)
def test_keys_that_cannot_be_used_are_left_out(entry: Any) -> None:
    assert list(parse_jwks(jwks(entry, GOOD))) == ["good"]
    with pytest.raises(Corrupt):
        parse_jwks(jwks(entry))


def test_a_key_may_leave_out_its_use_and_its_algorithm_and_have_the_longest_name() -> None:
    plain = {
        name: value for name, value in jwk(ED, "k" * MAX_KID_CHARS).items() if name not in ("use", "alg")
    }
    assert list(parse_jwks(jwks(plain))) == ["k" * MAX_KID_CHARS]


@pytest.mark.parametrize("document", [b"", b"[]", b'{"keys": {}}', b"\xff", jwks(*[GOOD] * (MAX_KEYS + 1))])
def test_what_is_no_list_of_keys_is_refused(document: bytes) -> None:
    with pytest.raises(Corrupt):
        parse_jwks(document)


def test_keys_are_fetched_first_then_when_they_are_old() -> None:
    cache = KeyCache()
    assert cache.wants_fetch("good", 0.0)
    cache.fetched(KEYS, 0.0)
    assert not cache.wants_fetch("good", FRESH_FOR_S - 1)
    assert cache.wants_fetch("good", FRESH_FOR_S)


def test_an_unknown_key_fetches_at_most_once_a_minute_and_all_of_them_once_in_five_seconds() -> None:
    cache = KeyCache()
    cache.fetched(KEYS, 0.0)
    assert not cache.wants_fetch("new", FETCH_PAUSE_S - 0.1)
    assert cache.wants_fetch("new", FETCH_PAUSE_S)
    cache.fetched(KEYS, 10.0)
    assert cache.find("new", 10.0) is None
    assert not cache.wants_fetch("new", 10.0 + UNKNOWN_FOR_S - 1)
    assert cache.wants_fetch("other", 10.0 + FETCH_PAUSE_S)
    assert cache.wants_fetch("new", 10.0 + UNKNOWN_FOR_S)


def test_an_unknown_key_that_is_asked_for_all_the_time_is_fetched_again_after_a_minute() -> None:
    cache = KeyCache()
    cache.fetched(KEYS, 0.0)
    fetches = []
    for now in range(1, 200):
        if cache.wants_fetch("new", float(now)):
            cache.fetched(KEYS, float(now))
            fetches.append(now)
        assert cache.find("new", float(now)) is None
    assert fetches == [61, 121, 181]  # the first time it is asked for, a fetch was a moment ago


def test_stale_keys_count_for_a_day_when_fetching_fails() -> None:
    cache = KeyCache()
    cache.fetched(KEYS, 0.0)
    cache.failed(FRESH_FOR_S)
    assert not cache.wants_fetch("good", FRESH_FOR_S + FETCH_PAUSE_S - 1)
    assert cache.find("good", FRESH_FOR_S + STALE_FOR_S - 1) is not None
    assert cache.find("good", FRESH_FOR_S + STALE_FOR_S) is None


def test_unknown_keys_are_remembered_in_bounded_number() -> None:
    cache = KeyCache()
    cache.fetched(KEYS, 0.0)
    for number in range(MAX_UNKNOWN + 1):
        cache.find(f"kid-{number}", 0.0)
    assert cache.wants_fetch("kid-0", FETCH_PAUSE_S)  # forgotten first
    assert not cache.wants_fetch(f"kid-{MAX_UNKNOWN}", FETCH_PAUSE_S)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"jwks_url": "http://login.example.org/jwks"}, "https://"),
        ({"jwks_url": "https://u:p@login.example.org/jwks"}, "credentials"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"tenant": None}, "tenant_claim"),
        ({"tenant_claim": "school"}, "tenant_claim"),
        ({"roles": {}}, "roles"),
    ],
)
def test_an_issuer_that_cannot_be_trusted_is_refused_in_the_configuration(
    changes: dict[str, Any], named: str
) -> None:
    good = {
        "issuer": "https://login.example.org",
        "jwks_url": "https://login.example.org/jwks",
        "audience": "proctor",
        "algorithms": ["RS256"],
        "roles": {"staff": "proctor"},
        "tenant": "00000000-0000-7000-8000-000000000001",
    }
    IssuerSection.model_validate(good)
    with pytest.raises(ValidationError, match=named):
        IssuerSection.model_validate(good | changes)
