"""Every act leaves its entry, chained and signed; what reads a person leaves it before the answer is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlmodel import Session, col, delete, select, update
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from coordinator.alerts.stored import Stored
from coordinator.audit import chaining, chaining_service
from coordinator.audit.noted import IMPERSONAL
from coordinator.audit.tables import AuditCheckpoint, AuditEntry, AuditKey
from coordinator.ground.database import Database
from coordinator.nodes import checkpoint_stream
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.audit_check import AuditCheck
from shared.audit_file import checkpoints_of
from shared.errors import Unavailable
from shared.tokens import Role
from tests.support.centre import Centre, edge, send
from tests.support.eventually import until
from tests.support.exam_site import ACKNOWLEDGED, AD_HOC, PUBLIC_URL, OnSite, Site, exam_site
from tests.support.nats import RunningServer
from tests.support.served_site import listening_to, served
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
    check = AuditCheck((key,))
    check.read(line.encode() for line in lines)
    return check, lines


def text_of(file: str) -> str:
    return Path(file).read_text()


def put(file: str, content: str) -> None:
    Path(file).write_text(content)


def cannot_write(*_: object) -> bool:
    raise Unavailable("the disk is full")


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

        monkeypatch.setattr(site.parts, "write_down", cannot_write)
        monkeypatch.setattr("coordinator.audit.service.write", cannot_write)
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

        async def written() -> bool:
            return len(await entries(site, act="get_session")) >= 3

        await until(written, "what was owed is written")
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


def test_a_list_that_is_narrowed_to_one_person_is_an_act_about_this_person(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        for number in (1, 2):
            await site.started(f"SESS-{number}", f"CAND-{number}")
        maria = site.bearer(Role.PROCTOR, "maria")
        for number in (1, 2):
            asked = {"exam_session_id": f"SESS-{number}"}
            assert (await site.get("/alerts", headers=maria, params=asked)).json()["items"]
        for number in (1, 2):
            asked = {"candidate_id": f"CAND-{number}"}
            assert (await site.get("/sessions", headers=maria, params=asked)).json()["items"]
        assert told((await entries(site))[2:], "act", "candidate_id", "exam_session_id") == [
            ("list_alerts", "CAND-1", "SESS-1"),
            ("list_alerts", "CAND-2", "SESS-2"),
            ("list_sessions", "CAND-1", None),
            ("list_sessions", "CAND-2", None),
        ]

    on_sqlite(test)


def test_who_opens_a_live_socket_reads_and_so_does_who_is_refused(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started("SESS-1", "CAND-1")
        async with served(site) as url:
            wall = url.removesuffix("/ws") + "/wall"
            for subject in ("maria", "maria", "paul"):
                async with listening_to(f"{url}/SESS-1", site.token(Role.PROCTOR, subject)):
                    pass
            async with listening_to(f"{url}/SESS-1", started["session_token"], origin=PUBLIC_URL):
                pass  # a candidate's own
            with pytest.raises(InvalidStatus):
                async with listening_to(f"{url}/SESS-1", site.token(Role.DPO, "officer")):
                    pass
            with pytest.raises(InvalidStatus):
                async with listening_to(f"{url}/SESS-1", "x"):
                    pass
            protocols = [
                Subprotocol("proctor.v1"),
                Subprotocol(f"bearer.{site.token(Role.PROCTOR, 'maria')}"),
            ]
            async with connect(wall, subprotocols=protocols, proxy=None):
                pass
        assert told((await entries(site))[1:], "act", "subject", "exam_session_id", "outcome") == [
            ("watch", "maria", "SESS-1", "done"),
            ("watch", "paul", "SESS-1", "done"),
            ("watch", "officer", None, "refused 403"),
            ("watch_all", "maria", None, "done"),
        ]

    on_sqlite(test)


def test_a_socket_that_cannot_be_written_down_does_not_open(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        monkeypatch.setattr("coordinator.audit.service.write", cannot_write)
        monkeypatch.setattr("coordinator.audit.owed.MOST_OWED", 0)
        async with served(site) as url:
            with pytest.raises(InvalidStatus) as refused:
                async with listening_to(f"{url}/SESS-1", site.token(Role.PROCTOR, "maria")):
                    pass
            assert refused.value.response.status_code == 503
            await until(lambda: site.parts.rooms.listeners == 0, "nobody listens")

    on_sqlite(test)


def test_who_says_nothing_of_itself_costs_the_log_nothing(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        monkeypatch.setattr("coordinator.audit.service.write", cannot_write)
        monkeypatch.setattr("coordinator.audit.owed.MOST_OWED", 1)
        nobody = {"Authorization": "Bearer x"}
        for _ in range(3):
            made = await site.post("/exams", {"exam_id": "E-1", "title": "Law"}, headers=nobody)
            assert made.status_code == 401
            assert (await site.get("/session/SESS-1", headers=nobody)).status_code == 401
        assert not site.app.state.owed._waiting
        assert (await site.get("/session/SESS-1")).status_code == 200
        monkeypatch.undo()

    on_sqlite(test)


def test_while_nothing_can_be_written_nobody_who_reads_waits_for_a_try(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chaining, "PAUSE_S", 86_400.0)
    tries = 0

    def fails(*_: object) -> bool:
        nonlocal tries
        tries += 1
        return cannot_write()

    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        monkeypatch.setattr("coordinator.audit.service.write", fails)
        monkeypatch.setattr(Database, "write_trouble", lambda *_: "the disk is full")
        for who in ("maria", "paul", "peter"):
            shown = await site.get("/session/SESS-1", headers=site.bearer(Role.PROCTOR, who))
            assert shown.status_code == 200
        assert tries == 0
        monkeypatch.undo()
        await asyncio.to_thread(site.app.state.owed.settle, site.parts)
        found = await entries(site, act="get_session")
        assert told(found, "subject") == [("maria",), ("paul",), ("peter",)]

    on_sqlite(test)


def test_the_same_read_from_another_address_is_another_act(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        for address in ("192.0.2.1", "192.0.2.7"):
            transport = httpx.ASGITransport(site.app, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as there:
                for _ in range(2):
                    maria = site.bearer(Role.PROCTOR, "maria")
                    shown = await there.get("/api/v1/session/SESS-1", headers=maria)
                    assert shown.status_code == 200
        assert told(await entries(site, act="get_session"), "subject", "address") == [
            ("maria", "192.0.2.1"),
            ("maria", "192.0.2.7"),
        ]

    on_sqlite(test)


def test_a_request_that_is_repeated_is_about_the_same_person_as_at_first(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.post("/exams", {"exam_id": "EXAM-1", "title": "Law"})
        once = {**site.bearer(), "Idempotency-Key": "the-same"}
        body = {**AD_HOC, "exam_session_id": "SESS-1", "acknowledged": ACKNOWLEDGED}
        for _ in range(2):
            assert (await site.post("/session/start", body, headers=once)).status_code == 201
        assert told(await entries(site, act="start_session"), "candidate_id") == [("CAND-1",)] * 2

    on_sqlite(test)


def test_what_is_owed_is_written_at_the_end_of_the_coordinator(
    migrated_sqlite: Path, hub: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "coordinator.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    monkeypatch.setattr(chaining, "PAUSE_S", 86_400.0)

    async def whole() -> None:
        async with asyncio.timeout(240), exam_site(f"sqlite:///{path}", hub, tmp_path) as site:
            await site.started("SESS-1", "CAND-1")
            with monkeypatch.context() as broken:
                broken.setattr("coordinator.audit.service.write", cannot_write)
                assert (await site.get("/session/SESS-1")).status_code == 200

    asyncio.run(whole())
    database = Database(f"sqlite:///{path}")
    with database.read() as db:
        found = db.exec(select(AuditEntry.act).where(AuditEntry.act == "get_session")).all()
    database.close()
    assert found == ["get_session"]


def test_institutions_are_due_by_their_own_latest_checkpoint(
    on_site: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chaining, "PAUSE_S", 3_600.0)  # the coordinator's own rounds sign at the present time

    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        there = site.of(await site.institution("South"))

        def due(now_utc: datetime) -> set[UUID]:
            with site.parts.database.read() as db:
                return set(chaining_service.due(db, now_utc))

        await chaining.round_of(site.parts, NOW)
        assert due(NOW + timedelta(hours=1)) == set()  # nothing is new
        assert (await there.post("/exams", {"exam_id": "E-1", "title": "Law"})).status_code == 201
        await chaining.round_of(site.parts, NOW + timedelta(minutes=1))
        await site.started("SESS-2", "CAND-2")
        await chaining.round_of(site.parts, NOW + timedelta(minutes=2))
        assert due(NOW + timedelta(minutes=4)) == set()
        assert due(NOW + timedelta(minutes=6)) == {DEFAULT_TENANT_ID}
        await chaining.round_of(site.parts, NOW + timedelta(minutes=6))
        assert due(NOW + timedelta(hours=1)) == set()

    on_site(test)


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


def test_the_hub_keeps_the_checkpoints_and_they_show_a_log_that_was_cut_off(
    on_site: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        await chaining.round_of(site.parts, NOW)
        await site.started("SESS-2", "CAND-2")
        await chaining.round_of(site.parts, NOW + timedelta(hours=1))
        published = 0
        while waiting := await chaining.publish(site.parts):
            published += waiting
        answer = await site.get("/audit/checkpoints")
        known = checkpoints_of(answer.text.encode().splitlines())
        assert len(known) == len({one.checkpoint.number for one in known}) >= 2
        with monkeypatch.context() as slow:
            slow.setattr(checkpoint_stream, "_FETCHED_WITHIN_S", 1e-6)
            assert (await site.get("/audit/checkpoints")).status_code == 503, "some of them prove too little"
        last = max(one.checkpoint.number for one in known)
        key = site.parts.keys.signing.public_key()
        lines = (await site.get("/audit/export")).text.encode().splitlines()
        whole = AuditCheck((key,), known)
        whole.read(lines)
        assert whole.faults == []

        def cut_off(db: Session) -> None:
            for table in (AuditEntry, AuditCheckpoint):
                db.exec(delete(table).where(col(table.number) > 1))

        await site.parts.writing(cut_off)
        cut = AuditCheck(
            (key,), checkpoints_of((await site.get("/audit/checkpoints")).text.encode().splitlines())
        )
        cut.read((await site.get("/audit/export")).text.encode().splitlines())
        assert any(one.startswith(f"entry {last} existed at") for one in cut.faults)

    on_site(test)


def test_the_command_line_lists_exports_and_verifies(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        await site.started("SESS-2", "CAND-2")
        await chaining.round_of(site.parts, NOW)
        file, older = str(tmp_path / "log.jsonl"), str(tmp_path / "older.jsonl")
        bare = str(tmp_path / "bare.jsonl")
        async with served(site) as url:
            officer = Shell(site, url, "officer", Role.DPO)
            rows = await officer.data("audit", "list", "--candidate", "CAND-1")
            assert told(rows, "act", "exam_session_id") == [("start_session", "SESS-1")]
            assert (await officer.run("audit", "export", older))[0] == 0
            await chaining.round_of(site.parts, NOW + timedelta(hours=1))
            assert (await officer.run("audit", "export", file))[0] == 0
            key = ("--signing-key", site.parts.keys.signing_text)
            code, out, _ = await officer.run("audit", "verify", file, *key, "--earlier", older)
            assert (code, "Nothing was changed, dropped or moved up to entry" in out) == (0, True), out
            code, out, _ = await officer.run("audit", "verify", file)
            assert (code, "The key is the file's own word" in out) == (0, True)
            lines = text_of(file).splitlines(keepends=True)
            put(file, "".join(line for line in lines if "checkpoint" not in line))
            code, out, _ = await officer.run("audit", "verify", file, *key)
            assert (code, "Nothing was" in out, "Nothing proves the last" in out) == (0, False, True), out
            put(file, "".join(lines))
            put(bare, lines[0])
            code, _, error = await officer.run("audit", "verify", file, *key, "--earlier", bare)
            assert (code, "has no checkpoint of the institution" in error) == (1, True)
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
