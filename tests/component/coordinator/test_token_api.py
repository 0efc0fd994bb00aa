"""Access tokens and their keys over REST: made, listed, revoked, rotated."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from coordinator.sessions.changing.telling import mend
from coordinator.sessions.service import find
from coordinator.sessions.starting.again import resume
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.tokens import key_service, service as token_service
from coordinator.tokens.service import NewToken, make
from coordinator.tokens.tables import TokenKey
from shared.messages.sessions import SessionAccepted
from shared.sealing import parse_signing_public
from shared.tokens import Audience, Role, key_id_of, verify
from tests.support.devices import Device
from tests.support.exam_site import OnSite, Site
from tests.support.node_answers import accepted, watching

pytestmark = pytest.mark.usefixtures("rounds_by_hand")

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
        joined = await Device().joined(site, code)
        first = parse_signing_public(site.node.obeyed.started[0].token_key)
        assert verify(joined["session_token"], first, audience=Audience.EDGE).subject == "CAND-1"
        mine = bearer(joined["session_token"])
        assert (await site.get("/session/SESS-1", headers=mine)).status_code == 200
        found = await site.parts.reading(lambda db: find(db, DEFAULT_TENANT_ID, "SESS-1"))
        assert await resume(site.parts, found)
        assert site.node.obeyed.newest.token_key == site.node.obeyed.started[0].token_key
        later = await site.started("SESS-2", "CAND-2")
        second = site.node.obeyed.newest.token_key
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
        joined = await Device().joined(site, code)  # the link leads in under the new key
        assert await good(site, joined["session_token"])
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


def told_key(site: Site) -> str:
    """What the node was told last to check the session's tokens with."""
    return site.node.obeyed.changed[-1].token_key


