"""One frame compared on the node that holds it, over REST."""

from datetime import UTC, datetime
from uuid import uuid4

from shared.messages.faces import FailedCheck, VerifiedFrame
from tests.support.exam_site import OnSite, Site, enroll_body
from tests.support.node_answers import FACE


def test_a_frame_is_verified_on_the_node_that_holds_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.post("/enroll", enroll_body())
        await site.started()
        checked = FailedCheck(check="yaw", value=41.0, bound="within ±35°", advice="Face the camera.")
        compared = uuid4()
        answers = iter(
            [
                VerifiedFrame(
                    frame_id=812,
                    match=True,
                    similarity=0.87,
                    threshold=0.75,
                    embedding_id=compared,
                    face=FACE,
                    failed=(),
                    captured_utc=datetime.now(UTC),
                ),
                VerifiedFrame(
                    frame_id=813,
                    match=None,
                    similarity=None,
                    threshold=0.75,
                    embedding_id=None,
                    face=None,
                    failed=(checked,),
                    captured_utc=datetime.now(UTC),
                ),
            ]
        )
        site.node.verify = lambda asked: next(answers)
        first = (await site.post("/session/SESS-1/verify-frame", {"frame_id": "FRAME-812"})).json()
        assert (first["match"], first["similarity_score"], first["threshold_used"]) == (True, 0.87, 0.75)
        assert (first["frame_id"], first["face_quality"]["pose_deviation"]) == ("FRAME-812", 5.4)
        assert first["comparison_embedding_id"] == str(compared)
        second = (await site.post("/session/SESS-1/verify-frame", {"trigger": "manual_proctor_check"})).json()
        assert (second["match"], second["failed"][0]["check"]) == (None, "yaw")
        assert second["comparison_embedding_id"] is None
        assert [asked.frame_id for asked in site.node.obeyed.verified] == [812, None]

    on_site(test)


def test_a_frame_that_is_gone_or_of_an_ended_session_is_410(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        gone = await site.post("/session/SESS-1/verify-frame", {"frame_id": "5"})
        assert (gone.status_code, gone.json()["code"]) == (410, "frame-gone")
        asked = len(site.node.obeyed.verified)
        seed = {
            "frame_id": "FRAME-uuid-12345",
            "timestamp": "2025-12-12T14:15:30Z",
            "trigger": "manual_proctor_check",
        }
        for name in ("FRAME-uuid-12345", "FRAME-", "FRAME-1234567890123", "-5", "", "x" * 999, "a\x00", "٣"):
            unknown = await site.post("/session/SESS-1/verify-frame", seed | {"frame_id": name})
            assert (unknown.status_code, unknown.json()["code"]) == (410, "frame-gone")
        assert len(site.node.obeyed.verified) == asked
        bad = await site.post("/session/SESS-1/verify-frame", {"frame_id": 5})
        assert (bad.status_code, bad.json()["errors"][0]["path"]) == (422, "body.frame_id")
        await site.post("/session/SESS-1/end")
        ended = await site.post("/session/SESS-1/verify-frame")
        assert (ended.status_code, ended.json()["code"]) == (410, "session-ended")

    on_sqlite(test)
