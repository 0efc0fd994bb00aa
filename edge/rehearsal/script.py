"""The script of the rehearsal's recording, and every person's place at each moment. Pure.

Each scripted segment is long enough for its rules to hold and clear. People enter and leave within it, so
that an honest stretch shows only the candidate from its first frame to its last.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sin, tau
from typing import Literal

from shared.events.types import EventType
from shared.rehearsal import Expectation, Kind, Script, Segment

WIDTH_PX = 640
HEIGHT_PX = 480
FRAMES_PER_S = 15
SAMPLES_PER_S = 48_000

MOVE_S = 1.2
"""Time to walk into the picture or out of it."""

Person = Literal["candidate", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One person in one frame: the place of the face's centre, and the portrait's scale and rotation."""

    person: Person
    x_px: float
    y_px: float
    scale: float
    """Picture pixels per portrait pixel."""
    roll_deg: float
    """Whole body, + towards the candidate's left shoulder (to the right in the picture)."""
    turn_px: float
    """How far the head has moved on its shoulders, portrait pixels, + to the right in the picture."""
    nod_px: float
    """How far the head has sunk, portrait pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """The camera's slow movement, about the picture's centre."""

    zoom: float
    x_px: float
    y_px: float
    roll_deg: float
    gain: float
    """Exposure; 1 is neutral."""


def rehearsal_script() -> Script:
    """The script of the 90-second demonstration."""
    faces, mismatch = EventType.MULTIPLE_FACES, EventType.FACE_MISMATCH
    persons = EventType.MULTIPLE_PERSONS
    absent, left, loss = EventType.FACE_NOT_FOUND, EventType.LEFT_FRAME, EventType.PRESENCE_LOSS
    segments = (
        _honest(0, 14, "The candidate sits down to work."),
        _scripted(
            "second_face", 14, 22, "A second person leans in beside the candidate.", (faces,), (persons,)
        ),
        _honest(22, 31, "The candidate works alone."),
        _scripted(
            "another_person", 31, 42, "Somebody else takes the candidate's place.", (mismatch,), (loss,)
        ),
        _honest(42, 51, "The candidate is back."),
        _scripted("empty_chair", 51, 62, "The chair is empty.", (absent, left), (loss,)),
        _honest(62, 71, "The candidate is back."),
        _scripted(
            "voice", 71, 80, "A voice is heard while the candidate works.", (EventType.VOICE_DETECTED,)
        ),
        _honest(80, 90, "The candidate works until the end."),
    )
    return Script(duration_s=segments[-1].ends_s, segments=segments)


def speech_span(script: Script) -> tuple[float, float]:
    """When the voice may be heard, in seconds: its segment less half a second at both ends."""
    segment = _of(script, "voice")
    return segment.begins_s + 0.5, segment.ends_s - 1.5


def figures_at(script: Script, at_s: float) -> tuple[Figure, ...]:
    """The people in the picture at this time, from back to front."""
    visitor = _within(_of(script, "second_face"), at_s)
    stand_in = _within(_of(script, "another_person"), at_s)
    away = max(stand_in, _within(_of(script, "empty_chair"), at_s))
    figures = []
    if visitor > 0:
        figures.append(_alive("other", at_s, x_px=785 - 235 * visitor, y_px=236, scale=0.66))
    if stand_in > 0:
        figures.append(_alive("other", at_s, x_px=900 - 570 * stand_in, y_px=222, scale=0.84))
    if away < 1:
        x_px = 318 - 62 * visitor - 640 * away
        figures.append(_alive("candidate", at_s, x_px=x_px, y_px=205 - 36 * away, scale=1.34))
    return tuple(figures)


def camera_at(at_s: float) -> Camera:
    """A laptop's camera on a desk: small steady movements and a slight flicker of the lamp."""
    return Camera(
        zoom=1.02 + 0.012 * sin(tau * at_s / 41),
        x_px=3.0 * sin(tau * at_s / 23 + 1.0) + 0.4 * sin(tau * at_s / 1.7),
        y_px=2.0 * sin(tau * at_s / 31),
        roll_deg=0.35 * sin(tau * at_s / 37 + 0.5),
        gain=1.0 + 0.02 * sin(tau * at_s / 13) + 0.008 * sin(tau * 3.1 * at_s),
    )


def enrollment_shots() -> tuple[tuple[Figure, Camera], ...]:
    """Five pictures of the candidate as the enrollment page takes them: nearer and further, leaning to each
    side, in better and worse light."""
    # x, y, scale, roll, turn, nod, gain
    shots = (
        (322, 214, 1.42, 0.0, 0.0, 0.0, 1.0),
        (298, 222, 1.30, -4.0, -6.0, 1.0, 1.08),
        (344, 208, 1.36, 4.5, 7.0, -1.0, 0.9),
        (316, 226, 1.55, 1.5, -3.0, 4.0, 0.97),
        (330, 212, 1.24, -2.0, 4.0, -3.0, 1.12),
    )
    return tuple(
        (
            Figure(person="candidate", x_px=x, y_px=y, scale=scale, roll_deg=roll, turn_px=turn, nod_px=nod),
            Camera(zoom=1.04, x_px=4.0 * number - 8, y_px=0.0, roll_deg=0.5 * number - 1, gain=gain),
        )
        for number, (x, y, scale, roll, turn, nod, gain) in enumerate(shots)
    )


def _alive(person: Person, at_s: float, *, x_px: float, y_px: float, scale: float) -> Figure:
    """A seated person's small movements: breath, drift, leaning, looking around the screen."""
    phase = 0.0 if person == "candidate" else 2.1
    return Figure(
        person=person,
        x_px=x_px + 7 * sin(tau * at_s / 11 + phase) + 3 * sin(tau * at_s / 4.3),
        y_px=y_px + 1.6 * sin(tau * at_s / 3.9 + phase) + 3 * sin(tau * at_s / 17),
        scale=scale * (1 + 0.025 * sin(tau * at_s / 19 + phase)),
        roll_deg=1.4 * sin(tau * at_s / 13 + phase) + 0.5 * sin(tau * at_s / 5.1),
        turn_px=4.5 * sin(tau * at_s / 7.3 + phase) + 1.5 * sin(tau * at_s / 2.9),
        nod_px=2.0 * sin(tau * at_s / 6.1 + phase) + 1.0 * sin(tau * at_s / 2.3),
    )


def _within(segment: Segment, at_s: float) -> float:
    """0 outside the segment, 1 well inside it, a smooth transition in its first and last `MOVE_S` seconds."""
    nearest_edge_s = min(at_s - segment.begins_s, segment.ends_s - at_s)
    share = min(1.0, max(0.0, nearest_edge_s / MOVE_S))
    return share * share * (3 - 2 * share)


def _of(script: Script, kind: Kind) -> Segment:
    return next(segment for segment in script.segments if segment.kind == kind)


def _honest(begins_s: float, ends_s: float, note: str) -> Segment:
    return Segment(kind="honest", begins_s=begins_s, ends_s=ends_s, note=note)


def _scripted(
    kind: Kind,
    begins_s: float,
    ends_s: float,
    note: str,
    events: tuple[EventType, ...],
    allowed: tuple[EventType, ...] = (),
) -> Segment:
    # A person who enters or leaves counts as present from or until halfway.
    settled_s = begins_s + (0.5 if kind == "voice" else MOVE_S / 2)
    expected = tuple(Expectation(event_type=event, holds_from_s=settled_s) for event in events)
    return Segment(kind=kind, begins_s=begins_s, ends_s=ends_s, note=note, expected=expected, allowed=allowed)
