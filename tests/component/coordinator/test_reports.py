"""A session's report in three forms, and its bundle for a hearing, whole and tampered with."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image
from sqlmodel import Session

from coordinator.alerts import service as alerts_service
from coordinator.keys import service as keys
from coordinator.keys.service import Owner
from coordinator.keys.tables import RetentionClass
from coordinator.reports.hearing import DOMAIN, verifier
from coordinator.reports.verify_bundle import check
from coordinator.reviews.effect import UNDO_FOR
from coordinator.sessions import service
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.canonical import canonical_json
from shared.events.types import EventType
from shared.evidence import data_url
from shared.fields import format_utc
from shared.sealing import signing_public_text
from shared.tokens import Role
from tests.support.album import pictured
from tests.support.exam_site import OnSite, Site
from tests.support.findings import EXAM, ended_alert, found, until_stored
from tests.support.reviewers import TEXT, Reviewers

Contents = dict[str, bytes]


def still() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (120, 90, 60)).save(out, "JPEG")
    return out.getvalue()


async def reviewed(site: Site) -> list[dict[str, Any]]:
    """An ended session with a confirmed and a dismissed incident, trouble with its camera, and a pause."""
    incidents = await found(site, (EventType.FACE_MISMATCH, 1.0), (EventType.GAZE_OFF_SCREEN, 60.0))
    start = site.node.obeyed.newest
    blocked = ended_alert(site, EventType.CAMERA_BLOCKED, 30.0).model_copy(update={"severity_score": 0.0})
    left = ended_alert(site, EventType.LEFT_FRAME, 200.0)
    left = left.model_copy(update={"evidence_pictures": pictured(left.event_id, still())})
    for one in (blocked, left):
        await site.node.publish(one, start, 2)
    await until_stored(site, 4)
    people = Reviewers(site)
    for who in ("ann", "bob"):
        response = await people.do(who, f"/incidents/{incidents[0]['incident_id']}/confirm", TEXT)
        assert response.status_code == 200
    await people.do("ann", f"/incidents/{incidents[1]['incident_id']}/dismiss", {"reason": "harmless"})
    await people.do("ann", "/session/SESS-1/pause", {"reason": "Fire alarm."})
    await site.post("/session/SESS-1/end")
    site.at(datetime.now(UTC) + UNDO_FOR + timedelta(seconds=1))  # no verdict can be undone any more
    return incidents


async def got(site: Site, form: str, **options: Any) -> httpx.Response:
    response = await site.get(f"/session/SESS-1/{form}", **options)
    assert response.status_code == 200, response.text
    return response


def test_a_report_sets_apart_what_was_seen_what_was_technical_and_what_people_did(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        incidents = await reviewed(site)
        response = await got(site, "report")
        report = response.json()
        assert response.content == canonical_json(report)
        assert [one["event_type"] for one in report["findings"]] == [
            "FACE_MISMATCH", "GAZE_OFF_SCREEN", "LEFT_FRAME",
        ]  # fmt: skip
        assert [one["event_type"] for one in report["technical"]] == ["CAMERA_BLOCKED"]
        assert [one["event_type"] for one in report["acts"]] == ["PROCTOR_PAUSE"]
        assert report["final"] is True
        assert report["findings"][0]["incident_id"] == incidents[0]["incident_id"]
        states = {one["incident"]["state"]: one["history"] for one in report["incidents"]}
        assert [act["by"] for act in states["confirmed"]] == ["ann", "bob"]
        assert states["confirmed"][0]["text"] == TEXT["text"]
        assert states["dismissed"][0]["reason"] == "harmless"
        assert report["totals"]["incidents"] == {"confirmed": 1, "dismissed": 1, "open": 1}
        unknown = report["totals"]["unknown_seconds"]  # the exam was paused until its end, a moment later
        assert (unknown["picture"], unknown.keys()) == (1.0, {"picture", "coverage"})
        assert report["seen_with"][0]["device"] == "cpu"
        assert "enrollment" in next(one["why"] for one in report["unknown"] if one["what"] == "identity")
        assert "evidence_thumbnail" not in response.text

    on_site(test)


def test_the_printed_forms_show_pictures_and_survive_broken_ones(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await reviewed(site)
        page = await got(site, "report.html")
        assert page.headers["content-type"].startswith("text/html")
        assert "script-src" not in page.headers["content-security-policy"]
        assert data_url(still()) in page.text
        pdf = await got(site, "report.pdf")
        assert pdf.content.startswith(b"%PDF-")
        assert pdf.headers["content-disposition"] == 'attachment; filename="SESS-1.report.pdf"'
        assert b"/Subtype /Image" in pdf.content

        await site.started("SESS-2", "CAND-2")
        running = (await site.get("/session/SESS-2/report")).json()
        assert (running["final"], running["findings"]) == (False, [])
        assert (await site.get("/session/SESS-2/report.pdf")).content.startswith(b"%PDF-")

    on_sqlite(test)


def test_erased_alerts_are_counted_and_not_told(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await reviewed(site)
        whole = (await got(site, "report")).json()

        def destroy(db: Session) -> None:
            session = service.find(db, DEFAULT_TENANT_ID, "SESS-1").session
            owner = Owner(DEFAULT_TENANT_ID, session.candidate_id, RetentionClass.EXAM, "EXAM-1")
            keys.destroy(db, owner, EXAM)

        await site.parts.writing(destroy)
        erased = (await got(site, "report")).json()
        told = sum(len(whole[kind]) for kind in ("findings", "technical", "acts", "milestones"))
        assert (erased["erased_alerts"], erased["findings"]) == (told, [])
        assert any("erased" in one["why"] for one in erased["unknown"])
        assert TEXT["text"] not in json.dumps(erased)

    on_sqlite(test)


def test_only_staff_of_the_institution_reads_it_and_not_without_end(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        site.stop_clock(monkeypatch)
        await site.started()
        for form in ("report", "report.html", "report.pdf", "hearing-bundle"):
            for role in (Role.CANDIDATE, Role.DPO):
                refused = await site.get(f"/session/SESS-1/{form}", headers=site.bearer(role, "CAND-1"))
                assert refused.status_code == 403
            assert (await site.get(f"/session/NONE/{form}")).status_code == 404
        while (last := await site.get("/session/SESS-1/report")).status_code == 200:
            pass
        assert last.status_code == 429

    on_sqlite(test)


def test_a_session_of_too_many_alerts_is_refused_before_it_is_opened(
    on_site: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        await found(site, (EventType.FACE_MISMATCH, 1.0))
        for bound in ("MAX_ALERTS", "MAX_ALERT_BYTES"):
            with monkeypatch.context() as lowered:
                lowered.setattr(alerts_service, bound, 1)
                report = await site.get("/session/SESS-1/report")
                timeline = await site.get("/session/SESS-1/timeline")
                rescored = await site.post("/session/SESS-1/rescore", {"policy": {}})
            assert [(one.status_code, one.json()["code"]) for one in (report, timeline, rescored)] == [
                (413, "report-too-large"), (413, "timeline-too-large"), (413, "session-too-large"),
            ]  # fmt: skip
        assert (await site.get("/session/SESS-1/report")).status_code == 200
        assert (await site.get("/session/SESS-1/timeline")).status_code == 200

    on_site(test)


def test_a_bundle_verifies_offline_with_the_script_it_brings(on_site: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        await reviewed(site)
        path = tmp_path / "hearing.zip"
        path.write_bytes((await got(site, "hearing-bundle")).content)
        with zipfile.ZipFile(path) as archive:
            script = tmp_path / "verify_bundle.py"
            script.write_bytes(archive.read("verify_bundle.py"))
            alerts = archive.read("alerts.jsonl").splitlines()
            report = archive.read("report.json")
            assert archive.read("report.pdf").startswith(b"%PDF-")
        assert len(alerts) == 7  # four of the node, a pause, a start and an end
        assert all(canonical_json(json.loads(line)) == line for line in alerts)
        assert json.loads(report)["made_at"] > format_utc(EXAM)

        def ran(*more: str) -> tuple[int, str]:
            done = subprocess.run(
                [sys.executable, "-I", str(script), str(path), *more], capture_output=True, text=True
            )
            return done.returncode, done.stdout

        code, said = ran()
        assert code == 0, said
        assert "nothing here proves who made this bundle" in said
        assert ran("--key", site.parts.keys.signing_text)[0] == 0
        code, said = ran("--key", "ed25519:" + base64.b64encode(bytes(32)).decode())
        assert (code, "not the one you were given" in said) == (1, True)
        path.write_bytes(b"no zip")
        assert ran()[0] == 2

    on_site(test)


def changed(name: str, old: bytes, new: bytes) -> Callable[[Contents], None]:
    def change(contents: Contents) -> None:
        assert old in contents[name]
        contents[name] = contents[name].replace(old, new, 1)

    return change


def without(name: str) -> Callable[[Contents], None]:
    def change(contents: Contents) -> None:
        del contents[name]

    return change


def added(contents: Contents) -> None:
    contents["more.txt"] = b"more"


def rehashed(contents: Contents) -> None:
    """A verdict is changed and its hash made right again; only the signature cannot be."""
    changed("report.json", b"harmless", b"technical")(contents)
    data, manifest = contents["report.json"], json.loads(contents["manifest.json"])
    for one in manifest["files"]:
        if one["path"] == "report.json":
            one.update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    contents["manifest.json"] = canonical_json(manifest)


def signed_by_another(contents: Contents) -> None:
    """The whole manifest is signed anew, by somebody else's key."""
    other, manifest = Ed25519PrivateKey.generate(), json.loads(contents["manifest.json"])
    manifest["signer"] = signing_public_text(other.public_key())
    contents["manifest.json"] = canonical_json(manifest)
    contents["manifest.sig"] = base64.b64encode(other.sign(DOMAIN + contents["manifest.json"]))


