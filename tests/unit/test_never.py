"""What this product never infers: held against every closed list and every text people are shown.

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

import coordinator
from coordinator.sessions.notice import notice_for
from edge.judging.explanations import explain, message
from edge.rules.findings import Finding, Phase
from models import manifest, tasks
from shared import observations
from shared.events.looks import Look
from shared.events.table import EVENTS, event_class
from shared.events.types import EventClass, EventType, Feature
from shared.events.words import ACTION_NAMES, CLASS_NAMES, event_name
from shared.policy import terms as policy_terms
from shared.policy.rules import DEFAULT_RULES, NOT_OBSERVED, THRESHOLD_UNITS
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import Features
from tests.support.never import NEVER, SAID_SO

SHOWN = re.compile(NEVER.pattern + r"|distract|suspici|cheat|fraud", re.IGNORECASE)
"""Texts for people avoid some words that names of events inherit from the exam platform."""
FOUND = [event for event in DEFAULT_RULES if event not in NOT_OBSERVED]
TOLD = FOUND + [event for event in EventType if event_class(event) is EventClass.MILESTONE]
WEB = Path(coordinator.__file__).parent / "web"


def closed_lists() -> Iterator[str]:
    """Every name that says what is looked for, asked of a network or decided about."""
    lists: tuple[type[StrEnum], ...] = (
        EventType, EventClass, Feature, tasks.Task, Look, policy_terms.Sound)  # fmt: skip
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
    for row in EVENTS.values():
        words = row.words
        yield from (words.sentence, words.raised, words.cleared, words.beside, words.sought)
        yield row.gap.why if row.gap is not None else ""
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
