"""Somebody who only wants an answer, again and again, while others flood."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

EVERY_S: Final = 0.02
GIVES_UP_S: Final = 15.0
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Waits:
    """How long answers took."""

    answered_s: tuple[float, ...]
    failed: int

    def share(self, of: float) -> float:
        """The time within which this share of the requests was answered; what failed was given up on."""
        every = sorted([*self.answered_s, *self.failed * [GIVES_UP_S]])
        return every[min(len(every) - 1, int(of * len(every)))]


def waits(url: str, seconds: float) -> Waits:
    """Ask for so long, each time over a connection of its own as a newcomer has to."""
    parts, answered, failed = urlsplit(url), list[float](), 0
    until = time.monotonic() + seconds
    while (began := time.monotonic()) < until:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=GIVES_UP_S)
        try:
            connection.request("GET", parts.path)
            connection.getresponse().read()
            answered.append(time.monotonic() - began)
        except (OSError, http.client.HTTPException):
            failed += 1
        finally:
            connection.close()
        time.sleep(max(0.0, EVERY_S - (time.monotonic() - began)))
    return Waits(tuple(answered), failed)


def beside(attack: str, url: str, asks: str, **options: object) -> tuple[Waits, Mapping[str, int]]:
    """Waits for `asks` while a flooder is at `url`, and what became of the flooder.

    `options`: `seconds`, `rate`, and its environment (`token`, `offer`).
    """
    seconds, rate = float(str(options.pop("seconds", 4.0))), options.pop("rate", 20_000)
    environment = os.environ | {name.upper(): str(value) for name, value in options.items()}
    command = [sys.executable, "-m", "tests.support.flooder", attack, url]
    flooder = subprocess.Popen(
        [*command, "--seconds", str(seconds), "--rate", str(rate)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env=environment,
    )
    time.sleep(0.3)
    waited = waits(asks, seconds)
    printed, _ = flooder.communicate(timeout=60)
    counts: Mapping[str, int] = json.loads(printed)
    return waited, counts
