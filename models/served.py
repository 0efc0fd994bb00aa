"""Decides what a node can look for with the installed networks: one answer for the node and for `proctorctl
doctor`.

A task has a network if one is installed that this version has code for. Detecting speech needs none, because
a detector without a network is always available.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec
from types import MappingProxyType
from typing import Final

from models.manifest import Entry, Profile
from models.store import Store
from models.tasks import Task
from shared.errors import Unavailable
from shared.events.looks import Look

YUNET: Final = frozenset({"yunet", "yunet-2023mar"})
SCRFD: Final = frozenset({"scrfd-500m", "scrfd-2.5g", "scrfd-10g"})
LIGHT_FACES: Final = ("yunet", "yunet-2023mar", "blazeface-short")
"""The quick detectors, quickest first, with what confirms their faces: 5.3 ms of one core for YuNet, 6.5 for
BlazeFace's short range with the mesh of one face; its full range takes 10.6, SCRFD-500M 7.3."""
RETINAFACE: Final = "retinaface-mnet025"
BLAZEFACE: Final = frozenset({"blazeface-full-sparse", "blazeface-short"})
FACES: Final = frozenset({*YUNET, *SCRFD, *BLAZEFACE, RETINAFACE})
MESHES: Final = frozenset({"mediapipe-face-mesh", "mediapipe-face-mesh-478"})
HEADS: Final = frozenset({"fsanet", "mesh-pose", "head-pose-adas-0001", "head-pose-mobilenetv3-small"})
BINNED_GAZE: Final = frozenset({"l2cs-mobileone-s0", "l2cs-resnet18"})
GAZES: Final = frozenset({"gaze-adas-0002", "iris-gaze", *BINNED_GAZE})
RECOGNISERS: Final = frozenset(
    {
        "arcface-mobilefacenet-dequantised",
        "arcface-mobilefacenet",
        "arcface-resnet50",
        "face-reidentification-retail-0095",
        "dlib-resnet",
    }
)
BODY_DETECTORS: Final = frozenset({"mediapipe-pose-detection"})
BODIES: Final = frozenset({"mediapipe-pose-full"})
LIGHT_BODIES: Final = frozenset({"movenet-lightning-int8"})
OBJECTS: Final = frozenset({"yolox-nano"})
LIVENESS: Final = frozenset({"minifasnet"})
SOUNDS: Final = frozenset({"yamnet"})
SPEAKER_COUNTERS: Final = frozenset({"ge2e"})
SPOTTERS: Final = frozenset({"pocketsphinx-en-us"})
VOICES: Final = frozenset({"silero-vad"})
KNOWN: Final = frozenset().union(
    FACES, MESHES, HEADS, GAZES, RECOGNISERS, BODY_DETECTORS, BODIES, LIGHT_BODIES, OBJECTS, LIVENESS, SOUNDS,
    SPEAKER_COUNTERS, SPOTTERS, VOICES,
)  # fmt: skip
"""Every network that this version has code for and may serve a node's task by its rank."""
SPOTTERS_PACKAGE: Final = "pocketsphinx"

Needs = tuple[tuple[Task, Collection[str]], ...]
_HEAD: Final[Needs] = ((Task.HEAD_POSE, HEADS),)
_NEEDS: Final[Mapping[Look, tuple[Needs, ...]]] = MappingProxyType(
    {
        Look.FACES: (((Task.FACE_MESH, MESHES), (Task.FACE_DETECTION, FACES)),),
        Look.HEAD: (_HEAD,),
        Look.GAZE: ((*_HEAD, (Task.GAZE, GAZES)),),
        Look.IDENTITY: (((Task.FACE_RECOGNITION, RECOGNISERS),),),
        Look.LIVENESS: (((Task.LIVENESS, LIVENESS),),),
        Look.OBJECTS: (((Task.OBJECTS, OBJECTS),),),
        Look.BODY: (
            ((Task.BODY_DETECTION, BODY_DETECTORS), (Task.BODY_POSE, BODIES)),
            ((Task.BODY_POSE, LIGHT_BODIES),),
        ),
        Look.SOUNDS: (((Task.SOUND_CLASSES, SOUNDS),),),
        Look.SPEAKERS: (((Task.SPEAKER_EMBEDDING, SPEAKER_COUNTERS),),),
        Look.PHRASES: (((Task.SPEECH_RECOGNITION, SPOTTERS),),),
    }
)
"""By look, the ways to do it, each with the tasks that it needs. One complete way is enough."""


def best(store: Store, profile: Profile, task: Task, known: Collection[str], first: str = "") -> Entry:
    """The best installed network that this version has code for. Raises `Unavailable` if there is none.

    `first`: the label of the one to prefer to all others, if it can serve.
    """
    fit = [
        choice.entry
        for choice in store.choices(task, profile)
        if not choice.reason and choice.entry.name in known
    ]
    for entry in sorted(fit, key=lambda one: one.label != first):
        return entry
    raise Unavailable(f"no network for {task} is present: run `proctorctl models fetch --task {task}`")


def better(store: Store, profile: Profile, task: Task, known: Collection[str]) -> tuple[Entry, Entry] | None:
    """The network that serves a task, and the best proved one, if that is another and is not installed: a
    mirror folder would bring it. None if the best one serves, or none does."""
    for entry in store.manifest.candidates(task, profile):
        if not entry.verified or entry.name not in known:
            continue
        try:
            serving = best(store, profile, task, known)
        except Unavailable:
            return None
        return None if entry == serving else (serving, entry)
    return None


def quickest(store: Store, profile: Profile, task: Task, ordered: Sequence[str]) -> Entry:
    """The first of these networks that is installed. Raises `Unavailable` if none is."""
    present = {each.entry.name: each.entry for each in store.choices(task, profile) if not each.reason}
    for name in ordered:
        if name in present:
            return present[name]
    raise Unavailable(f"no light network for {task} is present")


def at_hand(store: Store, profile: Profile) -> dict[str, str]:
    """The networks that may serve here, each with its task: known, allowed, and their weights present and
    whole. Reads the disk."""
    return {
        choice.entry.label: task.value
        for task in Task
        for choice in store.choices(task, profile)
        if not choice.reason and choice.entry.name in KNOWN
    }


def check_spotter() -> None:
    """Raises `Unavailable` if the program that searches for phrases is not installed."""
    if find_spec(SPOTTERS_PACKAGE) is None:
        raise Unavailable(f"{SPOTTERS_PACKAGE} is not installed: it has no wheel for this version of Python")


def unserved(store: Store, profile: Profile) -> dict[Look, str]:
    """The looks that cannot be done with these networks, each with the reason."""
    reasons = {look: _lacking(store, profile, ways) for look, ways in _NEEDS.items()}
    try:
        check_spotter()
    except Unavailable as error:
        reasons[Look.PHRASES] = str(error)
    return {look: reason for look, reason in reasons.items() if reason}


def done_with(look: Look, tasks: Collection[Task]) -> bool:
    """Whether networks for these tasks are enough to do a look in one of its ways."""
    return any(all(task in tasks for task, _ in way) for way in _NEEDS[look])


def _lacking(store: Store, profile: Profile, ways: tuple[Needs, ...]) -> str:
    reasons = []
    for way in ways:
        try:
            for task, known in way:
                best(store, profile, task, known)
        except Unavailable as error:
            reasons.append(str(error))
        else:
            return ""
    return reasons[0]
