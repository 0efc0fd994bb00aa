"""A person is erased: what it left is found in every place before, and in none after."""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import nats
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session, select

from coordinator.alerts.tables import RefusedAlert
from coordinator.arriving.replaying import store_of
from coordinator.audit import chaining
from coordinator.backups.creating import Maker, create, write_keyring
from coordinator.backups.generation import HeldKey
from coordinator.backups.lists import found_at, target_of
from coordinator.backups.manifest import Kind as BackupKind
from coordinator.backups.opening import keyring_items, unsealed, write_down
from coordinator.candidates import service as candidates
from coordinator.consents.tables import Consent
from coordinator.deliveries import service as deliveries
from coordinator.deliveries.parcels_service import parcels_of
from coordinator.destinations.tables import Delivery, DeliveryState
from coordinator.enrollments import faces_service as faces
from coordinator.enrollments.faces_service import NewPair
from coordinator.ground.keyring import Keyring
from coordinator.keys.tables import Key
from coordinator.live.rooms import Listener
from coordinator.privacy import erasing_service as erasing, places, steps
from coordinator.privacy.erasing_service import ErasureOrder
from coordinator.privacy.tables import Erasure
from coordinator.restoring import restore
from coordinator.retention import running
from coordinator.retention.running import Asked
from coordinator.sessions.tables import ExamSession
from coordinator.sessions.watched import service as watched
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.tokens.tables import IssuedToken
from shared import subjects
from shared.api.destinations import DestinationFilter
from shared.audit_check import AuditCheck
from shared.bundles import unbundled
from shared.consents import Purpose
from shared.deliveries import DeliveryDetail
from shared.erasures import Cause
from shared.errors import Unavailable
from shared.events.types import EventType, Lane
from shared.excerpts import Excerpt, ExcerptHeader, seal_excerpt
from shared.messages.sessions import SessionAccepted
from shared.sealing import parse_sealing_public, unpack
from shared.tokens import Role
from shared.unwatched import Kind
from tests.support.album import pictured
from tests.support.backups import OPENER, empty_place, maker_for
from tests.support.eventually import until
from tests.support.exam_site import NODE_ID, OnSite, Site, enroll_body
from tests.support.exams import put
from tests.support.findings import ended_alert, until_stored
from tests.support.nats import RunningServer
from tests.support.node_answers import accepted
from tests.support.planted import Opener, in_database, marks_in
from tests.support.reviewers import Reviewers
from tests.support.served_site import served
from tests.support.shell import Shell

TEMPLATE: Final = b"\x00\x00\x00\x3f" * 4
"""The template of what the fake node sees: four times 0.5, as float32."""
NAMES: Final = frozenset(
    {b"ZQmarked-candidate", b"ZQmarked-session", b"ZQmarked-text-version", b"ZQmarked-speech"}
)
"""Marks in what stands clear in the database, as the institution's own identifiers do."""
MARKED: Final = "place metadata frontend explained seen picture message flag policy comment words clip paired"
SEALED: Final = frozenset({TEMPLATE, *(f"ZQmarked-{one}".encode() for one in MARKED.split())})
JPEG: Final = b"\xff\xd8\xff" + b"ZQmarked-picture" * 100
CLIP: Final = base64.b64encode(b"ZQmarked-clip").decode()
SPEECH: Final = {"features": {"speech_transcription": True}, "phrases": ["answer"]}
WHO: Final = "ZQmarked-candidate"
MARK = {"text_version": "ZQmarked-text-version"}


def text(mark: str) -> dict[str, Any]:
    return {"text": f"It was {mark}."}


