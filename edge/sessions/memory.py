"""All that moves with a session to another node or process, as one value. Pure.

Of the candidate it holds what was measured and the small pictures of what is pending or raised; no sound, no
other picture, no template and no key. It is as personal as alerts are, and is sealed like them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from edge.analysis.perception import Perception
from edge.judging.watch import Watch
from shared.errors import Corrupt
from shared.saving import AtLeast, AtMost, Json, Part, Saved, restore, save

SNAPSHOT_VERSION: Final = 4
"""Rises when something saved changes its meaning; what has changed its shape is refused anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMemory:
    """What a session's parts have saved; each restores its own."""

    version: Annotated[int, AtLeast(SNAPSHOT_VERSION), AtMost(SNAPSHOT_VERSION)] = SNAPSHOT_VERSION
    perception: Part
    watch: Part | None
    """None before a page has connected."""


def remembered(perception: Perception, watch: Watch | None) -> Saved:
    """The memory of a session, as JSON."""
    memory = SessionMemory(
        perception=perception.snapshot(), watch=None if watch is None else watch.snapshot()
    )
    return save(memory)


def read_memory(saved: Json) -> SessionMemory:
    """A memory that has come from elsewhere. Raises `Corrupt` for anything that is none, or is of a version
    that this program does not write."""
    try:
        return restore(SessionMemory, saved)
    except ValueError as error:
        raise Corrupt(f"the session's memory cannot be taken over: {error}") from error
