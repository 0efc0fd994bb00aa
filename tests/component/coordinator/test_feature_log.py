"""What was measured is logged only of who agreed, under keys of its own, and leaves only without names."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session, select

from coordinator.features.tables import FeatureBatch
from coordinator.keys.tables import Key, RetentionClass
from coordinator.sessions.changing.telling import mend
from shared.events.types import EventType
from shared.features import WINDOW_S, FeaturesBody, FeatureVector
from shared.messages.sessions import StartSession
from shared.tokens import Role
from tests.support.as_ordered import heard
from tests.support.eventually import until
from tests.support.exam_site import OnSite, Site
from tests.support.findings import ended_alert, until_stored
from tests.support.planted import Opener, in_database, marks_in
from tests.support.reviewers import Reviewers
from tests.support.served_site import served
from tests.support.shell import Shell

ON: Final = {"feature_log": True}
YES: Final = {"given": True, "text_version": "1"}
NO: Final = {"given": False, "text_version": "1", "confirm": True}
ZERO: Final = datetime(2026, 11, 22, 14, tzinfo=UTC)


def logged(*windows: int, zero_utc: datetime = ZERO, **known: float) -> FeaturesBody:
    return FeaturesBody(
        zero_utc=zero_utc,
        vectors=tuple(
            FeatureVector(
                window=one, level=1, watched_face=1.0, watched_body=0.4, watched_sound=0.0, faces=1.0, **known
            )
            for one in windows
        ),
    )


async def says(site: Site, who: str, word: dict[str, Any]) -> dict[str, Any]:
    """A candidate's own word on the log."""
    path, mine = f"/api/v1/consents/{who}/feature-log", site.bearer(Role.CANDIDATE, who)
    answer = await site.http.put(path, json=word, headers=mine)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def begun(site: Site, session: str = "SESS-1", who: str = "CAND-1", **more: Any) -> StartSession:
    await says(site, who, YES)
    await site.started(session, who, **{"policy": ON, **more})
    return site.node.obeyed.newest


def batches(db: Session) -> int:
    return len(db.exec(select(FeatureBatch.id)).all())


async def until_logged(site: Site, count: int) -> None:
    async def there() -> bool:
        return await site.parts.reading(batches) == count

    await until(there, f"{count} minutes are logged")


def living(db: Session) -> int:
    wanted = select(Key).where(Key.retention_class == RetentionClass.FEATURES)
    return sum(key.wrapped is not None for key in db.exec(wanted))


async def exported(site: Site, exam: str = "EXAM-1") -> list[dict[str, str]]:
    answer = await site.get("/features/export", params={"exam_id": exam})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize(("policy", "agrees"), [({}, True), (ON, False)])
def test_without_the_exam_or_the_candidate_no_node_gets_a_key(
    on_sqlite: OnSite, policy: dict[str, Any], agrees: bool
) -> None:
    async def test(site: Site) -> None:
        if agrees:
            await says(site, "CAND-1", YES)
        await site.started(policy=policy)
        assert site.node.obeyed.newest.features_key is None
        assert await site.parts.reading(living) == 0
        # Agreeing later changes nothing for a session that runs.
        await says(site, "CAND-1", YES)
        assert [one.features_key for one in site.node.obeyed.changed] in ([], [None])

    on_sqlite(test)


