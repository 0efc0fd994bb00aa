"""What is never inferred has no name in any file of any program, nor in any document of it."""

from __future__ import annotations

from pathlib import Path

import cli
import coordinator
import edge
import models
import shared
from tests.support.never import NEVER, SAID_SO

DENIED = (
    *SAID_SO,
    "There is no inference of emotion, stress, attention or engagement under any name",
    "No emotion is inferred (EU AI Act, article 5(1)(f)), nor anything else about what somebody feels",
    "No threshold depends on a guessed origin, sex or age.",
    "Nothing here infers emotion, stress, attention or engagement.",
    "The list is closed: no task detects feelings or intentions.",
    "People are confused with others of their own age, sex and origin ten or more times as often",
)
"""What sources and documents say of it: that we do not do it, or where a recogniser errs more often."""
SOURCES = (cli, coordinator, edge, models, shared)
WRITTEN = frozenset({".py", ".js", ".html", ".css", ".json", ".toml", ".mako", ".md"})


def sources() -> list[Path]:
    """Every file of every program, and what the repository says of itself."""
    folders = [Path(each.__file__).parent for each in SOURCES if each.__file__]
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in WRITTEN]
    root = folders[0].parent
    return sorted([*found, *root.glob("*.md"), *root.glob("docs/*.md")])


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
    assert {"metrics.py", "openapi.json", "manifest.toml", "README.md", "privacy.md"} <= {
        path.name for path in looked_at
    }
