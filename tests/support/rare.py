"""Stretches of exams that bring about what ordinary ones leave as it begins, each from 0 s on.

Together with the exam in which everything happens they change every field that a session saves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from shared.observations import FaceSeen, HeadPose, Observation
from tests.support.observations import (
    ONE,
    arrival,
    check,
    every,
    face,
    frame,
    head,
    window,
)

Stretch = tuple[Observation, ...]
HONEST: Final = replace(frame(0, faces=ONE, identity=check(0.9)), head=head())
CALM_S: Final = 7.0
"""Long enough for the baselines of an exam that takes them in 5 s."""
RATE_HZ: Final = 4.0
WINDOW_S: Final = 0.512


def nodding() -> Stretch:
    """A head that goes down again and again: the alerts of one event reach their limit, and the last but one
    time nobody sees how long."""
    looks, at_s = every(0, CALM_S, HONEST, RATE_HZ), CALM_S
    for time in range(14):
        down = replace(HONEST, head=head(-50 + time / 2))
        looks += every(at_s, at_s + 3.25, down, RATE_HZ)
        at_s += 3.25
        if time == 12:
            at_s += 4.25
        looks += every(at_s, at_s + 1.25, HONEST, RATE_HZ)
        at_s += 1.25
    return tuple(looks)


def exchanged() -> Stretch:
    """Somebody else's face, who speaks, and then a match that is not the last one needed."""
    stranger, own = frame(0, faces=ONE, identity=check(0.4)), frame(0, faces=ONE, identity=check(0.9))
    seen = [*every(0, 6, stranger, 1.0), *every(6, 8, own, 1.0)]
    voice = [window((number + 1) * WINDOW_S, 0.95) for number in range(8)]
    return in_order([*seen, *voice])


def broken_voice() -> Stretch:
    """A voice in an event, a long loss within it, the voice again, a loss at the end, and silence."""
    ends = (number * WINDOW_S for number in range(1, 40))
    parts = ((0.95, 0.0), (0.0, 1.0), (0.95, 0.0), (0.0, 1.0), (0.0, 0.0))
    counts = (6, 10, 2, 11, 6)
    kinds = [part for part, count in zip(parts, counts, strict=True) for _ in range(count)]
    return tuple(
        window(at, probability, lost_share=lost) for at, (probability, lost) in zip(ends, kinds, strict=False)
    )


def muttering() -> Stretch:
    """Words one at a time."""
    return tuple(window((number + 1) * WINDOW_S, 0.1 if number % 3 else 0.95) for number in range(48))


def torn() -> Stretch:
    """Pictures that come and are damaged, then whole ones."""
    damaged = replace(frame(0, faces=ONE), damaged=True)
    torn = [replace(arrival(3 + number / 5), damaged=True) for number in range(40)]
    return (*every(0, 3, HONEST), *torn, replace(damaged, at=11.0), *every(11.2, 14, HONEST))


def mirror() -> Stretch:
    """A second face that does what the first one does, on the other side, and is taken for the same."""
    looks = []
    for look in every(0, 40, replace(frame(0, faces=ONE), own_face=0), 2.0):
        [own] = look.faces or ()
        looks.append(replace(look, faces=(own, in_mirror(own)), alike_faces=(1,)))
    return tuple(looks)


def in_mirror(own: FaceSeen) -> FaceSeen:
    image = face(80, 0.8, x_px=0)
    x_px, y_px = 440 - 0.5 * (own.box.x_px - 200), 60 + 0.5 * (own.box.y_px - 120)
    return replace(image, box=replace(image.box, x_px=x_px, y_px=y_px))


def turning() -> Stretch:
    """A head that is found on one side and the other in turn, up and down only roughly."""
    there = every(0, 12, replace(frame(0, faces=ONE), head=head()))
    return tuple(
        replace(
            look, head=HeadPose(0.0, 40.0 if number % 2 else -40.0, 0.0, doubt_deg=2.0, pitch_error_deg=17.0)
        )
        for number, look in enumerate(there)
    )


def in_order(observations: list[Observation]) -> Stretch:
    return tuple(sorted(observations, key=lambda each: each.at))


RARE: Final[Mapping[str, Callable[[], Stretch]]] = MappingProxyType(
    {each.__name__: each for each in (nodding, exchanged, broken_voice, muttering, torn, mirror, turning)}
)
