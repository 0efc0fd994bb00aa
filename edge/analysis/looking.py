"""From a frame to what it shows: faces, head, identity and body, as far as looks are due."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from edge.analysis.attempts import Attempts
from edge.analysis.examination import (
    Enrolled,
    Frame,
    compare,
    examine_face,
    fit_head,
    identity_check,
)
from edge.analysis.levels import Task
from edge.analysis.networks import Networks
from edge.media.frames import VideoFrame
from models import body as bodies
from models import picture as pictures
from models.recognition import Recogniser
from models.results import Body, Face, HeadPose, Mesh, Region
from shared.observations import BodySeen, FaceSeen, IdentityCheck, Observation, Picture
from shared.policy import Gate

Verifier = tuple[Recogniser, Enrolled]
"""Who compares, and with whom."""


@dataclass(slots=True)
class _Looks:
    """What one frame's looks have given so far."""

    picture: Picture | None = None
    faces: tuple[Face, ...] | None = None
    fitted: tuple[Mesh, HeadPose | None] | None = None
    identity: IdentityCheck | None = None
    body: BodySeen | None = None
    failed: list[str] = field(default_factory=list)


class Looking:
    """The eyes of one session: remembers the last picture's brightness and where the body was."""

    def __init__(
        self, attempts: Attempts, networks: Networks, *, gate: Gate, verifier: Verifier | None
    ) -> None:
        """`gate` is what a face must pass to be verified; without a `verifier` none is."""
        self._attempts = attempts
        self._networks = networks
        self._gate = gate
        self._verifier = verifier
        self._luma: Frame | None = None
        self._body: Region | None = None

    async def look(
        self, frame: VideoFrame, due: Collection[Task], level: int
    ) -> tuple[Observation, Frame | None]:
        """What a frame shows to the looks that are due, and its BGR pixels if they could be had."""
        looks = _Looks()
        bgr = await self._find_faces(frame, looks)
        if bgr is not None:
            await self._look_closer(bgr, due, looks)
        observation = Observation(
            at=frame.at_s,
            level=level,
            frame_id=frame.frame_id,
            frame_width_px=frame.width,
            frame_height_px=frame.height,
            picture=looks.picture,
            faces=None if looks.faces is None else _faces_seen(looks.faces),
            identity=looks.identity,
            head=looks.fitted[1] if looks.fitted is not None and Task.HEAD in due else None,
            body=looks.body,
            failed=tuple(looks.failed),
        )
        return observation, bgr

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

    async def _look_closer(self, bgr: Frame, due: Collection[Task], looks: _Looks) -> None:
        """Head and identity of the one face, and the body. Of several faces none can be called theirs."""
        faces = looks.faces or ()
        identity_due = Task.IDENTITY in due and self._verifier is not None
        if len(faces) == 1 and (Task.HEAD in due or identity_due):
            # Named after what it was done for, so that the next value of that task shows it works again.
            task = Task.HEAD if Task.HEAD in due else Task.IDENTITY
            looks.fitted = await self._attempts.make(
                task, lambda: fit_head(self._networks, bgr, faces[0]), looks.failed
            )
            if identity_due and looks.fitted is not None:
                looks.identity = await self._check(bgr, faces, looks.fitted, looks.failed)
        if Task.BODY in due and self._networks.body is not None:
            pose, region = self._networks.body, self._body
            found = await self._attempts.make(Task.BODY, lambda: (pose.find(bgr, region),), looks.failed)
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

        return await self._attempts.make(Task.IDENTITY, check, failed)


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
