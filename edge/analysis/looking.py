"""Turns a frame into an observation: face, head, gaze, identity, body and objects, for the looks due."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from edge.analysis.attempts import Attempts
from edge.analysis.examination import Frame, fit_head
from edge.analysis.identifying import Identifying, IdentifyingState, Verifier
from edge.analysis.lids import Lids, LidsState
from edge.analysis.networks import Networks
from edge.analysis.seen import body_seen, faces_seen, hands_seen, objects_seen, persons_seen
from edge.counted_faces import company_settings
from edge.media.frames import VideoFrame
from edge.rules.company import Company, CompanyState
from models import picture as pictures
from models.mesh import eye_aspect_ratio
from models.results import Body, Face, Gaze, HeadPose, Mesh, Region, SeenObject
from models.serving import FaceDetector
from shared.events.looks import Look
from shared.events.types import EventType
from shared.observations import GazeSeen, IdentityCheck, NotJudged, Observation, PictureSeen
from shared.policy.schema import Policy

HIDDEN = NotJudged(Look.GAZE.value, "eyes hidden")
UNCLEAR = NotJudged(Look.LIVENESS.value, "the face is not clear enough")

_BY_MESH = (Look.HEAD, Look.GAZE, Look.IDENTITY)
"""Looks that need the face's mesh, the most frequent first."""


@dataclass(slots=True)
class _Looks:
    """Results of one frame's looks so far."""

    picture: PictureSeen | None = None
    faces: tuple[Face, ...] | None = None
    own: int | None = None
    """Index of the candidate's face in `faces`."""
    alike: tuple[int, ...] = ()
    """Indices of other faces that are taken for the candidate's too."""
    head: HeadPose | None = None
    gaze: GazeSeen | None = None
    identity: IdentityCheck | None = None
    liveness: float | None = None
    body: tuple[Body | None] | None = None
    """A 1-tuple of the result, which may be no body; None: not looked for."""
    objects: tuple[SeenObject, ...] | None = None
    failed: list[str] = field(default_factory=list)
    not_judged: list[NotJudged] = field(default_factory=list)


@dataclass(slots=True)
class LookingState:
    """The state of one session's looking, without pictures."""

    company: CompanyState = field(default_factory=CompanyState)
    identity: IdentifyingState = field(default_factory=IdentifyingState)
    lids: LidsState = field(default_factory=LidsState)
    body: Region | None = None
    """The last place of the body."""


