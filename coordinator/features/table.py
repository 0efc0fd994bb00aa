"""Makes a table of logged vectors, with people's verdicts as labels. Pure.

Persons and sessions have random ids that are made for each table alone, and times count from the session's
beginning: nobody is named, and two tables cannot be joined. A window without a vector, between the first and
the last one of a session, is a row that says so: a gap is never a zero.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from shared.features import WINDOW_S, FeatureVector

_MEASURED: Final = tuple(name for name in FeatureVector.model_fields if name != "window")
COLUMNS: Final = ("person", "session", "begins_s", "gap", *_MEASURED, "confirmed", "dismissed")
"""`confirmed` and `dismissed`: the findings of these kinds that overlap the window, as people judged them;
both empty: nobody has judged anything there, which is no label."""


@dataclass(frozen=True, slots=True)
class Label:
    """A finding that people judged, in seconds of the session."""

    event: str
    confirmed: bool
    begins_s: float
    ends_s: float


@dataclass(frozen=True, slots=True)
class Logged:
    """One session's log."""

    person: UUID
    session: UUID
    vectors: Sequence[FeatureVector]
    labels: Sequence[Label] = ()


def in_order(session_ids: Iterable[UUID], secret: UUID) -> list[UUID]:
    """Sessions as they stand in a table: their own ids would tell who came when."""
    return sorted(session_ids, key=lambda one: uuid5(secret, str(one)))


def rows(logged: Logged, secret: UUID) -> Iterator[dict[str, object]]:
    """The rows of one session; `secret`: random, of this table alone."""
    named = {"person": uuid5(secret, str(logged.person)), "session": uuid5(secret, str(logged.session))}
    by_window = {one.window: one for one in logged.vectors}
    if not by_window:
        return
    for window in range(min(by_window), max(by_window) + 1):
        begins_s = window * WINDOW_S
        vector = by_window.get(window)
        measured = {} if vector is None else vector.model_dump(include=set(_MEASURED), exclude_none=True)
        there = [one for one in logged.labels if _overlaps(one, begins_s)]
        yield {
            **named,
            "begins_s": begins_s,
            "gap": int(vector is None),
            **measured,
            "confirmed": _listed(one.event for one in there if one.confirmed),
            "dismissed": _listed(one.event for one in there if not one.confirmed),
        }


def csv_head() -> str:
    """The first line of the table."""
    return _lines([dict(zip(COLUMNS, COLUMNS, strict=True))])


def csv_lines(logged: Logged, secret: UUID) -> str:
    """The lines of one session."""
    return _lines(rows(logged, secret))


def _lines(rows: Iterable[dict[str, object]]) -> str:
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n").writerows(rows)
    return text.getvalue()


def _overlaps(label: Label, begins_s: float) -> bool:
    return label.begins_s < begins_s + WINDOW_S and label.ends_s > begins_s


def _listed(events: Iterable[str]) -> str:
    return " ".join(sorted(set(events)))
