"""The try before the exam, and which faces are nearest."""

from __future__ import annotations

from uuid import UUID

import pytest

from coordinator.enrollments.alike import nearest
from coordinator.enrollments.trial import FaceTried, outcomes
from shared.api.faces import CameraTried, MicrophoneTried

GOOD_CAMERA = CameraTried(width=640, height=480, frames_per_second=15)
GOOD_SOUND = MicrophoneTried(muted=False, peak_dbfs=-20)
MINE = FaceTried((), alike=True)


def told(
    camera: CameraTried | None = GOOD_CAMERA,
    microphone: MicrophoneTried | None = GOOD_SOUND,
    face: FaceTried | None = MINE,
) -> dict[str, str]:
    return {one.check: one.outcome for one in outcomes(camera, microphone, face)}


def test_everything_well_is_said_to_be_well() -> None:
    assert set(told().values()) == {"ok"}


def test_what_was_not_tried_is_unknown_and_not_well() -> None:
    assert set(told(None, None, None).values()) == {"unknown"}
    assert told(face=FaceTried((), alike=None))["identity"] == "unknown"


@pytest.mark.parametrize(
    ("camera", "outcome"),
    [
        (CameraTried(width=639, height=480, frames_per_second=15), "advice"),
        (CameraTried(width=640, height=479, frames_per_second=15), "advice"),
        (CameraTried(width=640, height=480, frames_per_second=9.9), "advice"),
        (CameraTried(width=640, height=480, frames_per_second=10), "ok"),
    ],
)
def test_a_camera_below_what_the_exam_needs_is_advised_about(camera: CameraTried, outcome: str) -> None:
    assert told(camera=camera)["camera"] == outcome


@pytest.mark.parametrize(
    ("muted", "peak_dbfs", "outcome"),
    [(True, -20.0, "advice"), (False, -50.1, "advice"), (False, -50.0, "ok"), (False, 0.0, "ok")],
)
def test_a_silent_microphone_is_advised_about(muted: bool, peak_dbfs: float, outcome: str) -> None:
    tried = MicrophoneTried(muted=muted, peak_dbfs=peak_dbfs)
    assert told(microphone=tried)["microphone"] == outcome


def test_another_face_is_told_in_words_without_a_number() -> None:
    checks = {one.check: one for one in outcomes(None, None, FaceTried(("Turn on a lamp.",), alike=False))}
    assert checks["face"].advice == ["Turn on a lamp."]
    assert checks["identity"].outcome == "advice"
    assert not any(character.isdigit() for character in "".join(checks["identity"].advice))


def test_the_nearest_faces_come_first_and_no_more_than_asked_for() -> None:
    others = {UUID(int=1): (1.0, 0.0), UUID(int=2): (0.0, 1.0), UUID(int=3): (0.6, 0.8), UUID(int=4): (1.0,)}
    found = nearest((0.8, 0.6), others, 2)
    assert [owner.int for _, owner in found] == [3, 1]
    assert found[0][0] == pytest.approx(0.96)
    assert nearest((0.8, 0.6), {}, 2) == []
