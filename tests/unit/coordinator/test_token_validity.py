"""Which keys and tokens are good."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.tenants.institutions import INSTALLATION_ID, Institutions
from coordinator.tokens.validity import KeyValidity, Validity
from shared.errors import Rejected
from shared.tokens import Claims, Role

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
TENANT, OTHER = uuid4(), uuid4()
OWN, NEW = Ed25519PrivateKey.generate().public_key(), Ed25519PrivateKey.generate().public_key()
INSTITUTIONS = Institutions(frozenset({TENANT, OTHER, INSTALLATION_ID}))
FRESH = Validity("own", OWN, institutions=INSTITUTIONS)
ROTATED = Validity(
    "own",
    OWN,
    {(TENANT, "own"): KeyValidity(OWN, NOW, None), (TENANT, "new"): KeyValidity(NEW, None, None)},
    institutions=INSTITUTIONS,
)


def claims(kid: str, issued_s: float = 0.0) -> Claims:
    return Claims(
        subject="alice",
        role=Role.ADMIN,
        tenant_id=TENANT,
        issued_utc=NOW + timedelta(seconds=issued_s),
        token_id=uuid4(),
        key_id=kid,
    )


def refused(validity: Validity, token: Claims) -> bool:
    try:
        validity.check(token)
    except Rejected as error:
        return error.status == 401
    return False


def test_the_installations_key_is_good_until_it_is_retired_for_an_institution() -> None:
    assert FRESH.key("own") is OWN
    assert not refused(FRESH, claims("own", 60))
    assert not refused(ROTATED, claims("own", -60))
    assert refused(ROTATED, claims("own", 60))
    assert not refused(ROTATED, replace(claims("own", 60), tenant_id=OTHER))


def test_a_session_keeps_the_key_it_began_with_and_loses_it_when_that_is_revoked() -> None:
    session = replace(claims("own", 60), session_id=uuid4())
    assert not refused(ROTATED, session)
    revoked = replace(ROTATED, keys={(TENANT, "own"): KeyValidity(OWN, NOW, NOW)})
    assert refused(revoked, session)
    assert refused(revoked, claims("own", -60))


def test_an_institutions_key_signs_for_nobody_else() -> None:
    assert ROTATED.key("new") is NEW
    assert not refused(ROTATED, claims("new"))
    assert refused(ROTATED, replace(claims("new"), tenant_id=OTHER))


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(Rejected):
        ROTATED.key("none")
    assert refused(ROTATED, claims("none"))


def test_a_token_taken_back_is_refused() -> None:
    token = claims("own")
    assert token.token_id is not None
    assert refused(replace(FRESH, revoked=frozenset({token.token_id})), token)
    assert not refused(FRESH, token)


def code(validity: Validity, token: Claims) -> str:
    with pytest.raises(Rejected) as refused:
        validity.check(token)
    assert refused.value.status == 401
    return refused.value.code


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
def test_a_token_of_an_institution_that_does_not_exist_is_refused(role: Role) -> None:
    token = replace(claims("own"), role=role, tenant_id=uuid4())
    assert code(FRESH, token) == "tenant-unknown"
    assert code(FRESH, replace(token, session_id=uuid4())) == "tenant-unknown"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
def test_a_disabled_institution_has_its_running_sessions_and_no_other_bearer(role: Role) -> None:
    token = replace(claims("own"), role=role)
    disabled = replace(FRESH, institutions=replace(INSTITUTIONS, disabled=frozenset({TENANT})))
    assert code(disabled, token) == "tenant-disabled"
    assert not refused(disabled, replace(token, session_id=uuid4()))
    assert not refused(disabled, replace(token, tenant_id=OTHER))
    assert not refused(FRESH, token)  # enabled again


def test_an_operator_is_of_no_institution_and_nobody_else_is_of_none() -> None:
    operator = replace(claims("own"), role=Role.OPERATOR, tenant_id=INSTALLATION_ID)
    assert not refused(FRESH, operator)
    assert code(FRESH, replace(operator, tenant_id=TENANT)) == "token-invalid"
    for role in set(Role) - {Role.OPERATOR}:
        assert code(FRESH, replace(operator, role=role)) == "token-invalid"
    assert code(ROTATED, replace(operator, key_id="new")) == "token-invalid"  # an institution's key
