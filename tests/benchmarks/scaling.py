"""What 1, 2, 4, 8 and 16 live sessions cost a node each, and 8 over two worker processes beside 4 on one.

The candidates stream over real WebRTC from a process of their own. Costs are processor seconds and memory, so
that they hold on a machine that is too small for the larger numbers; whether those held is printed beside.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.benchmarks._carried import Carried, Load, carried
from tests.benchmarks._figures import Figure
from tests.benchmarks._films import recording

_ROOT: Final = Path(__file__).parents[2]
SESSIONS: Final = (1, 2, 4, 8, 16)
ON_ONE: Final = 4
"""Sessions of one worker; two have twice as many."""
MOST_MB: Final = 40.0
WORKERS_GAIN: Final = 1.8
MEASURED_ON: Final = "15 s each of 640×480 at 15 fps with sound, standard policy, WebRTC"


def run(_arguments: Sequence[str]) -> list[Figure]:
    """Measure and print; each session beyond the first takes at most 40 MB, and two workers carry 1.8 times
    what one does if the processor is what they lack."""
    film = str(recording())
    alone = _measured(Load(film, SESSIONS))
    sys.stdout.write(_table(alone))
    [one], [two] = (_measured(Load(film, (workers * ON_ONE,), workers)) for workers in (1, 2))
    sys.stdout.write(f"on one worker, and on two:\n{_table([one, two])}")
    return [*_memory(alone), _gain(one, two)]


def _measured(load: Load) -> list[Carried]:
    command = [sys.executable, "-m", "tests.benchmarks._carried"]
    text = json.dumps(asdict(load))
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, cwd=_ROOT, check=True)
    return carried(done.stdout)


def _table(rows: Sequence[Carried]) -> str:
    lines = ["sessions  cores each  p95 ms  lost  limits passed"]
    for one in rows:
        passed = " ".join(one.passed) or "none"
        lines.append(f"{one.sessions:8}  {one.cpu_s:10.3f}  {one.p95_ms:6.0f}  {one.lost:4}  {passed}")
    return "\n".join(lines) + "\n"


def _memory(rows: Sequence[Carried]) -> list[Figure]:
    first, *others = rows
    each_mb = {
        one.sessions: (one.memory_bytes - first.memory_bytes) / (one.sessions - first.sessions) / 1e6
        for one in others
        if one.memory_bytes
    }
    return [
        Figure.at_most(f"MB per session beyond the first: {sessions} sessions", mb, MOST_MB, MEASURED_ON)
        for sessions, mb in each_mb.items()
    ]


def _gain(one: Carried, two: Carried) -> Figure:
    on = f"{one.sessions} sessions on one, {two.sessions} on two; {MEASURED_ON}"
    if not (one.cpu_s and two.cpu_s):
        return Figure(
            "two workers over one", "not all candidates connected", f"≥ {WORKERS_GAIN}", holds=False
        )
    return Figure.at_least("two workers over one", 2 * one.cpu_s / two.cpu_s, WORKERS_GAIN, on)
