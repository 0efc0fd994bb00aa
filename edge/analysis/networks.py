"""The networks one process analyses with: what is there, what is missing, on which device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from edge.analysis.ears import WEBRTC_LABEL, Ears, open_ears
from edge.analysis.levels import Task
from models import manifest
from models.body import BodyPose
from models.eyes import OpenEyes
from models.liveness import Liveness
from models.mesh import FaceMesh
from models.movenet import MoveNet
from models.objects import ObjectDetector
from models.recognition import Recogniser
from models.serving import FaceDetector, GazeEstimator, HeadPoseEstimator, Serving
from shared.errors import Unavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Shared by all sessions; nothing in it remembers a stream."""

    faces: FaceDetector
    mesh: FaceMesh
    head: HeadPoseEstimator | None
    recognisers: tuple[Recogniser, ...]
    """Best first; empty: identity cannot be verified here."""
    body: BodyPose | MoveNet | None
    ears: Ears
    gaze: GazeEstimator | OpenEyes | None = None
    liveness: Liveness | None = None
    objects: ObjectDetector | None = None
    labels: dict[str, str] = field(default_factory=dict)
    """`name@version` per task, for alerts and reports."""
    device: str = "cpu"
    """The devices verified in use, joined by `+`."""
    missing: dict[Task, str] = field(default_factory=dict)
    """Tasks that no network serves here, with the reason."""

    @property
    def tasks(self) -> frozenset[Task]:
        """What can be done here."""
        return frozenset(Task) - frozenset(self.missing)


def open_networks(serving: Serving) -> Networks:
    """Open what serves each task; takes seconds the first time.

    Raises `Unavailable` where faces cannot be found at all; any other task that cannot be had is missing.
    """
    missing: dict[Task, str] = {}

    def optional(task: Task, opener: Callable[[], T], otherwise: T) -> T:
        try:
            return opener()
        except Unavailable as error:
            missing[task] = str(error)
            return otherwise

    faces, mesh = serving.face_detector(), serving.face_mesh()
    head = optional(Task.HEAD, serving.head_pose, None)
    nobody: tuple[Recogniser, ...] = ()
    recognisers = optional(Task.IDENTITY, serving.recognisers, nobody)
    # Gaze is a turn of the eyes in a head whose pose is known.
    gaze = optional(Task.GAZE, lambda: OpenEyes(serving.gaze()), None) if head is not None else None
    if head is None:
        missing[Task.GAZE] = missing[Task.HEAD]
    liveness = optional(Task.LIVENESS, serving.liveness, None)
    objects = optional(Task.OBJECTS, serving.objects, None)
    body = optional(Task.BODY, lambda: _body(serving), None)
    ears = open_ears(serving, missing)
    return Networks(
        faces=faces,
        mesh=mesh,
        head=head,
        recognisers=recognisers,
        body=body,
        ears=ears,
        gaze=gaze,
        liveness=liveness,
        objects=objects,
        labels=_labels(serving, ears),
        device="+".join(sorted(set(serving.devices.values()))) or "cpu",
        missing=missing,
    )


def _body(serving: Serving) -> BodyPose | MoveNet:
    """The network with hands, or the light one where that is all there is."""
    try:
        return serving.body_pose()
    except Unavailable as error:
        try:
            return serving.light_body_pose()
        except Unavailable:
            raise error from None


def _labels(serving: Serving, ears: Ears) -> dict[str, str]:
    labels = {_WORDS.get(task, task.value): label for task, label in serving.labels.items()}
    if ears.voice is None:
        labels[Task.SPEECH] = WEBRTC_LABEL
    return dict(sorted(labels.items()))


_WORDS = {
    manifest.Task.FACE_DETECTION: Task.FACES.value,
    manifest.Task.FACE_RECOGNITION: Task.IDENTITY.value,
    manifest.Task.HEAD_POSE: Task.HEAD.value,
    manifest.Task.BODY_POSE: Task.BODY.value,
    manifest.Task.VOICE_ACTIVITY: Task.SPEECH.value,
    manifest.Task.SOUND_CLASSES: Task.SOUNDS.value,
    manifest.Task.SPEAKER_EMBEDDING: Task.SPEAKERS.value,
    manifest.Task.SPEECH_RECOGNITION: Task.PHRASES.value,
}
"""Tasks as observations name them; others keep the manifest's word."""
