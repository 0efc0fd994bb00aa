"""Tokens and their keys in the database: every field, every bound, and the second time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session

from coordinator.ground.database import Database
from coordinator.ground.keyring import MASTER_VERSION
from coordinator.ground.own_keys import make_own_keys
from coordinator.tenants import service as tenants
from coordinator.tenants.tables import DEFAULT_TENANT_ID as HERE
from coordinator.tokens import key_service as keys, service as tokens
from coordinator.tokens.service import NewToken, TokenQuery
from coordinator.tokens.tables import IssuedToken, TokenKey
from shared.errors import Corrupt, Rejected
from shared.sealing import parse_signing_public
from shared.tokens import Audience, Role, verify

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)
with TemporaryDirectory() as _folder:
    OWN = make_own_keys(Path(_folder), None)
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


def made(db: Session, at: datetime, **changes: object) -> tuple[str, IssuedToken]:
    fields = {"subject": "gate", "role": Role.SYSTEM, "tenant_id": HERE, "lifetime": HOUR, "issued_by": "ada"}
    return tokens.make(db, OWN, NewToken(**(fields | changes), now_utc=at))  # type: ignore[arg-type]


def rotated(db: Session, at: datetime) -> TokenKey:
    return keys.rotate(db, OWN, HERE, "ada", at)


def code(refused: pytest.ExceptionInfo[Rejected]) -> tuple[str, int]:
    return refused.value.code, refused.value.status


def this_second() -> datetime:
    """For tokens that are verified: that goes by the clock."""
    return datetime.now(UTC).replace(microsecond=0)


def elsewhere(db: Session) -> UUID:
    return tenants.create(db, f"North {uuid4()}", NOW).id


def test_a_token_has_a_row_with_all_that_is_known_of_it(database: Database) -> None:
    with database.write() as db:
        now = this_second()
        token, row = made(db, now)
        claims = verify(token, OWN.token.public_key(), audience=Audience.COORDINATOR)
        assert (row.tenant_id, row.subject, row.role, row.kid) == (
            HERE,
            "gate",
            Role.SYSTEM,
            OWN.token_key_id,
        )
        assert (row.issued_by, row.created_utc, row.expires_utc) == ("ada", now, now + HOUR)
        assert (row.revoked_utc, row.revoked_by) == (None, None)
        assert (claims.subject, claims.role, claims.tenant_id, claims.token_id) == (
            "gate", Role.SYSTEM, HERE, row.id)  # fmt: skip
        assert (claims.key_id, claims.expires_utc, claims.issued_utc) == (row.kid, now + HOUR, now)


def test_the_key_that_signs_is_the_newest_and_sessions_keep_theirs(database: Database) -> None:
    with database.write() as db:
        assert keys.active(db, OWN, HERE).kid == OWN.token_key_id
        assert keys.of_session(db, OWN, HERE, None).key is OWN.token
        assert keys.session_key_id(db, OWN, HERE, None) == OWN.token_key_id
        first, second = rotated(db, NOW), rotated(db, NOW + HOUR)
        signer = keys.active(db, OWN, HERE)
        assert (signer.kid, signer.public_text) == (second.kid, second.public_key)
        token, row = made(db, this_second())
        assert row.kid == second.kid
        verify(token, parse_signing_public(second.public_key), audience=Audience.COORDINATOR)
        for kid, signs in (
            (None, OWN.token_key_id),
            (OWN.token_key_id, OWN.token_key_id),
            (first.kid, first.kid),
        ):
            assert keys.of_session(db, OWN, HERE, kid).kid == keys.session_key_id(db, OWN, HERE, kid) == signs
        assert keys.of_session(db, OWN, HERE, first.kid).public_text == first.public_key
        with pytest.raises(Corrupt):
            keys.of_session(db, OWN, HERE, "00")
        assert keys.active(db, OWN, elsewhere(db)).kid == OWN.token_key_id


def test_the_first_rotation_retires_the_installations_key_here_only(database: Database) -> None:
    with database.write() as db:
        assert keys.listing(db, HERE) == []
        new = rotated(db, NOW)
        own, listed = keys.listing(db, HERE)
        assert listed.id == new.id
        assert (own.kid, own.public_key, own.wrapped) == (OWN.token_key_id, OWN.token_text, None)
        assert (own.tenant_id, own.created_by, own.created_utc, own.retired_utc, own.revoked_utc) == (
            HERE, "ada", NOW, NOW, None)  # fmt: skip
        assert (new.tenant_id, new.created_by, new.created_utc, new.retired_utc, new.revoked_utc) == (
            HERE, "ada", NOW, None, None)  # fmt: skip
        assert own.master_version == new.master_version == MASTER_VERSION
        assert new.wrapped is not None
        rotated(db, NOW + HOUR)
        assert [row.retired_utc for row in keys.listing(db, HERE)] == [NOW, NOW + HOUR, None]
        assert keys.listing(db, elsewhere(db)) == []


def test_the_private_half_goes_a_week_after_its_key_was_retired(database: Database) -> None:
    for more, kept in ((timedelta(0), True), (timedelta(seconds=1), False)):
        with database.write() as db:
            tenant = elsewhere(db)
            first = keys.rotate(db, OWN, tenant, "ada", NOW)
            keys.rotate(db, OWN, tenant, "ada", NOW + HOUR)
            keys.rotate(db, OWN, tenant, "ada", NOW + HOUR + WEEK + more)
            row = next(row for row in keys.listing(db, tenant) if row.id == first.id)
            assert (row.wrapped is not None) is kept
            if not kept:
                with pytest.raises(Corrupt):
                    keys.of_session(db, OWN, tenant, first.kid)


def test_of_new_keys_there_are_so_many_in_a_week(database: Database) -> None:
    with database.write() as db:
        for _ in range(keys.MAX_RECENT - 1):  # the first brings the installation's with it
            rotated(db, NOW)
        with pytest.raises(Rejected) as refused:
            rotated(db, NOW + WEEK - HOUR)
        assert code(refused) == ("too-many-keys", 409)
        rotated(db, NOW + WEEK)


def test_a_revoked_key_signs_nothing_and_its_sessions_go_on_with_the_next(database: Database) -> None:
    with database.write() as db:
        first, second = rotated(db, NOW), rotated(db, NOW + HOUR)
        keys.revoke(db, OWN, HERE, first.kid, "ada", NOW + HOUR)
        keys.revoke(db, OWN, HERE, first.kid, "ada", NOW + 2 * HOUR)
        row = next(row for row in keys.listing(db, HERE) if row.id == first.id)
        assert (row.wrapped, row.revoked_utc) == (None, NOW + HOUR)
        assert keys.of_session(db, OWN, HERE, first.kid).kid == second.kid
        assert len(keys.listing(db, HERE)) == 3  # it did not sign, so none took its place
        keys.revoke(db, OWN, HERE, second.kid, "ben", NOW + 3 * HOUR)
        third = keys.listing(db, HERE)[-1]
        assert (len(keys.listing(db, HERE)), third.created_by, third.created_utc) == (
            4,
            "ben",
            NOW + 3 * HOUR,
        )
        assert keys.active(db, OWN, HERE).kid == third.kid
        assert keys.session_key_id(db, OWN, HERE, first.kid) == third.kid
        with pytest.raises(Rejected) as refused:
            keys.revoke(db, OWN, elsewhere(db), third.kid, "ada", NOW)
        assert code(refused) == ("token-key-unknown", 404)


def test_the_installations_key_is_revoked_for_one_institution(database: Database) -> None:
    with database.write() as db:
        other = elsewhere(db)
        keys.revoke(db, OWN, HERE, OWN.token_key_id, "ada", NOW)
        own, new = keys.listing(db, HERE)
        assert (own.revoked_utc, new.revoked_utc, keys.active(db, OWN, HERE).kid) == (NOW, None, new.kid)
        assert keys.of_session(db, OWN, HERE, None).kid == new.kid
        assert keys.active(db, OWN, other).kid == OWN.token_key_id


def test_a_token_is_revoked_once_and_by_its_institution_only(database: Database) -> None:
    with database.write() as db:
        _, row = made(db, NOW)
        for tenant, token, at in (
            (elsewhere(db), row.id, NOW), (HERE, uuid4(), NOW), (HERE, row.id, NOW + HOUR),
        ):  # fmt: skip
            with pytest.raises(Rejected) as refused:
                tokens.revoke(db, tenant, token, "ada", at)
            assert code(refused) == ("token-unknown", 404)
        tokens.revoke(db, HERE, row.id, "ada", NOW + timedelta(minutes=59))
        tokens.revoke(db, HERE, row.id, "ben", NOW + timedelta(minutes=59.5))
        db.refresh(row)
        assert (row.revoked_by, row.revoked_utc) == ("ada", NOW + timedelta(minutes=59))


def test_all_living_tokens_of_an_institution_are_revoked_and_no_others(database: Database) -> None:
    with database.write() as db:
        other = elsewhere(db)
        rows = [
            made(db, NOW, lifetime=lifetime, tenant_id=tenant)[1]
            for tenant, lifetime in ((HERE, HOUR), (HERE, 2 * HOUR), (HERE, 3 * HOUR), (other, 2 * HOUR))
        ]
        tokens.revoke(db, HERE, rows[2].id, "ben", NOW)
        tokens.revoke_all(db, HERE, "ada", NOW + HOUR)
        for row in rows:
            db.refresh(row)
        assert [(row.revoked_by, row.revoked_utc) for row in rows] == [
            (None, None), ("ada", NOW + HOUR), ("ben", NOW), (None, None)]  # fmt: skip
        seen = tokens.validity(db, OWN, NOW + HOUR)
        assert seen.revoked == {rows[1].id, rows[2].id}


def test_expired_tokens_make_room_and_are_not_listed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MAX_LIVING", 2)
    with database.write() as db:
        other = elsewhere(db)
        made(db, NOW)
        _, kept = made(db, NOW, lifetime=2 * HOUR)
        made(db, NOW, tenant_id=other)
        with pytest.raises(Rejected) as refused:
            made(db, NOW + timedelta(minutes=59))
        assert code(refused) == ("too-many-tokens", 409)
        query = TokenQuery(HERE, NOW + HOUR)
        assert [row.id for row in tokens.page(db, query)[0]] == [kept.id]
        made(db, NOW + HOUR)
        assert len(tokens.page(db, TokenQuery(other, NOW))[0]) == 1  # another's expired ones stay


def test_tokens_are_listed_page_by_page_soonest_to_expire_first(database: Database) -> None:
    with database.write() as db:
        for number in (3, 1, 2):
            made(db, NOW, subject=f"s{number}", lifetime=number * HOUR)
        made(db, NOW, subject="s9", tenant_id=elsewhere(db))
        first, cursor = tokens.page(db, TokenQuery(HERE, NOW, limit=2))
        assert [row.subject for row in first] == ["s1", "s2"]
        rest, end = tokens.page(db, TokenQuery(HERE, NOW, after=cursor, limit=2))
        assert ([row.subject for row in rest], end) == (["s3"], None)
        assert [row.subject for row in tokens.page(db, TokenQuery(HERE, NOW, subject="s2"))[0]] == ["s2"]


def test_what_is_valid_names_every_key_of_every_institution(database: Database) -> None:
    with database.write() as db:
        other = elsewhere(db)
        first = rotated(db, NOW)
        keys.revoke(db, OWN, HERE, first.kid, "ada", NOW + HOUR)
        second = keys.listing(db, HERE)[-1]
        third = keys.rotate(db, OWN, other, "ada", NOW)
        seen = tokens.validity(db, OWN, NOW)
        assert (seen.own_kid, seen.own, seen.revoked) == (
            OWN.token_key_id,
            OWN.token.public_key(),
            frozenset(),
        )
        assert seen.keys.keys() == {
            (HERE, OWN.token_key_id), (HERE, first.kid), (HERE, second.kid), (other, OWN.token_key_id),
            (other, third.kid),
        }  # fmt: skip
        gone = seen.keys[HERE, first.kid]
        assert (gone.public, gone.retired_utc, gone.revoked_utc) == (
            parse_signing_public(first.public_key), NOW + HOUR, NOW + HOUR)  # fmt: skip
        good = seen.keys[HERE, second.kid]
        assert (good.retired_utc, good.revoked_utc) == (None, None)
        assert other in seen.institutions.known


def test_a_disabled_institution_gets_neither_tokens_nor_keys(database: Database) -> None:
    with database.write() as db:
        other = elsewhere(db)
        tenants.disable(db, other, "ops", NOW)
        with pytest.raises(Rejected):
            made(db, NOW, tenant_id=other)
        with pytest.raises(Rejected):
            keys.rotate(db, OWN, other, "ada", NOW)
