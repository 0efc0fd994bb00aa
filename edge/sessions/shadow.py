"""Looks at a session's frames with another version of a network, and counts how far both versions agree.

It tells nobody what it finds. It makes the same looks at the same frames as the version in force, some
moments later, so neither sees more than the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edge.analysis.attempts import Attempts
from edge.analysis.examination import enrolled
from edge.analysis.instruments import Instruments
from edge.analysis.looking import Looking, LookingState
from edge.analysis.perception import Seen, verifier_of
from edge.judging.agreement import Agreement
from edge.judging.policy_settings import monitor_settings
from edge.media.frames import VideoFrame
from shared.errors import Corrupt
from shared.messages.sessions import StartSession
from shared.messages.versions import Tally

BESIDE: Final = "shadow-"
"""Before the tasks of its calls, in the engine and in logs."""


class Shadow:
    """The other version's sight of one session."""

    def __init__(self, eyes: Looking, agreement: Agreement) -> None:
        self._eyes = eyes
        self._agreement = agreement

    @property
    def tallies(self) -> Mapping[str, Tally]:
        """By event."""
        return {event.value: tally for event, tally in self._agreement.tallies.items()}

    async def look(self, frame: VideoFrame, seen: Seen) -> None:
        """Look at a frame that the version in force has seen."""
        observation, _ = await self._eyes.look(frame, seen.due, seen.observation.level)
        self._agreement.observe(seen.observation, observation)


def no_shadow(_: StartSession) -> Shadow | None:
    """Nothing is compared."""
    return None


def shadow_of(order: StartSession, instruments: Instruments) -> Shadow | None:
    """What an order wants compared. None: nothing, or it could not be opened here. Raises `Corrupt` for
    invalid templates."""
    if not order.shadow:
        return None
    try:
        networks = instruments.versions.of({**order.networks, **order.shadow})
    except Corrupt:
        return None
    attempts = Attempts(order.session_id, instruments.engine, BESIDE)
    verifier = verifier_of(networks, enrolled(order.templates))
    eyes = Looking(attempts, networks, order.policy, verifier, LookingState())
    return Shadow(eyes, Agreement(monitor_settings(order.policy)))
