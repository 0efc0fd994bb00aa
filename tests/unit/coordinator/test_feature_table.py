"""A table of logged features names nobody, and a gap in it is never a zero."""

from __future__ import annotations

import csv
import io
from uuid import UUID

from coordinator.features.table import COLUMNS, Label, Logged, csv_head, csv_lines, in_order, rows
from shared.features import FeatureVector

PERSON, SESSION, SECRET = UUID(int=1), UUID(int=2), UUID(int=3)


def vector(window: int, **known: float) -> FeatureVector:
    return FeatureVector(window=window, level=1, watched_face=1, watched_body=0, watched_sound=0, **known)


def test_a_missing_window_is_a_line_without_values_and_an_unknown_value_is_empty() -> None:
    logged = Logged(PERSON, SESSION, [vector(4, similarity=0.0), vector(2)])
    read = list(csv.DictReader(io.StringIO(csv_head() + csv_lines(logged, SECRET))))
    assert tuple(read[0]) == COLUMNS
    assert [(one["begins_s"], one["gap"], one["similarity"]) for one in read] == [
        ("10.0", "0", ""),
        ("15.0", "1", ""),
        ("20.0", "0", "0.0"),
    ]
    assert {read[1][name] for name in COLUMNS} == {read[1]["person"], read[1]["session"], "15.0", "1", ""}


def test_ids_are_the_same_within_a_table_and_others_in_the_next() -> None:
    first = [csv_lines(Logged(PERSON, session, [vector(0)]), SECRET) for session in (SESSION, UUID(int=9))]
    people = [text.split(",")[0] for text in first]
    assert people[0] == people[1]
    assert first[0].split(",")[1] != first[1].split(",")[1]
    other = csv_lines(Logged(PERSON, SESSION, [vector(0)]), UUID(int=4))
    assert other.split(",")[0] != people[0]
    assert str(PERSON) not in first[0]


def test_the_order_of_sessions_says_nothing_about_who_came_when() -> None:
    came = [UUID(int=one << 80) for one in range(20)]
    shown = in_order(came, SECRET)
    assert sorted(shown) == came
    assert shown not in (came, came[::-1])
    assert shown == in_order(came[::-1], SECRET), "nor does the order in which they are found"
    assert shown != in_order(came, UUID(int=4))


def test_a_verdict_labels_the_windows_that_its_findings_overlap() -> None:
    labels = [
        Label("FACE_MISMATCH", True, 4.0, 10.0),
        Label("LEFT_FRAME", False, 9.0, 9.5),
        Label("LEFT_FRAME", False, 6.0, 7.0),
    ]
    found = list(rows(Logged(PERSON, SESSION, [vector(one) for one in range(3)], labels), SECRET))
    assert [(one["confirmed"], one["dismissed"]) for one in found] == [
        ("FACE_MISMATCH", ""),
        ("FACE_MISMATCH", "LEFT_FRAME"),
        ("", ""),
    ]


def test_a_session_without_vectors_has_no_lines() -> None:
    assert csv_lines(Logged(PERSON, SESSION, []), SECRET) == ""
