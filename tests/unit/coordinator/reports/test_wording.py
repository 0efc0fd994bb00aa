"""The report's picture, words and HTML."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from coordinator.reports.html_form import as_html
from coordinator.reports.timeline import LANES, LEAST_WIDTH, elapsed, picture
from coordinator.reports.wording import MAX_STILLS, Heading, Still, Table, Timeline, Words, document
from shared.api.reports import ReportedAlert, ReportTotals, SessionReport, Unknown
from shared.api.sessions import SessionOut
from shared.events.table import event_class
from shared.events.types import EventType
from shared.unwatched import Kind

START = datetime(2026, 11, 22, 14, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'&"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def told(event: EventType, onset_s: float = 0.0, lasts_s: float = 10.0, **more: Any) -> ReportedAlert:
    fields: dict[str, Any] = {
        "event_id": f"{event}-{onset_s}",
        "event_type": event,
        "event_class": event_class(event),
        "severity_score": 0.5 if event_class(event) in ("conduct", "identity") else 0.0,
        "confidence": 0.9,
        "onset": at(onset_s),
        "cleared": at(onset_s + lasts_s),
        "duration": lasts_s,
        "explanation": "It was measured.",
        "evidence": {"threshold": 4.0},
        "message": "",
        "has_thumbnail": False,
        "picture": "none",
        "incident_id": None,
        "node": "node",
        "device": "cpu",
        "degradation_level": 1,
        "policy_version": 1,
        "received_at": at(onset_s + lasts_s),
    }
    return ReportedAlert.model_validate(fields | more)


def report(*findings: ReportedAlert, minutes: float = 60, **more: Any) -> SessionReport:
    ends = at(minutes * 60)
    session = SessionOut(
        session_id="SESS-1",
        session_uuid="uuid",
        candidate_id="CAND-1",
        exam_id="EXAM-1",
        status="ended",
        started_at=START,
        ended_at=ends,
        session_expires_at=ends + timedelta(hours=1),
        edge_node="node",
        policy_version=1,
    )
    totals = ReportTotals(
        findings=len(findings), technical=0, incidents={}, worst_open_severity=0.0, unknown_seconds={}
    )
    lists = "acknowledged policy_changes technical acts milestones incidents seen_with unknown"
    empty: dict[str, Any] = dict.fromkeys(lists.split(), ())
    fields = {
        "report_schema": "proctor.report/1",
        "made_at": ends,
        "final": True,
        "session": session,
        "identity": "enrolled",
        "policy_sha256": "0" * 64,
        "totals": totals,
        "findings": list(findings),
        "erased_alerts": 0,
    }
    return SessionReport.model_validate(empty | fields | more)


def test_a_bar_stands_where_its_event_was_and_is_as_high_as_its_severity() -> None:
    [bar] = picture(report(told(EventType.GAZE_OFF_SCREEN, 900, 360, severity_score=0.8))).bars
    assert (bar.lane, bar.x, bar.width, bar.height) == (0, 0.25, 0.1, 0.8)


def test_a_bar_reaches_the_end_of_its_event_over_what_was_unknown_in_between() -> None:
    [bar] = picture(report(told(EventType.FACE_NOT_FOUND, 900, 360, duration=64.0))).bars
    assert (bar.x, bar.width) == (0.25, 0.1)
    assert "64.0 s" in bar.title


@pytest.mark.parametrize(
    ("event", "lane"),
    [
        (EventType.FACE_MISMATCH, "Identity"),
        (EventType.CAMERA_BLOCKED, "Technical"),
        (EventType.PROCTOR_PAUSE, "People"),
        (EventType.SUBMITTED, "People"),
        (EventType.LEFT_FRAME, "Conduct"),
    ],
)
def test_each_kind_of_truth_has_its_lane(event: EventType, lane: str) -> None:
    assert LANES[picture(report(told(event))).bars[0].lane] == lane


@pytest.mark.parametrize(("onset_s", "lasts_s"), [(0, 0), (3_600, 0), (3_599.9, 5), (-60, 30), (9_999, 1)])
def test_no_bar_leaves_the_picture_and_none_is_invisible(onset_s: float, lasts_s: float) -> None:
    [bar] = picture(report(told(EventType.LEFT_FRAME, onset_s, lasts_s))).bars
    assert bar.x >= 0
    assert bar.x + bar.width <= 1.0001
    assert bar.width >= LEAST_WIDTH


def test_what_is_unknown_is_drawn_and_what_holds_throughout_is_not() -> None:
    unknown = [
        Unknown(what="picture", why="No picture came.", begins_at=at(0), ends_at=None, event_id=None),
        Unknown(what="identity", why="Nobody enrolled.", begins_at=None, ends_at=None, event_id=None),
    ]
    [bar] = picture(report(unknown=unknown)).bars
    assert (LANES[bar.lane], bar.width) == ("Unknown", 1.0)


@pytest.mark.parametrize("minutes", [0, 0.01, 1, 10, 60, 180, 1_440, 3_000])
def test_the_axis_is_readable_however_long_the_session(minutes: float) -> None:
    ticks = picture(report(minutes=minutes)).ticks
    assert 1 <= len(ticks) <= 14
    assert all(0 <= tick.x <= 1 for tick in ticks)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (3_723, "1:02:03"), (-61, "-0:01:01"), (90_000, "25:00:00")]
)
def test_time_is_told_since_the_start(seconds: float, text: str) -> None:
    assert elapsed(timedelta(seconds=seconds)) == text


def test_the_document_tells_values_beside_thresholds_and_says_where_it_is_not_the_last_word() -> None:
    blocks = document(report(told(EventType.GAZE_OFF_SCREEN), final=False), {})
    text = "\n".join(as_text(block) for block in blocks)
    assert "It was measured. [threshold 4]" in text
    assert "running; not final" in text
    assert "proves nothing" in text
    assert "Not watched unknown" in text


def test_the_document_tells_how_long_nobody_watched() -> None:
    watched = report()
    seconds = {Kind.FACE: 12.4, Kind.SOUND: 0.0}
    session = watched.session.model_copy(update={"unwatched_s": seconds})
    blocks = document(watched.model_copy(update={"session": session}), {})
    assert "Not watched face 12.4 s, sound 0.0 s" in "\n".join(as_text(block) for block in blocks)


def as_text(block: object) -> str:
    match block:
        case Heading() | Words():
            return block.text
        case Table():
            return "\n".join(" ".join(row) for row in (block.head, *block.rows))
        case _:
            return ""


def test_small_pictures_are_bounded_in_number() -> None:
    findings = [told(EventType.FACE_MISMATCH, number) for number in range(MAX_STILLS + 5)]
    stills = {one.event_id: "data:image/jpeg;base64,AAAA" for one in findings}
    blocks = document(report(*findings), stills)
    assert sum(isinstance(block, Still) for block in blocks) == MAX_STILLS


def test_every_table_fills_its_width_row_by_row() -> None:
    full = report(told(EventType.LEFT_FRAME), technical=[told(EventType.CAMERA_BLOCKED)])
    tables = [block for block in document(full, {}) if isinstance(block, Table)]
    assert tables
    for table in tables:
        assert sum(table.shares) == pytest.approx(1.0)
        assert {len(row) for row in table.rows} <= {len(table.head)} == {len(table.shares)}


class Tags(HTMLParser):
    """What an HTML file is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_html_needs_nothing_else_and_nothing_in_it_runs() -> None:
    hostile = told(EventType.LEFT_FRAME, explanation=HOSTILE, event_id=HOSTILE, evidence={HOSTILE: HOSTILE})
    stills = {HOSTILE: f"data:image/jpeg;base64,{HOSTILE}"}
    page = Tags(as_html(HOSTILE, document(report(hostile), stills)))
    names = {name for name, _ in page.tags}
    assert "script" not in names
    assert {"svg", "table", "img", "h1", "main"} <= names
    assert HOSTILE in page.text
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name == "href" for name in attributes)
        assert (attributes.get("src") or "data:").startswith("data:")


