"""What this product never infers (SPEC 2.4): held against every closed list and every text people are shown.

The words are looked for everywhere; a sentence may hold one only when it stands in SAID_SO, word for word,
because it tells people that we do not do it.
"""

from __future__ import annotations

import dataclasses
import html
import itertools
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

import cli
import coordinator
import edge
import models
import shared
from coordinator.sessions.notice import notice_for
from edge.analysis import levels
from edge.candidate_words import message
from edge.explanations import explain
from edge.rules.findings import Finding, Phase
from models import manifest
from shared import observations, policy_terms
from shared.event_rules import DEFAULT_RULES, NOT_OBSERVED, THRESHOLD_UNITS
from shared.events import EventClass, EventType, event_class
from shared.policy import Features, Policy, parse_policy
from shared.timeline.words import ACTION_NAMES, CLASS_NAMES, event_name

NEVER = re.compile(
    r"emotion|feeling|mood|sentiment|stress|nervous|anxi(ety|ous)|fear|happ(y|iness)|\bsad(ness)?\b|\bang(er|ry)"
    r"|bored|frustrat|arousal|valence|attenti(on|ve)|engage(d|ment)|concentrat|vigilan|personality|honesty"
    r"|\bguilt|decei|decept|lie.?detect|trustworth(y|iness).score|fatigue|drows|sleepy|confused|heart.?rate"
    r"|micro.?express|ethnic|\brace\b|gender|\bsex\b",
    re.IGNORECASE,
)
SHOWN = re.compile(NEVER.pattern + r"|distract|suspici|cheat|fraud", re.IGNORECASE)
"""Texts for people avoid some words that names of events inherit from the exam platform."""
SAID_SO = frozenset(
    {"Nothing is concluded about your mood, your character or your health."},
)

DENIED = (
    *SAID_SO,
    "There is no inference of emotion, stress, attention or engagement under any name",
    "Nothing here infers emotion, stress, attention or engagement (SPEC 2.4).",
    "The list is closed: nothing here reads feelings or intentions.",
    "People are mistaken for others of their own age, sex and origin ten and more times as easily",
)
"""What sources and documents say of it: that we do not do it, or where a recogniser errs more often."""
SOURCES = (cli, coordinator, edge, models, shared)
WRITTEN = frozenset({".py", ".js", ".html", ".css", ".json", ".toml", ".mako", ".md"})

FOUND = [event for event in DEFAULT_RULES if event not in NOT_OBSERVED]
TOLD = FOUND + [event for event in EventType if event_class(event) is EventClass.MILESTONE]
WEB = Path(coordinator.__file__).parent / "web"


def closed_lists() -> Iterator[str]:
    """Every name that says what is looked for, asked of a network or decided about."""
    lists: tuple[type[StrEnum], ...] = (
        EventType, EventClass, manifest.Task, levels.Task, policy_terms.Sound, policy_terms.Look)  # fmt: skip
    for each in lists:
        yield from (member.value for member in each)
    for entry in manifest.load_manifest().entries:
        yield entry.name
    for value in vars(observations).values():
        if dataclasses.is_dataclass(value):
            yield from (field.name for field in dataclasses.fields(value))
    yield from fields_of(Policy.model_json_schema())


def fields_of(schema: Any) -> Iterator[str]:
    """The names of every field of a JSON schema."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from fields_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from fields_of(value)


def texts() -> Iterator[str]:
    """Every sentence that a person may be shown."""
    for event, phase in itertools.product(TOLD, Phase):
        told = Finding(event=event, phase=phase, onset_s=0, raised_s=3, at_s=9, confidence=1.0, evidence={})
        yield explain(told)
        yield explain(dataclasses.replace(told, evidence={"open_at_end": True}))
        yield message(told)
    yield from map(event_name, EventType)
    yield from CLASS_NAMES.values()
    yield from ACTION_NAMES.values()
    yield from (known.unit for known in THRESHOLD_UNITS.values())
    yield from (entry.note for entry in manifest.load_manifest().entries)
    everything = {"features": {"speech_transcription": True}, "phrases": ["what is the answer"]}
    seen = {event: {"enabled": True} for event in ("PHONE_VISIBLE", "BOOK_VISIBLE", "PRESENTATION_ATTACK")}
    notice = notice_for(parse_policy(everything | {"rules": seen}))
    yield from (notice.title, *notice.paragraphs)
    for switches in itertools.product((False, True), repeat=4):
        names = ("face_verification", "gaze_tracking", "pose_analysis", "audio_monitoring")
        notice = notice_for(Policy(features=Features(**dict(zip(names, switches, strict=True)))))
        yield from (notice.title, *notice.paragraphs)


def pages() -> list[Path]:
    """Every page of the coordinator with its scripts."""
    return sorted(path for path in WEB.rglob("*") if path.suffix in {".html", ".js"})


def sentences(text: str) -> list[str]:
    """A text in its sentences, markup taken away."""
    plain = html.unescape(re.sub(r"<[^>]+>", " ", text))
    return [each.strip() for each in re.split(r"(?<=[.!?])\s+|\n\s*\n", plain) if each.strip()]


def trespasses(text: str, words: re.Pattern[str]) -> list[str]:
    """The sentences that say what must not be said."""
    return [each for each in sentences(text) if words.search(each) and " ".join(each.split()) not in SAID_SO]


def test_nothing_of_the_kind_is_on_any_closed_list() -> None:
    names = [*closed_lists()]
    assert len(names) > 150
    assert [name for name in names if NEVER.search(name)] == []


def test_no_text_for_people_speaks_of_it() -> None:
    shown = [*texts()]
    assert len(shown) > 200
    assert [found for text in shown for found in trespasses(text, SHOWN)] == []


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(WEB)))
def test_no_page_speaks_of_it(page: Path) -> None:
    assert trespasses(page.read_text("utf-8"), NEVER) == []


def sources() -> list[Path]:
    """Every file of every program, and what the repository says of itself."""
    folders = [Path(each.__file__).parent for each in SOURCES if each.__file__]
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in WRITTEN]
    return sorted([*found, *folders[0].parent.glob("*.md")])


def test_no_name_endpoint_metric_or_document_of_any_program_hints_at_it() -> None:
    hints, said = [], set[str]()
    looked_at = sources()
    for path in looked_at:
        # A sentence of several lines of Python is one sentence.
        text = " ".join(path.read_text("utf-8").split()).replace('" "', "")
        for sentence in DENIED:
            if sentence in text:
                said.add(sentence)
                text = text.replace(sentence, "")
        hints += [
            f"{path.name}: …{text[max(0, m.start() - 30) : m.end() + 30]}…" for m in NEVER.finditer(text)
        ]
    assert hints == []
    assert said == {*DENIED}
    assert {"metrics.py", "openapi.json", "manifest.toml", "README.md"} <= {path.name for path in looked_at}


def test_there_are_pages_to_look_at() -> None:
    assert {path.suffix for path in pages()} == {".html", ".js"}


def test_every_exception_is_a_sentence_that_is_really_said() -> None:
    said = {" ".join(each.split()) for text in texts() for each in sentences(text)}
    assert said >= SAID_SO


@pytest.mark.parametrize(
    "text",
    [
        "The candidate seems nervous.",
        "Attention: 40 %.",
        "<p>Your <b>stress</b> level</p>",
        "Nothing is concluded about your mood, your character or your health, except your mood.",
        "ENGAGEMENT_LOW",
        "emotion-recognition",
        "proctor_attention_ratio",
        "drowsiness",
    ],
)
def test_what_must_not_be_said_would_be_seen(text: str) -> None:
    assert trespasses(text, NEVER)
