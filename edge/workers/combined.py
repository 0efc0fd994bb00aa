"""Combines the reports of all workers into one, as if they were one worker. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from edge.sessions.port import WorkerReport
from shared.messages.heartbeats import SessionState

BETWEEN: Final = "silent"
"""The phase of a session that moves to another worker: nothing of it arrives."""


def one_report(
    reports: Sequence[WorkerReport],
    *,
    level: int,
    works: bool,
    former: WorkerReport,
    between: Iterable[SessionState],
) -> WorkerReport:
    """One report. `former`: what workers that have ended counted, and what the networks were; `between`: the
    last states of sessions that no worker has now."""
    newest = reports[0] if reports else former
    return WorkerReport(
        level=level,
        device=newest.device,
        models=newest.models,
        recognisers=newest.recognisers,
        analysis_works=works and all(report.analysis_works for report in reports),
        calls_waiting=_summed(report.calls_waiting for report in reports),
        dropped=_summed(report.dropped for report in (former, *reports)),
        connection_errors=_summed(report.connection_errors for report in (former, *reports)),
        sessions=(
            *(state for report in reports for state in report.sessions),
            *(state.model_copy(update={"phase": BETWEEN}) for state in between),
        ),
        arrived=tuple(arrived for report in reports for arrived in report.arrived),
        pictures=_summed(report.pictures for report in (former, *reports)),
        decode_s=sum(report.decode_s for report in (former, *reports)),
    )


def added(former: WorkerReport, last: WorkerReport) -> WorkerReport:
    """What ended workers counted, with the last report of one more."""
    return replace(
        last,
        analysis_works=False,
        calls_waiting={},
        dropped=_summed((former.dropped, last.dropped)),
        connection_errors=_summed((former.connection_errors, last.connection_errors)),
        sessions=(),
        arrived=(),
        pictures=_summed((former.pictures, last.pictures)),
        decode_s=former.decode_s + last.decode_s,
    )


def nothing(level: int) -> WorkerReport:
    """The report before any worker has reported."""
    return WorkerReport(
        level=level,
        device="",
        models={},
        recognisers=(),
        analysis_works=False,
        calls_waiting={},
        dropped={},
        connection_errors={},
        sessions=(),
    )


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    return dict(sum((Counter(each) for each in counts), Counter()))
