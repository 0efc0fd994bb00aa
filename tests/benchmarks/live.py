"""What a live session costs beside its networks and its decoding, with and without body pose.

The candidate streams over real WebRTC from a process of its own. Processor seconds, so that whatever else
runs on the machine hardly counts; both kinds run twice in turns.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Final

from tests.benchmarks._figures import Figure
from tests.benchmarks._films import recording
from tests.benchmarks._lived import MEASURED_S, Lived, lived
from tests.benchmarks._metered import Task

_ROOT: Final = Path(__file__).parents[2]
ROUNDS: Final = 2
OVER_BARE: Final = 1.3


def run(_arguments: Sequence[str]) -> list[Figure]:
    """Measure both kinds and print their parts."""
    film, rounds = str(recording()), dict[bool, list[Lived]]({False: [], True: []})
    for _ in range(ROUNDS):
        for body, measured in rounds.items():
            measured.append(_measure(Task(film, "", "open", body)))
    return [figure for body, measured in rounds.items() for figure in _figures(body, measured)]


def _measure(task: Task) -> Lived:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks._lived"],
        input=json.dumps(asdict(task)),
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        check=True,
    )
    return lived(done.stdout)


def _figures(body: bool, measured: Sequence[Lived]) -> list[Figure]:
    title = f"L1, open, {'with' if body else 'without'} body pose"
    for each in measured:
        parts = "".join(f"\n  {part:24} {1000 * spent_s:6.1f} ms" for part, spent_s in each.parts_s.items())
        sys.stdout.write(f"live session, {title}, in each second:{parts}\n")
    on = f"{ROUNDS} × {MEASURED_S:.0f} s of 640×480 at 15 fps with sound, one candidate, WebRTC"
    whole_s = mean(each.whole_s for each in measured)
    return [
        Figure(f"live session: {title}", f"{1000 * whole_s:.0f} ms per second", measured_on=on),
        Figure.at_most(
            f"live session over its bare networks and decoding: {title}",
            mean(each.over_bare for each in measured),
            OVER_BARE,
            on,
        ),
    ]
