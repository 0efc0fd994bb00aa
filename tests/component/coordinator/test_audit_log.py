"""Every act leaves its entry, chained and signed; what reads a person leaves it before the answer is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlmodel import Session, col, select, update

from coordinator.alerts.stored import Stored
from coordinator.audit import chaining
from coordinator.audit.noted import IMPERSONAL
from coordinator.audit.tables import AuditEntry, AuditKey
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.audit_file import AuditCheck
from shared.errors import Unavailable
from shared.tokens import Role
from tests.support.centre import Centre, edge, send
from tests.support.eventually import until
from tests.support.exam_site import OnSite, Site
from tests.support.served_site import served
from tests.support.shell import Shell
from tests.support.sittings import Sitting

NOW = datetime.now(UTC)


async def entries(site: Site, **filters: Any) -> list[dict[str, Any]]:
    """What the log has, asked by a data protection officer; its own asking is left out."""
    await chaining.round_of(site.parts, datetime.now(UTC))
    answer = await site.get("/audit", headers=site.bearer(Role.DPO, "officer"), params=filters)
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json()["items"] if one["act"] != "list_audit"]


async def exported(site: Site, **asked: Any) -> tuple[AuditCheck, list[str]]:
    answer = await site.get("/audit/export", params=asked)
    assert answer.status_code == 200, answer.text
    key: Ed25519PublicKey = site.parts.keys.signing.public_key()
    lines = answer.text.splitlines()
    check = AuditCheck(key)
    check.read(line.encode() for line in lines)
    return check, lines


def text_of(file: str) -> str:
    return Path(file).read_text()


def put(file: str, content: str) -> None:
    Path(file).write_text(content)


def told(found: Iterable[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(one[name] for name in names) for one in found]


def test_acts_of_staff_say_who_what_whom_and_what_came_of_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        await site.get("/session/SESS-1", headers=site.bearer(Role.PROCTOR, "maria"))
        await site.post(
            "/session/SESS-1/pause", {"reason": "toilet"}, headers=site.bearer(Role.PROCTOR, "maria")
        )
        await site.get("/session/SESS-1", headers=site.bearer(Role.DPO, "officer"))
        await site.get("/session/SESS-9", headers=site.bearer(Role.PROCTOR, "maria"))
        found = await entries(site)
        assert told(found, "act", "role", "subject", "candidate_id", "exam_session_id") == [
            ("start_session", "admin", "someone", "CAND-1", "SESS-1"),
            ("get_session", "proctor", "maria", "CAND-1", "SESS-1"),
            ("pause_session", "proctor", "maria", "CAND-1", "SESS-1"),
            ("get_session", "dpo", "officer", None, None),  # refused by its role, before anything was found
            ("get_session", "proctor", "maria", None, None),
        ]
        assert [one["number"] for one in found] == sorted(one["number"] for one in found)
        assert told(found, "outcome") == [("done",)] * 3 + [("refused 403",), ("refused 404",)]
        assert {one["address"] for one in found} == {"127.0.0.1"}

    on_site(test)


def test_what_a_role_may_not_do_is_written_down_and_what_makes_no_sense_is_not(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        proctor = site.bearer(Role.PROCTOR, "maria")
        assert (await site.post("/exams", {"exam_id": "E-1"}, headers=proctor)).status_code == 403
        assert (await site.post("/exams", {"exam": 1})).status_code == 422
        assert (await site.get("/alerts", headers={"Authorization": "Bearer x"})).status_code == 401
        assert told(await entries(site), "act", "subject", "outcome") == [
            ("create_exam", "maria", "refused 403")
        ]

    on_sqlite(test)


def test_candidates_stand_by_their_id_alone_and_reading_of_their_own_is_no_news(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        own = site.bearer(Role.CANDIDATE, "CAND-1")
        assert (await site.get("/session/SESS-1", headers=own)).status_code == 200
        assert (await site.post("/session/SESS-1/end", headers=own)).status_code == 200
        acts = told(await entries(site), "act", "role", "subject", "address", "candidate_id")
        assert acts[1:] == [("end_session", "candidate", None, None, "CAND-1")]

        def row(db: Session) -> AuditEntry:
            return db.exec(select(AuditEntry).where(AuditEntry.role == "candidate")).one()

        assert (await site.parts.reading(row)).actor_sealed is None

    on_sqlite(test)


def test_a_page_that_reads_the_same_again_and_again_is_one_act(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        await site.started("SESS-2", "CAND-2")
        for reference in ("SESS-1", "SESS-1", "SESS-2", "SESS-1"):
            await site.get(f"/session/{reference}", headers=site.bearer(Role.PROCTOR, "maria"))
        await site.get("/session/SESS-1", headers=site.bearer(Role.PROCTOR, "paul"))
        assert told((await entries(site))[2:], "subject", "exam_session_id") == [
            ("maria", "SESS-1"),
            ("maria", "SESS-2"),
            ("paul", "SESS-1"),
        ]

    on_sqlite(test)


def test_a_link_that_is_opened_is_an_act_of_who_has_it(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        answer = await site.started("SESS-1", "CAND-1")
        code = answer["join_url"].rpartition("#")[2]
        for _ in range(2):
            assert (await site.http.post("/api/v1/join/look", json={"code": code})).status_code == 200
        assert (await site.http.post("/api/v1/join/camera", json={"code": code, "camera": "on"})).is_success
        assert told((await entries(site))[1:], "act", "role", "exam_session_id") == [
            ("look_at_link", "link", "SESS-1"),  # a page that waits repeats it
            ("report_camera", "link", "SESS-1"),
        ]

    on_sqlite(test)


def test_what_changes_something_waits_for_its_entry_and_what_reads_is_owed_one(
    on_site: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")

        def full(*_: object) -> bool:
            raise Unavailable("the disk is full")

        monkeypatch.setattr(site.parts, "write_down", full)
        monkeypatch.setattr("coordinator.audit.service.write", full)
        monkeypatch.setattr("coordinator.audit.owed.MOST_OWED", 2)
        assert (await site.post("/exams", {"exam_id": "E-1", "title": "Law"})).status_code == 503
        for who, status in (("maria", 200), ("paul", 200), ("peter", 503)):
            shown = await site.get("/session/SESS-1", headers=site.bearer(Role.PROCTOR, who))
            assert shown.status_code == status
            assert ("SESS-1" in shown.text) is (status == 200)
        monkeypatch.undo()
        assert (await site.get("/exams/E-1")).status_code == 404
        again = await site.get("/session/SESS-1", headers=site.bearer(Role.PROCTOR, "peter"))
        assert again.status_code == 200
        await until(lambda: not site.app.state.owed._waiting, "what was owed is written")
        found = await entries(site, act="get_session")
        assert sorted(told(found, "subject", "outcome")) == [
            ("maria", "done"),
            ("paul", "done"),
            ("peter", "done"),
        ]

    on_site(test)


def test_the_log_of_one_institution_is_closed_to_another_and_to_who_is_watched_by_it(
    on_sqlite: OnSite,
) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        for role in (Role.PROCTOR, Role.SYSTEM, Role.CANDIDATE, Role.OPERATOR):
            for path in ("/audit", "/audit/export"):
                assert (await site.get(path, headers=site.bearer(role))).status_code == 403
        there = site.of(await site.institution("South"))
        assert told(await entries(there), "act") == []
        check, lines = await exported(there)
        assert (check.faults, len(lines)) == ([], check.entries + check.checkpoints + 1)
        assert all("start_session" not in line for line in lines)
        assert (await there.get("/audit", params={"candidate_id": "CAND-1"})).status_code == 404

    on_sqlite(test)


def test_the_file_is_chained_signed_and_says_what_was_touched(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        for number in range(1, 4):
            await site.started(f"SESS-{number}", f"CAND-{number}")
        await chaining.round_of(site.parts, NOW)  # the first entries are signed at once
        await site.started("SESS-4", "CAND-4")
        await chaining.round_of(site.parts, NOW + timedelta(minutes=4))
        check, _ = await exported(site)
        assert (check.faults, check.entries >= 4, check.checkpoints) == ([], True, 1)
        first_signed = check.signed_to
        assert 1 <= first_signed < check.number
        await chaining.round_of(site.parts, NOW + timedelta(hours=1))
        check, lines = await exported(site)
        assert (check.faults, check.checkpoints) == ([], 2)
        assert check.signed_to >= check.number - 1 > first_signed  # the export itself came last
        assert "CAND-1" not in "".join(lines)
        assert "someone" not in "".join(lines)
        later, _ = await exported(site, after=2)
        assert (later.faults, later.began_after) == ([], 2)
        assert (await site.get("/audit/export", params={"after": 999})).json()[
            "code"
        ] == "audit-entry-unknown"

        def touch(db: Session) -> None:
            wanted = (col(AuditEntry.tenant_id) == DEFAULT_TENANT_ID, col(AuditEntry.number) == 2)
            db.exec(update(AuditEntry).where(*wanted).values(outcome="refused 404"))

        await site.parts.writing(touch)
        touched, _ = await exported(site)
        assert touched.faults == ["entry 2 was changed"]

    on_site(test)


def test_entries_are_numbered_once_without_a_gap_by_any_number_of_replicas(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        for number in range(5):
            await site.started(f"SESS-{number}", f"CAND-{number}")

        await asyncio.gather(*(chaining.round_of(site.parts, NOW) for _ in range(4)))
        check, _ = await exported(site)
        assert check.faults == []
        assert check.entries == check.number >= 5

    on_site(test)


def test_who_acted_is_unreadable_after_the_year_s_key_is_destroyed_and_the_chain_still_holds(
    on_site: OnSite,
) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        assert told(await entries(site, act="start_session"), "subject") == [("someone",)]
        await site.parts.writing(lambda db: db.exec(update(AuditKey).values(wrapped=None, destroyed_utc=NOW)))
        await site.get("/session/SESS-1", headers=site.bearer(Role.PROCTOR, "maria"))
        found = await entries(site)
        assert told(found, "act", "subject") == [("start_session", None), ("get_session", "maria")]
        check, _ = await exported(site)
        assert check.faults == []

    on_site(test)


def test_pages_go_on_where_the_last_one_ended_and_filters_hold(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        for number in (1, 2, 3):
            await site.started(f"SESS-{number}", f"CAND-{number}")
        await site.get("/session/SESS-2", headers=site.bearer(Role.PROCTOR, "maria"))
        assert told(await entries(site, candidate_id="CAND-2"), "act") == [
            ("start_session",),
            ("get_session",),
        ]
        assert told(await entries(site, exam_session_id="SESS-3"), "candidate_id") == [("CAND-3",)]
        assert told(await entries(site, role="proctor"), "subject") == [("maria",)]
        assert await entries(site, until=NOW.isoformat()) == []
        assert len(await entries(site, since=NOW.isoformat(), act="start_session")) == 3
        seen, cursor = [], None
        while True:
            params = {"act": "start_session", "limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await site.get("/audit", params=params)).json()
            seen += told(page["items"], "exam_session_id")
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == [("SESS-1",), ("SESS-2",), ("SESS-3",)]

    on_sqlite(test)


def test_what_is_called_impersonal_is_an_operation(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        described = (await site.get("/openapi.json")).json()["paths"]
        reads = {path["get"]["operationId"] for path in described.values() if "get" in path}
        assert IMPERSONAL - reads <= {"get_health", "get_metrics", "get_readiness"}

    on_sqlite(test)


def test_alerts_of_a_batch_are_one_act_of_their_node(centre: Centre, sitting: Sitting) -> None:
    async def scenario() -> None:
        told: list[Stored] = []
        async with centre.linked(told), edge(centre.server, sitting.node) as client:
            for number in (1, 2, 3):
                await send(client, sitting, number, onset_s=number)
            await until(lambda: len(told) == 3, "all three are stored")

    asyncio.run(scenario())
    with centre.database.read() as db:
        found = db.exec(select(AuditEntry).where(AuditEntry.act == "store_alerts")).all()
    assert {(one.role, one.node_id, one.session_id) for one in found} == {
        ("node", sitting.node.node_id, sitting.session.id)
    }
    assert sum(one.amount for one in found) == 3


def test_the_command_line_lists_exports_and_verifies(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        await site.started("SESS-2", "CAND-2")
        await chaining.round_of(site.parts, NOW)
        file, older = str(tmp_path / "log.jsonl"), str(tmp_path / "older.jsonl")
        async with served(site) as url:
            officer = Shell(site, url, "officer", Role.DPO)
            rows = await officer.data("audit", "list", "--candidate", "CAND-1")
            assert told(rows, "act", "exam_session_id") == [("start_session", "SESS-1")]
            assert (await officer.run("audit", "export", older))[0] == 0
            await chaining.round_of(site.parts, NOW + timedelta(hours=1))
            assert (await officer.run("audit", "export", file))[0] == 0
            key = ("--signing-key", site.parts.keys.signing_text)
            code, out, _ = await officer.run("audit", "verify", file, *key, "--earlier", older)
            assert (code, "Nothing was changed, dropped or moved." in out) == (0, True), out
            code, out, _ = await officer.run("audit", "verify", file)
            assert (code, "The key is the file's own word" in out) == (0, True)
            lines = text_of(file).splitlines(keepends=True)
            put(file, "".join(lines[:1] + lines[2:]))
            code, out, _ = await officer.run("audit", "verify", file, *key)
            assert (code, "FAULT: entry 1 is missing" in out) == (1, True)
            put(file, "".join(lines[:2]))
            code, out, _ = await officer.run("audit", "verify", file, *key, "--earlier", older)
            assert (code, "the file ends with entry 1" in out) == (1, True), out
            code, _, error = await officer.run("audit", "verify", str(tmp_path / "log.db"))
            assert code == 2
            put(file, "hello")
            code, _, error = await officer.run("audit", "verify", file)
            assert (code, "does not begin as an audit log" in error) == (1, True)
            code, _, error = await Shell(site, url, "maria").run("audit", "export", file)
            assert (code, "required: admin or dpo" in error) == (1, True)
            assert text_of(file) == "hello"  # a refusal overwrites nothing

    on_sqlite(test)
