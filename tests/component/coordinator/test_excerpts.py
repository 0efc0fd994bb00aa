"""What was said opens for reviewers while the session runs, and then for nobody, whatever he has left."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from coordinator.excerpts import expiring
from coordinator.ground.keyring import Keyring
from coordinator.keys.tables import Key, RetentionClass
from coordinator.sessions.service import find
from coordinator.sessions.starting.assignment import start_session, stored_facts, view_of
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.alerts import Alert
from shared.errors import Corrupt, Rejected
from shared.events.types import EventType
from shared.excerpts import ExcerptHeader, open_excerpt
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.excerpts import ASKED, NO, SAID, begun, published, said, spoken
from tests.support.findings import alert


async def ask(site: Site, path: str, role: Role = Role.PROCTOR) -> tuple[int, str]:
    answer = await site.get(path, headers=site.bearer(role, "CAND-1"))
    return answer.status_code, answer.json().get("code", answer.json().get("text"))


def test_a_reviewer_hears_what_was_said_until_the_session_ends_and_then_nobody_does(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        order = await begun(site)
        made = spoken(order, site)
        path = await published(site, made, order)
        for role in (Role.PROCTOR, Role.ADMIN):
            assert await ask(site, path, role) == (200, SAID.text)
        assert (await site.get(path)).headers["cache-control"] == "no-store"
        for role in (Role.DPO, Role.SYSTEM, Role.CANDIDATE):
            assert await ask(site, path, role) == (403, "role-forbidden")
        listed = (await site.get("/alerts", params={"event_type": "KEYWORD_SPOKEN"})).json()["items"]
        assert "sealed_excerpt" not in listed[0]
        key = _transcript_keys(site)[0]
        assert (await site.post("/session/SESS-1/end")).status_code == 200
        for role in (Role.PROCTOR, Role.ADMIN):
            assert await ask(site, path, role) == (410, "excerpt-destroyed")
        # The alert itself is kept as long as any; the phrase of the exam's list stands in it.
        assert (await site.get("/session/SESS-1/timeline")).status_code == 200
        _nobody_opens(site, made, key)

    on_site(test)


def _nobody_opens(site: Site, made: Alert, key: Key) -> None:
    """Not with the whole database and the master key, nor with any key there is."""
    keyring = Keyring(site.parts.keys.keyring.masters)
    assert made.sealed_excerpt is not None
    with site.parts.database.read() as db:
        rows = list(db.exec(select(Key)))
    gone = next(row for row in rows if row.id == key.id)
    assert (gone.wrapped, gone.destroyed_utc is None) == (None, False)
    with pytest.raises(Rejected, match="destroyed"):
        keyring.open_private(gone)
    header = ExcerptHeader(alert_id=made.event_id, session_id=UUID(gone.scope), key_id=key.id)
    for row in rows:
        if row.wrapped is not None and row.public_key is not None:
            with pytest.raises(Corrupt):
                open_excerpt(made.sealed_excerpt, header, keyring.open_private(row))
    assert keyring.open_private(key) is not None  # it would have opened while it was there


def _transcript_keys(site: Site) -> list[Key]:
    with site.parts.database.read() as db:
        return list(db.exec(select(Key).where(Key.retention_class == RetentionClass.TRANSCRIPT)))


def test_a_copy_of_the_database_files_holds_nothing_of_the_key(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        await begun(site)
        wrapped = _transcript_keys(site)[0].wrapped
        assert wrapped is not None
        assert any(wrapped in content for content in _files(tmp_path))
        assert (await site.post("/session/SESS-1/end")).status_code == 200
        assert not any(wrapped in content for content in _files(tmp_path))
        with sqlite3.connect(tmp_path / "coordinator.db") as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    on_sqlite(test)


def _files(folder: Path) -> Iterator[bytes]:
    return (path.read_bytes() for path in folder.glob("coordinator.db*"))


@pytest.mark.parametrize(
    ("agreed", "policy"),
    [
        (False, ASKED),
        (True, {}),
        (True, {"features": {"speech_transcription": True}}),
        (True, {"features": {"speech_transcription": True, "audio_monitoring": False}, "phrases": ["psst"]}),
    ],
)
def test_without_policy_and_agreement_there_is_no_key_and_so_nothing_is_kept(
    on_sqlite: OnSite, agreed: bool, policy: dict[str, Any]
) -> None:
    async def test(site: Site) -> None:
        order = await begun(site, agreed=agreed, policy=policy)
        assert (order.transcript_key, order.transcript_key_id) == (None, None)
        assert _transcript_keys(site) == []
        path = await published(site, alert(order, site.node, EventType.FACE_NOT_FOUND, 5.0), order)
        assert await ask(site, path) == (404, "excerpt-unknown")

    on_sqlite(test)


def test_taking_the_agreement_back_destroys_what_was_said_at_once(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        order = await begun(site)
        path = await published(site, spoken(order, site), order)
        await said(site, NO)
        assert await ask(site, path) == (410, "excerpt-destroyed")
        # A node that is told of the session again gets no key to seal to.
        with site.parts.database.read() as db:
            facts = stored_facts(db, site.parts.keys, find(db, DEFAULT_TENANT_ID, "SESS-1"))
            again = start_session(facts, view_of(site.parts, site.node.node_id), datetime.now(UTC))
        assert (again.transcript_key, again.transcript_key_id) == (None, None)

    on_site(test)


def test_a_session_that_nobody_ended_loses_its_key_when_its_time_has_passed(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        order = await begun(site)
        path = await published(site, spoken(order, site), order)
        assert await expiring.round_of(site.parts, datetime.now(UTC)) == 0
        later = order.expires_utc + timedelta(seconds=1)
        assert await expiring.round_of(site.parts, later) == 1
        assert await expiring.round_of(site.parts, later) == 0
        assert await ask(site, path) == (410, "excerpt-destroyed")

    on_site(test)


def test_a_node_that_takes_a_session_up_again_seals_to_the_same_key(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        order = await begun(site)
        with site.parts.database.read() as db:
            facts = stored_facts(db, site.parts.keys, find(db, DEFAULT_TENANT_ID, "SESS-1"))
            again = start_session(facts, view_of(site.parts, site.node.node_id), datetime.now(UTC))
        assert again.transcript_key_id == order.transcript_key_id
        assert again.transcript_key == order.transcript_key

    on_sqlite(test)


def test_another_institutions_alert_is_not_there(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        order = await begun(site)
        path = await published(site, spoken(order, site), order)
        stranger = site.bearer(Role.PROCTOR, tenant_id=await site.institution())
        assert (await site.get(path, headers=stranger)).status_code in (401, 404)
        assert await ask(site, f"/alerts/{UUID(int=4)}/excerpt") == (404, "excerpt-unknown")

    on_sqlite(test)
