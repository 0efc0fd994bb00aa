"""Which columns an export shows, and how a person reads it. Pure.

Keys, hashes and tokens are not shown, and no other person is: neither staff nor whose face was found alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

STAFF: Final = frozenset(
    {
        "actor",
        "approved_by",
        "changed_by",
        "claimed_by",
        "decided_by",
        "found_by",
        "recorded_by",
    }
)
"""Columns that name somebody; shown only where it is the person itself."""
LEFT_OUT: Final = frozenset(
    {
        "candidate_id",
        "challenge",
        "code_hash",
        "data_key_id",
        "other_id",
        "seal_key_id",
        "tenant_id",
        "token_kid",
        "told_sealed",
    }
)
OTHERS: Final = frozenset({"kept_answers", "legal_holds", "parked_messages"})
"""Tables that an export leaves out: copies of answers with tokens in them, which are deleted within a day;
holds, which are the institution's; messages that nobody has judged."""


@dataclass(frozen=True, slots=True)
class About:
    """Whose export it is, made by whom and for whom."""

    candidate_id: str
    candidate_uuid: str
    institution: str
    made_at: str
    made_by: str
    made_for: str


def shown_columns(names: Sequence[str]) -> list[str]:
    """The columns of a table that an export shows."""
    return [name for name in names if name not in LEFT_OUT]


def without_others(row: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """A row in which nobody is named but the person itself."""
    return {
        name: ("staff" if name in STAFF and value not in (None, reference) else value)
        for name, value in row.items()
    }


def page(about: About, kinds: Mapping[str, int], pictures: int, clips: int) -> str:
    """The readable first page, with links to the files."""
    lines = "".join(
        f'<tr><td><a href="{escape(kind)}.json">{escape(kind.replace("_", " "))}</a></td>'
        f"<td>{count}</td></tr>"
        for kind, count in kinds.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>Data about {escape(about.candidate_id)}</title>"
        "<style>body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}"
        "td,th{padding:.2rem 1rem .2rem 0;text-align:left}</style>"
        f"<h1>Data about {escape(about.candidate_id)}</h1>"
        f"<p>From {escape(about.institution)}, made at {escape(about.made_at)} by {escape(about.made_by)} "
        f"for {escape(about.made_for)}.</p>"
        "<p>Everything that is stored about this person, opened. What was erased is not in it. "
        "Other people are not named: members of staff are called &ldquo;staff&rdquo;.</p>"
        f"<table><tr><th>What</th><th>How many</th></tr>{lines}</table>"
        f"<p>{pictures} pictures are in the folder <code>pictures</code>, "
        f"{clips} sounds in the folder <code>sounds</code>. Times are in UTC.</p></html>\n"
    )
