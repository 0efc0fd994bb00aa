"""Enrollment over REST, with a node beside it that judges as the test says."""

import base64
import io
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from PIL import Image
from sqlmodel import select

from coordinator.candidates.tables import Candidate
from coordinator.enrollments.tables import Enrollment, EnrollmentPicture, FaceTemplate
from coordinator.ground.sealed_fields import Place
from coordinator.keys.tables import Key
from shared.enrollment import floats_of
from shared.errors import Corrupt
from shared.messages.faces import EnrolledPicture, decode_vector
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site, enroll_body, picture_base64
from tests.support.node_answers import Refusal, failing_picture, good_picture
from tests.support.picture_bomb import bomb

TWO_FACES = failing_picture("faces", 2, "exactly one face", "Be alone in the picture.", faces=2)
BAD_PICTURES = {
    "two faces": TWO_FACES,
    "dark": failing_picture("brightness", 21.0, "at least 40", "Turn a lamp on."),
    "blurred": failing_picture("sharpness", 14.0, "above 100", "Hold still."),
    "tiny": failing_picture("face_size", 41.0, "above 80 px", "Come closer."),
}


async def rows(site: Site) -> int:
    """Rows that an enrollment makes, in every table it touches."""
    tables = (Candidate, Key, Enrollment, EnrollmentPicture, FaceTemplate)
    return await site.parts.reading(lambda db: sum(len(db.exec(select(table)).all()) for table in tables))


