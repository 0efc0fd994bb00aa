"""Retention over REST and with `proctorctl`, and what is answered about a session that left nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from coordinator.audit import chaining
from coordinator.retention import service as retention
from shared.events.types import EventType
from shared.fields import format_utc
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site, enroll_body
from tests.support.findings import found
from tests.support.reviewers import code
from tests.support.served_site import served
from tests.support.shell import Shell


def counts(plan: dict[str, Any], *names: str) -> dict[str, tuple[int, ...]]:
    return {one["kept"]: tuple(one[name] for name in names) for one in plan["classes"]}


async def sat(site: Site) -> datetime:
    """A candidate with a face and an exam that is over; when it was over."""
    assert (await site.post("/enroll", enroll_body(candidate="CAND-SESS-1"))).is_success
    await found(site, (EventType.FACE_MISMATCH, 1.0), session="SESS-1")
    assert (await site.post("/session/SESS-1/end")).is_success
    return datetime.now(UTC)


def test_what_is_planned_is_erased_reported_and_answered_for(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        over_utc = await sat(site)
        dpo = {"headers": site.bearer(Role.DPO, "dora")}
        now = (await site.get("/retention/plan")).json()
        assert counts(now, "due", "later")["alerts"] == (0, 1)
        assert now["items"] == []
        in_a_month = over_utc + timedelta(days=31)
        ahead = (await site.get("/retention/plan", params={"at": format_utc(in_a_month)})).json()
        assert counts(ahead, "due", "later") == {
            "templates": (0, 1),
            "evidence": (1, 0),
            "alerts": (1, 0),
            "features": (0, 0),
            "records": (0, 2),
        }
        assert {(one["kept"], one["candidate_id"], one["exam_id"]) for one in ahead["items"]} == {
            ("evidence", "CAND-SESS-1", "EXAM-1"),
            ("alerts", "CAND-SESS-1", "EXAM-1"),
        }
        assert (await site.post("/retention/run", **dpo)).json() == {"erased": [], "more": False}

        site.at(in_a_month)
        hold = await site.post("/legal-holds", {"candidate_id": "CAND-SESS-1", "reason": "case"}, **dpo)
        held = (await site.get("/retention/plan", params={"limit": 1})).json()
        assert counts(held, "due", "held")["alerts"] == (0, 1)
        assert (held["items"][0]["kept_back"], held["more"]) == (["legal-hold"], True)
        assert (await site.post("/retention/run", **dpo)).json()["erased"] == []
        await site.post(f"/legal-holds/{hold.json()['hold_id']}/release", **dpo)

        erased = (await site.post("/retention/run", **dpo)).json()
        assert {one["kept"]: one["things"] for one in erased["erased"]} == {"evidence": 1, "alerts": 1}
        assert not erased["more"]
        report = (await site.get("/retention/report")).json()
        assert {(one["day"], one["kept"], one["things"]) for one in report["days"]} == {
            (in_a_month.date().isoformat(), "evidence", 1),
            (in_a_month.date().isoformat(), "alerts", 1),
        }
        assert (await site.get("/alerts")).json()["items"] == []
        assert (await site.get("/incidents")).json()["items"] == []
        for path in ("", "/timeline", "/report", "/report.html", "/outcomes", "/policy", "/devices"):
            status = (await site.get(f"/session/SESS-1{path}")).status_code
            assert status in (200, 404, 410), path
        assert (await site.get("/enrollments/CAND-SESS-1")).status_code == 200

        site.at(over_utc + timedelta(days=366))
        last = (await site.post("/retention/run", **dpo)).json()
        assert {one["kept"] for one in last["erased"]} == {"templates", "records"}
        assert (await site.get("/sessions")).json()["items"] == []
        for path in ("/session/SESS-1", "/enrollments/CAND-SESS-1"):
            assert (await site.get(path)).status_code == 404
        await chaining.round_of(site.parts, datetime.now(UTC))
        entries = (await site.get("/audit", params={"role": "coordinator"})).json()["items"]
        assert [one["act"] for one in entries] == [
            "erase_evidence", "erase_alerts", "erase_evidence", "erase_alerts",
            "erase_templates", "erase_records", "erase_templates", "erase_records",
        ][: len(entries)]  # fmt: skip
        # The same names may come again, as another person.
        site.at(datetime.now(UTC))
        await site.started("SESS-1", "CAND-SESS-1")

    on_site(test)


def test_only_one_run_at_a_time_and_proctorctl_shows_plan_and_report(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        over_utc = await sat(site)
        async with served(site) as url:
            shell = Shell(site, url, "dora", Role.DPO)
            at = ("--at", format_utc(over_utc + timedelta(days=31)))
            plan = await shell.data("retention", "plan", *at, "--items", "5")
            assert counts(plan, "due")["evidence"] == (1,)
            assert len(plan["items"]) == 2
            status, out, _ = await shell.run("retention", "plan", *at, "--items", "5")
            assert (status, "CAND-SESS-1" in out) == (0, True)
            assert counts(await shell.data("retention", "run", "--dry-run"), "due")["evidence"] == (0,)
            site.at(over_utc + timedelta(days=31))
            done = {one["kept"]: one["things"] for one in await shell.data("retention", "run", "--yes")}
            assert done == {"evidence": 1, "alerts": 1}
            assert len((await shell.data("retention", "report"))["days"]) == 2
            status, out, _ = await shell.run("retention", "report", "--since", "2026-01-01")
            assert (status, "evidence" in out) == (0, True)
        holder, now_utc = site.home, over_utc + timedelta(days=31)
        await site.parts.writing(lambda db: retention.take(db, holder, now_utc, if_due=False))
        busy = await site.post("/retention/run", headers=site.bearer(Role.DPO, "dora"))
        assert code(busy) == (409, "retention-running")
        assert (await site.get("/retention/report")).json()["running"] is True

    on_sqlite(test)
