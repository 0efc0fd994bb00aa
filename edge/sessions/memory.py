"""Defines the state that moves with a session to another node or process, as one value. Pure.

It holds measurements of the candidate and the thumbnails of pending or raised events; no sound, no other
picture, no template and no key. It is as personal as alerts and is sealed like them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from edge.analysis.perception import Perception
from edge.judging.watch import Watch
from shared.errors import Corrupt
from shared.saving import AtLeast, AtMost, Json, Part, Saved, restore, save

SNAPSHOT_VERSION: Final = 6
"""Raise it when a saved value changes its meaning. A changed shape is refused anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMemory:
    """The saved state of a session's parts; each part restores its own."""

    version: Annotated[int, AtLeast(SNAPSHOT_VERSION), AtMost(SNAPSHOT_VERSION)] = SNAPSHOT_VERSION
    perception: Part
    watch: Part | None
    """None before a page has connected."""


def remembered(perception: Perception, watch: Watch | None) -> Saved:
    """A session's memory as JSON."""
    memory = SessionMemory(
        perception=perception.snapshot(), watch=None if watch is None else watch.snapshot()
    )
    return save(memory)


def read_memory(saved: Json) -> SessionMemory:
    """Read a memory from another node or process. Raises `Corrupt` when it is invalid or has a version
    that this program does not write."""
    try:
        return restore(SessionMemory, saved)
    except ValueError as error:
        raise Corrupt(f"the session's memory cannot be restored: {error}") from error