def test_the_best_three_of_four_enroll_and_can_be_looked_at(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        qualities = iter([0.9, 0.4, 0.8, 0.7])
        site.node.enroll = lambda jpeg: good_picture(quality=next(qualities))
        response = await site.post("/enroll", enroll_body(*[picture_base64()] * 4))
        assert response.status_code == 201, response.text
        answer = response.json()
        assert (answer["status"], answer["average_embedding_stored"]) == ("success", True)
        chosen = {image["quality_score"] for image in answer["embeddings"] if image["selected"]}
        assert chosen == {0.9, 0.8, 0.7}
        assert answer["embeddings"][0]["face_bbox"] == [120, 80, 350, 310]
        again = (await site.get("/enrollments/CAND-1")).json()
        assert again == answer
        assert all(jpeg.startswith(b"\xff\xd8") for jpeg in site.node.obeyed.pictures)

    on_site(test)


def test_the_mean_template_goes_to_the_node_with_the_session(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        vectors = iter([struct.pack("<2f", 3.0, 0.0), struct.pack("<2f", 4.0, 3.0)])
        site.node.enroll = lambda jpeg: good_picture(next(vectors))
        await site.post("/enroll", enroll_body(picture_base64(), picture_base64()))
        assert (await site.started())["identity"] == "enrolled"
        (template,) = site.node.obeyed.started[0].templates
        assert floats_of(decode_vector(template.vector)) == pytest.approx((0.9**0.5, 0.1**0.5))

    on_site(test)


def test_each_bad_picture_of_several_has_its_own_result(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        said = {120: good_picture(), 90: TWO_FACES}
        site.node.enroll = lambda jpeg: said[min(said, key=lambda shade: abs(shade - shade_of(jpeg)))]
        not_a_picture = base64.b64encode(b"hello").decode()
        pictures = [picture_base64(shade=120), not_a_picture, picture_base64(shade=90)]
        answer = (await site.post("/enroll", enroll_body(*pictures))).json()
        assert answer["status"] == "partial"
        checks = [[check["check"] for check in image["failed"]] for image in answer["embeddings"]]
        assert checks == [[], ["picture-unreadable"], ["faces"]]
        assert "Be alone in the picture." in answer["recommendations"]
        assert [image["embedding_id"] is None for image in answer["embeddings"]] == [False, True, True]

    on_sqlite(test)


def shade_of(jpeg: bytes) -> int:
    return Image.open(io.BytesIO(jpeg)).convert("L").tobytes()[0]


def test_a_refused_enrollment_says_every_failed_check_and_leaves_no_trace(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        for picture in BAD_PICTURES.values():
            site.node.enroll = always(picture)
            response = await site.post("/enroll", enroll_body())
            problem = response.json()
            assert (response.status_code, problem["code"]) == (422, "enrollment-refused")
            assert response.headers["content-type"] == "application/problem+json"
            (failed,) = picture.failed
            assert problem["errors"] == [
                {
                    "path": "body.images.0",
                    "message": failed.advice,
                    "check": failed.check,
                    "value": failed.value,
                    "bound": failed.bound,
                }
            ]
        assert await rows(site) == 0

    on_site(test)


def always(picture: EnrolledPicture) -> Callable[[bytes], EnrolledPicture]:
    return lambda jpeg: picture


def test_what_is_no_picture_never_reaches_a_node(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        bad = {
            base64.b64encode(b"hello").decode(): "picture-unreadable",
            base64.b64encode(bomb()).decode(): "picture-too-many-pixels",
            picture_base64()[:400]: "picture-unreadable",
            "data:image/jpeg;base64,AAAA": "picture-not-base64",
        }
        for picture, code in bad.items():
            response = await site.post("/enroll", enroll_body(picture))
            assert (response.status_code, response.json()["errors"][0]["check"]) == (422, code)
        assert site.node.obeyed.pictures == []
        assert await rows(site) == 0

    on_sqlite(test)


def test_malformed_requests_are_refused_by_their_path(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        def changed(**fields: Any) -> dict[str, Any]:
            return {**enroll_body(), **fields}

        bad = {
            "body.candidate_id": changed(candidate_id="CAND\x00-1"),
            "body.exam_id": changed(exam_id="x" * 129),
            "body.images": changed(images=[]),
            "body.images.0.image_base64": changed(images=[{"image_base64": ""}]),
            "body.images.0.colour": changed(images=[{"image_base64": "AAAA", "colour": 1}]),
            "body.surname": changed(surname="Doe"),
            "body.metadata.a\x00b.[key]": changed(metadata={"a\x00b": 1}),
        }
        for path, body in bad.items():
            response = await site.post("/enroll", body)
            problem = response.json()
            assert (response.status_code, problem["code"]) == (422, "invalid-request"), path
            assert path in [error["path"] for error in problem["errors"]]
            assert "Doe" not in response.text
        assert await rows(site) == 0

    on_site(test)


def test_bodies_are_bounded_before_they_are_read(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        headers = {**site.bearer(), "Content-Type": "application/json"}
        empty = await site.http.post("/api/v1/enroll", content=b"", headers=headers)
        assert (empty.status_code, empty.json()["code"]) == (422, "invalid-request")
        broken = await site.http.post("/api/v1/enroll", content=b"{", headers=headers)
        assert (broken.status_code, broken.json()["code"]) == (400, "body-not-json")
        not_utf8 = await site.http.post("/api/v1/enroll", content=b'{"a": "\xff"}', headers=headers)
        assert (not_utf8.status_code, not_utf8.json()["code"]) == (400, "body-not-json")

        read_bytes = 0

        async def hundred_megabytes() -> AsyncIterator[bytes]:
            nonlocal read_bytes
            for _ in range(100):
                read_bytes += 1_000_000
                yield bytes(1_000_000)

        for announced in ({"Content-Length": "100000000"}, {}):
            read_bytes = 0
            response = await site.http.post(
                "/api/v1/enroll", content=hundred_megabytes(), headers=headers | announced
            )
            assert (response.status_code, response.json()["code"]) == (413, "body-too-large")
        stranger = await site.http.post("/api/v1/enroll", content=b"x" * 1_000_000)
        assert (stranger.status_code, stranger.json()["code"]) == (401, "token-missing")
        elsewhere = await site.http.post("/api/v1/join", content=b"x" * 1_000_000)
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (413, "body-too-large")

    on_sqlite(test)


def test_only_the_candidate_itself_or_a_service_enrolls(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        cases = {
            (Role.CANDIDATE, "CAND-1"): (201, None),
            (Role.CANDIDATE, "CAND-2"): (403, "not-yours"),
            (Role.SYSTEM, "exam-platform"): (201, None),
            (Role.PROCTOR, "someone"): (403, "role-forbidden"),
        }
        three = enroll_body(*[picture_base64()] * 3)
        for (role, subject), (status, code) in cases.items():
            response = await site.post("/enroll", three, headers=site.bearer(role, subject))
            assert (response.status_code, response.json().get("code")) == (status, code)
        wrong = await site.post("/enroll", enroll_body(), headers={"Authorization": "Bearer e.e.e"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "token-invalid")
        assert wrong.headers["www-authenticate"] == "Bearer"

    on_sqlite(test)


def test_a_node_that_is_silent_or_fails_leaves_nothing_half_done(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        site.node.refusal = Refusal("unavailable", "node-failed", 503, "the node failed")
        response = await site.post("/enroll", enroll_body(picture_base64(), picture_base64()))
        assert (response.status_code, response.json()["code"]) == (503, "node-failed")
        assert int(response.headers["retry-after"]) > 0
        assert await rows(site) == 0

    on_sqlite(test)


def test_without_a_node_the_answer_says_when_to_try_again(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        site.parts.fleet.__init__()  # type: ignore[misc]  # as after a restart: nobody has spoken yet
        response = await site.post("/enroll", enroll_body())
        assert (response.status_code, response.json()["code"]) == (503, "no-node-online")
        assert int(response.headers["retry-after"]) > 0

    on_sqlite(test)


def test_erasing_destroys_the_keys_and_leaves_nothing_readable(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.post("/enroll", enroll_body())
        kept = await site.parts.reading(lambda db: db.exec(select(FaceTemplate)).one())
        assert (await erase(site)).status_code == 204
        assert (await site.get("/enrollments/CAND-1")).status_code == 404
        assert (await erase(site)).status_code == 404
        (key,) = await site.parts.reading(
            lambda db: db.exec(select(Key).where(Key.kind == "data")).all()  # the row is its own receipt
        )
        assert (key.wrapped, key.destroyed_utc is not None) == (None, True)
        assert kept.vector_sealed
        assert (await site.started())["identity"] == "unavailable"

    on_site(test)


async def erase(site: Site) -> Any:
    return await site.http.delete("/api/v1/enrollments/CAND-1", headers=site.bearer(Role.DPO))


def test_an_enrollment_cannot_be_erased_under_a_running_session(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.post("/enroll", enroll_body())
        await site.started()
        refused = await erase(site)
        assert (refused.status_code, refused.json()["code"]) == (409, "session-active")
        await site.post("/session/SESS-1/end")
        assert (await erase(site)).status_code == 204

    on_sqlite(test)


def test_what_is_stored_of_a_face_is_not_readable_without_the_keyring(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        vector = struct.pack("<4f", 1.0, 0.0, 0.0, 0.0)
        site.node.enroll = lambda jpeg: good_picture(vector)
        await site.post("/enroll", enroll_body())
        template = await site.parts.reading(lambda db: db.exec(select(FaceTemplate)).one())
        picture = await site.parts.reading(lambda db: db.exec(select(EnrollmentPicture)).one())
        assert vector not in template.vector_sealed
        assert b"sharpness" not in picture.measures_sealed
        key = await site.parts.reading(lambda db: db.exec(select(Key).where(Key.kind == "data")).one())

        with pytest.raises(Corrupt):  # another row's value does not open here
            site.parts.keys.keyring.open_field(
                key, Place("templates", "vector_sealed", picture.id), template.vector_sealed
            )

    on_sqlite(test)
