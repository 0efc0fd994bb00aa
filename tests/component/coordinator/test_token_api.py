"""Access tokens and their keys over REST: made, listed, revoked, rotated."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import select

from coordinator.sessions.service import find
from coordinator.sessions.starting.again import resume
from coordinator.tenants.tables import DEFAULT_TENANT_ID, Tenant
from coordinator.tokens.tables import TokenKey
from shared.sealing import parse_signing_public
from shared.tokens import Audience, Role, verify
from tests.support.exam_site import OnSite, Site

TOKEN = {"subject": "platform", "role": "system", "lifetime_minutes": 5}
ROUTES = (
    ("GET", "/tokens"),
    ("POST", "/tokens"),
    ("DELETE", f"/tokens/{uuid4()}"),
    ("GET", "/token-keys"),
    ("POST", "/token-keys"),
    ("DELETE", "/token-keys/00"),
)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def made(site: Site, **changes: Any) -> dict[str, Any]:
    answer = await site.post("/tokens", TOKEN | changes)
    assert answer.status_code == 201, answer.text
    token: dict[str, Any] = answer.json()
    return token


async def good(site: Site, token: str) -> bool:
    """Whether a bearer gets in at all."""
    return (await site.get("/session/NONE", headers=bearer(token))).status_code != 401


async def delete(site: Site, path: str, **who: Any) -> int:
    answer = await site.http.delete(f"/api/v1{path}", headers=site.bearer(**who))
    return answer.status_code


def test_a_token_is_listed_without_itself_and_refused_once_revoked(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        token, other = await made(site), await made(site, subject="gate", lifetime_minutes=9)
        listed = (await site.get("/tokens")).json()["items"]
        assert [row["subject"] for row in listed] == ["platform", "gate"]
        assert token["token"] not in str(listed)
        assert await good(site, token["token"])
        path = f"/tokens/{token['token_id']}"
        assert [await delete(site, path, subject="alice") for _ in range(2)] == [204, 204]
        assert not await good(site, token["token"])
        assert await good(site, other["token"])
        (row,) = (await site.get("/tokens", params={"subject": "platform"})).json()["items"]
        assert (row["revoked_by"], row["revoked_at"] is None) == ("alice", False)
        assert await delete(site, f"/tokens/{uuid4()}") == 404

    on_site(test)


def test_tokens_come_page_by_page_and_expired_ones_not_at_all(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        for number in range(3):
            await made(site, subject=f"s{number}", lifetime_minutes=5 + number)
        first = (await site.get("/tokens", params={"limit": 2})).json()
        rest = (await site.get("/tokens", params={"cursor": first["next_cursor"]})).json()
        assert [row["subject"] for row in first["items"] + rest["items"]] == ["s0", "s1", "s2"]
        site.at(datetime.now(UTC) + timedelta(minutes=5, seconds=30))
        assert len((await site.get("/tokens")).json()["items"]) == 2

    on_site(test)


def test_a_rotated_key_signs_and_the_old_one_is_good_until_its_tokens_expire(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        old = await made(site)
        (before,) = (await site.get("/token-keys")).json()
        rotated = await site.post("/token-keys")
        assert rotated.status_code == 201, rotated.text
        new = await made(site)
        listed = (await site.get("/token-keys")).json()
        assert [(key["key_id"], key["status"]) for key in listed] == [
            (before["key_id"], "retired"),
            (rotated.json()["key_id"], "active"),
        ]
        assert await good(site, old["token"])
        public = parse_signing_public(rotated.json()["public_key"])
        assert verify(new["token"], public, audience=Audience.COORDINATOR).subject == "platform"
        assert await good(site, new["token"])
        by_key = {row["token_id"]: row["key_id"] for row in (await site.get("/tokens")).json()["items"]}
        assert by_key[new["token_id"]] == rotated.json()["key_id"]
        (stored,) = await site.parts.reading(
            lambda db: db.exec(select(TokenKey).where(TokenKey.kid == rotated.json()["key_id"])).all()
        )
        assert stored.wrapped is not None
        assert len(stored.wrapped) > 32  # never in clear

    on_site(test)


def test_a_session_keeps_the_key_that_its_node_knows(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        await site.post("/token-keys")
        code = started["join_url"].partition("#")[2]
        joined = (await site.post("/join", {"code": code}, headers={})).json()
        first = parse_signing_public(site.node.obeyed.started[0].token_key)
        assert verify(joined["session_token"], first, audience=Audience.EDGE).subject == "CAND-1"
        mine = bearer(joined["session_token"])
        assert (await site.get("/session/SESS-1", headers=mine)).status_code == 200
        found = await site.parts.reading(lambda db: find(db, DEFAULT_TENANT_ID, "SESS-1"))
        assert await resume(site.parts, found)
        assert site.node.obeyed.started[-1].token_key == site.node.obeyed.started[0].token_key
        later = await site.started("SESS-2", "CAND-2")
        second = site.node.obeyed.started[-1].token_key
        assert second != site.node.obeyed.started[0].token_key
        verify(later["session_token"], parse_signing_public(second), audience=Audience.EDGE)

    on_site(test)


def test_a_revoked_key_ends_what_it_signed_and_another_signs(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        kid = site.parts.keys.token_key_id
        stolen = await made(site)
        await site.post("/token-keys")
        fresh = bearer((await made(site, role="admin"))["token"])
        assert await delete(site, f"/token-keys/{kid}") == 204
        assert not await good(site, stolen["token"])
        assert not await good(site, started["session_token"])
        code = started["join_url"].partition("#")[2]
        joined = await site.post("/join", {"code": code}, headers={})
        assert (joined.status_code, joined.json()["code"]) == (409, "token-key-revoked")
        (_, active) = (await site.get("/token-keys", headers=fresh)).json()
        gone = await site.http.delete(f"/api/v1/token-keys/{active['key_id']}", headers=fresh)
        assert gone.status_code == 204
        assert (await site.get("/token-keys", headers=fresh)).status_code == 401  # its own key
        keys = await site.parts.reading(lambda db: db.exec(select(TokenKey)).all())
        assert [key.revoked_utc is None for key in sorted(keys, key=lambda key: key.id)] == [
            False,
            False,
            True,
        ]

    on_site(test)


def test_one_institutions_keys_and_tokens_are_none_of_anothers_business(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        other = uuid4()
        now = datetime.now(UTC)
        await site.parts.writing(lambda db: db.add(Tenant(id=other, name="other", created_utc=now)))
        token = await made(site)
        stranger = site.bearer(tenant_id=other)
        assert await delete(site, f"/tokens/{token['token_id']}", tenant_id=other) == 404
        assert (await site.get("/tokens", headers=stranger)).json()["items"] == []
        assert (await site.post("/token-keys", headers=stranger)).status_code == 201
        assert await delete(site, f"/token-keys/{site.parts.keys.token_key_id}", tenant_id=other) == 204
        assert (await site.get("/tokens", headers=stranger)).status_code == 401
        assert await good(site, token["token"])
        assert await good(site, site.token())

    on_site(test)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_administrators_deal_with_tokens(on_sqlite: OnSite, role: Role) -> None:
    async def test(site: Site) -> None:
        for method, path in ROUTES:
            answer = await site.http.request(
                method, f"/api/v1{path}", json=TOKEN, headers=site.bearer(role, "CAND-1")
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "role-forbidden"), path

    on_sqlite(test)


def test_too_many_keys_within_a_week_are_refused(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        codes = [(await site.post("/token-keys")).status_code for _ in range(21)]
        assert codes[0] == 201
        assert codes[-1] == 409
        token = bearer((await made(site, role="admin"))["token"])
        assert (await site.get("/tokens", headers=token)).status_code == 200

    on_sqlite(test)
