"""Says in plain words what a session's card shows about the candidate's page. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from coordinator.sessions.presence.cards import Card, CardState
from shared.api.sessions import CameraTrouble

STATES: Final[Mapping[CardState, str]] = MappingProxyType(
    {
        CardState.WAITING: "Waiting: nobody has opened the page",
        CardState.OPENED: "Page opened, no picture yet",
        CardState.CONNECTED: "Connected",
        CardState.WITHHELD: "Connected, pictures withheld",
        CardState.LOST: "No picture",
        CardState.PAUSED: "Paused",
        CardState.UNKNOWN: "Not known: its node is silent",
        CardState.OVER: "Over",
    }
)
CAMERA: Final[Mapping[CameraTrouble, str]] = MappingProxyType(
    {
        "refused": "the browser does not allow camera or microphone",
        "missing": "no camera or no microphone was found",
        "busy": "another program uses camera or microphone",
        "unusable": "the camera gives no picture that the exam can use",
        "unsupported": "the browser cannot share a camera",
        "failed": "camera or microphone could not be turned on",
    }
)


def card_text(card: Card) -> str:
    """The state of the page, and the technical reason if no picture comes."""
    return STATES[card.state] if card.camera is None else f"{STATES[card.state]}: {CAMERA[card.camera]}"
