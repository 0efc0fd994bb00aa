"""Pictures of several people make no face; one unlike the one before waits for an administrator."""

from __future__ import annotations

import asyncio
import io
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image
from sqlmodel import select

from coordinator.enrollments.tables import Enrollment, FaceTemplate
from coordinator.enrollments.waiting_service import find
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.faces import EnrolledPicture
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site, enroll_body, picture_base64
from tests.support.node_answers import cosines, failing_picture, good_picture

ANN, BEN = (1.0, 0.0), (0.0, 1.0)
LIKE_ANN = (0.8, 0.6)
BETWEEN = (0.75, 0.66)  # like Ann and like Ben, who are unlike each other
TEXT = {"text": "Seen with the student card."}


def face(vector: Sequence[float]) -> EnrolledPicture:
    return good_picture(struct.pack("<2f", *vector))


async def enroll(site: Site, *vectors: Sequence[float], **who: Any) -> Any:
    """Enroll with one picture for each of these faces."""
    # Two pictures are judged at a time, in any order: each is known by its width.
    seen = {320 + 8 * number: face(vector) for number, vector in enumerate(vectors)}
    site.node.enroll = lambda jpeg: seen[Image.open(io.BytesIO(jpeg)).width]
    pictures = [picture_base64(width) for width in seen]
    return await site.post("/enroll", enroll_body(*pictures), **who)


async def waiting(site: Site) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await site.get("/pending-enrollments")).json()["items"]
    return rows


async def decide(site: Site, enrollment_id: str, verdict: str) -> Any:
    return await site.post(f"/pending-enrollments/{enrollment_id}/decide", TEXT | {"verdict": verdict})


async def count(site: Site, table: type[Any]) -> int:
    return len(await site.parts.reading(lambda db: db.exec(select(table)).all()))


