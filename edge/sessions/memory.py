"""Defines the state that moves with a session to another node or process, as one value. Pure.

It holds measurements of the candidate and the thumbnails of pending or raised events; no sound, no other
picture, no template and no key. It is as personal as alerts and is sealed like them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

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


def remembered(perception: Saved, watch: Saved | None) -> Saved:
    """A session's memory as JSON, from the snapshots of its parts."""
    return save(SessionMemory(perception=perception, watch=watch))


def read_memory(saved: Json) -> SessionMemory:
    """Read a memory from another node or process. Raises `Corrupt` when it is invalid or has a version
    that this program does not write."""
    try:
        return restore(SessionMemory, saved)
    except ValueError as error:
        raise Corrupt(f"the session's memory cannot be restored: {error}") from error