class Looking:
    """Looks for one session. Remembers the last picture's brightness, how far this person's eyes open and the
    last place of the body."""

    def __init__(
        self,
        attempts: Attempts,
        networks: Networks,
        policy: Policy,
        verifier: Verifier | None,
        state: LookingState,
    ) -> None:
        """A face is verified only if it passes the policy's verification gate and there is a `verifier`."""
        self._attempts = attempts
        self._networks = networks
        self._gate = policy.verification_gate
        self._state = state
        # The policy's own gap: only the rules' must be long enough for a stall.
        self._company = Company(company_settings(policy, max_gap_s=policy.max_gap_s), state.company)
        threshold = policy.rule(EventType.FACE_MISMATCH).threshold or 0.0
        asked = policy.verification_gate, threshold, policy.max_gap_s
        self._identifying = (
            None if verifier is None else Identifying(attempts, networks, verifier, asked, state.identity)
        )
        self._lids = Lids(state.lids)
        # A picture is never saved, so the first look after a restore cannot measure the change.
        self._luma: Frame | None = None

    async def look(
        self, frame: VideoFrame, due: Collection[Look], level: int
    ) -> tuple[Observation, Frame | None]:
        """Observe a frame with the looks due. Also returns its BGR pixels, if they could be read."""
        looks = _Looks()
        bgr = await self._find_faces(frame, self._networks.faces_at(level), looks)
        if bgr is not None:
            if looks.faces:
                await self._look_at_candidate((frame.at_s, bgr), looks.faces, due, looks)
            await self._look_around(bgr, due, looks)
        return _observation(frame, level, looks), bgr

    async def _find_faces(self, frame: VideoFrame, detector: FaceDetector, looks: _Looks) -> Frame | None:
        """Find the picture's brightness and faces. Returns the pixels, or None if they could not be read."""

        def find() -> tuple[Frame, Frame, tuple[Face, ...]]:
            bgr = frame.to_bgr()
            return bgr, pictures.thumbnail(bgr), detector.find(bgr)

        found = await self._attempts.make(Look.FACES, find, looks.failed)
        if found is None:
            return None
        bgr, luma, looks.faces = found
        looks.picture = pictures.statistics(luma, self._luma)
        self._luma = luma
        return bgr

    async def _look_at_candidate(
        self, shot: tuple[float, Frame], faces: tuple[Face, ...], due: Collection[Look], looks: _Looks
    ) -> None:
        """Find the candidate's face, and its head, gaze, identity and liveness as far as they are due."""
        at_s, bgr = shot
        ordered = self._likeliest(at_s, faces)
        if not ordered:
            return
        face, identifying = ordered[0], self._identifying
        needed = [look for look in _BY_MESH if look in due]
        if identifying is None and Look.IDENTITY in needed:
            needed.remove(Look.IDENTITY)
        if needed:
            # A failure is named by the look that needs the mesh: its next value shows that it works again.
            fitted = await self._attempts.make(
                needed[0], lambda: fit_head(self._networks, bgr, face), looks.failed
            )
            if fitted is not None and identifying is not None and Look.IDENTITY in needed:
                found = await identifying.identify(shot, ordered, fitted, looks.failed)
                face, fitted, looks.identity, alike = found
                looks.alike = tuple(place for place, each in enumerate(faces) if each in alike)
                self._company.recognise(at_s, face.box)
            if fitted is not None:
                looks.head = fitted[1] if Look.HEAD in due else None
                if Look.GAZE in needed:
                    await self._look_at_gaze(shot, face, fitted, looks)
        looks.own = next(place for place, each in enumerate(faces) if each is face)
        if Look.LIVENESS in due and self._networks.liveness is not None:
            if self._is_clear(face, looks.identity):
                await self._look_for_life(bgr, face, looks)
            else:
                looks.not_judged.append(UNCLEAR)

    def _likeliest(self, at_s: float, faces: tuple[Face, ...]) -> list[Face]:
        """The faces of people, the one most likely the candidate's first; empty when all are pictures."""
        seen = faces_seen(faces)
        present = self._company.see(at_s, seen)
        if present.own is None:
            return []
        own = faces[seen.index(present.own)]
        if self._identifying is not None:
            self._identifying.follow(at_s, own)
        others = [faces[seen.index(face)] for face in present.counted if face != present.own]
        return [own, *sorted(others, key=lambda face: -face.box.area_px2)]

    async def _look_at_gaze(
        self, shot: tuple[float, Frame], face: Face, fitted: tuple[Mesh, HeadPose | None], looks: _Looks
    ) -> None:
        estimator, (mesh, head), (at_s, bgr) = self._networks.gaze, fitted, shot
        if estimator is None or head is None:
            return

        def look() -> Gaze | NotJudged:
            return estimator.gaze(bgr, face, mesh, head) or HIDDEN

        gaze = await self._attempts.make(Look.GAZE, look, looks.failed)
        if isinstance(gaze, NotJudged):
            looks.not_judged.append(gaze)
        elif gaze is not None:
            shut = self._lids.shut(at_s, eye_aspect_ratio(mesh))
            looks.gaze = GazeSeen(
                pitch_deg=gaze.pitch_deg,
                yaw_deg=gaze.yaw_deg,
                eyes_closed=shut,
                pitch_error_deg=gaze.pitch_error_deg,
                yaw_error_deg=gaze.yaw_error_deg,
            )

    def _is_clear(self, face: Face, check: IdentityCheck | None) -> bool:
        """Whether a face is clear enough for the liveness check; the same gate as for identity."""
        if self._identifying is not None:
            return check is not None and check.similarity is not None
        return min(face.box.width_px, face.box.height_px) > self._gate.min_face_px

    async def _look_for_life(self, bgr: Frame, face: Face, looks: _Looks) -> None:
        network = self._networks.liveness
        if network is None:
            return
        life = await self._attempts.make(Look.LIVENESS, lambda: network.judge(bgr, face), looks.failed)
        if life is not None:
            looks.liveness = life.score
            if life.unjudged is not None:
                looks.not_judged.append(NotJudged(Look.LIVENESS.value, life.unjudged.value))

    async def _look_around(self, bgr: Frame, due: Collection[Look], looks: _Looks) -> None:
        """Look for the body, persons and objects."""
        pose, region, detector = self._networks.body, self._state.body, self._networks.objects
        if Look.BODY in due and pose is not None:
            looks.body = await self._attempts.make(Look.BODY, lambda: (pose.find(bgr, region),), looks.failed)
            if looks.body is not None:
                self._state.body = None if looks.body[0] is None else looks.body[0].region
        if Look.OBJECTS in due and detector is not None:
            looks.objects = await self._attempts.make(Look.OBJECTS, lambda: detector.find(bgr), looks.failed)


def _observation(frame: VideoFrame, level: int, looks: _Looks) -> Observation:
    """The frame's observation; looks not done or failed stay None."""
    things, size_px = looks.objects, (frame.width, frame.height)
    return Observation(
        at=frame.at_s,
        level=level,
        frame_id=frame.frame_id,
        frame_width_px=frame.width,
        frame_height_px=frame.height,
        picture=looks.picture,
        faces=None if looks.faces is None else faces_seen(looks.faces),
        own_face=looks.own,
        alike_faces=looks.alike,
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
