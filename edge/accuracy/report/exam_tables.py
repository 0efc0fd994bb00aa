"""Tables about exams: events found, events rightly not raised, and false alerts in honest time. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from edge.accuracy.matching import LATEST_S, ONSET_WITHIN_S, Answer, Twin
from edge.accuracy.report.table import Table
from edge.accuracy.report.words import duration, middle_and_worst, rate, share
from edge.accuracy.results import Exams
from edge.accuracy.statistics import Share
from shared.events.words import event_name


def behaviours(exams: Exams) -> Table:
    """Staged behaviours, and whether they were found."""
    kinds: dict[tuple[str, str], list[Answer]] = {}
    for answer in exams.answers:
        kinds.setdefault((answer.behaviour, event_name(answer.event)), []).append(answer)
    return Table(
        "Staged behaviours",
        f"In time: raised at most {LATEST_S:g} s after the rule's hold. In place: onset within "
        f"{ONSET_WITHIN_S:g} s of the truth. {_inputs(exams, staged=True)}",
        ("Behaviour", "Event", "Found", "In time", "In place", "Delay past the hold", "Onset error"),
        tuple((*kind, *_answer_cells(answers)) for kind, answers in kinds.items()),
    )


def _answer_cells(answers: Sequence[Answer]) -> tuple[str, ...]:
    excuses = {answer.excuse for answer in answers if answer.excuse}
    if excuses and not any(answer.found for answer in answers):
        return (f"not raised: {excuses.pop()}", "–", "–", "–", "–")
    found = [answer for answer in answers if answer.found]
    return (
        f"{len(found)} of {len(answers)}",
        f"{sum(answer.in_time for answer in answers)} of {len(answers)}",
        f"{sum(answer.placed for answer in answers)} of {len(answers)}",
        middle_and_worst([a.delay_s for a in found if a.delay_s is not None], "s"),
        middle_and_worst([a.onset_error_s for a in found if a.onset_error_s is not None], "s"),
    )


def twins(exams: Exams) -> Table:
    """Similar or too short behaviours, which must not be reported."""
    kinds: dict[tuple[str, str], list[Twin]] = {}
    for twin in exams.twins:
        kinds.setdefault((twin.behaviour, event_name(twin.event)), []).append(twin)
    return Table(
        "Twins that must stay in peace",
        "Each is a staged behaviour done too briefly for its rule, or something that only looks or sounds "
        "alike.",
        ("Behaviour", "Event that must not come", "In peace"),
        tuple((*kind, _twin_cell(group)) for kind, group in kinds.items()),
    )


def _twin_cell(group: Sequence[Twin]) -> str:
    excuses = {twin.excuse for twin in group if twin.excuse}
    if excuses:
        return f"proves nothing: {excuses.pop()}"
    return f"{sum(twin.peaceful for twin in group)} of {len(group)}"


def false_alerts(all_exams: Sequence[Exams]) -> Table:
    """False alerts in honest time."""
    rows = []
    for exams in all_exams:
        events = Counter(
            event_name(report.event) for result in exams.results for report in result.unexplained
        )
        rows.append(
            (
                exams.selection.words,
                f"{exams.hours:.2f} h, of it {duration(unique_s(exams))} different footage",
                f"{exams.conduct.events}: {rate(exams.conduct)}",
                f"{exams.identity.events} in {exams.identity.hours:.2f} h: {rate(exams.identity)}",
                ", ".join(f"{name} {count}" for name, count in events.most_common()) or "none",
            )
        )
    note = "Incidents that nothing staged explains, per hour of honest time, with 95 % bounds (Garwood)."
    inputs = _inputs(all_exams[0], staged=False) if all_exams else ""
    columns = ("Networks", "Honest time", "Conduct incidents", "Identity incidents", "Events in them")
    return Table("False alerts in honest time", f"{note} {inputs}", columns, tuple(rows))


def unique_s(exams: Exams) -> float:
    """Seconds of distinct footage; repeated footage proves nothing new."""
    footage: dict[tuple[str, ...], float] = {}
    for result in exams.results:
        key = result.people or (result.name,)
        footage[key] = max(footage.get(key, 0.0), result.unique_s)
    return sum(footage.values())


def exam_groups(all_exams: Sequence[Exams]) -> Table:
    """The results by group, when a folder names groups."""
    rows = []
    for exams in all_exams:
        for group in sorted({group for result in exams.results for group in result.groups}):
            own = Exams(
                selection=exams.selection,
                models=exams.models,
                results=tuple(result for result in exams.results if group in result.groups),
            )
            could = [answer for answer in own.answers if not answer.excuse]
            found = Share(sum(answer.found for answer in could), len(could))
            rows.append((exams.selection.words, group, share(found), rate(own.conduct), rate(own.identity)))
    columns = ("Networks", "Group", "Found", "False conduct incidents", "False identity incidents")
    return Table("Exams by group", "Groups as groups.csv names them.", columns, tuple(rows))


def recordings(exams: Exams) -> Table:
    """Each recording, with its description."""
    rows = (
        (
            result.name,
            f"{result.width_px}×{result.height_px} at {result.frames_per_s:.0f} fps",
            result.shot or "–",
            f"{duration(result.duration_s)}, unique {duration(result.unique_s)}",
            f"{sum(a.found for a in result.answers)} of {sum(not a.excuse for a in result.answers)}"
            if result.answers
            else "–",
            str(len(result.unexplained)),
            f"{result.duration_s / result.wall_s:.1f} ×" if result.wall_s else "–",
        )
        for result in exams.results
    )
    columns = ("Recording", "Input", "Shot", "Length", "Found", "Unexplained alerts", "Speed")
    note = "Found counts what could be found. Speed is against real time on the machine of this run."
    return Table("Recordings", note, columns, tuple(rows))


def _inputs(exams: Exams, *, staged: bool) -> str:
    kept = [result for result in exams.results if result.staged or not staged]
    sizes: Iterable[str] = sorted(
        {f"{result.width_px}×{result.height_px} at {result.frames_per_s:.0f} fps" for result in kept}
    )
    return f"{len(kept)} recordings, {', '.join(sizes)}, level L1."