async def planted(site: Site) -> None:
    """A person that has filled every field that it, or staff about it, can fill."""
    body = enroll_body(candidate=WHO)
    body["metadata"] = {"place": "ZQmarked-place"}
    body["acknowledged"] = MARK
    assert (await site.post("/enroll", body)).status_code == 201
    everything = {"details": list(DeliveryDetail)}
    hook = {"name": "office", "url": "https://exams.example.org/hooks", "filter": everything}
    made = await site.post("/webhooks", hook)
    assert made.status_code == 201
    # Nobody is sending to it: a system that perhaps got something is told of the erasure, by name.
    home = f"/destinations/{made.json()['destination']['destination_id']}"
    assert (await site.post(f"{home}/pause")).is_success
    yes = {"given": True, "text_version": "ZQmarked-speech"}
    await put(site, f"/consents/{WHO}/speech-transcription", yes, headers=site.bearer(Role.CANDIDATE, WHO))
    await site.started(
        "ZQmarked-session",
        WHO,
        metadata={"said": "ZQmarked-metadata"},
        frontend_instance_id="ZQmarked-frontend",
        policy=SPEECH,
    )
    start = site.node.obeyed.newest
    seen = ended_alert(site, EventType.FACE_MISMATCH, 1.0)
    assert start.transcript_key is not None
    assert start.transcript_key_id is not None
    header = ExcerptHeader(
        alert_id=seen.event_id, session_id=start.session_id, key_id=start.transcript_key_id
    )
    said = Excerpt(phrases=("answer",), text="ZQmarked-words", duration_s=1.0, clip=CLIP)
    to = parse_sealing_public(start.transcript_key)
    sealed = seal_excerpt(said, header, Ed25519PrivateKey.generate(), to)
    changes = {
        "evidence_pictures": pictured(seen.event_id, JPEG),
        "explanation": "ZQmarked-explained",
        "evidence": {"seen": "ZQmarked-seen"},
        "sealed_excerpt": sealed,
    }
    await site.node.publish(seen.model_copy(update=changes), start, 2)
    await until_stored(site, 1)
    for path, said_so in (
        ("message", {"message": "ZQmarked-message"}),
        ("flag", {"reason": "ZQmarked-flag"}),
    ):
        assert (await site.post(f"/session/ZQmarked-session/{path}", said_so)).is_success
    change = {"policy": {**SPEECH, "mismatch_checks": 6}, "reason": "ZQmarked-policy", "based_on": 1}
    await put(site, "/session/ZQmarked-session/policy", change)
    listed = await site.get("/incidents", params={"exam_session_id": "ZQmarked-session"})
    [incident] = listed.json()["items"]
    path = f"/incidents/{incident['incident_id']}/comment"
    assert (await Reviewers(site).do("ann", path, text("ZQmarked-comment"))).is_success
    token = {"subject": WHO, "role": "candidate", "lifetime_minutes": 60}
    assert (await site.post("/tokens", token)).status_code == 201
    await site.parts.writing(lambda db: _paired(db, site))


def _paired(db: Session, site: Site) -> None:
    keyring = site.parts.keys.keyring
    now = site.parts.utc_now()
    one = candidates.known(db, DEFAULT_TENANT_ID, WHO)
    other = candidates.get_or_make(db, DEFAULT_TENANT_ID, "CAND-2", now, may_be_new=True)
    faces.keep_pair(db, keyring, one, NewPair(other.id, {"why": "ZQmarked-paired"}, "ann", now))


async def streamed(hub: RunningServer, opener: Opener) -> bytes:
    """Every message of the stream, as it lies there and opened."""
    client = await nats.connect(hub.url, user=hub.user, password=hub.password)
    try:
        stream = client.jetstream()
        last = (await stream.stream_info(subjects.ALERT_STREAM)).state.last_seq
        messages = [await stream.get_msg(subjects.ALERT_STREAM, one) for one in range(1, last + 1)]
    finally:
        await client.close()
    bodies = [message.data or b"" for message in messages]
    return b"\n".join([*bodies, *(opener.message(body) for body in bodies)])


async def about_to_leave(site: Site) -> bytes:
    """What waits for an institution's system, as it would be sent."""

    def work(db: Session) -> bytes:
        wanted = DestinationFilter(details=tuple(DeliveryDetail))
        rows = db.exec(select(Delivery).where(Delivery.state == DeliveryState.WAITING)).all()
        parcels = parcels_of(db, site.parts.keys.keyring, rows, wanted)
        return "\n".join(one.body or "" for one in parcels).encode()

    return await site.parts.reading(work)


def lying(folder: Path) -> bytes:
    """All files of a folder, as they lie there."""
    return b"\n".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def logged(record: logging.LogRecord) -> str:
    """A line of the log with everything beside its words."""
    return f"{record.getMessage()} {record.__dict__} {record.exc_text}"


