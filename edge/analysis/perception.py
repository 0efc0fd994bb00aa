"""From a frame or a window of sound to one observation.

One `Perception` belongs to one session and keeps what its stream needs remembered: the last picture's
brightness, where the body was, what the voice detector heard. The networks and the engine are shared. What is
not due stays unknown. A network that fails, or whose call came to nothing, makes its value unknown and names
its task in `failed`; that never looks like an absent face.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from edge.analysis.engine import Engine
from edge.analysis.examination import (
    Enrolled,
    Examined,
    Frame,
    compare,
    examine,
    examine_face,
    fit_head,
    identity_check,
)
from edge.analysis.levels import Task
from edge.analysis.networks import Networks
from edge.analysis.schedule import Schedule
from edge.media.frames import AudioWindow, VideoFrame
from models import body as bodies
from models import picture as pictures
from models.recognition import Recogniser
from models.results import Body, Face, HeadPose, Mesh, Region
from models.voice import VoiceStream
from shared.observations import (
    BodySeen,
    FaceSeen,
    IdentityCheck,
    Observation,
    Picture,
    SpeechHeard,
)
from shared.policy import Features, Policy

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation, with the BGR pixels where they were looked at."""

    observation: Observation
    frame: Frame | None


@dataclass(slots=True)
class _Looks:
    """What one frame's looks have given so far."""

    picture: Picture | None = None
    faces: tuple[Face, ...] | None = None
    fitted: tuple[Mesh, HeadPose | None] | None = None
    identity: IdentityCheck | None = None
    body: BodySeen | None = None
    failed: list[str] = field(default_factory=list)


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
        self._session_id = session_id
        self._engine = engine
        self._networks = networks
        self._gate = policy.verification_gate
        self._verifier = _verifier(networks, templates)
        self._schedule = Schedule(_wanted(policy.features, networks.tasks))
        self._luma: Frame | None = None
        self._body: Region | None = None
        self._voices: dict[bool, VoiceStream] = {}
        self._failing: set[str] = set()

    @property
    def verifies(self) -> bool:
        """Whether there is anything to verify the candidate with."""
        return self._verifier is not None

    async def look(self, frame: VideoFrame) -> Seen:
        """What a frame shows, as far as looks are due at its capture time."""
        due = self._schedule.due(frame.at_s, self.level)
        if not due:
            return Seen(arrival(frame, self.level), None)
        looks = _Looks()
        bgr = await self._find_faces(frame, looks)
        if bgr is not None:
            await self._look_closer(bgr, due, looks)
        return Seen(
            Observation(
                at=frame.at_s,
                level=self.level,
                frame_id=frame.frame_id,
                frame_width_px=frame.width,
                frame_height_px=frame.height,
                picture=looks.picture,
                faces=None if looks.faces is None else _faces_seen(looks.faces),
                identity=looks.identity,
                head=looks.fitted[1] if looks.fitted is not None and Task.HEAD in due else None,
                body=looks.body,
                failed=tuple(looks.failed),
            ),
            bgr,
        )

    async def listen(self, window: AudioWindow) -> Observation | None:
        """What a window of sound says; None where nobody listens."""
        if not self._schedule.listens(self.level):
            return None
        samples = window.samples
        voice = self._voice()
        failed: list[str] = []
        heard = await self._try(Task.SPEECH, lambda: voice.hear(samples), failed)
        duration_s = window.ends_at_s - window.at_s
        speech = (
            None
            if heard is None
            else SpeechHeard(duration_s=duration_s, probabilities=heard, lost_share=window.lost_share)
        )
        return Observation(at=window.ends_at_s, level=self.level, speech=speech, failed=tuple(failed))

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
        return examined, identity_check(examined, verifier, template, similarity=similarity)

    async def _find_faces(self, frame: VideoFrame, looks: _Looks) -> Frame | None:
        """The picture's brightness and its faces; answers the pixels, or None if they could not be had."""

        def find() -> tuple[Frame, Frame, tuple[Face, ...]]:
            bgr = frame.to_bgr()
            return bgr, pictures.thumbnail(bgr), self._networks.faces.find(bgr)

        found = await self._try(Task.FACES, find, looks.failed)
        if found is None:
            return None
        bgr, luma, looks.faces = found
        looks.picture = pictures.statistics(luma, self._luma)
        self._luma = luma
        return bgr

    async def _look_closer(self, bgr: Frame, due: Collection[Task], looks: _Looks) -> None:
        """Head and identity of the one face, and the body. Of several faces none can be called theirs."""
        faces = looks.faces or ()
        identity_due = Task.IDENTITY in due and self._verifier is not None
        if len(faces) == 1 and (Task.HEAD in due or identity_due):
            # Named after what it was done for, so that the next value of that task shows it works again.
            task = Task.HEAD if Task.HEAD in due else Task.IDENTITY
            looks.fitted = await self._try(
                task, lambda: fit_head(self._networks, bgr, faces[0]), looks.failed
            )
            if identity_due and looks.fitted is not None:
                looks.identity = await self._check(bgr, faces, looks.fitted, looks.failed)
        if Task.BODY in due and self._networks.body is not None:
            pose, region = self._networks.body, self._body
            found = await self._try(Task.BODY, lambda: (pose.find(bgr, region),), looks.failed)
            if found is not None:
                looks.body = _body_seen(found[0])
                self._body = None if found[0] is None else found[0].region

    async def _check(
        self,
        bgr: Frame,
        faces: tuple[Face, ...],
        fitted: tuple[Mesh, HeadPose | None],
        failed: list[str],
    ) -> IdentityCheck | None:
        if self._verifier is None:
            return None
        recogniser, template = self._verifier

        def check() -> IdentityCheck:
            examined = examine_face(bgr, faces, fitted, self._gate, (recogniser,))
            similarity = compare(examined, recogniser, template)
            return identity_check(examined, recogniser, template, similarity=similarity)

        return await self._try(Task.IDENTITY, check, failed)

    async def _try(self, task: Task, call: Callable[[], T], failed: list[str]) -> T | None:
        """The call's answer, or None and the task in `failed`. Logged as failing begins and ends."""
        extra = {"task": task.value, "session_id": str(self._session_id)}
        try:
            answer = await self._engine.run(task, call)
        # Networks are foreign code: whatever they raise, this look is unknown and the session goes on.
        except Exception as error:
            failed.append(task.value)
            if task not in self._failing:
                self._failing.add(task)
                log.warning(
                    "a task fails; its signal is unknown", extra=extra | {"error": type(error).__name__}
                )
            return None
        if task in self._failing:
            self._failing.discard(task)
            log.info("a task works again", extra=extra)
        return answer

    def _voice(self) -> VoiceStream:
        """The stream of the tier in force; each tier remembers its own."""
        detector = self._networks.voice_at(self.level)
        light = detector is self._networks.light_voice
        if light not in self._voices:
            self._voices[light] = detector.stream()
        return self._voices[light]


