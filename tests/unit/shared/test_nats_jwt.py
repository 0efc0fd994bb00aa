from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.errors import Corrupt
from shared.nats_config import REPLY_LIFETIME_S, node_permissions
from shared.nats_jwt import Account, User, account_jwt, operator_jwt, user_jwt
from shared.nats_keys import KeyKind, public_text
from tests.support.nats_jwts import read_jwt, user_key

OPERATOR, SYSTEM, ACCOUNT, NODE = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(4))
NODE_ID = UUID(int=1)
NOW = datetime(2026, 11, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=24)
USER = User(
    name=str(NODE_ID), key=NODE.public_key(), permissions=node_permissions(NODE_ID), expires_utc=LATER
)


def test_a_user_has_its_own_permissions_and_an_end() -> None:
    about = read_jwt(user_jwt(ACCOUNT, USER, NOW), KeyKind.ACCOUNT, ACCOUNT.public_key())
    assert user_key(about) == NODE.public_key()
    assert (about["iat"], about["exp"]) == (NOW.timestamp(), LATER.timestamp())
    claims = about["nats"]
    assert (claims["type"], claims["version"]) == ("user", 2)
    permissions = node_permissions(NODE_ID)
    assert claims["pub"] == {"allow": permissions["publish"]}
    assert claims["sub"] == {"allow": permissions["subscribe"]}
    assert claims["resp"] == {"max": 1, "ttl": REPLY_LIFETIME_S * 10**9}


def test_a_user_without_limits_has_none() -> None:
    everything = User(name="coordinator", key=NODE.public_key(), permissions=None)
    about = read_jwt(user_jwt(ACCOUNT, everything, NOW), KeyKind.ACCOUNT, ACCOUNT.public_key())
    assert "exp" not in about
    assert (about["nats"]["pub"], about["nats"]["sub"]) == ({}, {})
    assert "resp" not in about["nats"]


@pytest.mark.parametrize(("streams", "limit"), [(True, -1), (False, 0)])
def test_an_account_may_have_streams_or_not_and_names_whom_it_takes_back(streams: bool, limit: int) -> None:
    taken_back = public_text(KeyKind.USER, NODE.public_key())
    account = Account(name="exams", key=ACCOUNT.public_key(), streams=streams, revoked={taken_back: LATER})
    about = read_jwt(account_jwt(OPERATOR, account, NOW), KeyKind.OPERATOR, OPERATOR.public_key())
    assert about["sub"] == public_text(KeyKind.ACCOUNT, ACCOUNT.public_key())
    assert {about["nats"]["limits"][name] for name in ("disk_storage", "streams")} == {limit}
    assert about["nats"]["revocations"] == {taken_back: LATER.timestamp()}


def test_the_operator_signs_itself_and_names_the_systems_account() -> None:
    text = operator_jwt(OPERATOR, "proctor", SYSTEM.public_key(), NOW)
    about = read_jwt(text, KeyKind.OPERATOR, OPERATOR.public_key())
    assert about["sub"] == about["iss"]
    assert about["nats"]["system_account"] == public_text(KeyKind.ACCOUNT, SYSTEM.public_key())


def test_what_another_key_signed_or_somebody_changed_is_refused() -> None:
    good = user_jwt(ACCOUNT, USER, NOW)
    head, body, signature = good.split(".")
    other = user_jwt(ACCOUNT, User(name="other", key=SYSTEM.public_key(), permissions=None), NOW)
    bad: list[Any] = [
        user_jwt(OPERATOR, USER, NOW),
        f"{head}.{other.split('.')[1]}.{signature}",
        f"{head}.{body}",
        f"{head}.{body}.",
        f"{good}.{signature}",
        f"{head}.{body}.!{signature}",
        "",
        "..",
    ]
    for text in bad:
        with pytest.raises(Corrupt):
            read_jwt(text, KeyKind.ACCOUNT, ACCOUNT.public_key())
    with pytest.raises(Corrupt, match="another issuer"):
        read_jwt(good, KeyKind.OPERATOR, ACCOUNT.public_key())