def one_alert_less(contents: Contents) -> None:
    contents["alerts.jsonl"] = b"".join(contents["alerts.jsonl"].splitlines(keepends=True)[:-1])


TAMPERINGS = [
    pytest.param(changed("report.json", b"harmless", b"technical"), "report.json: was changed", id="verdict"),
    pytest.param(changed("report.html", b"harmless", b"technical"), "report.html: was changed", id="html"),
    pytest.param(changed("manifest.json", b"SESS-1", b"SESS-9"), "signature is not valid", id="manifest"),
    pytest.param(changed("policy.json", b"0.", b"1."), "policy.json: was changed", id="policy"),
    pytest.param(
        changed("alerts.jsonl", b'"confidence":', b'"confidence":0.'),
        "its hash differs from the listed",
        id="alert",
    ),
    pytest.param(rehashed, "signature is not valid", id="rehashed"),
    pytest.param(signed_by_another, "not the one you were given", id="another-signer"),
    pytest.param(one_alert_less, "6 alerts are there, 7 are listed", id="alert-left-out"),
    pytest.param(without("report.pdf"), "report.pdf: is missing", id="file-left-out"),
    pytest.param(without("manifest.sig"), "a file is missing", id="signature-left-out"),
    pytest.param(added, "more.txt: is not listed", id="file-added"),
]


def test_every_tampering_is_found_and_named(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await reviewed(site)
        whole = (await got(site, "hearing-bundle")).content
        assert check(zipfile.ZipFile(io.BytesIO(whole)), site.parts.keys.signing_text) == []
        for case in TAMPERINGS:
            tamper, expected = case.values
            with zipfile.ZipFile(io.BytesIO(whole)) as archive:
                contents = {name: archive.read(name) for name in archive.namelist()}
            tamper(contents)  # type: ignore[operator]
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as archive:
                for name, data in contents.items():
                    archive.writestr(name, data)
            problems = check(zipfile.ZipFile(out), site.parts.keys.signing_text)
            assert any(str(expected) in problem for problem in problems), (case.id, problems)
        assert verifier().startswith(b"#!/usr/bin/env python3")

    on_sqlite(test)
