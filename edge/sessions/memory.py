"""Defines the state that moves with a session to another node or process, as one value. Pure.

It holds measurements of the candidate and the thumbnails of pending or raised events; no sound, no other
picture, no template and no key. It is as personal as alerts and is sealed like them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Final

from shared.errors import Corrupt
from shared.messages.sessions import HandedOver
from shared.saving import AtLeast, AtMost, Count, Json, Omit, Part, Saved, restore, save
from shared.unwatched import Kind

SNAPSHOT_VERSION: Final = 7
"""Raise it when a saved value changes its meaning. A changed shape is refused anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How far a session has come: its clock and what it has counted."""

    zero_at: float | None = None
    """Monotonic seconds of session time zero, the same in every process of a host; None before a page has
    connected."""
    saved_s: float = 0.0
    """When this was saved, on the session clock."""
    started_utc: Annotated[str, AtMost(40)] | None = None
    """UTC of session time zero, as alerts have it; None before the first look was expected."""
    analysed: Count = 0
    """Pictures analysed so far, …"""
    raised: Count = 0
    """… alerts raised, …"""
    verified_utc: Annotated[str, AtMost(40)] | None = None
    """… when the face was last compared, …"""
    unwatched_s: dict[Kind, float] = field(default_factory=dict)
    """… and the seconds in which nobody looked, under earlier orders."""
    elsewhere_s: Annotated[dict[Kind, float], Omit.AT_DEFAULT] = field(default_factory=dict)
    """Of all these seconds, those that an earlier node has reported."""
    elsewhere_begun: Annotated[bool, Omit.AT_DEFAULT] = False
    """Whether `started_utc` is an earlier node's, whose clock it was corrected for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMemory:
    """The saved state of a session's parts; each part restores its own."""

    version: Annotated[int, AtLeast(SNAPSHOT_VERSION), AtMost(SNAPSHOT_VERSION)] = SNAPSHOT_VERSION
    course: Course
    perception: Part
    watch: Part | None
    """None before a page has connected."""


def remembered(course: Course, perception: Saved, watch: Saved | None) -> Saved:
    """A session's memory as JSON, from its course and the snapshots of its parts."""
    return save(SessionMemory(course=course, perception=perception, watch=watch))


def rebased(course: Course, now: float, handed: HandedOver) -> Course:
    """The course of a session that comes from another host, at monotonic time `now` of this one.

    Its clock goes on from when it was saved. Its times are corrected if the former host's clock was wrong;
    but not if that host had them from another one.
    """
    if course.zero_at is None:
        return course
    started_utc = course.started_utc
    if started_utc is not None and handed.ahead_s and not course.elsewhere_begun:
        corrected = instant(started_utc) - timedelta(seconds=handed.ahead_s)
        started_utc = corrected.isoformat()
    return replace(
        course,
        zero_at=now - course.saved_s - handed.age_s,
        started_utc=started_utc,
        elsewhere_begun=started_utc is not None,
    )


def instant(text: str) -> datetime:
    """An instant of a saved state. Raises `Corrupt`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Corrupt("an instant of the session's memory is not a valid time") from error
    if found.tzinfo is None:
        raise Corrupt("an instant of the session's memory has no time zone")
    return found


def as_json(memory: Saved) -> bytes:
    """A session's memory as it goes to other processes and nodes."""
    return json.dumps(memory, separators=(",", ":")).encode()


def read_memory(saved: Json) -> SessionMemory:
    """Read a memory from another node or process. Raises `Corrupt` when it is invalid or has a version
    that this program does not write."""
    try:
        return restore(SessionMemory, saved)
    except ValueError as error:
        raise Corrupt(f"the session's memory cannot be restored: {error}") from error
