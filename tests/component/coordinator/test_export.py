"""An export has everything about one person, readable, and nothing about another."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import httpx
from sqlmodel import Session

from coordinator.audit import chaining
from coordinator.candidates import service as candidates
from coordinator.enrollments import faces_service as faces
from coordinator.enrollments.faces_service import NewPair
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.events.types import EventType
from shared.tokens import Role
from tests.support.album import pictured
from tests.support.exam_site import OnSite, Site, enroll_body
from tests.support.findings import ended_alert, until_stored
from tests.support.reviewers import Reviewers

THEIRS = ("ZQmarked-two", "SESS-of-two", "ann")
"""What may not be in the export of the first: the other person, its session, and a member of staff."""


async def sat(site: Site, who: str, session: str, count: float) -> None:
    """One person's enrollment, session and finding; all have the same exam and kind."""
    body = enroll_body(candidate=who)
    body["metadata"] = {"place": f"room of {who}"}
    assert (await site.post("/enroll", body)).status_code == 201
    await site.started(session, who, metadata={"seat": f"seat of {who}"})
    seen = ended_alert(site, EventType.FACE_MISMATCH, 1.0)
    jpeg = b"\xff\xd8\xff" + f"picture of {who}".encode()
    changes = {"evidence_pictures": pictured(seen.event_id, jpeg), "explanation": f"seen: {who}"}
    await site.node.publish(seen.model_copy(update=changes), site.node.obeyed.newest, 2)
    await until_stored(site, count)
    [incident] = (await site.get("/incidents", params={"exam_session_id": session})).json()["items"]
    path = f"/incidents/{incident['incident_id']}/comment"
    assert (await Reviewers(site).do("ann", path, {"text": f"about {who}"})).is_success


async def two(site: Site) -> None:
    """Two people in one exam, whose faces were found alike both ways."""
    await sat(site, "ZQmarked-one", "SESS-of-one", 1)
    await sat(site, "ZQmarked-two", "SESS-of-two", 2)

    def paired(db: Session) -> None:
        one, other = (
            candidates.known(db, DEFAULT_TENANT_ID, who) for who in ("ZQmarked-one", "ZQmarked-two")
        )
        keyring, now = site.parts.keys.keyring, site.parts.utc_now()
        new = NewPair(other.id, {"similarity": 0.91}, "ann", now)
        faces.keep_pair(db, keyring, one, new)

    await site.parts.writing(paired)


async def exported(site: Site, who: str) -> httpx.Response:
    asked = {"candidate_id": who, "made_for": "the candidate <b>itself</b>"}
    return await site.post("/privacy/export", asked, headers=site.bearer(Role.DPO, "officer"))


def files_of(answer: httpx.Response) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_export_has_everything_of_one_person_and_nothing_of_another(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await two(site)
        answer = await exported(site, "ZQmarked-one")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        files = files_of(answer)

        def rows(name: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = json.loads(files[f"{name}.json"])
            return found

        assert rows("candidate")[0]["reference"] == "ZQmarked-one"
        assert rows("enrollments")[0]["details"] == {"place": "room of ZQmarked-one"}
        assert rows("sessions")[0]["details"]["metadata"] == {"seat": "seat of ZQmarked-one"}
        assert "seen: ZQmarked-one" in [row["body"]["explanation"] for row in rows("alerts")]
        assert [row["text"] for row in rows("review_acts")] == ["about ZQmarked-one"]
        assert [row["actor"] for row in rows("review_acts")] == ["staff"]
        assert rows("face_pairs")[0]["details"] == {"similarity": 0.91}
        assert len(rows("templates")[0]["vector"]) > 0
        assert {row["act"] for row in rows("audit")} >= {"enroll_candidate", "start_session", "export_person"}
        [picture] = [data for name, data in files.items() if name.startswith("pictures/")]
        assert picture.endswith(b"picture of ZQmarked-one")
        page = files["index.html"].decode()
        assert "the candidate &lt;b&gt;itself&lt;/b&gt;" in page
        assert "officer (dpo)" in page
        whole = b"\n".join(files.values()).decode("utf-8", "replace")
        assert [one for one in THEIRS if f'"{one}"' in whole or (len(one) > 3 and one in whole)] == []

        other = b"\n".join(files_of(await exported(site, "ZQmarked-two")).values()).decode("utf-8", "replace")
        assert "similarity" not in json.dumps(
            json.loads(files_of(await exported(site, "ZQmarked-two"))["face_pairs.json"])
        )
        assert "ZQmarked-one" not in other
        assert (await exported(site, "CAND-9")).status_code == 404

    on_site(test)


def test_an_export_is_in_the_audit_log_before_it_is_sent(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await sat(site, "ZQmarked-one", "SESS-of-one", 1)
        site.parts.write_down = lambda *_: (_ for _ in ()).throw(OSError("no entry, no export"))
        with_entry = await exported(site, "ZQmarked-one")
        assert with_entry.status_code == 500
        assert b"ZQmarked" not in with_entry.content

    on_sqlite(test)


def test_a_glance_says_what_is_stored_why_it_may_be_and_what_keeps_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await two(site)
        officer = {"headers": site.bearer(Role.DPO, "officer")}
        hold = {"candidate_id": "ZQmarked-one", "reason": "the appeal of March"}
        assert (await site.post("/legal-holds", hold, **officer)).status_code == 201
        asked = {"candidate_id": "ZQmarked-one"}
        mine = {"headers": site.bearer(Role.CANDIDATE, "ZQmarked-one")}
        assert (await site.post("/privacy/delete", asked, **mine)).json()["status"] == "requested"
        answer = await site.get("/privacy/status/ZQmarked-one", **officer)
        assert answer.status_code == 200, answer.text
        shown = answer.json()
        assert [one["purpose"] for one in shown["consents"]].count("identity-verification") == 1
        assert {one["purpose"]: one["required"] for one in shown["lawful_bases"]}["camera-monitoring"]
        assert [one["reason"] for one in shown["holds"]] == ["the appeal of March"]
        assert [one["state"] for one in shown["requests"]] == ["waiting"]
        assert (shown["stored"]["pictures"], shown["stored"]["incidents"]) == (1, 2)  # and its alert
        await chaining.round_of(site.parts, site.parts.utc_now())
        listed = await site.get("/audit", params={"act": "get_privacy_status"}, **officer)
        assert [one["candidate_id"] for one in listed.json()["items"]] == ["ZQmarked-one"]

    on_site(test)
