"""One person enrolled under two names: found by the search, as a question to people; every program real."""

from __future__ import annotations

import base64

import cv2
import httpx
import pytest

from edge.rehearsal import faces
from edge.rehearsal.faces import Cutout
from edge.rehearsal.scene import Scene
from edge.rehearsal.script import enrollment_shots
from shared.api.enrollments import EnrollImage, EnrollRequest
from tests.support.whole import ACKNOWLEDGED, EXAM, Whole

pytestmark = pytest.mark.weights

FIRST, AGAIN, STRANGER, PRIVATE = "SEARCH-first", "SEARCH-again", "SEARCH-stranger", "SEARCH-private"


def enroll(site: Whole, name: str, person: Cutout, room: int) -> None:
    """The same five shots of a person in a room of its own: no picture of it has been there before."""
    scene = Scene({"candidate": person}, room)
    jpegs = [cv2.imencode(".jpg", scene.frame((figure,), camera))[1] for figure, camera in enrollment_shots()]
    images = [EnrollImage(image_base64=base64.b64encode(jpeg.tobytes()).decode()) for jpeg in jpegs]
    answer = site.client.enrollments.add(
        EnrollRequest(candidate_id=name, exam_id=EXAM, images=images, acknowledged=ACKNOWLEDGED)
    )
    assert answer.status == "success", answer


def test_a_face_under_two_names_is_asked_about_and_a_strangers_or_a_private_one_is_not(site: Whole) -> None:
    for room, (name, person) in enumerate(
        (
            (FIRST, faces.candidate()),
            (AGAIN, faces.candidate()),
            (STRANGER, faces.other()),
            (PRIVATE, faces.candidate()),
        ),
        start=11,
    ):
        enroll(site, name, person, room)
    with site.rest() as api:
        search = f"/enrollments/{FIRST}/impersonation-search"
        reason = {"reason": "Two applications with one photograph."}
        assert api.post(search, json=reason).json()["code"] == "consent-missing"
        for name in (FIRST, AGAIN, STRANGER):
            consent(api, name)
        answer = api.post(search, json=reason)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["searched"] == 2
        assert [pair["other_candidate_id"] for pair in found["pairs"]] == [AGAIN]
        (pair,) = found["pairs"]
        assert pair["similarity"] > 0.75
        assert pair["state"] == "open"


def consent(api: httpx.Client, name: str) -> None:
    yes = {"given": True, "text_version": "1"}
    assert api.put(f"/consents/{name}/impersonation-search", json=yes).status_code == 200
