"""What stays after an erasure, in the words of the receipt. Pure."""

from __future__ import annotations

from typing import Final

from shared.receipts import Kept

KEPT: Final = (
    Kept(
        what="random internal ids of the person, the sessions and their keys",
        why="so that a late message, a repeated command or a restored copy brings nobody back",
    ),
    Kept(
        what="entries of the audit log, by those ids",
        why="who read and changed the data must stay provable; the ids mean nothing any more",
    ),
    Kept(
        what="copies of the database that were made before, until they expire",
        why="what is sealed in them cannot be opened; the institution's identifiers in them can be read, and "
        "a restore erases them before it serves",
    ),
    Kept(
        what="the name of a session, and of the person where it was told, in a message to a system that got "
        "something about it, until delivered, and no longer than 30 days",
        why="so that it can erase it too (GDPR, article 19)",
    ),
)
"""In every receipt."""
