"""The report's tables as plain values; terminal and page render the same ones. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.accuracy.matching import LATEST_S, ONSET_WITHIN_S, Answer, Twin
from edge.accuracy.report.words import duration, middle_and_worst, percent, rate, share, signed
from edge.accuracy.results import (
    AngleResult,
    CountResult,
    Exams,
    IdentityResult,
    SpeakerResult,
    VoiceResult,
)
from edge.accuracy.statistics import Share, median
from models.similarity import ACCEPTED
from shared.timeline.words import event_name


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, what it rests on, and rows of words."""

    heading: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def behaviours(exams: Exams) -> Table:
    """What was staged and whether it was found."""
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
    """The same things done too briefly, or only alike: nothing may be reported."""
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
    """What honest time brought."""
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
    """Seconds of different footage: repeated footage proves nothing new."""
    footage: dict[tuple[str, ...], float] = {}
    for result in exams.results:
        key = result.people or (result.name,)
        footage[key] = max(footage.get(key, 0.0), result.unique_s)
    return sum(footage.values())


def exam_groups(all_exams: Sequence[Exams]) -> Table:
    """The same by group, where a folder names groups."""
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
    """Each recording, with what it was."""
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


def identity(results: Sequence[IdentityResult]) -> Table:
    """Every recogniser at the default threshold."""
    rows = (
        (
            each.network,
            each.standing,
            share(each.matches),
            share(each.mistaken),
            share(each.refusals),
            each.halves.flaw or share(each.halves.matches),
            "–" if each.halves.flaw else share(each.halves.refusals),
        )
        for each in results
    )
    first = results[0] if results else None
    inputs = (
        f"{first.pictures} pictures that pass the verification gate, shots of {first.originals} different "
        f"ones, {first.people} people; each halves' calibration rests on "
        f"{first.halves.calibration_same:,} same and {first.halves.calibration_different:,} different pairs "
        "of both halves together. Pairs of few people depend on one another: the bounds are the narrowest "
        "they can be."
        if first
        else ""
    )
    return Table(
        "Identity",
        f"Pairs at similarity {ACCEPTED:g}. By halves: calibrated on one half of the people, judged on the "
        f"other, both ways. {inputs}",
        (
            "Recogniser",
            "At hand under",
            "False matches",
            "… of pairs of people",
            "False refusals",
            "False matches by halves",
            "False refusals by halves",
        ),
        tuple(rows),
    )


def doubtful(results: Sequence[IdentityResult]) -> Table:
    """The pairs that decide whether a threshold holds."""
    rows = (
        (each.network, "one person" if one == other else "two people", one, other, f"{similarity:.3f}")
        for each in results
        for one, other, similarity in each.doubtful
    )
    return Table(
        "Closest calls",
        f"Of each two people the pictures nearest to a mistake; two people must stay below {ACCEPTED:g}, one "
        "person above.",
        ("Recogniser", "Truth", "One", "Other", "Similarity"),
        tuple(rows),
    )


def identity_groups(results: Sequence[IdentityResult]) -> Table:
    """The same within each group, where the folder names groups."""
    rows = (
        (each.network, group.group, share(group.matches), share(group.refusals))
        for each in results
        for group in each.groups
    )
    columns = ("Recogniser", "Group", "False matches", "False refusals")
    return Table("Identity by group", "Pairs of which both people belong to the group.", columns, tuple(rows))


def counts(results: Sequence[CountResult]) -> Table:
    """Faces found against faces there."""
    rows = (
        (
            each.network,
            each.standing,
            share(each.right),
            share(each.missed),
            str(each.ghosts),
            ", ".join(f"{name}: {found} of {there}" for name, there, found in each.wrong) or "none",
        )
        for each in results
    )
    columns = ("Detector", "At hand under", "Pictures right", "Faces missed", "Ghosts", "Wrong ones")
    return Table(
        "Faces counted", "As in an exam: ghosts are removed where a mesh does so.", columns, tuple(rows)
    )


def angles(results: Sequence[AngleResult]) -> Table:
    """Known angles and mirror images."""
    rows = (
        (
            each.what,
            each.network,
            each.standing,
            share(each.inside),
            middle_and_worst([one + other for one, other in each.yaws_deg], "°"),
            middle_and_worst(each.roll_sums_deg, "°"),
            middle_and_worst(each.pitch_differences_deg, "°"),
            ", ".join(
                f"{name} {angle} {signed(value, '°')} (should be {low:g}…{high:g})"
                for name, angle, value, low, high in each.outside
            )
            or "none",
        )
        for each in results
    )
    return Table(
        "Where heads point and eyes look",
        "Of a picture and its mirror image, yaw and roll should add up to nothing and pitch be the same. "
        f"{len(results[0].yaws_deg) if results else 0} mirror pairs.",
        (
            "What",
            "Network",
            "At hand under",
            "Known angles in range",
            "Yaw sums",
            "Roll sums",
            "Pitch differences",
            "Out of range",
        ),
        tuple(rows),
    )


def voices(results: Sequence[VoiceResult]) -> Table:
    """Speech heard and not heard."""
    rows = (
        (
            each.network,
            each.standing,
            share(each.missed),
            share(each.false),
            ", ".join(
                f"{name} {percent(part.value)}" for name, part in each.sounds if part.value is not None
            ),
        )
        for each in results
    )
    heard = duration(results[0].unique_s) if results else ""
    return Table(
        "Voice activity",
        f"Parts of 32 ms at probability above 0.8; {heard} of labelled sound at 16 kHz, 0.1 s around each "
        "boundary left out. Neighbouring parts depend on one another: the bounds are the narrowest they can "
        "be.",
        ("Detector", "At hand under", "Speech missed", "Other sound taken for speech", "Of it, by sound"),
        tuple(rows),
    )


def speakers(results: Sequence[SpeakerResult]) -> Table:
    """Voices told apart."""
    rows = []
    for each in results:
        equal = each.scores.equal_error
        rows.append(
            (
                each.network,
                each.standing,
                f"{each.voices} voices, {each.windows} windows of 3 s",
                f"{len(each.scores.same):,} same, {len(each.scores.different):,} different",
                "–" if equal is None else f"{percent(equal[1])} at {equal[0]:.2f}",
                _medians(each),
            )
        )
    columns = ("Encoder", "At hand under", "Speech", "Pairs", "Equal error", "Median same, different")
    return Table("Voices told apart", "Cosine of two windows.", columns, tuple(rows))


def _medians(result: SpeakerResult) -> str:
    middles = (median(result.scores.same), median(result.scores.different))
    return ", ".join("–" if each is None else f"{each:.2f}" for each in middles)


def _inputs(exams: Exams, *, staged: bool) -> str:
    kept = [result for result in exams.results if result.staged or not staged]
    sizes: Iterable[str] = sorted(
        {f"{result.width_px}×{result.height_px} at {result.frames_per_s:.0f} fps" for result in kept}
    )
    return f"{len(kept)} recordings, {', '.join(sizes)}, level L1."
