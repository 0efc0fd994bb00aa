"""How late a card on a wall may be: the waits between a node and a wall. Pure.

last picture ─ SILENT_S ─ the node knows ─ NEWS_EVERY_S ─ NOTED_EVERY_S ─ stored ─ LOOKED_EVERY_S ─ card
"""

from __future__ import annotations

from typing import Final

SILENT_S: Final = 1.2
"""After this time without a picture a node calls a page silent. It is shorter than a stall, which is an
event: the card only says what is so."""
NEWS_EVERY_S: Final = 0.5
"""How often a node looks for news of its pages, which limits its heartbeats to two a second."""
NOTED_EVERY_S: Final = 0.2
"""Time between two transactions that store such news. Heartbeats of many nodes in it are written together."""
LOOKED_EVERY_S: Final = 0.5
"""How often a wall reads stored states. It reads them at once when its own process has stored news."""
LEAST_LOOK_S: Final = 0.2
"""The least time between two reads of a wall, however much changes."""