async def erased(site: Site, who: str = WHO, **more: Any) -> dict[str, Any]:
    asked = {"candidate_id": who, "end_running": True, **more}
    answer = await site.post("/privacy/delete", asked, headers=site.bearer(Role.DPO, "officer"))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_every_mark_is_found_in_every_place_before_and_in_none_after(
    on_sqlite: OnSite, hub: RunningServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    async def test(site: Site) -> None:
        await planted(site)
        database, keyring = tmp_path / "coordinator.db", site.parts.keys.keyring
        maker = maker_for(site.parts, str(tmp_path / "backups"))
        site.parts.keep_keyring = lambda: keep(maker)
        made = await asyncio.to_thread(create, maker, datetime.now(UTC))
        copy = tmp_path / "copies" / "coordinator.db"
        copy.parent.mkdir()
        target = target_of(maker.settings, BackupKind.DATABASE)
        write_down(unsealed(target, made, "database", OPENER), copy)
        before = Opener.of(database, keyring)
        told = "candidate session explained seen picture words clip"
        of_alerts = {f"ZQmarked-{one}".encode() for one in told.split()}
        marks = NAMES | SEALED
        assert marks_in(in_database(database, before), marks) == marks
        assert marks_in(in_database(copy, with_last_keyring(maker, keyring)), marks) == marks
        assert marks_in(await streamed(hub, before), marks) == of_alerts
        kept_by_node = b"".join(before.message(one) for one in site.node.published)
        assert marks_in(kept_by_node, marks) == of_alerts
        told_others = of_alerts - {b"ZQmarked-words", b"ZQmarked-clip"} | {b"ZQmarked-flag"}
        assert marks_in(await about_to_leave(site), marks) == told_others

        done = await erased(site)
        assert done["status"] == "erased"
        assert [str(one.session_id) for one in site.node.obeyed.ended] == [
            str(site.node.obeyed.newest.session_id)
        ]
        after = Opener.of(database, keyring)
        assert marks_in(in_database(database, after), marks) == set()
        assert marks_in(await streamed(hub, after), marks) == set()
        assert marks_in(await about_to_leave(site), marks) == set()
        assert marks_in(lying(tmp_path / "nats"), marks) == set()
        assert b"".join(after.message(one) for one in site.node.published).strip() == b""
        assert marks_in(lying(tmp_path / "backups"), marks) == set()
        ours = [one for one in caplog.records if not one.name.startswith("http")]  # the test's own client
        assert ours
        assert marks_in("\n".join(map(logged, ours)).encode(), marks) == set()
        # What stands clear inside the seal of a backup stays so until the backup expires or is restored.
        assert marks_in(in_database(copy, with_last_keyring(maker, keyring)), marks) == NAMES
        with empty_place(maker, tmp_path, None) as place:
            assert (await asyncio.to_thread(restore, place.wish(), datetime.now(UTC))).erased_again == 1
            restored = place.config.sqlite_file
            assert restored is not None
            assert marks_in(in_database(restored, Opener.of(restored, keyring)), marks) == set()
            with place.opened() as opened:
                store = replace(store_of(site.parts), database=opened)
                late = [Late(subjects.alert(NODE_ID, lane_of(one)), one) for one in site.node.published]
                taken = store.take(late, datetime.now(UTC))
                assert {(one.treatment, one.reason) for one in taken.treated} == {("refused", "erased")}
            assert marks_in(in_database(restored, Opener.of(restored, keyring)), marks) == set()

    on_sqlite(test)


def test_when_all_terms_are_over_every_mark_is_gone_although_nobody_asked(
    on_sqlite: OnSite, hub: RunningServer, tmp_path: Path
) -> None:
    async def test(site: Site) -> None:
        await planted(site)
        assert (await site.post("/session/ZQmarked-session/end")).is_success
        database, keyring, marks = tmp_path / "coordinator.db", site.parts.keys.keyring, NAMES | SEALED
        later = site.parts.utc_now() + timedelta(days=400)
        done = await running.erase_due(site.parts, Asked(uuid4(), later))
        assert done is not None
        assert not done.more
        await site.parts.writing(lambda db: deliveries.clear(db, later))
        after = Opener.of(database, keyring)
        assert marks_in(in_database(database, after), marks) == set()
        assert marks_in(await streamed(hub, after), marks) == set()
        assert b"".join(after.message(one) for one in site.node.published).strip() == b""
        assert (await site.parts.reading(tokens_of_candidates)) == [("~retention", "retention")]

    on_sqlite(test)


def tokens_of_candidates(db: Session) -> list[tuple[str, str | None]]:
    wanted = select(IssuedToken.subject, IssuedToken.revoked_by).where(IssuedToken.role == Role.CANDIDATE)
    return list(db.exec(wanted).all())


@dataclass(frozen=True)
class Late:
    """A message that comes once more, long after it was sent."""

    subject: str
    data: bytes
    delivered: int = 1


def lane_of(message: bytes) -> Lane:
    return Lane(unpack(unbundled(message).message).header["lane"])


def keep(maker: Maker) -> None:
    write_keyring(maker, datetime.now(UTC))


def with_last_keyring(maker: Maker, keyring: Keyring) -> Opener:
    """The keys that the last backup of the keyring has: the one that an erasure has left."""
    target = target_of(maker.settings, BackupKind.KEYRING)
    [found] = found_at(target, BackupKind.KEYRING, maker.keys.signers)
    assert found.manifest is not None
    items = keyring_items(target, found.manifest, OPENER)
    halves = {one.key_id: one.wrapped for one in items if isinstance(one, HeldKey)}
    with maker.database.read() as db:
        held = [key for key in db.exec(select(Key)).all() if key.id in halves]
    return Opener(keyring, [Key.model_construct(**{**dict(key), "wrapped": halves[key.id]}) for key in held])


def test_a_late_alert_is_refused_and_brings_nobody_back(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        start = site.node.obeyed.newest
        late = ended_alert(site, EventType.LEFT_FRAME, 20.0)
        done = await erased(site, "CAND-1")
        assert done["receipt"]["body"]["erased"]["sessions"] == 1
        await site.node.publish(late, start, 2)

        def refusals(db: Session) -> list[str]:
            return [row.reason for row in db.exec(select(RefusedAlert)).all()]

        await until(lambda: site.parts.reading(refusals), "the late alert is refused")
        assert await site.parts.reading(refusals) == ["erased"]
        assert (await site.get("/sessions")).json()["items"] == []
        assert (await site.get("/alerts")).json()["items"] == []
        for path in ("/session/SESS-1", "/consents/CAND-1", "/enrollments/CAND-1"):
            assert (await site.get(path)).status_code == 404
        mine = site.bearer(Role.CANDIDATE, "CAND-1", session_id=start.session_id)
        assert (await site.get("/session/SESS-1", headers=mine)).status_code == 401

    on_site(test)


def test_the_same_reference_is_a_new_person_and_can_be_erased_again(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        wanted = {"subject": "CAND-1", "role": "candidate", "lifetime_minutes": 60}
        token = (await site.post("/tokens", wanted)).json()["token"]
        mine = {"Authorization": f"Bearer {token}"}
        assert (await site.get("/consents/CAND-1", headers=mine)).status_code == 200
        watches = Listener(site.node.obeyed.newest.session_id, "SESS-1", "ann", for_staff=True)
        site.parts.rooms.enter(watches)
        first = await erased(site, "CAND-1")
        said = [watches.messages.get_nowait() for _ in range(watches.messages.qsize())]
        assert said[-1:] == [None], "who watches it live is told that it has ended"
        assert (await site.get("/consents/CAND-1", headers=mine)).status_code == 401
        officer = site.bearer(Role.DPO, "officer")
        again = await site.post("/privacy/delete", {"candidate_id": "CAND-1"}, headers=officer)
        assert (again.status_code, again.json()["code"]) == (404, "candidate-unknown")
        await site.started("SESS-1", "CAND-1")
        assert len((await site.get("/sessions")).json()["items"]) == 1
        second = await erased(site, "CAND-1")
        bodies = [one["receipt"]["body"] for one in (first, second)]
        assert bodies[0]["candidate_uuid"] != bodies[1]["candidate_uuid"]
        assert [one["number"] for one in bodies] == [1, 2]
        assert [one["nodes_told"] for one in bodies] == [1, 1]
        shown = await site.get(f"/privacy/erasures/{first['erasure_id']}", headers=officer)
        assert shown.json() == first
        await chaining.round_of(site.parts, site.parts.utc_now())
        check = AuditCheck((site.parts.keys.signing.public_key(),))
        check.read(line.encode() for line in (await site.get("/audit/export")).text.splitlines())
        assert check.faults == []
        listed = await site.get("/audit", headers=officer, params={"act": "delete_person"})
        assert [(one["candidate_id"], one["outcome"]) for one in listed.json()["items"]] == [
            (None, "done"),
            (None, "refused 404"),
            (None, "done"),
        ]

    on_site(test)


def test_a_running_session_and_a_legal_hold_stand_in_the_way(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        officer = {"headers": site.bearer(Role.DPO, "officer")}
        asked = {"candidate_id": "CAND-1"}
        refused = await site.post("/privacy/delete", asked, **officer)
        assert (refused.status_code, refused.json()["code"]) == (409, "session-active")
        hold = {"candidate_id": "CAND-1", "reason": "the appeal of March"}
        placed = await site.post("/legal-holds", hold, **officer)
        assert placed.status_code == 201, placed.text
        refused = await site.post("/privacy/delete", {**asked, "end_running": True}, **officer)
        assert (refused.status_code, refused.json()["code"]) == (409, "legal-hold")
        assert "the appeal of March" in refused.json()["detail"]
        assert (await site.get("/session/SESS-1")).json()["status"] == "active"

    on_site(test)


def test_a_candidate_asks_and_an_officer_decides(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started("SESS-1", "CAND-1")
        session_id = UUID(started["session_uuid"])
        asked = {"candidate_id": "CAND-1", "end_running": True}
        mine = {"headers": site.bearer(Role.CANDIDATE, "CAND-1", session_id=session_id)}
        others = {"headers": site.bearer(Role.CANDIDATE, "CAND-2")}
        assert (await site.post("/privacy/delete", asked, **others)).status_code == 403
        first = (await site.post("/privacy/delete", asked, **mine)).json()
        assert first["status"] == "requested"
        assert (await site.post("/privacy/delete", asked, **mine)).json() == first
        officer = {"headers": site.bearer(Role.DPO, "officer")}
        path = f"/privacy/requests/{first['request']['request_id']}/decide"
        assert (await site.post(path, {"granted": False}, **officer)).status_code == 422
        no = await site.post(path, {"granted": False, "refusal": "legal-claims"}, **officer)
        assert (no.status_code, no.json()["status"]) == (200, "refused")
        assert (await site.post(path, {"granted": True}, **officer)).json()["code"] == "decided-already"
        second = (await site.post("/privacy/delete", asked, **mine)).json()
        path = f"/privacy/requests/{second['request']['request_id']}/decide"
        yes = await site.post(path, {"granted": True, "end_running": True}, **officer)
        assert yes.json()["receipt"]["body"]["cause"] == "request"
        listed = (await site.get("/privacy/requests", **officer)).json()["items"]
        assert [(one["state"], one["refusal"], one["candidate_id"]) for one in listed] == [
            ("refused", "legal-claims", None),
            ("granted", None, None),
        ]

    on_site(test)


def test_an_erasure_that_was_interrupted_goes_on_by_itself(
    on_site: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        await planted_shortly(site)

        def dies(*_: object, **__: object) -> None:
            raise Unavailable("it died here")

        for step in ("remove", "finish"):
            with monkeypatch.context() as here:
                here.setattr(erasing, step, dies)
                if step == "remove":
                    done = await erased(site, "CAND-1")
                    assert (done["status"], done["receipt"]) == ("erasing", None)
                with pytest.raises(Unavailable):
                    await steps.carry_on(site.parts, UUID(done["erasure_id"]))
        await site.parts.writing(lambda db: left_behind(db, UUID(done["erasure_id"])))
        row = await site.parts.writing(lambda db: finished(db, site, UUID(done["erasure_id"])))
        assert (await site.parts.reading(lambda db: db.exec(select(Consent)).all())) == []
        assert row.completed_utc is not None
        assert row.receipt == (await steps.carry_on(site.parts, row.id)).receipt
        assert await site.parts.reading(erasing.unfinished) == []
        assert row.counts["alerts"] >= 2

    on_site(test)


def left_behind(db: Session, erasure_id: UUID) -> None:
    """What a transaction stores that had begun before the decision."""
    row = db.get_one(Erasure, erasure_id)
    db.add(
        Consent(
            tenant_id=row.tenant_id,
            candidate_id=row.candidate_id,
            purpose=Purpose.CAMERA_MONITORING,
            given=True,
            text_version="1",
            language="en",
            recorded_by="CAND-1",
            created_utc=row.decided_utc,
        )
    )


def finished(db: Session, site: Site, erasure_id: UUID) -> Erasure:
    return erasing.finish(db, site.parts.keys, erasure_id, 0, site.parts.utc_now())


async def planted_shortly(site: Site) -> None:
    await site.started("SESS-1", "CAND-1")
    await site.node.publish(ended_alert(site, EventType.LEFT_FRAME, 20.0), site.node.obeyed.newest, 2)
    await until_stored(site, 1)


def test_a_session_that_was_starting_meanwhile_does_not_bring_the_person_back(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        await site.post("/session/SESS-1/end")

        def meanwhile(session_id: UUID) -> SessionAccepted:
            site.node.accept = accepted
            with site.parts.database.write() as db:
                person = candidates.known(db, DEFAULT_TENANT_ID, "CAND-1")
                wish = ErasureOrder(
                    candidate=person, decided_by=Role.DPO, cause=Cause.OFFICER, end_running=False
                )
                erasing.decide(db, site.parts.keys, wish, site.parts.utc_now())
            return accepted(session_id)

        site.node.accept = meanwhile
        again = {"exam_session_id": "SESS-2", "candidate_id": "CAND-1", "exam_id": "EXAM-1"}
        refused = await site.post("/session/start", {**again, "allow_unregistered": True})
        assert (refused.status_code, refused.json()["code"]) == (503, "started-twice")
        [erasure] = await site.parts.reading(erasing.unfinished)
        assert (await steps.carry_on(site.parts, erasure)).completed_utc is not None
        assert (await site.get("/sessions")).json()["items"] == []
        assert site.node.obeyed.ended[-1].session_id == site.node.obeyed.newest.session_id
        assert (await site.post("/session/start", {**again, "allow_unregistered": True})).status_code == 201

    on_site(test)


def test_what_a_node_says_late_about_an_ended_session_is_not_written(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started("SESS-1", "CAND-1")
        session_id = UUID(started["session_uuid"])
        await erased(site, "CAND-1")
        said = {session_id: ("run", {Kind.FACE: 3.0})}
        await site.parts.writing(lambda db: watched.note(db, said))
        row = await site.parts.reading(lambda db: db.get_one(ExamSession, session_id))
        assert row.unwatched is None
        emptied = {name: getattr(row, name) for name in places.EMPTIED["sessions"]}
        assert {name: value for name, value in emptied.items() if value} == {"reference": f"~{session_id}"}

    on_sqlite(test)


def test_an_officer_erases_and_checks_the_receipt_by_commands(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        file, packed = tmp_path / "receipt.json", tmp_path / "one.zip"
        async with served(site) as url:
            officer = Shell(site, url, "officer", Role.DPO)
            shown = await officer.data("privacy", "status", "CAND-1")
            assert shown["stored"]["alerts"] >= 1
            packed.touch()
            packed.chmod(0o644)  # an earlier file of this name, which others may read
            export = ("privacy", "export", "CAND-1", str(packed), "--for", "the candidate")
            assert (await officer.run(*export))[0] == 0
            assert packed.stat().st_mode & 0o777 == 0o600
            words = ("privacy", "delete", "CAND-1", "--receipt", str(file))
            code, _, question = await officer.run(*words)
            assert (code, "for ever?" in question) == (1, True)
            code, _, error = await officer.run(*words, "--yes")
            assert (code, "end_running" in error) == (1, True), error
            assert (await officer.data(*words, "--yes", "--end-running"))["status"] == "erased"
            key = ("--signing-key", site.parts.keys.signing_text)
            code, out, _ = await officer.run("privacy", "verify-receipt", str(file), *key)
            assert (code, "is genuine: erasure 1" in out) == (0, True), out
            file.write_text(file.read_text().replace('"number": 1', '"number": 2'))
            code, out, _ = await officer.run("privacy", "verify-receipt", str(file), *key)
            assert (code, "was changed" in out) == (1, True), out

    on_sqlite(test)
