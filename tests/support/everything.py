"""An exam in which everything happens, and the policy that has every rule on."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from shared.observations import (
    Box,
    HandsSeen,
    NotJudged,
    ObjectSeen,
    Observation,
    PersonsSeen,
    PhraseHeard,
    SoundHeard,
    SpeakersHeard,
)
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import Accommodation
from tests.support.observations import (
    BLACK,
    LIGHT,
    ONE,
    TWO,
    alive,
    body,
    check,
    every,
    eyes,
    face,
    frame,
    head,
    sound,
    still,
    windows,
)

EVERYTHING = {
    "baseline_s": 5,
    "features": {"speech_transcription": True},
    "phrases": ["hey"],
    "rules": {event: {"enabled": True} for event in ("PHONE_VISIBLE", "BOOK_VISIBLE", "PRESENTATION_ATTACK")},
    "fusion": {"terms": [{"event": "FACE_MISMATCH", "more_than_checks": 2}, {"event": "VOICE_DETECTED"}]},
}


def policy_of_everything() -> Policy:
    """Every rule is on, and the candidate has agreed to all that is asked."""
    return parse_policy(EVERYTHING).for_candidate(Accommodation(), speech_opt_in=True)


@cache
def exam_of_everything() -> tuple[Observation, ...]:
    things = tuple(ObjectSeen(kind=kind, score=0.9, box=Box(0, 0, 9, 9)) for kind in ("phone", "book"))
    room: dict[str, Any] = {
        "persons": PersonsSeen(count=2, score=0.9),
        "objects": things,
        "hands": HandsSeen(to_ear_head_widths=0.1),
        "liveness": 0.1,
    }
    there = frame(0, faces=ONE, identity=check(0.86), body=body(shoulders=True))
    glancing = [
        replace(
            each,
            gaze=eyes(-5, 70 if each.at % 4 < 2 else 0),
            head=head(0, (0, 20, 40, 20, *[0] * 16)[number % 20]),
        )
        for number, each in enumerate(every(150, 180, there))
    ]
    seen = [
        *every(25, 32, replace(there, gaze=eyes(-5, 0), head=head())),
        *every(32, 40, frame(0, faces=(), body=body(shoulders=False))),
        *every(40, 48, frame(0, faces=TWO)),
        *every(48, 60, frame(0, faces=(face(side_px=40),), identity=check(0.4), failed=("head",)), 1.0),
        *every(60, 95, frame(0, faces=ONE, identity=check(None)), 2.0),
        *every(95, 105, frame(0, picture=BLACK)),
        *every(120, 135, replace(there, **room)),
        *every(135, 150, replace(there, picture=replace(LIGHT, change=0.0))),
        *glancing,
        *(alive(each, {0}) for each in still(210, 235, frame(0, faces=TWO))),
        *every(235, 270, replace(there, not_judged=(NotJudged("liveness", "too dark"),)), 1.0),
        *every(180, 195, replace(there, gaze=eyes(-5, 70), head=head(-50))),
        *every(195, 205, replace(there, gaze=eyes(-5, 0), head=head(0, 70))),
    ]
    typing = (SoundHeard(kind="typing", score=0.9),)
    heard = [
        *windows(48, 60, 0.95),
        *(sound(100 + at / 2, sounds=typing, microphone_silent=True) for at in range(30)),
        sound(116, speakers=SpeakersHeard(count=2, window_s=10)),
        sound(117, phrases=(PhraseHeard(phrase="hey", score=0.9),)),
    ]
    return tuple(sorted([*seen, *heard], key=lambda each: each.at))
