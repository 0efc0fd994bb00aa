"""A person's name is corrected: everywhere at once, under the same ids, at nobody else's cost."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from coordinator.alerts.tables import RefusedAlert
from coordinator.candidates import service as candidates
from coordinator.candidates.tables import FormerReference
from coordinator.deliveries import working
from coordinator.privacy import correcting_service as correcting, erasing_service as erasing
from coordinator.privacy.erasing_service import ErasureOrder
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.deliveries import DeliveryDetail
from shared.erasures import Cause
from shared.errors import Rejected
from shared.events.types import EventType
from shared.tokens import Role
from tests.support.eventually import until
from tests.support.exam_site import OnSite, Site, enroll_body
from tests.support.findings import ended_alert, until_stored
from tests.support.served_site import served
from tests.support.shell import Shell
from tests.support.sink import Sink, sink
from tests.support.told import Told, told

WRONG, RIGHT = "CAND-WRONG", "CAND-RIGHT"


async def corrected(site: Site, wrong: str, right: str, status: int = 200) -> dict[str, Any]:
    body = {"candidate_id": wrong, "new_candidate_id": right}
    answer = await site.post("/privacy/correct", body, headers=site.bearer(Role.DPO, "officer"))
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def sat(site: Site, who: str = WRONG) -> None:
    """A person with a finding of a session that is over."""
    assert (await site.post("/enroll", enroll_body(candidate=who))).status_code == 201
    await site.started("SESS-1", who)
    await site.node.publish(ended_alert(site, EventType.FACE_MISMATCH, 1.0), site.node.obeyed.newest, 2)
    await until_stored(site, 1)


def test_all_that_names_the_person_has_the_right_name_also_what_comes_late(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await sat(site)
        late = ended_alert(site, EventType.LEFT_FRAME, 20.0)
        refused = await corrected(site, WRONG, RIGHT, 409)
        assert refused["code"] == "session-active"
        assert (await site.post("/session/SESS-1/end")).is_success
        before = (await site.get("/alerts")).json()["items"]
        done = await corrected(site, WRONG, RIGHT)
        assert done["candidate_id"] == RIGHT
        await site.node.publish(late, site.node.obeyed.newest, 2)
        await until_stored(site, 2)
        after = (await site.get("/alerts")).json()["items"]
        assert {one["candidate_id"] for one in before} == {WRONG}
        assert {one["candidate_id"] for one in after} == {RIGHT}
        assert {one["event_id"] for one in before} < {one["event_id"] for one in after}
        for path in ("/session/SESS-1", "/session/SESS-1/timeline", "/session/SESS-1/report", "/incidents"):
            text = (await site.get(path)).text
            assert (RIGHT in text, WRONG in text) == (True, False), path
        assert (await site.get(f"/enrollments/{WRONG}")).status_code == 404
        assert (await site.get(f"/enrollments/{RIGHT}")).status_code == 200

    on_site(test)


def test_an_export_and_the_audit_log_have_the_right_name_and_the_wrong_one_stands_nowhere(
    on_site: OnSite,
) -> None:
    async def test(site: Site) -> None:
        await sat(site)
        mine = site.bearer(Role.CANDIDATE, WRONG)
        yes = {"given": True, "text_version": "1"}
        path = f"/api/v1/consents/{WRONG}/impersonation-search"
        assert (await site.http.put(path, json=yes, headers=mine)).is_success
        assert (await site.post("/session/SESS-1/end")).is_success
        await corrected(site, WRONG, RIGHT)
        asked = {"candidate_id": RIGHT, "made_for": "the candidate"}
        officer = {"headers": site.bearer(Role.DPO, "officer")}
        answer = await site.post("/privacy/export", asked, **officer)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            whole = b"\n".join(archive.read(name) for name in archive.namelist()).decode("utf-8", "replace")
            said = json.loads(archive.read("consents.json"))
        assert (RIGHT in whole, WRONG in whole) == (True, False)
        assert [one["recorded_by"] for one in said if one["purpose"] == "impersonation-search"] == [RIGHT]

        def entered(db: Session) -> list[str]:
            return [one.reference_hash.hex() for one in db.exec(select(FormerReference))]

        assert len(await site.parts.reading(entered)) == 1
        gone = await site.post("/privacy/delete", {"candidate_id": RIGHT}, **officer)
        assert gone.json()["receipt"]["body"]["erased"]["names"] == 1
        assert await site.parts.reading(entered) == []

    on_site(test)


def test_two_people_are_never_made_one(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        for who in (WRONG, RIGHT):
            assert (await site.post("/enroll", enroll_body(candidate=who))).status_code == 201
        refused = await corrected(site, WRONG, RIGHT, 409)
        assert refused["code"] == "reference-taken"
        assert (await site.get(f"/enrollments/{WRONG}")).status_code == 200
        first = (await corrected(site, WRONG, "CAND-3"))["candidate_uuid"]
        other = (await corrected(site, RIGHT, WRONG))[
            "candidate_uuid"
        ]  # the freed name is another person's now
        assert first != other
        back = await corrected(site, "CAND-3", WRONG, 409)
        assert back["code"] == "reference-taken"
        assert (await corrected(site, "CAND-3", "CAND-3"))["candidate_uuid"] == first
        assert (await corrected(site, "CAND-9", "CAND-10", 404))["code"] == "candidate-unknown"
        await corrected(site, "CAND-3", "CAND-4")
        await corrected(site, "CAND-4", "CAND-3")  # a name may come back

    on_site(test)


def test_tokens_with_the_wrong_name_serve_nobody(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        assert (await site.post("/enroll", enroll_body(candidate=WRONG))).status_code == 201
        wanted = {"subject": WRONG, "role": "candidate", "lifetime_minutes": 60}
        token = (await site.post("/tokens", wanted)).json()["token"]
        mine = {"headers": {"Authorization": f"Bearer {token}"}}
        assert (await site.get(f"/consents/{WRONG}", **mine)).status_code == 200
        assert (await corrected(site, WRONG, RIGHT))["tokens_revoked"] == 1
        assert (await site.post("/enroll", enroll_body(candidate=WRONG))).status_code == 201
        assert (await site.get(f"/consents/{WRONG}", **mine)).status_code == 401

    on_site(test)


def test_a_request_that_read_the_former_name_does_nothing_under_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        assert (await site.post("/enroll", enroll_body(candidate=WRONG))).status_code == 201
        known = await site.parts.reading(lambda db: candidates.known(db, DEFAULT_TENANT_ID, WRONG))
        await corrected(site, WRONG, RIGHT)
        with pytest.raises(Rejected) as refused:
            await site.parts.writing(lambda db: candidates.lock(db, known))
        assert refused.value.code == "candidate-unknown"

    on_site(test)


def test_a_candidate_sees_what_is_stored_and_what_became_of_its_request(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await sat(site, "CAND-1")
        mine = {"headers": site.bearer(Role.CANDIDATE, "CAND-1")}
        officer = {"headers": site.bearer(Role.DPO, "officer")}
        hold = {"candidate_id": "CAND-1", "reason": "the appeal of March"}
        assert (await site.post("/legal-holds", hold, **officer)).status_code == 201
        shown = (await site.get("/privacy/own", **mine)).json()
        assert (shown["candidate_id"], shown["requests"]) == ("CAND-1", [])
        assert (shown["stored"]["sessions"], shown["stored"]["pictures"]) == (1, 1)
        assert "holds" not in shown["stored"]
        asked = await site.post("/privacy/delete", {"candidate_id": "CAND-1"}, **mine)
        path = f"/privacy/requests/{asked.json()['request']['request_id']}/decide"
        assert [one["state"] for one in (await site.get("/privacy/own", **mine)).json()["requests"]] == [
            "waiting"
        ]
        no = {"granted": False, "refusal": "legal-claims"}
        assert (await site.post(path, no, **officer)).status_code == 200
        [told_of] = (await site.get("/privacy/own", **mine)).json()["requests"]
        assert (told_of["state"], told_of["refusal"]) == ("refused", "legal-claims")
        nobody = {"headers": site.bearer(Role.CANDIDATE, "CAND-2")}
        assert (await site.get("/privacy/own", **nobody)).status_code == 404

    on_site(test)


async def corrected_session(site: Site, wrong: str, right: str, status: int = 200) -> dict[str, Any]:
    body = {"exam_session_id": wrong, "new_exam_session_id": right}
    answer = await site.post("/privacy/correct-session", body, headers=site.bearer(Role.DPO, "officer"))
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_session_has_its_right_name_everywhere_also_in_what_comes_late(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await sat(site)
        started = site.node.obeyed.newest
        late = ended_alert(site, EventType.LEFT_FRAME, 20.0)
        assert (await corrected_session(site, "SESS-1", "SESS-2", 409))["code"] == "session-active"
        assert (await site.post("/session/SESS-1/end")).is_success
        assert (await corrected_session(site, "SESS-1", "SESS-1"))["session_uuid"] == str(started.session_id)
        done = await corrected_session(site, "SESS-1", "SESS-2")
        assert (done["exam_session_id"], done["session_uuid"]) == ("SESS-2", str(started.session_id))
        await site.node.publish(late, started, 2)
        await until_stored(site, 2)
        after = (await site.get("/alerts", params={"exam_session_id": "SESS-2"})).json()["items"]
        assert str(late.event_id) in {one["event_id"] for one in after}
        assert {(one["exam_session_id"], one["candidate_id"]) for one in after} == {("SESS-2", WRONG)}
        for path in ("/session/SESS-2", "/session/SESS-2/timeline", "/session/SESS-2/report", "/incidents"):
            text = (await site.get(path)).text
            assert ("SESS-2" in text, "SESS-1" in text) == (True, False), path
        assert (await site.get("/session/SESS-1")).status_code == 404
        asked = {"candidate_id": WRONG, "made_for": "the candidate"}
        officer = {"headers": site.bearer(Role.DPO, "officer")}
        answer = await site.post("/privacy/export", asked, **officer)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            whole = b"\n".join(archive.read(name) for name in archive.namelist()).decode("utf-8", "replace")
        assert ("SESS-2" in whole, "SESS-1" in whole) == (True, False)
        gone = await site.post("/privacy/delete", {"candidate_id": WRONG}, **officer)
        assert gone.json()["receipt"]["body"]["erased"]["names"] == 1

    on_site(test)


def test_a_freed_name_is_of_another_session_and_two_are_never_made_one(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await sat(site)
        late, first = ended_alert(site, EventType.LEFT_FRAME, 20.0), site.node.obeyed.newest
        assert (await site.post("/session/SESS-1/end")).is_success
        await corrected_session(site, "SESS-1", "SESS-2")
        await site.started("SESS-1", "CAND-3")
        assert (await corrected_session(site, "SESS-2", "SESS-1", 409))["code"] == "reference-taken"
        assert (await corrected_session(site, "SESS-9", "SESS-10", 404))["code"] == "session-unknown"
        await site.node.publish(late, first, 2)
        await until_stored(site, 2)
        stored = (await site.get("/alerts", params={"exam_session_id": "SESS-2"})).json()["items"]
        assert str(late.event_id) in {one["event_id"] for one in stored}

    on_site(test)


def test_an_alert_under_a_name_that_the_session_never_had_is_refused(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await sat(site)
        started, other = site.node.obeyed.newest, ended_alert(site, EventType.LEFT_FRAME, 20.0)
        await site.node.publish(other.model_copy(update={"exam_session_id": "SESS-9"}), started, 2)

        def refused(db: Session) -> list[str]:
            return [one.reason for one in db.exec(select(RefusedAlert))]

        async def is_refused() -> bool:
            return await site.parts.reading(refused) == ["wrong-person"]

        await until(is_refused, "it is refused")

    on_sqlite(test)


def test_an_officer_corrects_by_commands(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await sat(site)
        assert (await site.post("/session/SESS-1/end")).is_success
        async with served(site) as url:
            officer = Shell(site, url, "officer", Role.DPO)
            done = await officer.data("privacy", "correct", WRONG, RIGHT)
            assert (done["candidate_id"], done["recipients_told"]) == (RIGHT, 0)
            done = await officer.data("privacy", "correct-session", "SESS-1", "SESS-2")
            assert (done["exam_session_id"], done["recipients_told"]) == ("SESS-2", 0)
            assert (await site.get("/session/SESS-2")).json()["candidate_id"] == RIGHT

    on_sqlite(test)


def test_who_got_the_wrong_name_is_told_once_for_each_correction(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "POLL_S", 0.01)

    async def test(site: Told, receiver: Sink) -> None:
        named, _ = await site.destination(
            receiver.url, details=[DeliveryDetail.CANDIDATE], kinds=["alert.raised"]
        )
        nameless, _ = await site.destination(receiver.url, kinds=["alert.raised"])
        mine = site.sit("SESS-1")
        [alert_id] = await site.note(mine, 60.0)

        def ended(db: Session) -> None:
            row = db.merge(mine.session)
            row.ended_utc = row.started_utc

        await site.parts.writing(ended)
        async with site.working():
            await until(lambda: len(receiver.taken) == 2, "both got the alert")
            await until(lambda: site.nothing_waits(named), "nothing waits")
            for wrong, right in (("STU-SESS-1", "STU-1"), ("STU-1", "STU-2")):
                done = await site.parts.writing(partial(correct, site=site, wrong=wrong, right=right))
                assert done.recipients == 1
            await until(lambda: len(receiver.taken) == 4, "both corrections are told")
            await until(lambda: site.nothing_waits(named), "nothing waits")
        bodies = [one.body for one in receiver.taken[2:]]
        assert {one["type"] for one in bodies} == {"person.corrected"}
        assert [(one["data"]["former_candidate_id"], one["data"]["candidate_id"]) for one in bodies] == [
            ("STU-SESS-1", "STU-1"),
            ("STU-1", "STU-2"),
        ]
        rows = await site.rows(named)
        assert [one.told_sealed for one in rows] == [None] * 3
        assert str(rows[0].subject_id) == alert_id
        assert len(await site.rows(nameless)) == 1

    async def whole() -> None:
        async with asyncio.timeout(100), told(migrated_url, tmp_path) as site, sink() as receiver:
            await test(site, receiver)

    asyncio.run(whole())


def test_who_got_a_session_under_its_wrong_name_is_told_before_its_erasure(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "POLL_S", 0.01)

    def rename(db: Session, site: Told) -> correcting.CorrectedSession:
        session = db.exec(select(ExamSession).where(ExamSession.reference == "SESS-1")).one()
        keyring = site.parts.keys.keyring
        return correcting.correct_session(db, keyring, session, "SESS-2", site.parts.utc_now())

    def erase(db: Session, site: Told) -> None:
        person = candidates.known(db, DEFAULT_TENANT_ID, "STU-SESS-1")
        wish = ErasureOrder(candidate=person, decided_by=Role.DPO, cause=Cause.OFFICER, end_running=True)
        erasing.remove(db, erasing.decide(db, site.parts.keys, wish, site.parts.utc_now()).id)

    async def test(site: Told, receiver: Sink) -> None:
        office, _ = await site.destination(receiver.url, kinds=["alert.raised"])
        mine = site.sit("SESS-1")
        await site.note(mine, 60.0)

        def ended(db: Session) -> None:
            row = db.merge(mine.session)
            row.ended_utc = row.started_utc

        async with site.working():
            await until(lambda: site.nothing_waits(office), "the alert is delivered")
        await site.parts.writing(ended)
        assert (await site.parts.writing(partial(rename, site=site))).recipients == 1
        await site.parts.writing(partial(erase, site=site))
        async with site.working():
            await until(lambda: site.nothing_waits(office), "nothing waits")
        renamed, erased = (one.body for one in receiver.taken[1:])
        assert (renamed["type"], erased["type"]) == ("session.corrected", "person.erased")
        names = [renamed["data"][one] for one in ("former_exam_session_id", "exam_session_id")]
        assert names == ["SESS-1", "SESS-2"]
        assert "candidate_id" not in renamed["data"]
        assert erased["data"]["exam_session_id"] == "SESS-2"
        assert [one.told_sealed for one in await site.rows(office)] == [None, None]

    async def whole() -> None:
        async with asyncio.timeout(100), told(migrated_url, tmp_path) as site, sink() as receiver:
            await test(site, receiver)

    asyncio.run(whole())


def correct(db: Session, site: Told, wrong: str, right: str) -> correcting.Corrected:
    person = candidates.known(db, DEFAULT_TENANT_ID, wrong)
    return correcting.correct(db, site.parts.keys.keyring, person, right, site.parts.utc_now())
