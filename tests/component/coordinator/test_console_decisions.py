"""What the console decides without a network: waiting times, words, and what a reviewer may still do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from coordinator.web_api.pages import vocabulary
from shared.events.types import EventType
from tests.support.chromium import Browser, needs_chromium
from tests.support.exam_stand import exam_stand

pytestmark = [pytest.mark.browser, needs_chromium]

SCRIPT = """
Promise.all(["fresh", "words", "incident", "dom"].map((name) => import(`/console/${name}.js`))).then(
  ([{ waitAfter }, words, { possibleActs }, { drawList }]) => {
    const may = (state, history = [], changed_at = null, administrator = false) =>
      possibleActs({ incident: { state, changed_at }, history }, "ann", administrator).join(" ");
    const by = (act, who) => ({ act, by: who });
    const list = document.createElement("ol");
    const draw = (...items) => {
      drawList(list, items, ({ id }) => id, ({ text }) => [text]);
      return [...list.children];
    };
    const before = draw({ id: 1, text: "a" }, { id: 2, text: "b" });
    const after = draw({ id: 2, text: "b!" }, { id: 3, text: "c" });
    return {
      waits: [1, 2, 3, 9].map((attempt) => [waitAfter(attempt, 0), waitAfter(attempt, 1)]),
      figures: words.figures({
        mean_yaw_deg: 31.23456, mean_yaw_deg_bound: 30, current_similarity: 0.5, threshold: 0.75, seen: null,
        duration_seconds: 64, hold_seconds: 10,
        frames: [1, 2], many: [...Array(10).keys()], open_at_end: true,
      }),
      durations: [0.44, 9.96, 59, 61, 119.7, 3_660].map(words.duration),
      unknown: [words.eventName("SOMETHING_NEW"), words.eventClass("SOMETHING_NEW")],
      may: {
        open: may("open"),
        second: may("seconding", [by("confirm", "bob")]),
        half: may("seconding", [by("confirm", "ann")]),
        again: may("seconding", [by("confirm", "ann"), by("reopen", "bob"), by("confirm", "bob")]),
        appealed: may("appealed", [by("confirm", "bob")]),
        judged: may("appealed", [by("dismiss", "ann"), by("reopen", "bob")]),
        decided: may("confirmed"),
        own: may("dismissed", [by("dismiss", "ann")]),
        undone: may("seconding", [by("confirm", "bob"), by("confirm", "ann"), by("undo", "ann")]),
        administrator: may("confirmed", [by("confirm", "bob"), by("confirm", "eve")], null, true),
        againstHer: may("overturned", [by("confirm", "ann"), by("overturn", "eve")], null, true),
        grown: may("dismissed", [], "2026-01-01T00:00:00Z"),
      },
      list: [list.innerText, before[1] === after[0], list.children.length],
    };
  })
"""


def test_waiting_times_words_and_rights(browser: Browser) -> None:
    async def run() -> dict[str, Any]:
        async with exam_stand() as stand, browser.page() as page:
            await page.goto(f"{stand.url}/console")
            decided: dict[str, Any] = await page.evaluate(SCRIPT)
            assert page.complaints == []
            return decided

    decided = asyncio.run(run())
    assert decided["waits"] == [[0.5, 1], [1, 2], [2, 4], [15, 30]]
    assert decided["figures"] == [
        {"label": "Mean yaw", "text": "31.235°", "bound": "30°"},
        {"label": "Current similarity", "text": "0.5", "bound": "0.75"},
        {"label": "Seen", "text": "unknown", "bound": ""},
        {"label": "Duration", "text": "64 s", "bound": "10 s"},
        {"label": "Frames", "text": "1, 2", "bound": ""},
        {"label": "Many", "text": "0, 1, 2, 3, 4, 5, 6, 7 and 2 more", "bound": ""},
        {"label": "Open at end", "text": "yes", "bound": ""},
    ]
    assert decided["durations"] == ["0.4 s", "10.0 s", "59 s", "1 min 1 s", "2 min 0 s", "1 h 1 min"]
    assert decided["unknown"] == ["something new", "conduct"]
    assert decided["may"] == {
        "open": "claim confirm dismiss comment",
        "second": "claim confirm dismiss comment",
        "half": "claim dismiss comment",
        "again": "claim confirm dismiss comment",
        "appealed": "claim uphold overturn comment",
        "judged": "comment",
        "decided": "comment",
        "own": "comment reopen",
        "undone": "claim confirm dismiss comment",
        "administrator": "comment reopen",
        "againstHer": "comment",
        "grown": "comment reopen",
    }
    assert decided["list"] == ["b!c", True, 2]


def test_every_event_has_a_name_in_the_vocabulary() -> None:
    text = vocabulary()
    assert [event for event in EventType if f'"{event}": {{"name": "' not in text] == []
    assert "</" not in text