def test_the_picture_is_told_to_who_does_not_see_it() -> None:
    page = Tags(as_html("t", [Timeline(picture(report(told(EventType.LEFT_FRAME))))]))
    [svg] = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert svg["role"] == "img"
    assert "Findings: 1;" in (svg["aria-label"] or "")


def test_what_proctors_did_stands_there_with_the_words_the_candidate_was_told() -> None:
    by = {"by": "ann", "role": "proctor"}
    message = told(EventType.PROCTOR_MESSAGE, 60, 0, evidence=by, message="Please show your desk.")
    flag = told(
        EventType.PROCTOR_FLAG,
        90,
        0,
        evidence=by | {"reason": "Looked down."},
        message="Marked by a proctor.",
    )
    rows = next(
        block.rows
        for block in document(report(acts=[message, flag]), {})
        if isinstance(block, Table) and "Words to the candidate" in block.head
    )
    assert rows == (
        ("0:01:00", "PROCTOR_MESSAGE", "ann (proctor)", "", "Please show your desk."),
        ("0:01:30", "PROCTOR_FLAG", "ann (proctor)", "Looked down.", ""),
    )


def test_no_text_turns_the_reading_order_of_what_follows_it() -> None:
    one = told(EventType.GAZE_OFF_SCREEN, explanation="\u202eupside\u2066 down\x1b[2J\nnext")
    cells = [
        cell
        for block in document(report(one), {})
        if isinstance(block, Table)
        for row in block.rows
        for cell in row
    ]
    assert "\\u202eupside\\u2066 down\\x1b[2J ¶ next [threshold 4]" in cells


def test_a_session_unknown_as_a_whole_is_not_said_to_be_known() -> None:
    whole = Unknown(what="session", begins_at=None, ends_at=None, why="Nobody was watched.", event_id=None)
    texts = [block.text for block in document(report(unknown=[whole]), {}) if isinstance(block, Words)]
    assert not any("unknown" in text.lower() and text.startswith("No") for text in texts)
    assert "There are no known gaps." in [
        block.text for block in document(report(), {}) if isinstance(block, Words)
    ]
