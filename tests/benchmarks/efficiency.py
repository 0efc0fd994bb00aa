"""Level L1 on one core: how much of the processor's time is decoding and networks, and how fast it is.

With and without body pose, for `[SELECTION]` (open if not given; registry and research are the others). Each
kind runs twice in turns; figures are of all rounds together.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks._figures import Figure
from tests.benchmarks._films import pictures, recording
from tests.benchmarks._metered import Called, Metered, Task, measured

_ROOT = Path(__file__).parents[2]
ROUNDS = 2
EFFICIENCY = 0.75


def run(arguments: Sequence[str]) -> list[Figure]:
    """Measure both kinds and print the share of each network."""
    selection = arguments[0] if arguments else "open"
    film, portrait = recording(), pictures(1)[0]
    rounds: dict[bool, list[Metered]] = {False: [], True: []}
    for _ in range(ROUNDS):
        for body in rounds:
            rounds[body].append(_measure(Task(str(film), str(portrait), selection, body)))
    figures: list[Figure] = []
    for body, metered in rounds.items():
        whole = _together(metered)
        title = f"L1, {selection}, {'with' if body else 'without'} body pose"
        sys.stdout.write(_shares(title, whole))
        on = f"{whole.duration_s:.0f} s of 640×480 at 15 fps, one core, {whole.analysed_frames} looks"
        figures += [
            Figure.at_least(f"efficiency: {title}", whole.efficiency, EFFICIENCY, on),
            Figure(f"real-time factor: {title}", f"{whole.realtime_factor:.3g}", measured_on=on),
        ]
    return figures


def _measure(task: Task) -> Metered:
    command = [sys.executable, "-m", "tests.benchmarks._metered"]
    done = subprocess.run(
        command, input=json.dumps(asdict(task)), stdout=subprocess.PIPE, text=True, cwd=_ROOT, check=True
    )
    return measured(done.stdout)


def _together(rounds: Sequence[Metered]) -> Metered:
    """The sums of several rounds."""
    networks = {
        name: Called(
            sum(each.networks[name].calls for each in rounds),
            sum(each.networks[name].in_run_s for each in rounds),
            sum(each.networks[name].bare_s for each in rounds),
        )
        for name in rounds[0].networks
    }
    return Metered(
        duration_s=sum(each.duration_s for each in rounds),
        frames=sum(each.frames for each in rounds),
        analysed_frames=sum(each.analysed_frames for each in rounds),
        actual_s=sum(each.actual_s for each in rounds),
        wall_s=sum(each.wall_s for each in rounds),
        decode_s=sum(each.decode_s for each in rounds),
        networks=networks,
    )


def _shares(title: str, whole: Metered) -> str:
    actual_s = whole.actual_s
    rows = [("decoding", whole.frames, whole.decode_s)]
    rows += [(name, called.calls, called.bare_s) for name, called in whole.networks.items()]
    rows.sort(key=lambda row: -row[2])
    rows.append(("everything else", 0, actual_s - whole.decode_s - whole.network_s))
    lines = [f"{title}: {actual_s:.2f} s of processor for {whole.duration_s:.0f} s"]
    for name, calls, spent_s in rows:
        each = f"{spent_s / calls * 1000:7.2f} ms × {calls}" if calls else ""
        lines.append(f"  {name:36} {spent_s:6.2f} s {spent_s / actual_s:6.1%} {each}")
    return "\n".join(lines) + "\n"
