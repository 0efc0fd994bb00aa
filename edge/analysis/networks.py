"""The networks one process analyses with: what is there, what is missing, on which device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from edge.analysis.ears import WEBRTC_LABEL, Ears, open_ears
from edge.analysis.levels import Task
from models import manifest
from models.body import BodyPose
from models.mesh import FaceMesh
from models.recognition import Recogniser
from models.serving import FaceDetector, HeadPoseEstimator, Serving
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
    body: BodyPose | None
    ears: Ears
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
    body = optional(Task.BODY, serving.body_pose, None)
    ears = open_ears(serving, missing)
    return Networks(
        faces=faces,
        mesh=mesh,
        head=head,
        recognisers=recognisers,
        body=body,
        ears=ears,
        labels=_labels(serving, ears),
        device="+".join(sorted(set(serving.devices.values()))) or "cpu",
        missing=missing,
    )


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
