"""What an external issuer's claims mean here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from coordinator.oidc.claims import claims_of
from coordinator.tenants.institutions import INSTALLATION_ID
from shared.errors import Rejected
from shared.tokens import Role


@dataclass(frozen=True)
class Meant:
    """One issuer's settings."""

    role_claim: str = "roles"
    roles: Mapping[str, Role] = field(default_factory=lambda: {"admin": Role.ADMIN, "staff": Role.PROCTOR})
    tenant: UUID | None = field(default_factory=uuid4)
    tenant_claim: str | None = None
    tenants: Mapping[str, UUID] = field(default_factory=dict)


def token(roles: object) -> dict[str, object]:
    return {"sub": "ann", "exp": 2**31, "roles": roles}


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        ("admin", Role.ADMIN),
        (["x", "staff"], Role.PROCTOR),
        (["staff", "admin"], Role.ADMIN),  # in the settings' order
    ],
)
def test_a_role_is_a_whole_word(roles: object, role: Role) -> None:
    assert claims_of(Meant(), token(roles)).role is role


def test_subject_and_expiry_are_the_tokens() -> None:
    found = claims_of(Meant(), token("admin"))
    assert (found.subject, found.expires_utc) == ("ann", datetime.fromtimestamp(2**31, UTC))


@pytest.mark.parametrize(
    "roles", ["no-admin", "admins", "admin staff", ["no-admin"], "", [], None, {"admin": True}, ["adm", "in"]]
)
def test_a_part_of_a_word_gives_no_role(roles: object) -> None:
    with pytest.raises(Rejected) as refused:
        claims_of(Meant(), token(roles))
    assert (refused.value.code, refused.value.status) == ("token-unmapped", 401)


NORTH = uuid4()
BY_CLAIM = Meant(tenant=None, tenant_claim="school", tenants={"north": NORTH})


def test_the_institution_is_the_one_that_the_claim_names() -> None:
    assert claims_of(BY_CLAIM, token("admin") | {"school": "north"}).tenant_id == NORTH


@pytest.mark.parametrize("school", ["south", "North", "north ", "nort", "", None, ["north"], {"north": 1}, 7])
def test_a_token_of_any_other_institution_is_refused_and_never_of_a_default_one(school: object) -> None:
    for said in ({"school": school}, {}, {"tenant": str(NORTH)}):
        with pytest.raises(Rejected) as refused:
            claims_of(BY_CLAIM, token("admin") | said)
        assert (refused.value.code, refused.value.status) == ("token-unmapped", 401)


@pytest.mark.parametrize("meant", [Meant(), BY_CLAIM])
def test_an_operator_belongs_to_the_installation_whatever_institution_is_named(meant: Meant) -> None:
    operators = replace(meant, roles={"ops": Role.OPERATOR})
    assert claims_of(operators, token("ops") | {"school": "north"}).tenant_id == INSTALLATION_ID
