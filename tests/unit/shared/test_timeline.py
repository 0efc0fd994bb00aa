"""The timeline page says everything it was given, escaped, and needs nothing from anywhere."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from uuid import UUID

import pytest

from shared.alerts import Alert, AlertMetadata, Shown
from shared.events.types import Action, EventClass, EventType
from shared.events.words import event_name
from shared.timeline import Entry, Measure, Segment, Timeline, entry_of, timeline_html
from shared.timeline.entries import measures_of
from shared.timeline.words import clock, number, spoken

ZERO = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
PICTURE = "data:image/jpeg;base64,/9j/4AAQSkZJRg=="


def entry(event: EventType = EventType.FACE_NOT_FOUND, onset_s: float = 20, **changes: object) -> Entry:
    values: dict[str, object] = {
        "event": event,
        "onset_s": onset_s,
        "raised_s": onset_s + 5,
        "cleared_s": onset_s + 10,
        "lasted_s": 10.0,
        "severity": 0.5,
        "confidence": 0.9,
        "explanation": "No face was seen.",
        "action": Action.WARNING,
    }
    return Entry(**{**values, **changes})  # type: ignore[arg-type]


def page(*entries: Entry, segments: tuple[Segment, ...] = (), duration_s: float = 100) -> str:
    return timeline_html(Timeline("An exam", duration_s, (("Level", "L1"),), segments, entries))


class Outline(HTMLParser):
    """Collects what the tests ask about; fails on tags that do not match."""

    VOID = frozenset({"meta", "img", "input", "link", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.tags if name == tag and wanted.items() <= found.items()]


def test_everything_given_is_escaped() -> None:
    nasty = "<script>alert('x')</script>\"&"
    html = timeline_html(
        Timeline(
            nasty,
            100,
            ((nasty, nasty),),
            (Segment(label=nasty, begins_s=0, ends_s=50, scripted=True),),
            (entry(explanation=nasty, measures=(Measure(nasty, nasty),)),),
        )
    )
    assert nasty not in html
    assert len(Outline(html).all("script")) == 1


def test_the_page_loads_nothing_and_allows_only_its_own_script() -> None:
    html = page(entry(thumbnail=PICTURE))
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", html)
    assert "http:" not in html
    assert "https:" not in html
    assert "url(" not in html
    script = html.split("<script>")[1].split("</script>")[0]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html


def test_a_bar_spans_onset_to_clearing_and_marks_the_hold() -> None:
    (bar,) = Outline(page(entry(onset_s=20, raised_s=25, cleared_s=40))).all("a", **{"class": "bar"})
    assert bar["style"] == "left:20.000%;width:20.000%;--held:25.0%"
    assert bar["href"] == "#event-1"
    assert bar["aria-label"] == "No face in the picture, from 0:20.0 until 0:40.0, reported at 0:25.0"


def test_an_event_that_lasts_reaches_the_end_and_says_so() -> None:
    (bar,) = Outline(page(entry(onset_s=60, raised_s=65, cleared_s=None))).all(
        "a", **{"class": "bar lasting"}
    )
    assert "width:40.000%" in str(bar["style"])
    assert "still lasting at the end" in str(bar["aria-label"])


def test_a_bar_never_leaves_the_chart() -> None:
    (bar,) = Outline(page(entry(onset_s=-2, raised_s=3, cleared_s=150))).all("a", **{"class": "bar"})
    assert str(bar["style"]).startswith("left:0.000%;width:100.000%")


def test_every_bar_leads_to_its_row_in_order_of_time() -> None:
    outline = Outline(page(entry(onset_s=50), entry(EventType.VOICE_DETECTED, 10), entry(onset_s=70)))
    rows = [row["id"] for row in outline.all("tr", **{"role": "row"}) if row.get("id")]
    assert rows == ["event-1", "event-2", "event-3"]
    bars = {bar["href"]: str(bar["style"]).partition(";")[0] for bar in outline.all("a", **{"class": "bar"})}
    assert bars == {"#event-1": "left:10.000%", "#event-2": "left:50.000%", "#event-3": "left:70.000%"}


def test_classes_stand_apart_and_milestones_are_points() -> None:
    html = page(
        entry(), entry(EventType.FACE_MISMATCH), entry(EventType.STREAM_STALLED), entry(EventType.SUBMITTED)
    )
    outline = Outline(html)
    lanes = [div["class"] for div in outline.all("div") if str(div.get("class")).startswith("lane")]
    assert lanes == ["lane conduct", "lane identity", "lane technical", "lane milestone"]
    assert len(outline.all("a", **{"class": "point"})) == 1
    assert len(outline.all("input", type="checkbox")) == 4


def test_the_summary_counts_only_what_a_person_may_weigh() -> None:
    assert "1 conduct event and 2 identity events" in page(
        entry(), entry(EventType.FACE_MISMATCH, 1), entry(EventType.FACE_MISMATCH, 2)
    )
    assert "Nothing to review was noticed" in page(entry(EventType.STREAM_STALLED))


def test_an_exam_without_events_is_a_whole_page() -> None:
    html = page()
    Outline(html)
    assert "Nothing was reported." in html
    assert "<table" not in html


def test_the_table_works_for_a_screen_reader() -> None:
    outline = Outline(page(entry(thumbnail=PICTURE)))
    assert len(outline.all("caption")) == 1
    assert all(heading["scope"] in ("col", "row") for heading in outline.all("th"))
    (image,) = outline.all("img")
    assert image["alt"]
    assert outline.all("html", lang="en")
    assert outline.all("a", **{"class": "skip", "href": "#events"})


def test_what_was_unknown_in_between_is_no_part_of_what_an_event_lasted() -> None:
    html = page(entry(cleared_s=150.0, lasted_s=64.0))
    assert "lasted 1 min 4 s" in html
    assert "2 min 10 s" not in html


@pytest.mark.parametrize(
    "thumbnail",
    ["https://example.org/face.jpg", "data:text/html,hello", 'data:image/jpeg;base64,A" onload="x'],
)
def test_a_picture_that_is_no_embedded_jpeg_is_not_shown(thumbnail: str) -> None:
    assert not Outline(page(entry(thumbnail=thumbnail))).all("img")


def test_evidence_is_shown_against_its_bound() -> None:
    html = page(entry(measures=(Measure("current similarity", 0.412, 0.75), Measure("recogniser", "dlib"))))
    assert "<strong>0.412</strong>" in html
    assert "bound 0.75" in html
    assert '<i style="width:41.2%"></i><b style="left:75.0%"></b>' in html
    assert "<strong>dlib</strong>" in html


def test_bounds_join_their_values_and_the_rest_stands_alone() -> None:
    measures = measures_of(
        {
            "current_similarity": 0.41,
            "threshold": 0.75,
            "duration_seconds": 5.2,
            "hold_seconds": 5,
            "mean_luma": 9.5,
            "mean_luma_bound": 12,
            "mean_probability": 0.97,
            "probability_bound": 0.8,
            "scores": [0.9, 0.8],
            "frame_ids": [223, 319],
            "last_seen_pose": None,
            "hidden": True,
        }
    )
    assert measures == (
        Measure("current similarity", 0.41, 0.75),
        Measure("duration seconds", 5.2, 5.0),
        Measure("mean luma", 9.5, 12.0),
        Measure("mean probability", 0.97, 0.8),
        Measure("scores", "0.9, 0.8"),
        Measure("frame ids", "223, 319"),
        Measure("hidden", "yes"),
    )


def test_an_alert_becomes_an_entry_on_the_session_clock() -> None:
    alert = Alert(
        event_id=UUID(int=1),
        event_type=EventType.FACE_MISMATCH,
        event_class=EventClass.IDENTITY,
        severity_score=0.9,
        confidence=0.8,
        exam_session_id="S",
        candidate_id="C",
        exam_id="E",
        onset=ZERO + timedelta(seconds=30.5),
        raised=ZERO + timedelta(seconds=33.5),
        duration=3,
        evidence={"current_similarity": 0.4, "threshold": 0.75},
        explanation="Unlike.",
        metadata=AlertMetadata(
            node=UUID(int=2),
            region="r",
            models={},
            device="cpu",
            policy_version=1,
            degradation_level=1,
            trace_id="0" * 32,
        ),
        action_required=Action.ESCALATE,
        message="m",
    )
    made = entry_of(Shown(alert), ZERO)
    assert (made.onset_s, made.raised_s, made.cleared_s, made.lasted_s) == (30.5, 33.5, None, 3)
    assert made.event_class is EventClass.IDENTITY
    assert made.measures == (Measure("current similarity", 0.4, 0.75),)


@pytest.mark.parametrize(
    ("at_s", "text"),
    [(0, "0:00.0"), (59.96, "1:00.0"), (754.25, "12:34.2"), (3600, "1:00:00"), (12_345.6, "3:25:46")],
)
def test_the_clock_reads_as_people_write_it(at_s: float, text: str) -> None:
    assert clock(at_s) == text


@pytest.mark.parametrize(("duration_s", "text"), [(8.53, "8.5 s"), (90, "1 min 30 s"), (10_800, "3 h 0 min")])
def test_durations_are_spoken(duration_s: float, text: str) -> None:
    assert spoken(duration_s) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5"), (5.0, "5"), (0.0004, "0"), (120.0, "120"), ("a", "a")]
)
def test_numbers_carry_no_needless_digits(value: float | str, text: str) -> None:
    assert number(value) == text


def test_event_names_neither_accuse_nor_guess_at_feelings() -> None:
    forbidden = re.compile(r"cheat|suspicio|fraud|guilt|violat|stress|nervous|attenti|emotion|mismatch", re.I)
    for event in EventType:
        assert not forbidden.search(event_name(event)), event


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_has_the_contrast_of_wcag_aa_in_both_schemes(scheme: int) -> None:
    style = files("shared.timeline").joinpath("page.css").read_text("utf-8")
    blocks = re.findall(r":root \{([^}]*--paper[^}]*)\}", style)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", blocks[scheme]))
    for text in ("ink", "soft", "conduct", "identity", "technical", "milestone", "proctor", "focus"):
        for ground in ("paper", "card"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert contrast(colours["ink"], colours["tint"]) >= 4.5
    for bar in ("conduct", "identity", "technical", "milestone"):
        assert contrast(colours[bar], colours["tint"]) >= 3, bar