def test_pictures_of_several_people_are_refused_and_leave_no_trace(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        refused = await enroll(site, ANN, LIKE_ANN, BEN)
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (422, "pictures-disagree")
        assert [error["path"] for error in problem["errors"]] == ["body.images.0", "body.images.2"]
        assert await count(site, Enrollment) == 0
        assert (await enroll(site, ANN, LIKE_ANN, ANN)).status_code == 201

    on_site(test)


def test_also_a_picture_that_would_not_be_selected_must_agree(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        qualities = iter([0.9, 0.9, 0.9, 0.1])
        vectors = iter([ANN, ANN, ANN, BEN])
        site.node.enroll = lambda jpeg: good_picture(
            struct.pack("<2f", *next(vectors)), quality=next(qualities)
        )
        refused = await site.post("/enroll", enroll_body(*[picture_base64()] * 4))
        assert refused.json()["code"] == "pictures-disagree"

    on_sqlite(test)


def test_a_picture_that_fails_its_checks_is_named_by_its_place_in_the_request(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        dark = failing_picture("brightness", 21.0, "at least 40", "Turn a lamp on.")
        # Pictures are sent to the node side by side: what it says goes by the picture, not by the order.
        seen = {300: dark, 320: face(ANN), 340: face(BEN)}
        site.node.enroll = lambda jpeg: seen[Image.open(io.BytesIO(jpeg)).width]
        refused = (await site.post("/enroll", enroll_body(*map(picture_base64, seen)))).json()
        assert [error["path"] for error in refused["errors"]] == ["body.images.1", "body.images.2"]

    on_sqlite(test)


def test_ten_pictures_are_all_compared(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        asked: list[CompareTemplates] = []

        def compare(order: CompareTemplates) -> ComparedTemplates:
            asked.append(order)
            return cosines(order)

        site.node.compare = compare
        assert (await enroll(site, *[ANN] * 10)).status_code == 201
        assert sum(len(order.others) for order in asked) == 45
        assert (await enroll(site, *[ANN] * 9, BEN)).json()["code"] == "pictures-disagree"

    on_sqlite(test)


def test_a_face_unlike_the_one_before_waits_and_counts_once_accepted(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        first = (await enroll(site, ANN)).json()
        assert (first["state"], first["pending_id"]) == ("in-force", None)
        made = await enroll(site, BEN)
        other = made.json()
        assert (made.status_code, other["state"], other["replaces"]) == (201, "pending", None)
        assert "stay in force" in other["recommendations"][0]
        shown = (await site.get("/enrollments/CAND-1")).json()
        assert (shown["enrollment_id"], shown["pending_id"]) == (
            first["enrollment_id"],
            other["enrollment_id"],
        )
        [listed] = (await site.get("/enrollments")).json()["items"]
        assert (listed["candidate_id"], listed["enrollment_id"], listed["pending_id"], listed["expired"]) == (
            "CAND-1",
            first["enrollment_id"],
            other["enrollment_id"],
            False,
        )
        await site.started("SESS-1")
        [row] = await waiting(site)
        assert (row["enrollment_id"], row["candidate_id"], row["similarity"], row["in_force_id"]) == (
            other["enrollment_id"],
            "CAND-1",
            0.0,
            first["enrollment_id"],
        )

        accepted = await decide(site, other["enrollment_id"], "accept")
        said = accepted.json()
        assert (accepted.status_code, said["state"], said["decided_by"], said["text"]) == (
            200,
            "accepted",
            "someone",
            TEXT["text"],
        )
        assert await waiting(site) == []
        shown = (await site.get("/enrollments/CAND-1")).json()
        assert (shown["enrollment_id"], shown["state"], shown["replaces"], shown["pending_id"]) == (
            other["enrollment_id"],
            "in-force",
            first["enrollment_id"],
            None,
        )
        again = await decide(site, other["enrollment_id"], "refuse")
        assert (again.status_code, again.json()["code"]) == (409, "decided-already")
        await site.started("SESS-2")
        before, after = (order.templates[0].vector for order in site.node.obeyed.started)
        assert before != after
        assert (await enroll(site, BEN)).json()["state"] == "in-force"
        assert (await enroll(site, ANN)).json()["state"] == "pending"

    on_site(test)


def test_a_refused_face_leaves_nothing_but_the_decision(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        first = (await enroll(site, ANN)).json()
        other = (await enroll(site, BEN)).json()
        assert await count(site, FaceTemplate) == 2
        refused = await decide(site, other["enrollment_id"], "refuse")
        assert refused.json()["state"] == "refused"
        assert await count(site, FaceTemplate) == 1
        assert await waiting(site) == []
        shown = (await site.get("/enrollments/CAND-1")).json()
        assert (shown["enrollment_id"], shown["pending_id"]) == (first["enrollment_id"], None)
        kept = await site.parts.writing(
            lambda db: find(db, site.parts.keys.keyring, DEFAULT_TENANT_ID, UUID(other["enrollment_id"]))
        )
        assert (kept.row.decided_by, kept.said["text"]) == ("someone", TEXT["text"])
        assert (await enroll(site, LIKE_ANN)).json()["replaces"] == first["enrollment_id"]

    on_site(test)


def test_a_newer_face_waits_in_the_place_of_another_one_that_waits(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await enroll(site, ANN)
        second = (await enroll(site, BEN)).json()["enrollment_id"]
        third = (await enroll(site, BEN)).json()["enrollment_id"]
        assert [row["enrollment_id"] for row in await waiting(site)] == [third]
        assert (await decide(site, second, "accept")).json()["code"] == "decided-already"
        # One like the face in force replaces that and leaves what waits to the administrator.
        fourth = (await enroll(site, LIKE_ANN)).json()
        assert (fourth["state"], fourth["pending_id"]) == ("in-force", third)
        assert (await decide(site, third, "accept")).json()["state"] == "accepted"
        assert (await site.get("/enrollments/CAND-1")).json()["replaces"] == fourth["enrollment_id"]

    on_site(test)


def test_a_face_that_no_recogniser_can_compare_waits(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await enroll(site, ANN)
        site.node.compare = lambda asked: ComparedTemplates(similarities=(None,) * len(asked.others))
        assert (await enroll(site, ANN)).json()["state"] == "pending"
        assert [row["similarity"] for row in await waiting(site)] == [None]

    on_sqlite(test)


def test_small_steps_lead_to_nobody_else(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        assert (await enroll(site, ANN)).json()["state"] == "in-force"
        assert (await enroll(site, BETWEEN)).json()["state"] == "in-force"
        step = (await enroll(site, BEN)).json()  # like the one before, unlike the first
        assert step["state"] == "pending"
        assert [row["similarity"] for row in await waiting(site)] == [0.0]
        assert (await decide(site, step["enrollment_id"], "accept")).is_success
        # What an administrator has accepted is where the way begins anew.
        assert (await enroll(site, BETWEEN)).json()["state"] == "in-force"
        assert (await enroll(site, BEN)).json()["state"] == "in-force"
        assert (await enroll(site, ANN)).json()["state"] == "pending"

    on_sqlite(test)


def test_neither_expires_while_one_waits(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        made = datetime.now(UTC)
        site.at(made)
        first = (await enroll(site, ANN)).json()
        expires = datetime.fromisoformat(first["expires_at"])
        asked = expires - timedelta(days=1)
        site.at(asked)
        other = (await enroll(site, BEN)).json()
        site.at(expires + timedelta(days=9))
        shown = (await site.get("/enrollments/CAND-1")).json()
        assert (shown["enrollment_id"], shown["expired"]) == (first["enrollment_id"], False)
        assert (await site.started("SESS-1"))["identity"] == "enrolled"
        assert (await decide(site, other["enrollment_id"], "refuse")).status_code == 200
        shown = (await site.get("/enrollments/CAND-1")).json()
        assert datetime.fromisoformat(shown["expires_at"]) == expires + timedelta(days=10)
        site.at(expires + timedelta(days=11))
        assert (await site.get("/enrollments/CAND-1")).json()["expired"]

    on_site(test)


def test_an_expired_face_is_still_compared_with(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        first = (await enroll(site, ANN)).json()
        site.at(datetime.fromisoformat(first["expires_at"]) + timedelta(days=1))
        assert (await enroll(site, BEN)).json()["state"] == "pending"
        assert (await site.get("/enrollments/CAND-1")).json()["expired"]
        assert (await site.started())["identity"] == "unavailable"
        assert (await enroll(site, ANN)).json()["state"] == "in-force"

    on_sqlite(test)


def test_of_two_first_faces_at_once_one_must_come_again(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        yes = {"given": True, "text_version": "1", "allow_unregistered": True}
        path = "/api/v1/consents/CAND-1/identity-verification"
        assert (await site.http.put(path, json=yes, headers=site.bearer())).is_success  # it is known
        vectors = iter([ANN, BEN])
        site.node.enroll = lambda jpeg: face(next(vectors))
        answers = await asyncio.gather(*(site.post("/enroll", enroll_body()) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [201, 503]
        assert await count(site, Enrollment) == 1

    on_site(test)


def test_no_candidate_enrolls_while_its_exam_runs(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        mine = {"headers": site.bearer(Role.CANDIDATE, "CAND-1")}
        few = await enroll(site, ANN, ANN, **mine)
        assert (few.status_code, few.json()["code"]) == (422, "too-few-pictures")
        assert (await enroll(site, ANN, ANN, ANN, **mine)).status_code == 201
        await site.started()
        refused = await enroll(site, ANN, ANN, ANN, **mine)
        assert (refused.status_code, refused.json()["code"]) == (409, "session-active")
        assert (await enroll(site, ANN)).status_code == 201  # by staff
        await site.post("/session/SESS-1/end")
        assert (await enroll(site, ANN, ANN, ANN, **mine)).status_code == 201

    on_site(test)


def test_a_session_that_starts_while_a_candidate_enrolls_stops_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        mine = {"headers": site.bearer(Role.CANDIDATE, "CAND-1")}
        await site.started()
        await site.post("/session/SESS-1/end")

        def starts_meanwhile(order: CompareTemplates) -> ComparedTemplates:
            with site.parts.database.write() as db:
                db.exec(select(ExamSession)).one().ended_utc = None
            return cosines(order)

        site.node.compare = starts_meanwhile
        refused = await enroll(site, ANN, ANN, ANN, **mine)
        assert (refused.status_code, refused.json()["code"]) == (409, "session-active")
        assert await count(site, Enrollment) == 0

    on_site(test)


def test_the_exams_own_gate_judges_the_pictures(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        policy = {"enrollment_gate": {"min_face_px": 120}}
        exam = {"exam_id": "EXAM-1", "title": "Biology", "policy": policy}
        assert (await site.post("/exams", exam)).is_success
        assert (await enroll(site, ANN)).is_success
        other = enroll_body(candidate="CAND-2") | {"exam_id": "EXAM-2"}
        site.node.enroll = lambda jpeg: face(ANN)
        assert (await site.post("/enroll", other)).is_success
        assert [gate.min_face_px for gate in site.node.obeyed.gates] == [120, 80]

    on_site(test)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_administrators_decide_about_faces(on_sqlite: OnSite, role: Role) -> None:
    async def test(site: Site) -> None:
        who = {"headers": site.bearer(role, "CAND-1")}
        assert (await site.get("/pending-enrollments", **who)).status_code == 403
        refused = await site.post(
            f"/pending-enrollments/{uuid4()}/decide", TEXT | {"verdict": "accept"}, **who
        )
        assert refused.status_code == 403

    on_sqlite(test)


def test_another_institution_decides_nothing_here(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        first = (await enroll(site, ANN)).json()
        other = (await enroll(site, BEN)).json()
        stranger = {"headers": site.bearer(tenant_id=await site.institution())}
        assert (await site.get("/pending-enrollments", **stranger)).json()["items"] == []
        for enrollment in (first, other):
            path = f"/pending-enrollments/{enrollment['enrollment_id']}/decide"
            assert (await site.post(path, TEXT | {"verdict": "accept"}, **stranger)).status_code == 404
        unasked = await decide(site, first["enrollment_id"], "refuse")  # it never had to wait
        assert (unasked.status_code, unasked.json()["code"]) == (404, "enrollment-unknown")

    on_sqlite(test)


def test_erasing_takes_what_waits_with_it(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await enroll(site, ANN)
        await enroll(site, BEN)
        erased = await site.http.delete("/api/v1/enrollments/CAND-1", headers=site.bearer(Role.DPO))
        assert erased.status_code == 204
        assert await waiting(site) == []
        assert await count(site, Enrollment) == 0

    on_sqlite(test)
