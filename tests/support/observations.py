"""Builders of observations for tests of the deciding core: one instant, or a stretch at an even rate."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from math import sin
from random import Random
from typing import Any

from edge.rules.findings import Finding
from edge.rules.monitor import Monitor
from shared.observations import (
    BodySeen,
    Box,
    FaceSeen,
    GazeSeen,
    HandsSeen,
    HeadPose,
    IdentityCheck,
    Observation,
    PersonsSeen,
    PictureSeen,
    SpeechHeard,
)

LIGHT = PictureSeen(mean_luma=110.0, luma_variance=2_400.0, change=1.5)
BLACK = PictureSeen(mean_luma=2.0, luma_variance=1.0, change=0.0)
GREY_WALL = PictureSeen(mean_luma=128.0, luma_variance=3.0, change=0.0)


def face(side_px: float = 160, score: float = 0.95, x_px: float = 200) -> FaceSeen:
    """A square face in a 640×480 frame."""
    return FaceSeen(Box(x_px, 120, side_px, side_px), score)


ONE = (face(),)
TWO = (face(), face(120, 0.8, x_px=420))


def check(similarity: float | None, quality: float = 0.8) -> IdentityCheck:
    """A verification; None: its frame failed the gate."""
    failed = () if similarity is not None else ("brightness",)
    return IdentityCheck(
        recogniser="test@1",
        embedding_id="0b9bc8f5-65b8-4f4a-8a0a-14f5a3c8a0de",
        similarity=similarity,
        quality=quality,
        failed_gates=failed,
    )


def body(shoulders: bool, keypoints: int = 25, presence: float = 0.99) -> BodySeen:
    return BodySeen(shoulders_visible=shoulders, visible_keypoints=keypoints, presence=presence)


def frame(
    at: float,
    *,
    faces: Sequence[FaceSeen] | None = None,
    identity: IdentityCheck | None = None,
    body: BodySeen | None = None,
    picture: PictureSeen | None = LIGHT,
    failed: tuple[str, ...] = (),
) -> Observation:
    """An analysed frame of a 15 fps, 640×480 stream."""
    return Observation(
        at=at,
        level=1,
        frame_id=round(at * 15),
        frame_width_px=640,
        frame_height_px=480,
        picture=picture,
        faces=None if faces is None else tuple(faces),
        identity=identity,
        body=body,
        failed=failed,
    )


def eyes(
    pitch_deg: float, yaw_deg: float, *, closed: bool = False, error_deg: tuple[float, float] = (0.0, 0.0)
) -> GazeSeen:
    """`error_deg`: how far off pitch and yaw may be."""
    pitch_error_deg, yaw_error_deg = error_deg
    return GazeSeen(
        pitch_deg=pitch_deg,
        yaw_deg=yaw_deg,
        eyes_closed=closed,
        pitch_error_deg=pitch_error_deg,
        yaw_error_deg=yaw_error_deg,
    )


def head(
    pitch_deg: float = 0.0, yaw_deg: float = 0.0, roll_deg: float = 0.0, *, error_deg: float = 0.0
) -> HeadPose:
    """`error_deg`: how far off the pitch may be."""
    return HeadPose(pitch_deg, yaw_deg, roll_deg, pitch_error_deg=error_deg)


def usual(seconds: float = 30.4, **more: Any) -> list[Observation]:
    """A calibrated start: one face, head upright, eyes a little below the camera."""
    like = replace(frame(0, faces=ONE, identity=check(0.9)), gaze=eyes(-5, 0), head=head(), **more)
    return every(0, seconds, like)


def sound(at: float, **heard: Any) -> Observation:
    """An observation of sound with what was heard."""
    return Observation(at=at, level=1, **heard)


def arrival(at: float) -> Observation:
    """A frame that came and was not analysed."""
    return Observation(at=at, level=1, frame_id=round(at * 15))


def window(at: float, probability: float, *, lost_share: float = 0.0) -> Observation:
    """One audio window of 512 ms that ends at `at`, the same throughout."""
    return heard(at, (probability,) * 16, lost_share=lost_share)


def heard(at: float, probabilities: Sequence[float], *, lost_share: float = 0.0) -> Observation:
    """One audio window with its parts given."""
    speech = SpeechHeard(duration_s=0.512, probabilities=tuple(probabilities), lost_share=lost_share)
    return Observation(at=at, level=1, speech=speech)


def times(start_s: float, end_s: float, rate_hz: float = 5.0) -> Iterator[float]:
    """Instants from `start_s` until before `end_s`."""
    first, last = round(start_s * rate_hz), round(end_s * rate_hz)
    return (number / rate_hz for number in range(first, last))


def streamed(looks: Iterable[Observation]) -> list[Observation]:
    """Looks at less than 5 Hz among the frames that came between and were not analysed."""
    observations: list[Observation] = []
    for look in looks:
        before_s = observations[-1].at if observations else look.at
        if 0.2 < look.at - before_s < 1.0:
            count = int((look.at - before_s) / 0.2)
            step_s = (look.at - before_s) / (count + 1)
            observations += [arrival(before_s + number * step_s) for number in range(1, count + 1)]
        observations.append(look)
    return observations


def every(start_s: float, end_s: float, like: Observation, rate_hz: float = 5.0) -> list[Observation]:
    """The same thing seen from `start_s` until before `end_s`; its faces are alive."""
    return [alive(each) for each in still(start_s, end_s, like, rate_hz)]


def still(start_s: float, end_s: float, like: Observation, rate_hz: float = 5.0) -> list[Observation]:
    """The same thing seen from `start_s` until before `end_s`, as in a photograph."""
    return [
        replace(like, at=at, frame_id=None if like.frame_id is None else round(at * 15))
        for at in times(start_s, end_s, rate_hz)
    ]


def alive(observation: Observation, faces: Container[int] = range(8)) -> Observation:
    """The observation with these of its faces where living ones are then: never twice in one place."""
    seen = observation.faces
    if not seen:
        return observation
    swayed = (
        swaying(face, observation.at, number) if number in faces else face for number, face in enumerate(seen)
    )
    return replace(observation, faces=tuple(swayed))


def swaying(face: FaceSeen, at: float, person: int = 0) -> FaceSeen:
    """A face as it sways, by up to a fifteenth of its width and differently for each person."""
    # Two rhythms each, so that looks at no even distance find it in the same place again and again.
    reach_px, box, chance = face.box.width_px / 20, face.box, Random(f"{person} {at:.4f}")
    x = 0.7 * sin(at * (2.3 + person) + person) + 0.3 * sin(at * (1.13 + 0.37 * person))
    y = 0.7 * sin(at * (1.7 + 0.6 * person) + 2 * person) + 0.3 * sin(at * (0.91 + 0.29 * person))
    x_px, y_px = (reach_px * (value + chance.uniform(-0.3, 0.3)) for value in (x, y))
    return FaceSeen(replace(box, x_px=box.x_px + x_px, y_px=box.y_px + y_px), face.score)


def windows(start_s: float, end_s: float, probability: float, lost_share: float = 0.0) -> list[Observation]:
    """Audio windows back to back; the first begins at `start_s`."""
    count = round((end_s - start_s) / 0.512)
    return [
        window(start_s + (number + 1) * 0.512, probability, lost_share=lost_share) for number in range(count)
    ]


def moved(observation: Observation, by_s: float) -> Observation:
    at = observation.at + by_s
    return replace(observation, at=at, frame_id=None if observation.frame_id is None else round(at * 15))


def play(monitor: Monitor, observations: Iterable[Observation]) -> list[Finding]:
    """What a conscientious caller gets: every deadline is kept before anything newer is observed."""
    findings: list[Finding] = []
    for observation in observations:
        deadline_s = monitor.deadline()
        while deadline_s is not None and deadline_s <= observation.at:
            findings += monitor.tick(deadline_s)
            deadline_s = monitor.deadline()
        findings += monitor.observe(observation)
    return findings


def lines(findings: Iterable[Finding]) -> list[tuple[str, str, float]]:
    """Findings as rows for comparing: event, phase, onset or end. Without CALIBRATED, and without UNWATCHED:
    most exams of tests have seconds without looks (`tests/unit/edge/rules/test_watched.py` has its tests)."""
    return [
        (f.event.value, f.phase.value, round(f.onset_s if f.phase == "raised" else f.at_s, 3))
        for f in findings
        if f.event not in ("CALIBRATED", "UNWATCHED")
    ]


def long_exam(*, duration_s: int, absence_every_s: int) -> list[Observation]:
    """An exam at 5 Hz with head and gaze, one identity check, liveness and body a second; the chair is empty
    for the last 9 s of each stretch."""
    between = replace(frame(0, faces=ONE), head=head(-4, 2), gaze=eyes(-6, 3))
    honest = replace(
        between,
        identity=check(0.86),
        liveness=0.9,
        body=body(shoulders=True),
        hands=HandsSeen(to_ear_head_widths=None),
        persons=PersonsSeen(count=1, score=0.9),
    )
    empty = frame(0, faces=())
    return [
        replace(
            empty if at % absence_every_s > absence_every_s - 10 else honest if at % 1 == 0 else between,
            at=at,
            frame_id=number,
        )
        for number, at in enumerate(number / 5 for number in range(duration_s * 5))
    ]
