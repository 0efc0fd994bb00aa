"""Replay: how long the deciding core takes for a three-hour exam (54,000 observations at 5 Hz), one core."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from edge.policy_settings import monitor_settings
from edge.rules.monitor import Monitor
from shared.policy import Policy
from tests.support.observations import long_exam, play

HOURS = 3


def run(arguments: Sequence[str]) -> None:
    """Print processor seconds, their ratio to the exam's length, and what was found."""
    exam = long_exam(duration_s=HOURS * 3_600, absence_every_s=3_600)
    started = time.process_time()
    found = play(Monitor(monitor_settings(Policy())), exam)
    spent_s = time.process_time() - started
    sys.stdout.write(
        f"replay: {len(exam)} observations of {HOURS} h in {spent_s:.2f} s of one core "
        f"({HOURS * 3_600 / spent_s:,.0f} × real time), {len(found)} findings\n"
    )