def test_what_a_node_logs_is_stored_once_and_exported_with_gaps_and_labels_and_no_name(
    on_site: OnSite,
) -> None:
    async def test(site: Site) -> None:
        assert (await site.post("/exams", {"exam_id": "EXAM-1", "title": "Biology"})).is_success
        order = await begun(site)
        assert order.features_key is not None
        found = ended_alert(site, EventType.FACE_MISMATCH, 1.0)
        await site.node.publish(found, order, 2)
        await until_stored(site, 1)
        zero = found.onset - timedelta(seconds=7)  # the finding is in the second window
        for _ in range(2):
            await site.node.log(order, logged(0, 1, zero_utc=zero, similarity=0.81))
        await site.node.log(order, logged(4, zero_utc=zero))
        await until_logged(site, 2)
        [incident] = (await site.get("/incidents", params={"exam_session_id": "SESS-1"})).json()["items"]
        people = Reviewers(site)
        for person in ("ann", "bob"):
            assert (await people.do(person, f"/incidents/{incident['incident_id']}/confirm")).is_success
        assert {row["confirmed"] for row in await exported(site)} == {""}, "a verdict may still be undone"
        site.parts.utc_now = lambda: datetime.now(UTC) + timedelta(minutes=1)
        rows = await exported(site)
        assert [row["confirmed"] for row in rows] == ["", "FACE_MISMATCH", "", "", ""]
        assert [row["begins_s"] for row in rows] == [str(one * WINDOW_S) for one in range(5)]
        assert [row["gap"] for row in rows] == ["0", "0", "1", "1", "0"]
        assert [row["similarity"] for row in rows] == ["0.81", "0.81", "", "", ""]
        assert {rows[2][name] for name in ("faces", "watched_face", "level", "speech")} == {""}
        assert rows[0]["gaze_yaw_deg"] == ""
        again = await exported(site)
        assert len({row["person"] for row in rows}) == 1
        assert {row["person"] for row in rows}.isdisjoint({row["person"] for row in again})
        text = (await site.get("/features/export", params={"exam_id": "EXAM-1"})).text
        for name in ("CAND-1", "SESS-1", str(order.session_id), "EXAM-1", "2026"):
            assert name not in text
        assert (await site.get("/features/export", params={"exam_id": "EXAM-9"})).status_code == 404

    on_site(test)


def test_messages_that_are_not_of_this_session_and_node_are_left_out_and_stop_no_alert(
    on_site: OnSite,
) -> None:
    async def test(site: Site) -> None:
        order = await begun(site)
        await site.node.log(order, logged(0), signing=Ed25519PrivateKey.generate())
        await site.node.log(order, logged(1), epoch=7)
        await site.node.log(order, logged(2), key_id=order.seal_key_id)
        await site.node.log(order, logged(3), tenant_id=order.session_id)
        await site.node.log(order, logged(9_000_000))
        await site.node.publish(ended_alert(site, EventType.LEFT_FRAME, 20.0), order, 2)
        await until_stored(site, 1)
        assert await site.parts.reading(batches) == 0
        await site.node.log(order, logged(0))
        await until_logged(site, 1)

    on_site(test)