def test_a_revocation_reaches_the_node_at_once_and_again_what_it_missed(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        order, old = site.node.obeyed.newest, site.parts.keys.token_key_id
        await site.node.beat()
        assert await delete(site, f"/token-keys/{old}") == 204
        fresh = told_key(site)
        assert fresh != order.token_key
        assert told_key(site) == (await token_keys(site))[-1]

        async def rounds(count: int, key: str | None) -> int:
            """How often the node is told in so many rounds, while it says that it checks with this key."""
            state = watching(
                order.session_id,
                policy_version=1,
                paused=False,
                expires_utc=order.expires_utc,
                token_key_id=key,
            )
            site.node.sessions, before, differed = (state,), len(site.node.obeyed.changed), set[UUID]()
            await site.node.beat()
            for _ in range(count):
                differed = await mend(site.parts, differed)
            return len(site.node.obeyed.changed) - before

        assert await rounds(1, old) == 1  # it missed the change
        assert told_key(site) == fresh
        assert await rounds(2, key_id_of(fresh)) == 0
        assert await rounds(2, None) == 0  # a node that does not say

        found = await site.parts.reading(lambda db: find(db, DEFAULT_TENANT_ID, "SESS-1"))
        assert await resume(site.parts, found)  # after the node's restart
        assert site.node.obeyed.newest.token_key == fresh
        code = started["join_url"].partition("#")[2]
        joined = (await Device().joined(site, code))["session_token"]
        verify(joined, parse_signing_public(fresh), audience=Audience.EDGE)

    on_site(test)


def test_a_second_revocation_moves_the_session_on_and_a_rotation_does_not(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        first = UUID((await site.started())["session_uuid"])
        await site.started("SESS-2", "CAND-2")
        await site.node.beat()
        assert await delete(site, f"/token-keys/{site.parts.keys.token_key_id}") == 204
        second = told_key(site)
        told = len(site.node.obeyed.changed)
        assert told == 2  # both sessions
        rotated = bearer((await made_by_a_good_key(site))["token"])
        assert (await site.post("/token-keys", headers=rotated)).status_code == 201
        kid = [key["key_id"] for key in (await site.get("/token-keys", headers=rotated)).json()][1]
        found = await site.parts.reading(lambda db: find(db, DEFAULT_TENANT_ID, "SESS-1"))
        assert await resume(site.parts, found)
        assert site.node.obeyed.start_of(first).token_key == second
        await site.node.beat()
        await site.http.delete(f"/api/v1/token-keys/{kid}", headers=rotated)
        assert len(site.node.obeyed.changed) == told + 2
        assert told_key(site) == (await token_keys(site))[-1] != second

    on_site(test)


def test_a_session_that_starts_while_its_key_is_revoked_is_told_the_next_one(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        own, now = site.parts.keys, datetime.now(UTC)

        def revoked_meanwhile(session_id: UUID) -> SessionAccepted:
            with site.parts.database.write() as db:
                key_service.revoke(db, own, DEFAULT_TENANT_ID, own.token_key_id, "alice", now)
            return accepted(session_id)

        site.node.accept = revoked_meanwhile
        await site.started()
        order = site.node.obeyed.newest
        state = {"policy_version": 1, "paused": False, "expires_utc": order.expires_utc}
        site.node.sessions = (watching(order.session_id, token_key_id=key_id_of(order.token_key), **state),)
        await site.node.beat()
        assert await mend(site.parts, set()) == set()
        assert told_key(site) == (await token_keys(site))[-1] != order.token_key

    on_site(test)


def test_a_revoked_key_loses_its_private_half(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        kid = (await site.post("/token-keys")).json()["key_id"]
        await site.post("/token-keys")
        assert await delete(site, f"/token-keys/{kid}") == 204
        wrapped = await site.parts.reading(
            lambda db: {key.kid: key.wrapped is not None for key in db.exec(select(TokenKey))}
        )
        assert (wrapped[kid], sum(wrapped.values())) == (False, 1)

    on_site(test)


def test_the_private_half_of_a_retired_key_is_kept_for_the_sessions_that_it_signs_for(
    on_sqlite: OnSite,
) -> None:
    async def test(site: Site) -> None:
        now = datetime.now(UTC)

        async def rotated(after: timedelta) -> str:
            made = await site.parts.writing(
                lambda db: key_service.rotate(db, site.parts.keys, DEFAULT_TENANT_ID, "ada", now + after)
            )
            return made.kid

        async def kept() -> set[str]:
            rows = await site.parts.reading(lambda db: key_service.listing(db, DEFAULT_TENANT_ID))
            return {row.kid for row in rows if row.wrapped is not None}

        hour, week = timedelta(hours=1), timedelta(days=7)
        first = await rotated(0 * hour)
        second = await rotated(hour)  # from here on the first signs for running sessions only
        third = await rotated(2 * hour)
        assert await kept() == {first, second, third}
        fourth = await rotated(week + hour)
        assert await kept() == {first, second, third, fourth}
        fifth = await rotated(week + 1.5 * hour)
        assert await kept() == {second, third, fourth, fifth}

    on_sqlite(test)


def test_an_institution_has_so_many_living_tokens_and_takes_nothing_from_another(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_service, "MAX_LIVING", 2)

    async def test(site: Site) -> None:
        other = await site.institution()
        for _ in range(2):
            await made(site)
        refused = await site.post("/tokens", TOKEN)
        assert (refused.status_code, refused.json()["code"]) == (409, "too-many-tokens")
        elsewhere = await site.post("/tokens", TOKEN, headers=site.bearer(tenant_id=other))
        assert elsewhere.status_code == 201
        site.at(datetime.now(UTC) + timedelta(minutes=6))
        await made(site)  # those before have expired

    on_sqlite(test)


def test_what_is_not_there_cannot_be_revoked(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        for path, code in ((f"/tokens/{uuid4()}", "token-unknown"), ("/token-keys/00", "token-key-unknown")):
            answer = await site.http.delete(f"/api/v1{path}", headers=site.bearer())
            assert (answer.status_code, answer.json()["code"]) == (404, code)

    on_sqlite(test)


async def token_keys(site: Site) -> list[str]:
    """Public halves of the institution's keys, the oldest first."""
    rows = await site.parts.reading(lambda db: key_service.listing(db, DEFAULT_TENANT_ID))
    return [row.public_key for row in rows]


async def made_by_a_good_key(site: Site) -> dict[str, Any]:
    """An administrator's token, as the machine's operator makes it."""
    wanted = NewToken(
        tenant_id=DEFAULT_TENANT_ID,
        subject="operator",
        role=Role.ADMIN,
        lifetime=timedelta(minutes=5),
        issued_by="operator",
        now_utc=datetime.now(UTC),
    )
    token, _ = await site.parts.writing(lambda db: make(db, site.parts.keys, wanted))
    return {"token": token}


def test_one_institutions_keys_and_tokens_are_none_of_anothers_business(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        other = await site.institution()
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


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN, Role.OPERATOR}))
def test_only_administrators_and_operators_deal_with_tokens(on_sqlite: OnSite, role: Role) -> None:
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
