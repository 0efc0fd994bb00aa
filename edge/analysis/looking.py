"""From a frame to what it shows: face, head, gaze, identity, body and things, as far as looks are due."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from edge.analysis.attempts import Attempts
from edge.analysis.examination import (
    Enrolled,
    Frame,
    compare,
    decided,
    examine_face,
    fit_head,
    identity_check,
)
from edge.analysis.levels import Task
from edge.analysis.lids import Lids
from edge.analysis.networks import Networks
from edge.analysis.seen import body_seen, faces_seen, hands_seen, objects_seen, persons_seen
from edge.analysis.tilts import Tilts
from edge.media.frames import VideoFrame
from models import picture as pictures
from models.mesh import eye_aspect_ratio
from models.quality import Check
from models.recognition import Recogniser
from models.results import Body, Face, Gaze, HeadPose, Mesh, Region, SeenObject
from shared.observations import GazeSeen, IdentityCheck, NotJudged, Observation, Picture
from shared.policy.schema import Gate

Verifier = tuple[Recogniser, Enrolled]
"""Who compares, and with whom."""

HIDDEN = NotJudged(Task.GAZE.value, "eyes hidden")

_BY_MESH = (Task.HEAD, Task.GAZE, Task.IDENTITY)
"""What needs the face's mesh, the commonest first."""


@dataclass(slots=True)
class _Looks:
    """What one frame's looks have given so far."""

    picture: Picture | None = None
    faces: tuple[Face, ...] | None = None
    head: HeadPose | None = None
    gaze: GazeSeen | None = None
    identity: IdentityCheck | None = None
    liveness: float | None = None
    body: tuple[Body | None] | None = None
    """Around what was found, which may be nobody; None: not looked for."""
    objects: tuple[SeenObject, ...] | None = None
    failed: list[str] = field(default_factory=list)
    not_judged: list[NotJudged] = field(default_factory=list)


