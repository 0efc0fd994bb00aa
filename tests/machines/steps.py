"""The steps of a run: what was done, how long it took, what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


def say(text: str) -> None:
    """Print it at once."""
    print(text, flush=True)  # noqa: T201


class Wrong(Exception):
    """A machine, a playbook or an exam is not as it has to be."""


@dataclass(slots=True)
class Step:
    """One step; whoever does it notes what came of it."""

    name: str
    seconds: float = 0.0
    result: str = "failed"
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Print a finding; its first line goes into the table of results."""
        self.notes.append(text.splitlines()[0] if text else "")
        say(text)


@dataclass(slots=True)
class Steps:
    """All steps so far."""

    done: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Do one; what follows needs it, so a failure ends the run."""
        step = Step(name)
        self.done.append(step)
        say(f"== {name} …")
        began = time.monotonic()
        try:
            yield step
            step.result = "done"
        finally:
            step.seconds = time.monotonic() - began
            say(f"== {name}: {step.result}, {step.seconds:.0f} s")

    def table(self) -> str:
        """Everything, one line a step."""
        lines = [
            f"{step.seconds / 60:6.1f} min  {step.result:6}  {step.name}"
            + (f": {'; '.join(step.notes)}" if step.notes else "")
            for step in self.done
        ]
        return "\n".join([*lines, f"{sum(step.seconds for step in self.done) / 60:6.1f} min  in all"])
