"""What a legal hold may be on. Pure."""

from __future__ import annotations

from enum import StrEnum


class HeldThing(StrEnum):
    """What a legal hold is on."""

    CANDIDATE = "candidate"
    EXAM = "exam"
    INCIDENT = "incident"
