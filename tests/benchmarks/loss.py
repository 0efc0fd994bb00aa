"""3 % packet loss both ways at 60 ms round trip: this product's media path beside aiortc as it comes.

All four calls (ours and stock, at 5 and at 15 fps) run at the same time with the same seeds, each in a
process of its own. `[SECONDS]` sets the length, 120 if not given.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks._figures import Figure
from tests.support.lossy import LossFigures, LossyCall

_ROOT = Path(__file__).parents[2]
_COLUMNS = (
    ("longest gap", "{0.longest_gap_s:.2f} s"),
    ("stalled >1 s", "{0.stalled_s:.1f} s"),
    ("frames", "{0.frames}"),
    ("lag p95", "{0.lag_s:.2f} s"),
    ("damaged", "{0.damaged_share:.1%}"),
    ("video lost in the network", "{0.network_video_loss:.1%}"),
    ("audio lost", "{0.audio_lost_share:.1%}"),
    ("audio lost in the network", "{0.network_audio_loss:.1%}"),
)


def run(arguments: Sequence[str]) -> list[Figure]:
    """Measure and print; no gap of ours may be as long as stock's."""
    duration_s = float(arguments[0]) if arguments else 120.0
    calls = [LossyCall(receiver, fps, duration_s) for fps in (5, 15) for receiver in ("ours", "stock")]
    figures = side_by_side(calls)
    _print(f"3 % loss, 60 ms round trip, {duration_s:.0f} s, 640×480 VP8 + Opus 20 ms", calls, figures)
    on = f"3 % loss, 60 ms round trip, {duration_s:.0f} s, 640×480"
    return [
        Figure(
            f"longest gap, {call.fps} fps",
            f"{ours.longest_gap_s:.2f} s ours, {stock.longest_gap_s:.2f} s stock",
            "shorter than stock",
            ours.longest_gap_s < stock.longest_gap_s,
            on,
        )
        for call, ours, stock in zip(calls[::2], figures[::2], figures[1::2], strict=True)
    ]


def side_by_side(calls: Sequence[LossyCall]) -> list[LossFigures]:
    """Make all calls at the same time, a process each."""
    command = [sys.executable, "-m", "tests.support.lossy"]
    processes = [
        subprocess.Popen([*command, json.dumps(asdict(call))], stdout=subprocess.PIPE, text=True, cwd=_ROOT)
        for call in calls
    ]
    printed = [process.communicate()[0] for process in processes]
    return [LossFigures(**json.loads(text)) for text in printed]


def _print(title: str, calls: Sequence[LossyCall], figures: Sequence[LossFigures]) -> None:
    heads = [f"{call.receiver} {call.fps} fps" for call in calls]
    sys.stdout.write(f"{title}\n{'':28}" + "".join(f"{head:>14}" for head in heads) + "\n")
    for name, form in _COLUMNS:
        values = [form.format(figure) for figure in figures]
        sys.stdout.write(f"{name:28}" + "".join(f"{value:>14}" for value in values) + "\n")
