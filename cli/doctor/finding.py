"""One result of a check, and the overall result. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """The state of what was checked."""

    OK = "ok"
    UNKNOWN = "unknown"
    """It could not be checked."""
    WARNING = "warning"
    """It works, but not well or not for long."""
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result."""

    what: str
    """Stable words for programs, such as `port nats`."""
    standing: Grade
    says: str
    mend: str = ""
    """What to do about it; empty if nothing is needed."""


def ok(what: str, says: str) -> Finding:
    return Finding(what, Grade.OK, says)


def unknown(what: str, says: str) -> Finding:
    return Finding(what, Grade.UNKNOWN, says)


def warning(what: str, says: str, mend: str) -> Finding:
    return Finding(what, Grade.WARNING, says, mend)


def broken(what: str, says: str, mend: str) -> Finding:
    return Finding(what, Grade.BROKEN, says, mend)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 if nothing is broken, otherwise 1."""
    return int(any(one.standing is Grade.BROKEN for one in findings))
