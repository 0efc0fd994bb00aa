"""From a frame or a window of sound to one observation.

One `Perception` belongs to one session and keeps what its stream needs remembered, in its eyes (`looking`)
and ears (`listening`). The networks and the engine are shared. What is not due stays unknown. A network that
fails, or whose call came to nothing, makes its value unknown and names its task in `failed`; that never
looks like an absent face.

A frame that a loss may have left traces in is not looked at. A smeared face passes every gate of quality and
is somebody else to a recogniser (similarity .54 to .74 where the same footage whole gives .97), and old
picture content hides who has come or gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from edge.analysis.attempts import Attempts
from edge.analysis.engine import Engine
from edge.analysis.examination import Enrolled, Examined, Frame, compare, decided, examine, identity_check
from edge.analysis.eyes import can_see
from edge.analysis.levels import Task
from edge.analysis.listening import Heard, Listening
from edge.analysis.looking import Looking, Verifier
from edge.analysis.networks import Networks
from edge.analysis.schedule import Schedule
from edge.analysis.tilts import Tilts
from edge.media.frames import AudioWindow, VideoFrame
from shared.events.types import EventType
from shared.observations import IdentityCheck, Observation
from shared.policy.schema import Policy


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation, with the BGR pixels where they were looked at."""

    observation: Observation
    frame: Frame | None


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
        level: int,
    ) -> None:
        """`templates` by recogniser; the best recogniser that has one verifies."""
        self.level = level
        """Degradation level; may be changed between calls."""
        self._engine = engine
        self._networks = networks
        self._gate = policy.verification_gate
        self._verifier = _verifier(networks, templates)
        cadences_hz = {look.value: rate_hz for look, rate_hz in policy.cadences_hz.items()}
        self._schedule = Schedule(can_see(networks.tasks, policy), cadences_hz)
        attempts = Attempts(session_id, engine)
        self._threshold = policy.rule(EventType.FACE_MISMATCH).threshold or 0.0
        tilts = Tilts(self._threshold)
        self._eyes = Looking(attempts, networks, gate=self._gate, verifier=self._verifier, tilts=tilts)
        self._ears = Listening(attempts, networks.ears, policy)

    @property
    def verifies(self) -> bool:
        """Whether there is anything to verify the candidate with."""
        return self._verifier is not None

    async def look(self, frame: VideoFrame) -> Seen:
        """What a frame shows, as far as looks are due at its capture time; of a damaged one, nothing."""
        if frame.damaged:
            return Seen(arrival(frame, self.level), None)
        due = self._schedule.due(frame.at_s, self.level)
        if not due:
            return Seen(arrival(frame, self.level), None)
        return Seen(*await self._eyes.look(frame, due, self.level))

    async def listen(self, window: AudioWindow) -> Heard | None:
        """What a window of sound says; None where nobody listens."""
        return await self._ears.listen(window, self.level)

    def miss_sound(self, frame: VideoFrame) -> Observation | None:
        """What is to be said, as a frame comes, of sound that is owed and does not come; mostly None."""
        return self._ears.miss(frame.at_s, self.level)

    async def verify(self, frame: Frame) -> tuple[Examined, IdentityCheck | None]:
        """A check on request, outside the schedule: the examined face and how it compares.

        No comparison where the session has no template. Raises `Unavailable` when it came to nothing.
        """
        verifier, template = self._verifier if self._verifier is not None else (None, None)
        chosen = () if verifier is None else (verifier,)
        examined = await self._engine.run(
            Task.IDENTITY, lambda: examine(self._networks, frame, self._gate, chosen)
        )
        if verifier is None or template is None:
            return examined, None
        similarity = compare(examined, verifier, template)
        check = identity_check(examined, verifier, template, similarity=similarity)
        return examined, decided(check, verifier, self._threshold)


def arrival(frame: VideoFrame, level: int) -> Observation:
    """The observation of a frame that came and is not analysed."""
    return Observation(at=frame.at_s, level=level, frame_id=frame.frame_id, damaged=frame.damaged)


def _verifier(networks: Networks, templates: Mapping[str, Enrolled]) -> Verifier | None:
    """The best recogniser the candidate is enrolled with."""
    for recogniser in networks.recognisers:
        if recogniser.name in templates:
            return recogniser, templates[recogniser.name]
    return None
