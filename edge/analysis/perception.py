"""Turns a frame or a window of sound into one observation.

A `Perception` belongs to one session and keeps its stream's state in its eyes (`looking`) and ears
(`listening`); the part that can move is `PerceptionState`. The networks and the engine are shared. A look
that is not due stays unknown. When a network fails or its call gives no result, the value is unknown and its
task is named in `failed`; that is never read as an absent face.

A frame that a loss may have damaged is not analysed. A face smeared by a loss passes every quality gate, but
a recogniser sees another person in it (similarity 0.54 to 0.74, where the same recording without loss gives
0.97), and old parts of the picture hide who has come or gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from edge.analysis.attempts import Attempts
from edge.analysis.engine import REQUEST_WAIT_S, Engine
from edge.analysis.examination import Enrolled, Examined, Frame, compare, decided, examine, identity_check
from edge.analysis.eyes import can_see
from edge.analysis.identifying import Verifier
from edge.analysis.levels import LevelInForce
from edge.analysis.listening import Heard, Listening, ListeningState
from edge.analysis.looking import Looking, LookingState
from edge.analysis.networks import Networks
from edge.analysis.schedule import Schedule, ScheduleState
from edge.media.frames import AudioWindow, VideoFrame
from shared.errors import Corrupt
from shared.events.looks import Look
from shared.events.types import EventType
from shared.observations import IdentityCheck, Observation
from shared.policy.schema import Policy
from shared.saving import AtMost, Saved, restore, save

MAX_NETWORKS = 32
"""More than there are tasks."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation, with the BGR pixels if they were analysed."""

    observation: Observation
    frame: Frame | None
    due: frozenset[Look] = frozenset()
    """The looks that were made, as far as the picture allowed."""


@dataclass(slots=True)
class PerceptionState:
    """The state of one session's perception, without pictures, sound or templates."""

    networks: Annotated[dict[str, str], AtMost(MAX_NETWORKS)]
    """The network of each task; values of one network mean nothing to another."""
    schedule: ScheduleState = field(default_factory=ScheduleState)
    eyes: LookingState = field(default_factory=LookingState)
    ears: ListeningState = field(default_factory=ListeningState)


class Perception:
    """The senses of one session. Calls of one method must not overlap: one frame and one window at a time."""

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
        """`templates` by recogniser; the best recogniser with a template verifies. `level` is read with every
        frame and window."""
        self._session_id = session_id
        self._level = level
        self._engine = engine
        self._networks = networks
        self._policy = policy
        self._verifier = verifier_of(networks, templates)
        self._threshold = policy.rule(EventType.FACE_MISMATCH).threshold or 0.0
        # Which tasks were reported as failing is not saved: after a restore they are reported once more.
        self._attempts = Attempts(session_id, engine)
        self._go_on(PerceptionState(networks=dict(networks.labels)))

    async def look(self, frame: VideoFrame) -> Seen:
        """Observe a frame with the looks due at its capture time. A damaged frame is not analysed."""
        level = self._level.number
        if frame.damaged:
            return Seen(arrival(frame, level), None)
        due = self._schedule.due(frame.at_s, level)
        if not due:
            return Seen(arrival(frame, level), None)
        return Seen(*await self._eyes.look(frame, due, level), due)

    async def listen(self, window: AudioWindow) -> Heard | None:
        """Observe a window of sound; None when the session does not listen."""
        return await self._ears.listen(window, self._level.number)

    def miss_sound(self, frame: VideoFrame) -> Observation | None:
        """At a frame, report expected sound that has not arrived; mostly None."""
        return self._ears.miss(frame.at_s, self._level.number)

    async def verify(self, frame: Frame) -> tuple[Examined, IdentityCheck | None]:
        """Compare a frame on request, outside the schedule: the examined face and its comparison.

        No comparison when the session has no template. Raises `Unavailable` when there is no result.
        """
        verifier, template = self._verifier if self._verifier is not None else (None, None)
        chosen = () if verifier is None else (verifier,)
        examined = await self._engine.run(
            Look.IDENTITY,
            lambda: examine(self._networks, frame, self._policy.verification_gate, chosen),
            session=self._session_id,
            max_wait_s=REQUEST_WAIT_S,
        )
        if verifier is None or template is None:
            return examined, None
        similarity = compare(examined, verifier, template)
        check = identity_check(examined, verifier, template, similarity=similarity)
        return examined, decided(check, verifier, self._threshold)

    def learnt(self) -> LookingState:
        """A copy of what was learnt of this person's face."""
        return deepcopy(self._state.eyes)

    def take_over(self, learnt: LookingState) -> None:
        """Continue from what this session's earlier perception learnt. Call it before the first look."""
        self._state.eyes = learnt
        self._go_on(self._state)

    def snapshot(self) -> Saved:
        """The state as JSON; a look in progress may be missing from it."""
        return save(self._state)

    def restore(self, saved: Saved, *, resumed_s: float | None = None) -> None:
        """Continue from a saved state. Call it before the first look.

        A state of other networks is ignored. With `resumed_s`, no wait counts the time until that instant.
        Raises `Corrupt` for an invalid snapshot; then nothing is changed.
        """
        try:
            state = restore(PerceptionState, saved)
        except ValueError as error:
            raise Corrupt("the saved state of the perception cannot be restored") from error
        if state.networks == self._state.networks:
            self._go_on(state)
        if resumed_s is not None:
            self._ears.pause(resumed_s)

    def _go_on(self, state: PerceptionState) -> None:
        """Make the senses; they share the state and update it."""
        networks, policy = self._networks, self._policy
        self._state = state
        self._schedule = Schedule(can_see(networks.looks, policy), policy.cadences_hz, state.schedule)
        self._eyes = Looking(self._attempts, networks, policy, self._verifier, state.eyes)
        self._ears = Listening(self._attempts, networks.ears, policy, state.ears)


def arrival(frame: VideoFrame, level: int) -> Observation:
    """The observation of a frame that arrived and is not analysed."""
    return Observation(at=frame.at_s, level=level, frame_id=frame.frame_id, damaged=frame.damaged)


def verifier_of(networks: Networks, templates: Mapping[str, Enrolled]) -> Verifier | None:
    """The best recogniser that has a template of the candidate."""
    for recogniser in networks.recognisers:
        if recogniser.name in templates:
            return recogniser, templates[recogniser.name]
    return None
