"""What a node holds while it watches live sessions for a quarter of an hour: memory, files, threads.

`[SESSIONS] [MINUTES]`, 5 and 15 if not given: 0.7 of what a node that was never measured admits. The
candidates stream over real WebRTC from a process of their own and connect again after each recording.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import linear_regression
from typing import Final

from tests.benchmarks._figures import Figure
from tests.benchmarks._films import recording
from tests.benchmarks._steady import Held, Long, held

_ROOT: Final = Path(__file__).parents[2]
MINUTES: Final = 15.0
SESSIONS: Final = 5
WARM_SHARE: Final = 0.2
"""The first part of the time, in which caches fill."""
MOST_MB_PER_MINUTE: Final = 1.0


def run(arguments: Sequence[str]) -> list[Figure]:
    """Measure and print: memory grows by less than 1 MB a minute, files and threads do not."""
    sessions = int(arguments[0]) if arguments else SESSIONS
    minutes = float(arguments[1]) if len(arguments) > 1 else MINUTES
    long = Long(str(recording()), sessions, minutes * 60)
    command = [sys.executable, "-m", "tests.benchmarks._steady"]
    text = json.dumps(asdict(long))
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, cwd=_ROOT, check=True)
    rows = [one for one in held(done.stdout) if one.at_s >= WARM_SHARE * long.seconds]
    on = f"{sessions} sessions for {minutes:g} min without the first fifth, 640×480 at 15 fps, WebRTC"
    return [
        Figure.at_most("memory, MB per minute", _slope_mb(rows), MOST_MB_PER_MINUTE, on),
        _flat("files", [one.files for one in rows], on),
        _flat("threads", [one.threads for one in rows], on),
        Figure(
            "sessions watched, the fewest at a time", str(min(one.watching for one in rows)), measured_on=on
        ),
    ]


def _slope_mb(rows: Sequence[Held]) -> float:
    return linear_regression([one.at_s / 60 for one in rows], [one.memory_bytes / 1e6 for one in rows]).slope


def _flat(what: str, counts: Sequence[int], on: str) -> Figure:
    """The most of the second half is no more than that of the first."""
    half = len(counts) // 2
    before, after = max(counts[:half]), max(counts[half:])
    return Figure(f"{what}, first and second half", f"{before}, {after}", "no more", after <= before, on)