def arrival(frame: VideoFrame, level: int) -> Observation:
    """The observation of a frame that came and is not analysed."""
    return Observation(at=frame.at_s, level=level, frame_id=frame.frame_id)


def _wanted(features: Features, possible: Collection[Task]) -> set[Task]:
    """Tasks that the exam asks for and the networks can do."""
    asked = {
        Task.FACES: True,
        Task.HEAD: features.gaze_tracking,
        Task.IDENTITY: features.face_verification,
        Task.BODY: features.pose_analysis,
        Task.SPEECH: features.audio_monitoring,
    }
    return {task for task in possible if asked[task]}


def _verifier(networks: Networks, templates: Mapping[str, Enrolled]) -> tuple[Recogniser, Enrolled] | None:
    """The best recogniser the candidate is enrolled with."""
    for recogniser in networks.recognisers:
        if recogniser.name in templates:
            return recogniser, templates[recogniser.name]
    return None


def _faces_seen(faces: tuple[Face, ...]) -> tuple[FaceSeen, ...]:
    return tuple(FaceSeen(face.box, face.score) for face in faces)


def _body_seen(body: Body | None) -> BodySeen:
    if body is None:
        return BodySeen(shoulders_visible=False, visible_keypoints=0, presence=0.0)
    return BodySeen(
        shoulders_visible=bodies.shoulders_visible(body),
        visible_keypoints=bodies.visible_points(body),
        presence=body.presence,
    )
