"""The pages under docs/ say what the tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

import edge
from edge.tools.policy_reference import policies_page
from edge.tools.reference import events_page, levels_page, write_pages
from shared.events.looks import Look
from shared.events.types import EventType
from shared.policy.schema import Policy

DOCS = Path(edge.__file__).parents[1] / "docs"


PAGES = {"events.md": events_page(), "levels.md": levels_page(), "policies.md": policies_page()}


@pytest.mark.parametrize(("name", "page"), PAGES.items())
def test_the_page_of_the_repository_is_what_the_tables_give(name: str, page: str) -> None:
    assert DOCS.joinpath(name).read_text("utf-8") == page, "run `make docs`"


def test_every_event_and_every_look_has_its_line() -> None:
    events, levels = events_page(), levels_page()
    assert [event for event in EventType if f"| `{event}` " not in events] == []
    assert [look for look in Look if f"\n| {look}" not in levels] == []


def test_a_line_says_when_an_event_is_raised_and_by_whom() -> None:
    [line] = [line for line in events_page().splitlines() if line.startswith("| `HEAD_DOWN` | 3 s")]
    assert line == (
        "| `HEAD_DOWN` | 3 s | 1 s | above 30 degrees below the usual pitch (from 5 to 80); 40 at low, 25 at "
        "high sensitivity | 0.5 | warning | head: `head`; feature `gaze_tracking` | yes | node |"
    )


def test_every_field_of_an_exams_policy_has_its_line() -> None:
    page = policies_page()
    assert [name for name in Policy.model_fields if name != "candidate" and f"| `{name}` |" not in page] == []
    assert "| `retention.evidence_days` | `30` | whole number, 1 to 3650 | Pictures of alerts. |" in page


def test_all_pages_are_written(tmp_path: Path) -> None:
    write_pages(tmp_path / "docs")
    assert {path.name: path.read_text("utf-8") for path in (tmp_path / "docs").iterdir()} == PAGES
