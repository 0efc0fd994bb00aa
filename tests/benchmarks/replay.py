"""`proctor-edge replay` of a three-hour exam as a node records it: every frame of 15 a second, each look of
level L1 and every window of sound; start of the program and reading included.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.analysis.schedule import Schedule
from shared.events.looks import Look
from shared.observations import Box, FaceSeen, GazeSeen, HeadPose, Observation, SpeechHeard
from shared.recorded import write_line
from tests.benchmarks._figures import Figure
from tests.benchmarks._films import FOLDER
from tests.support.observations import LIGHT, arrival, body, check, frame

HOURS = 3
FRAMES_PER_S = 15
WINDOW_S = 0.512
LIMIT_S = 5.0
_LEVEL = 1
_ABSENT_EVERY_S, _ABSENT_S = 3_600, 9.0


def run(_arguments: Sequence[str]) -> list[Figure]:
    """Seconds of processor and of wall."""
    path = FOLDER / "observations.jsonl"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        count = sum(1 for each in _exam() if file.write(write_line(each)))
    command = Path(sys.executable).with_name("proctor-edge")
    before, begun_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([command, "replay", path], check=True)
    wall_s, after = time.perf_counter() - begun_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    path.unlink()
    on = f"{count:,} observations of {HOURS} h, one policy, one core"
    return [
        # What its one thread needs on a core of its own; the wall clock also knows the neighbours.
        Figure.at_most("replay: processor seconds", spent_s, LIMIT_S, on),
        Figure("replay: wall seconds", f"{wall_s:.3g}", measured_on=on),
    ]


def _exam() -> Iterator[Observation]:
    """Somebody who sits still, not quite, and is away for nine seconds of each hour."""
    schedule = Schedule(frozenset(Look))
    chance = np.random.default_rng(1)
    windows = 0
    for number in range(HOURS * 3600 * FRAMES_PER_S):
        at = number / FRAMES_PER_S
        while (windows + 1) * WINDOW_S <= at:
            windows += 1
            yield _window(windows * WINDOW_S, chance)
        due = schedule.due(at, _LEVEL)
        here = at % _ABSENT_EVERY_S < _ABSENT_EVERY_S - _ABSENT_S
        yield _look(at, due, chance, here=here) if due else arrival(at)


def _look(at: float, due: frozenset[Look], chance: np.random.Generator, *, here: bool) -> Observation:
    moved = [float(value) for value in chance.normal(0.0, 1.0, 12)]
    face = FaceSeen(Box(200 + moved[0], 120 + moved[1], 160 + moved[2], 160 + moved[3]), 0.95)
    seen = replace(
        frame(at, faces=(face,) if here else ()),
        picture=replace(LIGHT, mean_luma=110 + moved[4], luma_variance=2_400 + moved[5]),
        body=body(shoulders=True) if Look.BODY in due else None,
    )
    if not here:
        return seen
    if Look.HEAD in due:
        seen = replace(
            seen,
            head=HeadPose(-4 + moved[6], 2 + moved[7], moved[8]),
            gaze=GazeSeen(pitch_deg=-6 + moved[9], yaw_deg=2 + moved[10]),
        )
    return replace(seen, identity=check(0.86 + 0.01 * moved[11])) if Look.IDENTITY in due else seen


def _window(at: float, chance: np.random.Generator) -> Observation:
    quiet = tuple(float(value) for value in chance.uniform(0.0, 0.1, 16))
    speech = SpeechHeard(duration_s=WINDOW_S, probabilities=quiet, lost_share=0.0)
    return Observation(at=at, level=_LEVEL, speech=speech)
