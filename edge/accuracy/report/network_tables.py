"""Tables about single networks on labelled pictures and sounds. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from edge.accuracy.report.table import Table
from edge.accuracy.report.words import duration, middle_and_worst, percent, share, signed
from edge.accuracy.results import AngleResult, CountResult, IdentityResult, SpeakerResult, VoiceResult
from edge.accuracy.statistics import median
from models.similarity import ACCEPTED


def identity(results: Sequence[IdentityResult]) -> Table:
    """Every recogniser at the default threshold."""
    rows = (
        (
            each.network,
            each.standing,
            share(each.matches),
            share(each.mistaken),
            share(each.refusals),
            share(each.doubts),
            share(each.unenrollable_matches),
            share(each.unenrollable_refusals),
        )
        for each in results
    )
    first = results[0] if results else None
    inputs = (
        f"{first.pictures} pictures that pass the verification gate, {first.enrollable} of them the "
        f"enrollment gate too; shots of {first.originals} different ones, {first.people} people. "
        if first
        else ""
    )
    return Table(
        "Identity",
        f"Pairs at similarity {ACCEPTED:g}. {inputs}As in an exam at least one picture of a pair could be "
        "enrolled; pairs of which neither could be are counted apart. In doubt are pairs of one person of "
        "which the recogniser says that it cannot tell: neither match nor mismatch. Pairs of few people "
        "depend on one another: the bounds are the narrowest they can be.",
        (
            "Recogniser",
            "At hand under",
            "False matches",
            "… of pairs of people",
            "False refusals",
            "In doubt",
            "False matches, neither enrollable",
            "False refusals, neither enrollable",
        ),
        tuple(rows),
    )


def halves(results: Sequence[IdentityResult]) -> Table:
    """Every recogniser calibrated on one half of the people and tested on the other."""
    rows = (
        (
            each.network,
            each.halves.flaw or share(each.halves.matches),
            share(each.halves.refusals),
            ", ".join(f"{point:.3f}" for point in each.halves.points),
            f"{each.halves.calibration_same:,} / {each.halves.calibration_different:,}",
            share(each.halves.without_matches),
            share(each.halves.with_few_refusals),
        )
        for each in results
    )
    return Table(
        "Identity by halves",
        "Calibrated on one half of the people, judged on the other, both ways together; beside it random "
        "halves: how many had no false match in the other half, and how many matched at least 95 % of its "
        "pairs of one person.",
        (
            "Recogniser",
            "False matches",
            "False refusals",
            "Native scores accepted",
            "Calibrated on same / different",
            "Random halves without false match",
            "Random halves with ≥95 % matched",
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
    """The results within each group, when the folder names groups."""
    rows = (
        (each.network, group.group, share(group.matches), share(group.refusals), share(group.doubts))
        for each in results
        for group in each.groups
    )
    columns = ("Recogniser", "Group", "False matches", "False refusals", "In doubt")
    return Table("Identity by group", "Pairs of which both people belong to the group.", columns, tuple(rows))


def counts(results: Sequence[CountResult]) -> Table:
    """Faces found and faces present."""
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
    """Speech detected and missed."""
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
    """How well voices are distinguished."""
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
