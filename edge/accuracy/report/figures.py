"""The report's figures as SVG. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log10

from edge.accuracy.matching import LATEST_S, Answer
from edge.accuracy.report.drawing import Area, cross, dot, figure, line, path, text, x_axis, y_axis
from edge.accuracy.report.words import percent, rate, signed
from edge.accuracy.results import AngleResult, Exams, IdentityResult
from edge.accuracy.statistics import Rate, histogram, median
from models.similarity import ACCEPTED
from shared.events.words import event_name

INCIDENTS_AN_HOUR = 1.0
"""The most that is accepted at default sensitivity."""
_BINS = 50
_FEWEST = 1e-5
"""Lower end of the error curves' logarithmic scale."""


def incident_rates(all_exams: Sequence[Exams]) -> Iterator[str]:
    """False incidents per hour with their bounds, one row for each selection and class."""
    rows: list[tuple[str, Rate]] = []
    for exams in all_exams:
        rows += [
            (f"{exams.selection}, conduct", exams.conduct),
            (f"{exams.selection}, identity", exams.identity),
        ]
    rows = [(name, each) for name, each in rows if each.hours > 0]
    if not rows:
        return
    most = max(1.5 * INCIDENTS_AN_HOUR, *((each.bounds[1] or 0.0) * 1.05 for _, each in rows))
    area = Area(left=150, top=10, width=530, height=30 * len(rows), x_from=0, x_to=most)
    shapes = [x_axis(area, [most * tick / 5 for tick in range(6)], "incidents an hour", "{:.1f}")]
    for number, (name, each) in enumerate(rows):
        y = area.top + 30 * number + 15
        low, high = each.bounds
        shapes += [
            text(area.left - 10, y + 4, name, "label", "end"),
            line(area.x(low), y, area.x(high or 0.0), y, "bounds"),
            dot(area.x(each.per_hour or 0.0), y, "value", f"{name}: {rate(each)}"),
        ]
    x = area.x(INCIDENTS_AN_HOUR)
    shapes.append(line(x, area.top, x, area.top + area.height, "limit"))
    yield figure(
        "False incidents an hour",
        "Dots are what was counted, bars the 95 % bounds; the dashed line is the one conduct incident an "
        "hour that is accepted at default sensitivity. "
        + "; ".join(f"{n}: {rate(r)}" for n, r in rows)
        + ".",
        (700, area.top + area.height + 42),
        "".join(shapes),
    )


def delays(exams: Exams) -> Iterator[str]:
    """Delay of each staged behaviour's report after its rule's hold."""
    rows: dict[str, list[Answer]] = {}
    for answer in exams.answers:
        rows.setdefault(f"{answer.behaviour}: {event_name(answer.event)}", []).append(answer)
    if not rows:
        return
    area = Area(left=330, top=10, width=350, height=24 * len(rows), x_from=-2.0, x_to=4.0)
    shapes = [x_axis(area, range(-2, 5), "seconds past the hold")]
    shapes.append(line(area.x(LATEST_S), area.top, area.x(LATEST_S), area.top + area.height, "limit"))
    for number, (name, answers) in enumerate(rows.items()):
        y = area.top + 24 * number + 12
        shapes.append(text(area.left - 12, y + 4, name[:52], "label", "end"))
        shapes += [_delay(area, y, name, answer) for answer in answers]
    found = sum(answer.found for answer in exams.answers)
    late = sum(answer.found and not answer.in_time for answer in exams.answers)
    unable = sum(bool(answer.excuse) for answer in exams.answers)
    missed = len(exams.answers) - found - unable
    yield figure(
        "When staged behaviours were reported",
        f"Each dot is one report; right of the dashed line ({LATEST_S:g} s) it is late. Crosses were missed, "
        f"words say of what nothing was known. {found} found, {late} of them late, {missed} missed, "
        f"{unable} without a look.",
        (700, area.top + area.height + 42),
        "".join(shapes),
    )


def _delay(area: Area, y: float, name: str, answer: Answer) -> str:
    if answer.delay_s is not None:
        kind = "value" if answer.in_time else "late"
        return dot(area.x(answer.delay_s), y, kind, f"{name}: {signed(answer.delay_s, 's')}")
    if answer.excuse:
        return text(area.left + area.width, y + 4, "not looked at", "tick", "end")
    return cross(area.x(area.x_to) - 6, y, f"{name}: missed")


