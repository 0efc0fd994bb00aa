"""Defines the measurements of network calls and looks, values that may come from another process."""

from __future__ import annotations

from dataclasses import dataclass

from shared.traces.spans import Span, TraceStep


@dataclass(frozen=True, slots=True)
class Measured:
    """One finished call, for metrics."""

    task: str
    queued_s: float
    run_s: float
    outcome: str
    """`done`, `failed`, or why there is no result: `overflow`, `stale`, `stuck`, `resting`, `cancelled`."""
    error_type: str = ""
    """The class of the error of a call that failed."""
    cpu_s: float = 0.0
    """Processor time of the call's own thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Where the time of one analysed picture went, from its capture to its judgement."""

    received_s: float
    """Until it was decoded and here, as far as the session's clock tells; less the shortest way here."""
    waited_s: float
    """Until an earlier picture's looks were done."""
    looked_s: float
    """All its looks, with their queues."""
    judged_s: float
    """Rules and alerts."""

    @property
    def whole_s(self) -> float:
        """From frame to decision."""
        return self.received_s + self.waited_s + self.looked_s + self.judged_s


@dataclass(frozen=True, slots=True)
class Called:
    """One call that was made for a picture or a window of sound, in UTC seconds since 1970."""

    look: str
    begun_s: float
    ended_s: float
    failed: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """What a finding came from, in UTC seconds since 1970."""

    step: TraceStep
    """A picture or a window of sound."""
    arrived_s: float
    """When it was decoded and here."""
    calls: tuple[Called, ...]
    looked_s: float
    """When all its looks were done."""


def spans_of(origin: Origin, judged_s: float) -> tuple[Span, ...]:
    """The spans from a picture or a window of sound to the finding, which was judged by `judged_s`."""
    looks = tuple(
        Span(
            TraceStep.LOOK,
            call.begun_s,
            call.ended_s,
            origin.step,
            # One look may take several calls.
            which=f"{call.look} {number}",
            attributes={"proctor.look": call.look},
            failed="no result" if call.failed else None,
        )
        for number, call in enumerate(origin.calls, 1)
    )
    return (
        Span(origin.step, origin.arrived_s, judged_s, None),
        *looks,
        Span(TraceStep.FINDING, origin.looked_s, judged_s, origin.step),
    )
