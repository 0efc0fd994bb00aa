"""Gives perception the best network present for each task, ready to use.

Perception sees only the protocols below; the network for each task is chosen here, once, at start. Everything
from one `Serving` shares its compiled networks, may be used by all sessions and from several threads, and
keeps no state of a stream (except a `VoiceStream`, which belongs to one).
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from copy import copy
from types import MappingProxyType
from typing import Protocol

from models import served
from models.adas_gaze import AdasGaze
from models.adas_head import AdasHeadPose
from models.binned_gaze import BinnedGaze
from models.blazeface import FULL_RANGE, SHORT_RANGE, BlazeFace, ConfirmedBlazeFace, Variant
from models.body import BodyDetector, BodyPose
from models.chain import BestDevice, Runtime
from models.confirmed import Confirmed
from models.fsanet import FsaNet
from models.images import Image
from models.iris import IrisGaze
from models.keywords import KeywordSpotter
from models.liveness import Liveness
from models.manifest import Entry, Profile
from models.mesh import LANDMARKS_468, LANDMARKS_478, FaceMesh
from models.mesh_pose import MeshPose
from models.movenet import MoveNet
from models.objects import ObjectDetector
from models.opening import open_entry
from models.recognisers import RECIPES, recogniser, similarity_of
from models.recognition import Recogniser
from models.results import Face, Gaze, HeadPose, Mesh
from models.retinaface import RetinaFace
from models.rotation_pose import RotationHeadPose
from models.runtime import Network, joined_devices
from models.scrfd import Scrfd
from models.similarity import Similarity
from models.sounds import SoundClassifier
from models.speaker import SpeakerEncoder
from models.speakers import SpeakerCounter, VoiceEncoder
from models.store import Store
from models.tasks import Task
from models.voice import Silero, VoiceDetector
from models.wespeaker import WeSpeaker
from models.whisper import Whisper, read_vocabulary
from models.yunet import YuNet

FACE_CANVAS_PX = (320, 256)
"""A 640×480 frame halved: faces of 24 px are still found (0.82 and 0.89 on two portraits reduced to that
size)."""
SURE_YUNET_SCORE = 0.85
SURE_RETINAFACE_SCORE = 0.99
"""Above the scores of all false faces seen (0.81 and 0.99); below it the mesh decides."""

_BLAZEFACE: Mapping[str, Variant] = {"blazeface-full-sparse": FULL_RANGE, "blazeface-short": SHORT_RANGE}
_MESH = {"mediapipe-face-mesh": LANDMARKS_468, "mediapipe-face-mesh-478": LANDMARKS_478}


class FaceDetector(Protocol):
    """Finds faces in a whole frame."""

    @property
    def device(self) -> str: ...

    def find(self, frame: Image, /) -> tuple[Face, ...]:
        """All faces of a BGR frame, best first."""
        ...


class HeadPoseEstimator(Protocol):
    """Estimates the direction of a head."""

    @property
    def device(self) -> str: ...

    def head(self, frame: Image, face: Face, mesh: Mesh, /) -> HeadPose:
        """The angles of one face in a BGR frame, as in `shared.observations`."""
        ...


class GazeEstimator(Protocol):
    """Estimates the direction of the eyes."""

    @property
    def device(self) -> str: ...

    def gaze(self, frame: Image, face: Face, mesh: Mesh, head: HeadPose, /) -> Gaze:
        """The angles of one face in a BGR frame relative to the camera, as in `shared.observations`."""
        ...


class Serving:
    """The networks of one process.

    Each method raises Unavailable with the network to fetch if none of its task is present, and the errors of
    opening a network. `labels` grows as networks are opened. Several threads may open different networks at
    once; each network is opened once.
    """

    def __init__(
        self,
        store: Store,
        profile: Profile,
        *,
        best: BestDevice = BestDevice.CPU,
        installed: frozenset[Runtime] | None = None,
        streams: int = 1,
        preferred: Mapping[Task, str] = MappingProxyType({}),
    ) -> None:
        """`best` is the best device to use, `streams` how many calls to one network may run in parallel;
        `installed` as in `open_entry`; `preferred` names the network that serves a task if it can, whichever
        is best."""
        self._store = store
        self._preferred = preferred
        self._profile = profile
        self._best_device = best
        self._installed = installed
        self._streams = streams
        self._open: dict[str, tuple[Network, ...]] = {}
        self._used: dict[str, tuple[Network, ...]] = {}
        self._opening: dict[str, threading.Lock] = {}
        self.labels: dict[Task, str] = {}
        """`name@version` of the network that serves each task so far; it goes into every alert."""
        self.light_faces: str | None = None
        """That of the quick face detector; None: not opened."""

    def beside(self, preferred: Mapping[Task, str]) -> Serving:
        """The networks of the same process with others for some tasks. What either opens is open for both,
        until one of them no longer keeps it."""
        other = copy(self)
        other._used = {}
        other._preferred = {**self._preferred, **preferred}
        other.labels, other.light_faces = {}, None
        return other

    def keep(self, wanted: Collection[Network]) -> None:
        """Forget all opened networks but these, here and beside; one that is used again is opened again."""
        for name, networks in list(self._open.items()):
            if not set(networks).intersection(wanted):
                del self._open[name]

    @property
    def devices(self) -> dict[str, str]:
        """The verified devices of every opened network, by the name of the network."""
        return {name: joined_devices(networks) for name, networks in self._used.items()}

    @property
    def networks(self) -> Mapping[str, tuple[Network, ...]]:
        """Every network that was asked for here, by the name of the entry with its weights."""
        return MappingProxyType(self._used)

    def face_detector(self) -> FaceDetector:
        """A detector with doubtful detections confirmed by the mesh."""
        return self._face_detector(self._best(Task.FACE_DETECTION, served.FACES))

    def light_face_detector(self) -> FaceDetector:
        """The quickest one, for an overloaded node; `light_faces` is then its label."""
        entry = served.quickest(self._store, self._profile, Task.FACE_DETECTION, served.LIGHT_FACES)
        self.light_faces = entry.label
        return self._face_detector(entry)

    def _face_detector(self, entry: Entry) -> FaceDetector:
        network = self._networks(entry)[0]
        width_px, height_px = entry.input.canvas_px or FACE_CANVAS_PX
        if entry.name in served.YUNET:
            yunet = YuNet(network, width_px=width_px, height_px=height_px)
            return Confirmed(yunet, self.face_mesh(), sure_score=SURE_YUNET_SCORE)
        if entry.name in served.SCRFD:
            return Scrfd(network, width_px=width_px, height_px=height_px)
        if entry.name == served.RETINAFACE:
            return Confirmed(RetinaFace(network), self.face_mesh(), sure_score=SURE_RETINAFACE_SCORE)
        return ConfirmedBlazeFace(BlazeFace(network, _BLAZEFACE[entry.name]), self.face_mesh())

    def face_mesh(self) -> FaceMesh:
        entry = self._best(Task.FACE_MESH, served.MESHES)
        return FaceMesh(self._networks(entry)[0], _MESH[entry.name])

    def head_pose(self) -> HeadPoseEstimator:
        entry = self._best(Task.HEAD_POSE, served.HEADS)
        if entry.name == "mesh-pose":
            return MeshPose()
        networks = self._networks(entry)
        if entry.name == "fsanet":
            return FsaNet(networks)
        if entry.name == "head-pose-adas-0001":
            return AdasHeadPose(networks[0])
        return RotationHeadPose(networks[0], input_name=networks[0].inputs[0].name)

    def gaze(self) -> GazeEstimator:
        entry = self._best(Task.GAZE, served.GAZES)
        network = self._networks(entry)[0]
        if entry.name == "gaze-adas-0002":
            return AdasGaze(network)
        if entry.name == "iris-gaze":
            return IrisGaze(network)
        return BinnedGaze(network, input_name=network.inputs[0].name)

    def recognisers(self) -> tuple[Recogniser, ...]:
        """All that are present, the preferred one first and then the best. The first one verifies; enrollment
        uses each of them."""
        first = self._best(Task.FACE_RECOGNITION, served.RECOGNISERS)
        entries = [e for e in self._present(Task.FACE_RECOGNITION) if e.name in RECIPES]
        entries.sort(key=lambda entry: entry != first)
        return tuple(recogniser(entry, self._networks(entry)[0], similarity_of(entry)) for entry in entries)

    def uncalibrated(self) -> tuple[tuple[Entry, Recogniser], ...]:
        """Every recogniser that is present, with a dummy scale: for calibration."""
        candidates = self._store.manifest.candidates(Task.FACE_RECOGNITION, self._profile)
        entries = [e for e in candidates if e.name in RECIPES and self._store.has(e)]
        scale = Similarity(((-4.0, 0.0), (1.0, 1.0)))
        return tuple((e, recogniser(e, self._networks(e)[0], scale)) for e in entries)

    def body_pose(self) -> BodyPose:
        detector = self._networks(self._best(Task.BODY_DETECTION, served.BODY_DETECTORS))[0]
        landmarks = self._networks(self._best(Task.BODY_POSE, served.BODIES))[0]
        return BodyPose(BodyDetector(detector), landmarks)

    def light_body_pose(self) -> MoveNet:
        """For weak processors: a third of the cost, and fewer points."""
        entry = self._best(Task.BODY_POSE, served.LIGHT_BODIES, light=True)
        return MoveNet(self._networks(entry)[0])

    def objects(self) -> ObjectDetector:
        return ObjectDetector(self._networks(self._best(Task.OBJECTS, served.OBJECTS))[0])

    def liveness(self) -> Liveness:
        return Liveness(self._networks(self._best(Task.LIVENESS, served.LIVENESS)))

    def voice_detector(self) -> VoiceDetector:
        """Silero; the tier without a network is `models.voice.WebRtcVoice`."""
        return Silero(self._networks(self._best(Task.VOICE_ACTIVITY, served.VOICES))[0])

    def sounds(self) -> SoundClassifier:
        return SoundClassifier(self._networks(self._best(Task.SOUND_CLASSES, served.SOUNDS))[0])

    def speaker_encoder(self) -> VoiceEncoder:
        entry = self._best(Task.SPEAKER_EMBEDDING, {"ge2e", "wespeaker-resnet34"})
        network = self._networks(entry)[0]
        if entry.name == "ge2e":
            return SpeakerEncoder(network)
        return WeSpeaker(network, input_name=network.inputs[0].name)

    def speaker_counter(self) -> SpeakerCounter:
        """Only by GE2E: the bound between one voice and two was measured with it."""
        network = self._networks(self._best(Task.SPEAKER_EMBEDDING, served.SPEAKER_COUNTERS))[0]
        return SpeakerCounter(SpeakerEncoder(network))

    def keywords(self) -> KeywordSpotter:
        served.check_spotter()
        entry = self._best(Task.SPEECH_RECOGNITION, served.SPOTTERS)
        return KeywordSpotter(self._store.folder(entry))

    def transcriber(self) -> Whisper:
        """For transcripts, if policy and candidate allow them."""
        entry = self._best(Task.SPEECH_RECOGNITION, {"whisper-tiny"})
        encoder, decoder = self._networks(entry)
        (vocabulary,) = (path for path in self._store.paths(entry) if path.suffix == ".txt")
        return Whisper(encoder, decoder, read_vocabulary(vocabulary))

    def _present(self, task: Task) -> list[Entry]:
        return [choice.entry for choice in self._store.choices(task, self._profile) if not choice.reason]

    def _best(self, task: Task, known: Collection[str], *, light: bool = False) -> Entry:
        """See `served.best`; a light network does not change the label."""
        entry = served.best(self._store, self._profile, task, known, self._preferred.get(task, ""))
        if not (light and task in self.labels):
            self.labels[task] = entry.label
        return entry

    def _networks(self, entry: Entry) -> tuple[Network, ...]:
        name = self._store.manifest.holder(entry).name
        with self._opening.setdefault(name, threading.Lock()):
            if name not in self._open:
                self._open[name] = open_entry(
                    self._store,
                    entry,
                    best=self._best_device,
                    installed=self._installed,
                    streams=self._streams,
                )
            self._used[name] = self._open[name]
            return self._used[name]
