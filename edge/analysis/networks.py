"""The networks that a process analyses with: which exist, which are missing, on which device."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, TypeVar

from edge.analysis.ears import WEBRTC_LABEL, Ears, open_ears
from edge.analysis.levels import LEVELS
from models.body import BodyPose
from models.eyes import OpenEyes
from models.liveness import Liveness
from models.mesh import FaceMesh
from models.movenet import MoveNet
from models.objects import ObjectDetector
from models.recognition import Recogniser
from models.runtime import Network, joined_devices
from models.serving import FaceDetector, GazeEstimator, HeadPoseEstimator, Serving
from models.tasks import Task
from shared.errors import Unavailable
from shared.events.looks import Look

T = TypeVar("T")

LIGHT_FACES: Final = "light-faces"
"""The label of the detector of the light levels, where it is another than on the best."""
OPENED_AT_ONCE: Final = 4
"""Compiling a network keeps one core busy; more at once gain nothing on most machines and take memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Shared by all sessions; it keeps no state of a stream."""

    faces: FaceDetector
    light_faces: FaceDetector | None = None
    """The quick detector, for the light levels; None: the same as on the others."""
    mesh: FaceMesh
    head: HeadPoseEstimator | None
    recognisers: tuple[Recogniser, ...]
    """Best first. Empty when identity cannot be verified here."""
    body: BodyPose | MoveNet | None
    ears: Ears
    gaze: GazeEstimator | OpenEyes | None = None
    liveness: Liveness | None = None
    objects: ObjectDetector | None = None
    labels: dict[str, str] = field(default_factory=dict)
    """`name@version` per task, for alerts and reports."""
    opened: tuple[Network, ...] = ()
    """The compiled networks behind all of these."""
    missing: dict[Look, str] = field(default_factory=dict)
    """Looks without a network here, with the reason."""
    beside: Callable[[Mapping[Task, str]], Networks] | None = None
    """Opens the same with other versions for some tasks, as `open_networks` does; None: there are no
    others."""
    keep: Callable[[Collection[Network]], None] = lambda _: None
    """Forgets what was opened here and beside, but these."""

    def faces_at(self, level: int) -> FaceDetector:
        """The face detector of a level."""
        return self.light_faces if LEVELS[level].light and self.light_faces is not None else self.faces

    @property
    def device(self) -> str:
        """The devices verified in use now, joined by `+`."""
        return joined_devices(self.opened) or "cpu"

    @property
    def looks(self) -> frozenset[Look]:
        """The looks that this node can do."""
        return frozenset(Look) - frozenset(self.missing)


def open_networks(serving: Serving) -> Networks:
    """Open the networks of each look, several at once; takes seconds.

    Raises `Unavailable` when faces cannot be found; any other look without a network is put into `missing`.
    """
    missing: dict[Look, str] = {}
    with ThreadPoolExecutor(OPENED_AT_ONCE, thread_name_prefix="open") as pool:
        optional = _Optional(pool, missing).open
        # The slowest first, so that none of them is the last to run alone.
        mesh = pool.submit(serving.face_mesh)
        body = optional(Look.BODY, lambda: _body(serving), None)
        faces = pool.submit(serving.face_detector)
        light_faces = pool.submit(_light_faces, serving)
        liveness = optional(Look.LIVENESS, serving.liveness, None)
        objects = optional(Look.OBJECTS, serving.objects, None)
        nobody: tuple[Recogniser, ...] = ()
        recognisers = optional(Look.IDENTITY, serving.recognisers, nobody)
        headless: tuple[HeadPoseEstimator | None, OpenEyes | None] = (None, None)
        head_and_gaze = optional(Look.HEAD, lambda: _head_and_gaze(serving, missing), headless)
        ears = pool.submit(open_ears, serving, missing)
        head, gaze = head_and_gaze()
        if head is None:
            missing[Look.GAZE] = missing[Look.HEAD]
        return Networks(
            faces=faces.result(),
            light_faces=light_faces.result(),
            mesh=mesh.result(),
            head=head,
            recognisers=recognisers(),
            body=body(),
            ears=ears.result(),
            gaze=gaze,
            liveness=liveness(),
            objects=objects(),
            labels=_labels(serving, ears.result()),
            opened=tuple(chain.from_iterable(serving.networks.values())),
            missing=missing,
            beside=lambda preferred: open_networks(serving.beside(preferred)),
            keep=serving.keep,
        )


class _Optional:
    """Opens networks that a node can do without; the reason goes to `missing`."""

    def __init__(self, pool: ThreadPoolExecutor, missing: dict[Look, str]) -> None:
        self._pool, self._missing = pool, missing

    def open(self, look: Look, opener: Callable[[], T], otherwise: T) -> Callable[[], T]:
        """Begin to open a network; the result waits for it."""
        opening = self._pool.submit(opener)

        def opened() -> T:
            try:
                return opening.result()
            except Unavailable as error:
                self._missing[look] = str(error)
                return otherwise

        return opened


def _light_faces(serving: Serving) -> FaceDetector | None:
    try:
        return serving.light_face_detector()
    except Unavailable:
        return None


def _head_and_gaze(
    serving: Serving, missing: dict[Look, str]
) -> tuple[HeadPoseEstimator | None, OpenEyes | None]:
    """Gaze is the turn of the eyes in a head of known pose, so without a head pose none is opened."""
    head = serving.head_pose()
    try:
        return head, OpenEyes(serving.gaze())
    except Unavailable as error:
        missing[Look.GAZE] = str(error)
        return head, None


def _body(serving: Serving) -> BodyPose | MoveNet:
    """The body network with hands, or else the light one."""
    try:
        return serving.body_pose()
    except Unavailable as error:
        try:
            return serving.light_body_pose()
        except Unavailable:
            raise error from None


def _labels(serving: Serving, ears: Ears) -> dict[str, str]:
    labels = {_LOOK_OF.get(task, task).value: label for task, label in serving.labels.items()}
    if serving.light_faces is not None and serving.light_faces != labels.get(Look.FACES):
        labels[LIGHT_FACES] = serving.light_faces
    if ears.voice is None:
        labels[Look.SPEECH] = WEBRTC_LABEL
    return dict(sorted(labels.items()))


_LOOK_OF = {
    Task.FACE_DETECTION: Look.FACES,
    Task.FACE_RECOGNITION: Look.IDENTITY,
    Task.HEAD_POSE: Look.HEAD,
    Task.BODY_POSE: Look.BODY,
    Task.VOICE_ACTIVITY: Look.SPEECH,
    Task.SOUND_CLASSES: Look.SOUNDS,
    Task.SPEAKER_EMBEDDING: Look.SPEAKERS,
    Task.SPEECH_RECOGNITION: Look.PHRASES,
}
"""The look of a network, when the manifest names it differently. Alerts and reports name networks by look; a
network that only helps other looks keeps the manifest's name."""
