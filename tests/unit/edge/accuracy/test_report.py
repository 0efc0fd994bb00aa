"""The report says what it rests on, escapes what it is given, and tells misses from what nobody looks at."""

from __future__ import annotations

import io
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rich.console import Console

from edge.accuracy.matching import Answer, Reported, Twin
from edge.accuracy.report import accuracy_html, print_tables
from edge.accuracy.report.exam_tables import behaviours, false_alerts, twins, unique_s
from edge.accuracy.results import (
    Accuracy,
    AngleResult,
    CountResult,
    ExamResult,
    Exams,
    GroupErrors,
    Halves,
    IdentityResult,
    SpeakerResult,
    VoiceResult,
)
from edge.accuracy.selection import Selection
from edge.accuracy.statistics import Scores, Share
from shared.events.types import EventClass, EventType

FOUND = Answer(
    behaviour="leaving", event=EventType.LEFT_FRAME, holds_from_s=10, hold_s=5, onset_s=10.4, raised_s=15.5
)
MISSED = replace(FOUND, onset_s=None, raised_s=None)
FALSE = Reported(
    event=EventType.MULTIPLE_FACES, event_class=EventClass.CONDUCT, onset_s=3, raised_s=6, cleared_s=8
)
EXAM = ExamResult(
    name="exam <1>",
    selection=Selection.OPEN,
    staged=True,
    shot="VP8",
    width_px=640,
    height_px=480,
    frames_per_s=15.0,
    duration_s=3600,
    unique_s=12,
    honest_s=1800,
    wall_s=600,
    answers=(FOUND, MISSED),
    twins=(Twin(behaviour="briefly", event=EventType.LEFT_FRAME),),
    unexplained=(FALSE,),
    conduct_incidents=1,
    identity_incidents=0,
    verified=True,
    people=("anna",),
    groups=("north",),
)
EXAMS = Exams(selection=Selection.OPEN, models={"faces": "yunet@1"}, results=(EXAM,))
SCORES = Scores.of([0.8, 0.9], [0.4, 0.5, 0.8])
IDENTITY = IdentityResult(
    network="r@1",
    standing="open",
    pictures=5,
    enrollable=4,
    originals=4,
    people=3,
    similarity=SCORES,
    matches=Share(1, 3),
    refusals=Share(0, 2),
    doubts=Share(1, 2),
    unenrollable_matches=Share(0, 1),
    unenrollable_refusals=Share(0, 0),
    mistaken=Share(1, 3),
    unrecognised=Share(0, 2),
    doubtful=(("anna", "<bob>", 0.8),),
    halves=Halves(
        calibration_same=0,
        calibration_different=0,
        points=(),
        matches=Share(0, 0),
        refusals=Share(0, 0),
        without_matches=Share(0, 0),
        with_few_refusals=Share(0, 0),
        flaw="too few",
    ),
    groups=(GroupErrors(group="north", matches=Share(0, 1), refusals=Share(0, 1), doubts=Share(0, 1)),),
)
WHOLE = Accuracy(
    folder="<labelled>",
    made_utc="2026-01-01T00:00:00.000Z",
    seed=1,
    exams=(EXAMS,),
    identity=(IDENTITY,),
    counts=(
        CountResult(
            network="d@1",
            standing="open",
            right=Share(1, 2),
            missed=Share(1, 3),
            ghosts=0,
            wrong=(("x.jpg", 2, 1),),
        ),
    ),
    angles=(
        AngleResult(
            what="head",
            network="h@1",
            standing="open",
            inside=Share(0, 1),
            outside=(("y.jpg", "yaw", None, 1.0, 2.0),),
            yaws_deg=((20.0, -19.0),),
            roll_sums_deg=(0.5,),
            pitch_differences_deg=(),
        ),
    ),
    voices=(
        VoiceResult(
            network="v@1",
            standing="registry",
            missed=Share(1, 10),
            false=Share(0, 10),
            unique_s=0.64,
            sounds=(("rain", Share(0, 10)),),
        ),
    ),
    speakers=(SpeakerResult(network="s@1", standing="registry", windows=4, voices=2, scores=SCORES),),
    problems=("a <problem>",),
)


class _Page(HTMLParser):
    """Collects what the page holds and checks that its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.drawings: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag not in ("meta", "line", "circle", "path"):
            self.open.append(tag)
        if tag == "svg":
            self.drawings.append(named.get("aria-label") or "")
        self.addresses += [named[name] or "" for name in ("href", "src") if name in named]

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "circle", "path"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def page() -> _Page:
    parsed = _Page()
    parsed.feed(accuracy_html(WHOLE))
    assert parsed.open == []
    return parsed


def test_the_page_loads_nothing(page: _Page) -> None:
    assert all(address.startswith("#") for address in page.addresses)
    assert "default-src 'none'" in accuracy_html(WHOLE)


def test_the_page_says_names_as_they_are(page: _Page) -> None:
    for words in ("<labelled>", "exam <1>", "a <problem>", "<bob>"):
        assert words in page.words


def test_every_drawing_says_what_it_shows(page: _Page) -> None:
    assert len(page.drawings) == 4
    assert all(len(words) > 40 for words in page.drawings)


def test_a_page_about_nothing_but_pictures_has_no_empty_tables() -> None:
    parsed = _Page()
    parsed.feed(accuracy_html(Accuracy(folder="f", made_utc="now", seed=1, counts=WHOLE.counts)))
    assert "Faces counted" in parsed.words
    assert "Staged behaviours" not in parsed.words


def test_a_miss_counts_against_and_an_impossible_look_does_not() -> None:
    (row,) = behaviours(EXAMS).rows
    assert row[2:5] == ("1 of 2", "1 of 2", "1 of 2")
    excused = replace(MISSED, excuse="nothing was known of body")
    blind = replace(EXAMS, results=(replace(EXAM, answers=(excused,)),))
    assert behaviours(blind).rows[0][2] == "not raised: nothing was known of body"


def test_a_twin_that_could_not_be_reported_proves_nothing() -> None:
    assert twins(EXAMS).rows == (("briefly", "Out of the picture", "1 of 1"),)
    blind = replace(EXAM, twins=(replace(EXAM.twins[0], excuse="nothing was known of body"),))
    assert twins(replace(EXAMS, results=(blind,))).rows[0][2].startswith("proves nothing")


def test_false_incidents_stand_beside_hours_and_unique_seconds() -> None:
    (row,) = false_alerts([EXAMS]).rows
    assert row[1] == "0.50 h, of it 12 s different footage"
    assert row[2].startswith("1: 2.00 an hour (0.05 to 11.14)")


def test_footage_of_one_person_counts_once() -> None:
    again = replace(EXAM, name="again", unique_s=9)
    another = replace(EXAM, name="another", people=("bob",))
    assert unique_s(replace(EXAMS, results=(EXAM, again, another))) == 24


def test_the_terminal_shows_the_same_tables() -> None:
    stream = io.StringIO()
    print_tables(WHOLE, Console(file=stream, width=220))
    shown = stream.getvalue()
    for words in ("Staged behaviours", "1 of 2", "Faces counted", "a <problem>", "Closest calls"):
        assert words in shown
