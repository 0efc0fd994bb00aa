"""Exams longer than any piece of footage: honest ones, and ones in which acts follow one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pydantic import TypeAdapter

from edge.accuracy.truth import Stretch, Truth, Wanted
from shared.events.types import EventType as E
from tests.scenarios.acts import ACTS, Act, share
from tests.scenarios.camera import SAMPLES_PER_S, Lens, Shot, Sound, send
from tests.scenarios.heads import Fit
from tests.scenarios.noises import Library, room_tone
from tests.scenarios.performers import Image, Performer
from tests.scenarios.staging import Cast

LEAD_S = 33.0
"""Honest time at the beginning: the baseline is taken in its first 30 s."""
PAUSE_S = 14.0
"""Honest time after each act, so that its event is over (10 s for the slowest) before the next."""
FRAMES_PER_S = 15

SHOTS = (
    Shot(),
    Shot(codec="VP8", gain=0.75, warmth=0.06, kbit_per_s=500),
    Shot(codec="MJPEG", gain=1.15, zoom=0.85, noise=3.5, kbit_per_s=4000),
    Shot(loss=0.03, gain=0.9, warmth=-0.05, zoom=0.92),
    Shot(codec="VP8", loss=0.02, zoom=1.12, noise=1.0, kbit_per_s=700),
    Shot(gain=0.6, noise=5.0, zoom=0.95),
)
"""Crop, light, codec, noise and loss, in turn."""

ASKED_FOR = {
    E.PHONE_VISIBLE: {"enabled": True, "hold_s": 2, "clear_s": 3, "threshold": 0.5},
    E.PRESENTATION_ATTACK: {"enabled": True, "hold_s": 10, "clear_s": 10, "threshold": 0.2},
}
"""Telephones and pictures of faces are looked for only where an exam's policy asks."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One act or twin in its place."""

    act: Act
    begins_s: float
    ends_s: float
    twin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One exam to be made."""

    name: str
    cast: Cast
    shot: Shot
    turns: tuple[Turn, ...]
    duration_s: float
    seed: int
    background: str | None = None
    """A sound that is heard all the time."""


def scripted(cast: Cast, acts: Sequence[Act], shot: Shot, seed: int) -> Plan:
    """An exam in which these acts happen one after the other, each after its twin."""
    turns, at_s = [], LEAD_S
    for act in acts:
        for twin in (True, False) if act.twin_s else (False,):
            ends_s = at_s + (act.twin_s if twin else act.lasts_s)
            turns.append(Turn(act, at_s, ends_s, twin))
            at_s = ends_s + PAUSE_S
    name = f"{acts[0].behaviour.replace(' ', '-')}-{cast.candidate.name}-{seed}"
    return Plan(name=name, cast=cast, shot=shot, turns=tuple(turns), duration_s=at_s, seed=seed)


def honest(cast: Cast, shot: Shot, minutes: float, seed: int, background: str | None = None) -> Plan:
    """An exam in which nothing happens."""
    name = f"honest-{cast.candidate.name}-{seed}"
    return Plan(
        name=name, cast=cast, shot=shot, turns=(), duration_s=60 * minutes, seed=seed, background=background
    )


def casts(people: Sequence[Performer], fit: Fit) -> list[Cast]:
    """Everybody as candidate, with the next one as the other."""
    return [Cast(one, people[(at + 1) % len(people)], fit) for at, one in enumerate(people)]


def scripted_plans(pairs: Sequence[Cast], hand: Cast | None, takes: int, seed: int) -> list[Plan]:
    """Every act `takes` times, by different candidates, filmed differently. No `hand`: there is no footage
    and no real sound."""
    plans = []
    playable = [act for act in ACTS if not act.needs_hand and (hand is not None or not act.needs_media)]
    for take in range(takes):
        for first in range(0, len(playable), 3):
            number = take * 7 + first // 3
            plan = scripted(
                pairs[number % len(pairs)],
                playable[first : first + 3],
                SHOTS[(number + take) % len(SHOTS)],
                seed + number,
            )
            plans.append(plan)
    if hand is not None:
        lifting = [act for act in ACTS if act.needs_hand]
        plans.append(scripted(hand, lifting, SHOTS[0], seed + 99))
    return plans


def truth_of(plan: Plan) -> Truth:
    """What really happens, for the file beside the recording."""
    cast = plan.cast
    wanted = {event for turn in plan.turns for event in turn.act.wanted}
    return Truth(
        stretches=tuple(_stretch(turn) for turn in plan.turns),
        unique_s=min(plan.duration_s, cast.candidate.unique_s),
        shot=plan.shot.words + (f", {plan.background} heard" if plan.background else ""),
        people=(cast.candidate.name,),
        policy=asking({event: rule for event, rule in ASKED_FOR.items() if event in wanted}),
    )


def asking(rules: Mapping[E, Mapping[str, Any]]) -> dict[str, Any]:
    """A policy that asks for these rules."""
    return {"rules": {event.value: dict(rule) for event, rule in rules.items()}} if rules else {}


def _stretch(turn: Turn) -> Stretch:
    act, holds_from_s = turn.act, turn.begins_s + turn.act.settles_s
    if turn.twin:
        return Stretch(
            behaviour=f"{act.behaviour}: {act.twin_words}",
            begins_s=turn.begins_s,
            ends_s=turn.ends_s,
            allowed=(*act.twin_allowed, *(event for event in act.allowed if event is E.SUSPICIOUS_MOVEMENT)),
            barred=tuple(event for event in act.wanted if event not in act.twin_allowed),
        )
    return Stretch(
        behaviour=act.behaviour,
        begins_s=turn.begins_s,
        ends_s=turn.ends_s,
        wanted=tuple(
            Wanted(event=event, holds_from_s=holds_from_s + act.later_s.get(event, 0.0))
            for event in act.wanted
        ),
        allowed=act.allowed,
    )


def truth_json(truth: Truth) -> bytes:
    """The truth as JSON, for the file beside a recording."""
    return TypeAdapter(Truth).dump_json(truth, indent=2, exclude_defaults=True) + b"\n"


def make(plan: Plan, folder: Path, sounds: Library) -> Path:
    """Writes recording, truth and enrollment pictures of one exam; answers the recording."""
    folder.mkdir(parents=True, exist_ok=True)
    recording = folder / f"{plan.name}.mkv"
    unfinished = folder / f"{plan.name}.part"
    send(unfinished, _frames(plan), soundtrack(plan, sounds), plan.shot, plan.seed)
    recording.with_suffix(".json").write_bytes(truth_json(truth_of(plan)))
    if plan.cast.candidate.enrollable:
        enrollment(plan.cast.candidate, folder / plan.name, plan.seed)
    # Last, so that a composition broken off begins this exam anew.
    unfinished.replace(recording)
    return recording


def _frames(plan: Plan) -> Iterator[Image]:
    lens, last = Lens(plan.shot, plan.seed), None
    for number in range(round(plan.duration_s * FRAMES_PER_S)):
        at_s = number / FRAMES_PER_S
        turn = next((each for each in plan.turns if each.begins_s <= at_s < each.ends_s), None)
        if turn is None or last is None or not turn.act.freezes:
            last = lens.take(_before_camera(plan.cast, turn, at_s), at_s)
        yield last


def _before_camera(cast: Cast, turn: Turn | None, at_s: float) -> Image:
    if turn is None or turn.act.picture is None:
        return cast.candidate.view(at_s)
    return turn.act.picture(cast, at_s, share(at_s, turn.begins_s, turn.ends_s, turn.act.move_s))


def soundtrack(plan: Plan, sounds: Library) -> Sound:
    """What is heard from beginning to end."""
    track = room_tone(plan.duration_s, plan.seed)
    if plan.background is not None:
        track = track + sounds.of(plan.background, plan.duration_s)
    for turn in plan.turns:
        kind = turn.act.twin_sound if turn.twin else turn.act.sound
        if kind is None:
            continue
        first, last = (round(at_s * SAMPLES_PER_S) for at_s in (turn.begins_s, turn.ends_s))
        if kind == "nothing":
            track[first:last] = 0
        else:
            # A breath's pause before and after, as the truth's settling time says.
            quiet_s = turn.act.settles_s
            part = sounds.of(kind, turn.ends_s - turn.begins_s - 2 * quiet_s)
            start = first + round(quiet_s * SAMPLES_PER_S)
            track[start : start + len(part)] += part
    return np.clip(track, -1, 1).astype(np.float32)


def enrollment(person: Performer, folder: Path, seed: int, last_s: float = 2.7) -> None:
    """Three pictures taken in other light and from elsewhere than the exam's."""
    folder.mkdir(exist_ok=True)
    for number, (gain, zoom, at_s) in enumerate(((1.0, 1.05, 0.2), (0.9, 0.95, 1.5), (1.1, 1.0, last_s)), 1):
        lens = Lens(Shot(gain=gain, zoom=zoom, noise=1.0), seed + 1000 + number)
        picture = lens.take(person.view(at_s), at_s)
        cv2.imwrite(str(folder / f"{number}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 94])