def similarities(result: IdentityResult) -> Iterator[str]:
    """Similarity of pairs, and both error rates by threshold."""
    if not result.similarity.same or not result.similarity.different:
        return
    area = Area(left=50, top=10, width=290, height=150, x_from=0, x_to=1, y_from=-1, y_to=1)
    shapes = [
        x_axis(area, (0, 0.25, 0.5, 0.75, 1), "similarity"),
        line(50, area.y(0), 340, area.y(0), "grid"),
    ]
    for values, kind, side in (
        (result.similarity.same, "same", 1.0),
        (result.similarity.different, "different", -1.0),
    ):
        counted = histogram(values, 0.0, 1.0, _BINS)
        # The square root keeps single pairs visible beside thousands; single pairs are the errors.
        heights = [side * (count / max(counted)) ** 0.5 for count in counted]
        outline = [(area.x(0), area.y(0))]
        for number, height in enumerate(heights):
            outline += [
                (area.x(number / _BINS), area.y(height)),
                (area.x((number + 1) / _BINS), area.y(height)),
            ]
        shapes.append(path([*outline, (area.x(1), area.y(0))], kind, closed=True))
    shapes += [
        text(56, 24, f"one person ({len(result.similarity.same):,})", "same-name"),
        text(336, 154, f"two people ({len(result.similarity.different):,})", "different-name", "end"),
        line(area.x(ACCEPTED), area.top, area.x(ACCEPTED), area.top + area.height, "limit"),
        _error_curves(result),
    ]
    middles = [median(values) or 0.0 for values in (result.similarity.same, result.similarity.different)]
    yield figure(
        f"{result.network}: similarities and errors",
        f"Left: pairs by similarity, heights by square root; the dashed line is the threshold {ACCEPTED:g}; "
        f"medians {middles[0]:.2f} for one person, {middles[1]:.2f} for two. Right: share of false matches "
        "(falling) and false refusals (rising) by threshold, logarithmic.",
        (700, 205),
        "".join(shapes),
    )


def _error_curves(result: IdentityResult) -> str:
    area = Area(left=420, top=10, width=270, height=150, x_from=0.4, x_to=1.0, y_from=log10(_FEWEST), y_to=0)
    ticks = [(float(power), percent(10.0**power)) for power in range(-4, 1)]
    shapes = [x_axis(area, (0.4, 0.6, 0.8, 1.0), "threshold"), y_axis(area, ticks)]
    thresholds = [0.4 + 0.6 * step / 120 for step in range(121)]
    for kind, errors in (
        ("different-line", [result.similarity.false_matches(at).value for at in thresholds]),
        ("same-line", [result.similarity.false_refusals(at).value for at in thresholds]),
    ):
        points = [
            (area.x(at), area.y(log10(max(error or 0.0, _FEWEST))))
            for at, error in zip(thresholds, errors, strict=True)
        ]
        shapes.append(path(points, kind))
    shapes.append(line(area.x(ACCEPTED), area.top, area.x(ACCEPTED), area.top + area.height, "limit"))
    return "".join(shapes)


def mirror_pairs(result: AngleResult) -> Iterator[str]:
    """Yaw of each picture and of its mirror image."""
    if not result.yaws_deg:
        return
    area = Area(left=60, top=10, width=250, height=250, x_from=-60, x_to=60, y_from=-60, y_to=60)
    shapes = [
        x_axis(area, range(-60, 61, 30), "yaw, °"),
        y_axis(area, [(float(tick), str(tick)) for tick in range(-60, 61, 30)]),
        line(area.x(-60), area.y(60), area.x(60), area.y(-60), "limit"),
    ]
    shapes += [
        dot(area.x(one), area.y(other), "value", f"{one:+.0f}° and {other:+.0f}°")
        for one, other in result.yaws_deg
    ]
    worst = max((abs(one + other) for one, other in result.yaws_deg), default=0.0)
    yield figure(
        f"{result.network}: {result.what} yaw and its mirror image's",
        f"Each dot is one picture; on the dashed line both are opposite, as they should be. "
        f"{len(result.yaws_deg)} pictures, farthest off {worst:.0f}°.",
        (330, 305),
        "".join(shapes),
    )