class Looking:
    """The eyes of one session: remembers the last picture's brightness, how far this person's eyes open and
    where the body was."""

    def __init__(
        self, attempts: Attempts, networks: Networks, *, gate: Gate, verifier: Verifier | None, tilts: Tilts
    ) -> None:
        """`gate` is what a face must pass to be verified; without a `verifier` none is. `tilts` is the
        candidate's own."""
        self._attempts = attempts
        self._networks = networks
        self._gate = gate
        self._verifier = verifier
        self._tilts = tilts
        self._luma: Frame | None = None
        self._lids = Lids()
        self._body: Region | None = None

    async def look(
        self, frame: VideoFrame, due: Collection[Task], level: int
    ) -> tuple[Observation, Frame | None]:
        """What a frame shows to the looks that are due, and its BGR pixels if they could be had."""
        looks = _Looks()
        bgr = await self._find_faces(frame, looks)
        if bgr is not None:
            if looks.faces is not None and len(looks.faces) == 1:
                await self._look_at_face((frame.at_s, bgr), looks.faces[0], due, looks)
            await self._look_around(bgr, due, looks)
        return _observation(frame, level, looks), bgr

    async def _find_faces(self, frame: VideoFrame, looks: _Looks) -> Frame | None:
        """The picture's brightness and its faces; answers the pixels, or None if they could not be had."""

        def find() -> tuple[Frame, Frame, tuple[Face, ...]]:
            bgr = frame.to_bgr()
            return bgr, pictures.thumbnail(bgr), self._networks.faces.find(bgr)

        found = await self._attempts.make(Task.FACES, find, looks.failed)
        if found is None:
            return None
        bgr, luma, looks.faces = found
        looks.picture = pictures.statistics(luma, self._luma)
        self._luma = luma
        return bgr

    async def _look_at_face(
        self, shot: tuple[float, Frame], face: Face, due: Collection[Task], looks: _Looks
    ) -> None:
        """Head, gaze, identity and liveness of the one face. Of several none can be called theirs."""
        at_s, bgr = shot
        needed = [task for task in _BY_MESH if task in due]
        if self._verifier is None and Task.IDENTITY in needed:
            needed.remove(Task.IDENTITY)
        if needed:
            # Named after what it was done for, so that the next value of that task shows it works again.
            fitted = await self._attempts.make(
                needed[0], lambda: fit_head(self._networks, bgr, face), looks.failed
            )
            if fitted is not None:
                looks.head = fitted[1] if Task.HEAD in due else None
                if Task.GAZE in needed:
                    await self._look_at_gaze((at_s, bgr), face, fitted, looks)
                if Task.IDENTITY in needed:
                    looks.identity = await self._check(bgr, face, fitted, looks.failed)
        if Task.LIVENESS in due and self._is_clear(face, looks.identity):
            await self._look_for_life(bgr, face, looks)

    async def _look_at_gaze(
        self, shot: tuple[float, Frame], face: Face, fitted: tuple[Mesh, HeadPose | None], looks: _Looks
    ) -> None:
        estimator, (mesh, head), (at_s, bgr) = self._networks.gaze, fitted, shot
        if estimator is None or head is None:
            return

        def look() -> Gaze | NotJudged:
            return estimator.gaze(bgr, face, mesh, head) or HIDDEN

        gaze = await self._attempts.make(Task.GAZE, look, looks.failed)
        if isinstance(gaze, NotJudged):
            looks.not_judged.append(gaze)
        elif gaze is not None:
            shut = self._lids.shut(at_s, eye_aspect_ratio(mesh))
            looks.gaze = GazeSeen(pitch_deg=gaze.pitch_deg, yaw_deg=gaze.yaw_deg, eyes_closed=shut)

    def _is_clear(self, face: Face, check: IdentityCheck | None) -> bool:
        """Whether a face is seen well enough to tell it from a picture of one: as for verifying it."""
        if self._verifier is not None:
            return check is not None and check.similarity is not None
        return min(face.box.width_px, face.box.height_px) > self._gate.min_face_px

    async def _look_for_life(self, bgr: Frame, face: Face, looks: _Looks) -> None:
        network = self._networks.liveness
        if network is None:
            return
        life = await self._attempts.make(Task.LIVENESS, lambda: network.judge(bgr, face), looks.failed)
        if life is not None:
            looks.liveness = life.score
            if life.unjudged is not None:
                looks.not_judged.append(NotJudged(Task.LIVENESS.value, life.unjudged.value))

    async def _look_around(self, bgr: Frame, due: Collection[Task], looks: _Looks) -> None:
        """The body, and persons and things."""
        pose, region, detector = self._networks.body, self._body, self._networks.objects
        if Task.BODY in due and pose is not None:
            looks.body = await self._attempts.make(Task.BODY, lambda: (pose.find(bgr, region),), looks.failed)
            if looks.body is not None:
                self._body = None if looks.body[0] is None else looks.body[0].region
        if Task.OBJECTS in due and detector is not None:
            looks.objects = await self._attempts.make(Task.OBJECTS, lambda: detector.find(bgr), looks.failed)

    async def _check(
        self, bgr: Frame, face: Face, fitted: tuple[Mesh, HeadPose | None], failed: list[str]
    ) -> IdentityCheck | None:
        if self._verifier is None:
            return None
        recogniser, template = self._verifier

        def check() -> IdentityCheck:
            examined = examine_face(bgr, (face,), fitted, self._gate, (recogniser,))
            similarity = compare(examined, recogniser, template)
            return identity_check(examined, recogniser, template, similarity=similarity)

        made = await self._attempts.make(Task.IDENTITY, check, failed)
        if made is None:
            return None
        return decided(self._judged(made, fitted[1]), recogniser, self._tilts.threshold)

    def _judged(self, check: IdentityCheck, head: HeadPose | None) -> IdentityCheck:
        """The check, or that it says nothing because the head is too far up or down for it."""
        if check.similarity is None or head is None:
            return check
        if not self._tilts.doubtful(head.pitch_deg, check.similarity):
            return check
        return replace(check, similarity=None, failed_gates=(Check.PITCH.value,))


def _observation(frame: VideoFrame, level: int, looks: _Looks) -> Observation:
    """All that is known of the frame; what was not looked at or failed stays None."""
    things, size_px = looks.objects, (frame.width, frame.height)
    return Observation(
        at=frame.at_s,
        level=level,
        frame_id=frame.frame_id,
        frame_width_px=frame.width,
        frame_height_px=frame.height,
        picture=looks.picture,
        faces=None if looks.faces is None else faces_seen(looks.faces),
        identity=looks.identity,
        head=looks.head,
        gaze=looks.gaze,
        liveness=looks.liveness,
        body=None if looks.body is None else body_seen(looks.body[0]),
        hands=None if looks.body is None else hands_seen(looks.body[0], size_px),
        persons=None if things is None else persons_seen(things, size_px),
        objects=None if things is None else objects_seen(things),
        failed=tuple(looks.failed),
        not_judged=tuple(looks.not_judged),
    )
