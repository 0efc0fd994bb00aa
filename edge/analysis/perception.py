"""From a frame or a window of sound to one observation.

One `Perception` belongs to one session and keeps what its stream needs remembered, in its eyes (`looking`)
and ears (`listening`); what of that can move is `PerceptionState`. The networks and the engine are shared.
What is not due stays unknown. A network that fails, or whose call came to nothing, makes its value unknown
and names its task in `failed`; that never looks like an absent face.

A frame that a loss may have left traces in is not looked at. A smeared face passes every gate of quality and
is somebody else to a recogniser (similarity .54 to .74 where the same footage whole gives .97), and old
picture content hides who has come or gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from edge.analysis.attempts import Attempts
from edge.analysis.engine import Engine
from edge.analysis.examination import Enrolled, Examined, Frame, compare, examine, identity_check
from edge.analysis.eyes import can_see
from edge.analysis.levels import LevelInForce
from edge.analysis.listening import Heard, Listening, ListeningState
from edge.analysis.looking import Looking, LookingState, Verifier
from edge.analysis.networks import Networks
from edge.analysis.schedule import Schedule, ScheduleState
from edge.media.frames import AudioWindow, VideoFrame
from shared.errors import Corrupt
from shared.events.looks import Look
from shared.observations import IdentityCheck, Observation
from shared.policy.schema import Policy
from shared.saving import AtMost, Saved, restore, save

MAX_NETWORKS = 32
"""More than there are tasks."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation, with the BGR pixels where they were looked at."""

    observation: Observation
    frame: Frame | None


@dataclass(slots=True)
class PerceptionState:
    """What perception remembers of one session: no picture, no sound, no template."""

    networks: Annotated[dict[str, str], AtMost(MAX_NETWORKS)]
    """Which served each task; what one has measured means nothing to another."""
    schedule: ScheduleState = field(default_factory=ScheduleState)
    eyes: LookingState = field(default_factory=LookingState)
    ears: ListeningState = field(default_factory=ListeningState)


class Perception:
    """The senses of one session. Calls must not overlap per method: one frame and one window at a time."""

    def __init__(
        self,
        session_id: UUID,
        engine: Engine,
        networks: Networks,
        *,
        policy: Policy,
        templates: Mapping[str, Enrolled],
        level: LevelInForce,
    ) -> None:
        """`templates` by recogniser; the best recogniser that has one verifies. `level` is read anew with
        every frame and window."""
        self._level = level
        self._engine = engine
        self._networks = networks
        self._policy = policy
        self._verifier = _verifier(networks, templates)
        # Which tasks were said to fail is not saved: it says so once more.
        self._attempts = Attempts(session_id, engine)
        self._go_on(PerceptionState(networks=dict(networks.labels)))

    @property
    def verifies(self) -> bool:
        """Whether there is anything to verify the candidate with."""
        return self._verifier is not None

    async def look(self, frame: VideoFrame) -> Seen:
        """What a frame shows, as far as looks are due at its capture time; of a damaged one, nothing."""
        level = self._level.number
        if frame.damaged:
            return Seen(arrival(frame, level), None)
        due = self._schedule.due(frame.at_s, level)
        if not due:
            return Seen(arrival(frame, level), None)
        return Seen(*await self._eyes.look(frame, due, level))

    async def listen(self, window: AudioWindow) -> Heard | None:
        """What a window of sound says; None where nobody listens."""
        return await self._ears.listen(window, self._level.number)

    def miss_sound(self, frame: VideoFrame) -> Observation | None:
        """What is to be said, as a frame comes, of sound that is owed and does not come; mostly None."""
        return self._ears.miss(frame.at_s, self._level.number)

    async def verify(self, frame: Frame) -> tuple[Examined, IdentityCheck | None]:
        """A check on request, outside the schedule: the examined face and how it compares.

        No comparison where the session has no template. Raises `Unavailable` when it came to nothing.
        """
        verifier, template = self._verifier if self._verifier is not None else (None, None)
        chosen = () if verifier is None else (verifier,)
        examined = await self._engine.run(
            Look.IDENTITY, lambda: examine(self._networks, frame, self._policy.verification_gate, chosen)
        )
        if verifier is None or template is None:
            return examined, None
        similarity = compare(examined, verifier, template)
        return examined, identity_check(examined, verifier, template, similarity=similarity)

    def snapshot(self) -> Saved:
        """What is remembered, as JSON; a look that is under way may be missing from it."""
        return save(self._state)

    def restore(self, saved: Saved, *, resumed_s: float | None = None) -> None:
        """Go on where the perception of this session stopped, before the first look.

        One that had other networks says nothing here. With `resumed_s` no wait counts the time until then.
        Raises `Corrupt` for anything that is not such a snapshot, with nothing changed.
        """
        try:
            state = restore(PerceptionState, saved)
        except ValueError as error:
            raise Corrupt("the snapshot of what was perceived cannot be taken over") from error
        if state.networks == self._state.networks:
            self._go_on(state)
        if resumed_s is not None:
            self._ears.pause(resumed_s)

    def _go_on(self, state: PerceptionState) -> None:
        """Make the senses, which share the state and keep it up to date."""
        networks, policy = self._networks, self._policy
        self._state = state
        self._schedule = Schedule(can_see(networks.looks, policy), policy.cadences_hz, state.schedule)
        self._eyes = Looking(self._attempts, networks, policy, self._verifier, state.eyes)
        self._ears = Listening(self._attempts, networks.ears, policy, state.ears)


def arrival(frame: VideoFrame, level: int) -> Observation:
    """The observation of a frame that came and is not analysed."""
    return Observation(at=frame.at_s, level=level, frame_id=frame.frame_id, damaged=frame.damaged)


def _verifier(networks: Networks, templates: Mapping[str, Enrolled]) -> Verifier | None:
    """The best recogniser the candidate is enrolled with."""
    for recogniser in networks.recognisers:
        if recogniser.name in templates:
            return recogniser, templates[recogniser.name]
    return None
