"""Verdicts that name findings, are undone within ten seconds, or are reopened with a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, select

from coordinator import schema
from coordinator.ground.database import Database
from coordinator.incidents.tables import Incident
from coordinator.reviews.tables import VerdictFinding
from shared.events.types import EventType
from shared.events.words import event_name
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.findings import found, noticed
from tests.support.reviewers import TEXT, Reviewers, code, later

HARMLESS = {"reason": "harmless"}
TWO = ((EventType.FACE_MISMATCH, 1.0), (EventType.LEFT_FRAME, 2.0))


class Case:
    """One incident of two findings, and the people around it."""

    def __init__(self, site: Site, incident: dict[str, Any]) -> None:
        self.site = site
        self.people = Reviewers(site)
        self.path = f"/incidents/{incident['incident_id']}"
        self.began = datetime.now(UTC)

    @classmethod
    async def opened(cls, site: Site) -> Case:
        [incident] = await found(site, *TWO)
        return cls(site, incident)

    def at(self, seconds: float) -> None:
        """Let it be so many seconds after the beginning."""
        self.site.at(self.began + timedelta(seconds=seconds))

    async def do(self, who: str, act: str, body: Any = None, role: Role = Role.PROCTOR) -> tuple[int, str]:
        return code(await self.people.do(who, f"{self.path}/{act}", body, role))

    async def detail(self) -> Any:
        return await self.people.get(self.path)

    async def finding(self, event: EventType) -> str:
        alerts = (await self.detail())["alerts"]
        return next(str(one["event_id"]) for one in alerts if one["event_type"] == event)

    async def outcomes(self) -> list[dict[str, Any]]:
        """What the candidate sees."""
        mine = self.site.bearer(Role.CANDIDATE, "CAND-SESS-1")
        items: list[dict[str, Any]] = (await self.site.get("/session/SESS-1/outcomes", headers=mine)).json()[
            "items"
        ]
        return items

    async def appeal(self) -> tuple[int, str]:
        mine = self.site.bearer(Role.CANDIDATE, "CAND-SESS-1")
        answer = await self.site.post(f"{self.path}/appeal", TEXT, headers=mine)
        return answer.status_code, answer.json().get("code", answer.json().get("outcome"))

    async def precision(self) -> dict[str, tuple[int, int]]:
        rules = await self.people.get("/incidents/precision")
        return {rule["event_type"]: (rule["confirmed"], rule["dismissed"]) for rule in rules}


def test_a_verdict_counts_for_the_findings_it_names(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        case = await Case.opened(site)
        named = {"findings": [await case.finding(EventType.LEFT_FRAME)], **HARMLESS}
        assert await case.do("ann", "dismiss", named) == (200, "dismissed")
        assert await case.precision() == {}  # it is not in effect yet
        later(site)
        assert await case.precision() == {"LEFT_FRAME": (0, 1)}
        [act] = (await case.detail())["history"]
        assert act["findings"] == named["findings"]
        await noticed(site, (EventType.GAZE_OFF_SCREEN, 3.0))
        assert (await case.detail())["incident"]["alert_count"] == 3
        assert await case.precision() == {"LEFT_FRAME": (0, 1)}  # what came later is not judged

    on_site(test)


def test_by_default_a_verdict_is_about_all_findings_so_far(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        case = await Case.opened(site)
        assert await case.do("ann", "dismiss", HARMLESS) == (200, "dismissed")
        later(site)
        await noticed(site, (EventType.GAZE_OFF_SCREEN, 3.0))
        assert await case.precision() == {"FACE_MISMATCH": (0, 1), "LEFT_FRAME": (0, 1)}

    on_site(test)


def test_two_people_confirm_only_what_both_of_them_name(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        case = await Case.opened(site)
        face, left = [await case.finding(event) for event, _ in TWO]
        assert await case.do("ann", "confirm", {"findings": [face]}) == (200, "seconding")
        assert await case.do("bob", "confirm", {"findings": [left]}) == (409, "nothing-in-common")
        assert await case.do("bob", "confirm") == (200, "confirmed")
        later(site)
        assert await case.precision() == {"FACE_MISMATCH": (1, 0)}
        await site.post("/session/SESS-1/end")
        [outcome] = await case.outcomes()
        detail = await case.detail()
        assert outcome["observed"] == [event_name(EventType.FACE_MISMATCH)]
        assert [act["findings"] for act in detail["history"]] == [[face], [face]]

    on_site(test)


def test_a_finding_of_another_incident_and_no_finding_are_refused(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        case = await Case.opened(site)
        before = await case.detail()
        strange = {"findings": ["00000000-0000-7000-8000-000000000000"], **HARMLESS}
        assert await case.do("ann", "dismiss", strange) == (422, "finding-unknown")
        assert await case.do("ann", "dismiss", {"findings": [], **HARMLESS}) == (422, "invalid-request")
        assert await case.detail() == before

    on_sqlite(test)


def test_an_undone_verdict_was_never_given_to_anybody_outside(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        case = await Case.opened(site)
        await site.post("/session/SESS-1/end")
        assert await case.do("ann", "undo") == (409, "nothing-to-undo")
        assert await case.do("ann", "confirm") == (200, "seconding")
        assert await case.do("bob", "confirm") == (200, "confirmed")
        incident = (await case.detail())["incident"]
        assert incident["effective_at"] > incident["decided_at"]
        assert await case.outcomes() == []
        assert await case.appeal() == (409, "nothing-to-appeal")
        report = (await site.get("/session/SESS-1/report")).json()
        assert report["totals"]["incidents"] == {"open": 1}
        assert report["incidents"][0]["history"] == []

        assert await case.do("ann", "undo") == (403, "not-your-verdict")  # the second one is bob's
        assert await case.do("bob", "undo") == (200, "seconding")
        assert await case.do("bob", "undo") == (403, "not-your-verdict")
        later(site, 60.0)
        assert await case.do("ann", "undo") == (409, "too-late-to-undo")
        assert await case.outcomes() == []
        assert await case.precision() == {}
        report = (await site.get("/session/SESS-1/report")).json()
        assert report["totals"]["incidents"] == {"seconding": 1}
        acts = [(act["act"], act["by"], act["state"]) for act in (await case.detail())["history"]]
        assert acts == [
            ("confirm", "ann", "seconding"),
            ("confirm", "bob", "confirmed"),
            ("undo", "bob", "seconding"),
        ]

    on_site(test)


def test_after_ten_seconds_a_verdict_is_in_effect_and_is_not_undone(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        case = await Case.opened(site)
        await site.post("/session/SESS-1/end")
        case.at(0)
        assert await case.do("ann", "dismiss", HARMLESS) == (200, "dismissed")
        case.at(9.9)
        assert await case.outcomes() == []
        case.at(10.0)
        assert await case.do("ann", "undo") == (409, "too-late-to-undo")
        [outcome] = await case.outcomes()
        assert outcome["outcome"] == "dismissed"

    on_site(test)


def test_an_appeals_decision_is_undone_and_given_anew(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        case = await Case.opened(site)
        case.at(0)
        for who in ("ann", "bob"):
            await case.do(who, "confirm")
        await site.post("/session/SESS-1/end")
        case.at(20)
        assert await case.appeal() == (200, "appealed")
        assert await case.do("ann", "reopen", TEXT) == (409, "not-decided")  # while the appeal runs
        assert await case.do("eve", "appeal/decide", {"decision": "uphold", **TEXT}) == (200, "upheld")
        assert [one["outcome"] for one in await case.outcomes()] == ["appealed"]
        assert await case.do("eve", "undo") == (200, "appealed")
        assert (await case.detail())["incident"]["effective_at"] is not None
        assert await case.do("eve", "appeal/decide", {"decision": "overturn", **TEXT}) == (200, "overturned")
        assert await case.do("ann", "reopen", TEXT) == (403, "reviewed-it-yourself")
        case.at(31)
        assert [one["outcome"] for one in await case.outcomes()] == ["overturned"]
        assert await case.precision() == {"FACE_MISMATCH": (0, 1), "LEFT_FRAME": (0, 1)}

    on_site(test)


def test_a_reopened_verdict_is_corrected_for_the_candidate_and_its_reason_is_kept(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        case = await Case.opened(site)
        await site.post("/session/SESS-1/end")
        case.at(0)
        await case.do("ann", "dismiss", HARMLESS)
        case.at(11)
        assert [one["outcome"] for one in await case.outcomes()] == ["dismissed"]
        assert await case.do("bob", "reopen", TEXT) == (403, "not-your-verdict")
        assert await case.do("ann", "reopen", {"text": " "}) == (422, "invalid-request")
        reason = {"text": "I took the poster for a person."}
        assert await case.do("ann", "reopen", reason) == (200, "open")
        [outcome] = await case.outcomes()
        assert outcome["outcome"] == "reopened"
        assert "no longer counts" in outcome["explanation"]
        assert reason["text"] not in json.dumps(outcome)
        assert await case.precision() == {}
        report = (await site.get("/session/SESS-1/report")).json()
        assert report["incidents"][0]["history"][-1]["text"] == reason["text"]

        case.at(12)
        for who in ("ann", "bob"):
            await case.do(who, "confirm")
        assert [one["outcome"] for one in await case.outcomes()] == ["reopened"]
        case.at(23)
        [outcome] = await case.outcomes()
        assert (outcome["outcome"], outcome["may_appeal"]) == ("confirmed", True)
        assert "This replaces the earlier decision" in outcome["explanation"]
        assert await case.do("ada", "reopen", TEXT, Role.ADMIN) == (200, "open")  # anybody's

    on_site(test)


def test_an_alert_that_comes_within_the_ten_seconds_survives_the_undo(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        case = await Case.opened(site)
        assert await case.do("ann", "dismiss", HARMLESS | {"alert_count": 2}) == (200, "dismissed")
        await noticed(site, (EventType.GAZE_OFF_SCREEN, 3.0))
        incident = (await case.detail())["incident"]
        assert (incident["state"], incident["changed_at"] is not None) == ("dismissed", True)
        assert await case.do("ann", "undo") == (200, "open")
        incident = (await case.detail())["incident"]
        assert (incident["alert_count"], incident["changed_at"], incident["decided_at"]) == (3, None, None)
        assert await case.do("ann", "dismiss", HARMLESS | {"alert_count": 2}) == (409, "incident-grown")
        [queued] = (await site.get("/incidents", params={"state": "open"})).json()["items"]
        assert queued["alert_count"] == 3

    on_site(test)


BEGAN = "2026-11-22 14:00:00+00:00"
IDS = {name: f"{number:032x}" for number, name in enumerate(("session", "one", "two", "old", "new"), 1)}


def test_verdicts_of_before_are_about_all_findings_of_their_incident(empty_database: Database) -> None:
    schema.upgrade(empty_database, "0015")
    with empty_database.write() as db:
        _store_confirmed_incident(db)
    schema.upgrade(empty_database)
    with empty_database.read() as db:
        rows = db.exec(select(VerdictFinding)).all()
        [incident] = db.exec(select(Incident)).all()
    assert {(row.act_id.hex, row.alert_id.hex) for row in rows} == {
        (IDS["new"], IDS["one"]),
        (IDS["new"], IDS["two"]),
    }
    assert incident.verdict_id is not None
    assert (incident.verdict_id.hex, incident.effective_utc) == (IDS["new"], None)
    schema.downgrade(empty_database, "0015")


def _store_confirmed_incident(db: Session) -> None:
    """An incident of two alerts that two people confirmed, as it was stored before."""
    one, session = IDS["one"], IDS["session"]
    tenant = db.connection().execute(text("SELECT id FROM tenants")).scalar_one()

    def store(table: str, **values: Any) -> None:
        row = {"tenant_id": tenant, **values}
        names = ", ".join(row), ", ".join(f":{name}" for name in row)
        db.connection().execute(text("INSERT INTO {} ({}) VALUES ({})".format(table, *names)), row)

    store("candidates", id=one, reference="CAND-1", created_utc=BEGAN)
    kinds = {"kind": "data", "retention_class": "exam", "scope": "EXAM-1", "master_version": 1}
    store("keys", id=one, candidate_id=one, created_utc=BEGAN, **kinds)
    keys = {"seal_key_id": one, "data_key_id": one, "details_sealed": b"sealed"}
    urls = {"signaling_url": "ws:", "whip_url": "http:", "started_utc": BEGAN, "expires_utc": BEGAN}
    exam = {"exam_reference": "EXAM-1", "policy": "{}", "policy_version": 1}
    store("sessions", id=session, reference="SESS-1", candidate_id=one, **keys, **urls, **exam)
    instants = {"onset_utc": BEGAN, "raised_utc": BEGAN, "received_utc": BEGAN}
    event = {"event_type": "FACE_NOT_FOUND", "event_class": "conduct", "severity_score": 0.5, "revision": 1}
    sealed = {"data_key_id": one, "body_sealed": b"sealed"}
    times = {"begins_utc": BEGAN, "decided_utc": BEGAN, "created_utc": BEGAN}
    kind = {"state": "confirmed", "queue_place": 0, "severity": 0.5, "events": "[]", "alert_count": 2}
    store("incidents", id=one, session_id=session, **kind, **times)
    for name in ("one", "two"):
        store("alerts", id=IDS[name], session_id=session, **event, **instants, **sealed)
        store("incident_alerts", alert_id=IDS[name], incident_id=one)
    for second, name in enumerate(("old", "new")):
        did = {"act": "confirm", "actor": name, "role": "proctor", "state": "confirmed"}
        at = BEGAN.replace("00+", f"0{second}+")
        store("review_acts", id=IDS[name], incident_id=one, at_utc=at, **did)