def test_a_withdrawal_stops_the_log_and_destroys_it_and_what_comes_late(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        order = await begun(site)
        await site.node.log(order, logged(0))
        await until_logged(site, 1)
        assert await site.parts.reading(living) == 2
        said = await says(site, "CAND-1", NO)
        assert said["running_sessions"] == ["SESS-1"]
        assert "no longer logged" in said["message"]
        assert site.node.obeyed.changed[-1].features_key is None
        assert (await site.parts.reading(living), await site.parts.reading(batches)) == (0, 0)
        await site.node.log(order, logged(1))
        await site.node.publish(ended_alert(site, EventType.LEFT_FRAME, 20.0), order, 2)
        await until_stored(site, 1)
        assert await site.parts.reading(batches) == 0
        # A node that missed the change is told again.
        site.node.sessions = (heard(order, logs_features=True),)
        await site.node.beat()
        told = len(site.node.obeyed.changed)
        differed = await mend(site.parts, set())
        assert differed == {order.session_id}
        await mend(site.parts, differed)
        assert len(site.node.obeyed.changed) == told + 1

    on_site(test)


@pytest.mark.parametrize("held", [{"candidate_id": "CAND-1"}, {"exam_id": "EXAM-1"}])
def test_a_hold_keeps_what_was_logged_over_a_withdrawal_and_no_longer(
    on_site: OnSite, held: dict[str, str]
) -> None:
    async def test(site: Site) -> None:
        assert (await site.post("/exams", {"exam_id": "EXAM-1", "title": "Biology"})).is_success
        order = await begun(site)
        await site.node.log(order, logged(0))
        await until_logged(site, 1)
        officer = {"headers": site.bearer(Role.DPO, "officer")}
        hold = (await site.post("/legal-holds", {"reason": "a court asks", **held}, **officer)).json()
        said = await says(site, "CAND-1", NO)
        assert "the law requires that it is kept" in said["message"]
        assert "a court asks" not in said["message"]
        # Nothing more is collected, also not of what is on its way; nothing is used.
        assert site.node.obeyed.changed[-1].features_key is None
        await site.node.log(order, logged(1))
        await site.node.publish(ended_alert(site, EventType.LEFT_FRAME, 20.0), order, 2)
        await until_stored(site, 1)
        assert (await site.parts.reading(living), await site.parts.reading(batches)) == (1, 1)
        assert await exported(site) == []
        # Agreeing again does not bring it back to life in this exam.
        await says(site, "CAND-1", YES)
        assert (await site.post("/session/SESS-1/end")).is_success
        await site.started("SESS-2", "CAND-1", policy=ON)
        assert site.node.obeyed.newest.features_key is None
        await site.post("/retention/run", {}, **officer)
        assert (await site.parts.reading(living), await site.parts.reading(batches)) == (1, 1)
        # With the hold goes what it kept.
        assert (await site.post(f"/legal-holds/{hold['hold_id']}/release", **officer)).is_success
        await site.post("/retention/run", {}, **officer)
        assert (await site.parts.reading(living), await site.parts.reading(batches)) == (0, 0)

    on_site(test)


def test_a_hold_on_another_exam_keeps_nothing_of_this_one(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        assert (await site.post("/exams", {"exam_id": "EXAM-2", "title": "Chemistry"})).is_success
        order = await begun(site)
        await site.node.log(order, logged(0))
        await until_logged(site, 1)
        officer = {"headers": site.bearer(Role.DPO, "officer")}
        asked = {"reason": "a court asks", "exam_id": "EXAM-2"}
        assert (await site.post("/legal-holds", asked, **officer)).is_success
        assert "can no longer be opened" in (await says(site, "CAND-1", NO))["message"]
        assert (await site.parts.reading(living), await site.parts.reading(batches)) == (0, 0)

    on_sqlite(test)


def test_an_erasure_destroys_the_log_and_an_export_of_a_person_has_it(
    on_sqlite: OnSite, tmp_path: Path
) -> None:
    async def test(site: Site) -> None:
        order = await begun(site)
        await site.node.log(order, logged(0, similarity=0.8125))
        await until_logged(site, 1)
        database, keyring = tmp_path / "coordinator.db", site.parts.keys.keyring
        mark = {b"0.8125"}
        assert marks_in(in_database(database, Opener.of(database, keyring)), mark) == mark
        officer = {"headers": site.bearer(Role.DPO, "officer")}
        mine = {"headers": site.bearer(Role.CANDIDATE, "CAND-1")}
        assert (await site.get("/privacy/own", **mine)).json()["stored"]["features"] == 1
        asked = {"candidate_id": "CAND-1", "made_for": "the candidate"}
        assert len(await exported(site)) == 1, "also of an exam that nobody has created"
        packed = await site.post("/privacy/export", asked, **officer)
        assert b"feature_batches.json" in packed.content
        gone = await site.post("/privacy/delete", {"candidate_id": "CAND-1", "end_running": True}, **officer)
        assert gone.json()["receipt"]["body"]["erased"]["features"] == 1
        assert marks_in(in_database(database, Opener.of(database, keyring)), mark) == set()
        await site.node.log(order, logged(1))

    on_sqlite(test)


def test_an_administrator_exports_by_a_command(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        assert (await site.post("/exams", {"exam_id": "EXAM-1", "title": "Biology"})).is_success
        order = await begun(site)
        await site.node.log(order, logged(0))
        await until_logged(site, 1)
        file = tmp_path / "features.csv"
        async with served(site) as url:
            admin = Shell(site, url, "dean", Role.ADMIN)
            assert (await admin.run("features", "export", "EXAM-1", str(file)))[0] == 0
        assert file.stat().st_mode & 0o777 == 0o600
        assert len(file.read_text().splitlines()) == 2

    on_sqlite(test)
