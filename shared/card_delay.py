"""How late a card on a wall may be: the waits between a node and a wall, and their sum. Pure.

last picture ─ SILENT_S ─ the node knows ─ NEWS_EVERY_S ─ NOTED_EVERY_S ─ stored ─ LOOKED_EVERY_S ─ card
"""

from __future__ import annotations

from typing import Final

SILENT_S: Final = 3.0
"""After this time without a picture a node calls a page silent. A shorter gap is no stall either."""
NEWS_EVERY_S: Final = 0.5
"""How often a node looks for news of its pages, which limits its heartbeats to two a second."""
NOTED_EVERY_S: Final = 0.2
"""Time between two transactions that store such news. Heartbeats of many nodes in it are written together."""
LOOKED_EVERY_S: Final = 1.0
"""How often a wall reads stored states. It reads them at once when its own process has stored news."""
LEAST_LOOK_S: Final = 0.2
"""The least time between two reads of a wall, however much changes."""
TRAVEL_S: Final = 1.0
"""Allowed for two messages, two queries and a transaction."""
RIGHT_WITHIN_S: Final = 3.0
"""A card is right within this time of what the node knows."""


def behind_node_s(*, same_process: bool) -> float:
    """The longest time from what a node knows to a wall's card. `same_process`: the coordinator that stores
    the news also serves the wall."""
    return NEWS_EVERY_S + NOTED_EVERY_S + (LEAST_LOOK_S if same_process else LOOKED_EVERY_S) + TRAVEL_S


def behind_picture_s(*, same_process: bool) -> float:
    """The longest time from a page's last picture to a card that says so."""
    return SILENT_S + behind_node_s(same_process=same_process)
