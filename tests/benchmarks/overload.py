"""Twice as many live sessions as a node carries, for two minutes, and its way back to the best level.

`[RATING]` is how many it carries; without it that is measured first. The candidates stream over real WebRTC
from a process of their own; the node steps down by itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Final

from tests.benchmarks._figures import Figure
from tests.benchmarks._films import recording
from tests.benchmarks._overloaded import Crowd, Overloaded, overloaded

_ROOT: Final = Path(__file__).parents[2]
DECISION_S: Final = 0.6
BACK_S: Final = 60.0


def run(arguments: Sequence[str]) -> list[Figure]:
    """Measure and print: decisions within 600 ms, every picture accounted for, back within a minute."""
    crowd = Crowd(str(recording()), int(arguments[0]) if arguments else 0)
    command = [sys.executable, "-m", "tests.benchmarks._overloaded"]
    text = json.dumps(asdict(crowd))
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, cwd=_ROOT, check=True)
    seen = overloaded(done.stdout)
    sys.stdout.write(f"levels, each with its seconds: {_levels(seen)}; pictures: {seen.pictures}\n")
    on = f"{seen.sessions} sessions for {crowd.overload_s:.0f} s, 640×480 at 15 fps with sound, WebRTC"
    return [
        Figure("sessions watched at its end", str(seen.watched), "all", seen.watched == seen.sessions, on),
        Figure.at_most("twice the rating: frame to decision p95, s", seen.p95_s, DECISION_S, on),
        Figure("the same, second half", f"{seen.settled_p95_s:.3g}", measured_on=on),
        Figure("lowest level", f"L{max(seen.levels)}", "it changes", len(set(seen.levels)) > 1, on),
        Figure.at_most("pictures unaccounted for", abs(seen.unaccounted), 0, on),
        Figure.at_most("back at the best level, s", seen.back_s, BACK_S, on),
    ]


def _levels(seen: Overloaded) -> str:
    return ", ".join(f"L{level} {len(list(group))}" for level, group in groupby(seen.levels))
