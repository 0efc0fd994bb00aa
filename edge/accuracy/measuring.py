"""Measures everything in a folder, one part after the other, so that a small machine can do it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from edge.accuracy.exams import watch_exam
from edge.accuracy.folder import Exam, Material
from edge.accuracy.pairs import EmbeddedPicture, Trial, describe, recogniser_errors, sample
from edge.accuracy.pictures import GAZE, HEAD, angle_errors, count_faces, looker
from edge.accuracy.results import (
    Accuracy,
    AngleResult,
    CountResult,
    ExamResult,
    Exams,
    IdentityResult,
    SpeakerResult,
    VoiceResult,
)
from edge.accuracy.selected import each_alone, narrowest, serving
from edge.accuracy.selection import Selection
from edge.accuracy.sounds import speaker_errors, voice_errors
from edge.analysis.networks import Networks, open_networks
from models.manifest import Entry
from models.serving import Serving
from models.store import Store
from models.tasks import Task
from models.voice import WebRtcVoice
from shared.errors import ConfigError, Rejected, Unavailable
from shared.fields import format_utc

T = TypeVar("T")

WEBRTC: Final = "webrtc-vad@2"

Progress = Callable[[str, float, float], None]
"""Called with the current work, how much of it is done, and how much there is."""


@dataclass(slots=True)
class Measuring:
    """One run of the command."""

    store: Store
    selections: tuple[Selection, ...]
    seed: int
    progress: Progress
    problems: list[str] = field(default_factory=list)
    """What could not be measured, and why."""

    def all(self, folder: Path, material: Material) -> Accuracy:
        """Measure every part with material.

        Raises `Unavailable` when no network finds faces; any other missing or unreadable item becomes a
        problem in the report.
        """
        return Accuracy(
            folder=folder.name,
            made_utc=format_utc(datetime.now(UTC)),
            seed=self.seed,
            identity=tuple(self._identity(material)),
            counts=tuple(self._counts(material)),
            angles=tuple(self._angles(material)),
            voices=tuple(self._voices(material)),
            speakers=tuple(self._speakers(material)),
            exams=tuple(self._exams(each, material) for each in self.selections if material.exams),
            problems=tuple(self.problems),
        )

    def _identity(self, material: Material) -> Iterator[IdentityResult]:
        if not material.people:
            return
        widest = serving(self.store, max(self.selections, key=tuple(Selection).index))
        pictures = sample(material.people, self.seed)
        if left := len(material.people) - len(pictures):
            self.problems.append(f"{left} of {len(material.people)} pictures of people were left out")
        known: list[EmbeddedPicture] = []
        able = [(entry, each) for entry, each in widest.uncalibrated() if entry.calibration is not None]
        recognisers = [recogniser for _, recogniser in able]
        for number, picture in enumerate(pictures):
            self.progress("people", number, len(pictures))
            described = self._tried(picture.path.name, partial(describe, picture, widest, recognisers))
            known += [described] if described is not None else []
        trial = Trial(known=known, groups=material.groups, seed=self.seed)
        for entry, recogniser in able:
            yield recogniser_errors(entry, recogniser, trial, narrowest(self.store, entry))

    def _counts(self, material: Material) -> Iterator[CountResult]:
        for entry, alone in self._alone(Task.FACE_DETECTION, material.counted):
            detector = self._tried(entry.label, alone.face_detector)
            if detector is not None:
                yield count_faces(entry.label, narrowest(self.store, entry), detector, material.counted)

    def _angles(self, material: Material) -> Iterator[AngleResult]:
        for what, task in ((HEAD, Task.HEAD_POSE), (GAZE, Task.GAZE)):
            for entry, alone in self._alone(task, material.heads):
                look = self._tried(entry.label, partial(looker, alone, what))
                if look is not None:
                    label = (what, entry.label, narrowest(self.store, entry))
                    yield angle_errors(label, look, material.heads)

    def _voices(self, material: Material) -> Iterator[VoiceResult]:
        for entry, alone in self._alone(Task.VOICE_ACTIVITY, material.sounds):
            detector = self._tried(entry.label, alone.voice_detector)
            if detector is not None:
                yield voice_errors(entry.label, narrowest(self.store, entry), detector, material.sounds)
        if material.sounds:
            self.progress("webrtc-vad", 0, 1)
            yield voice_errors(WEBRTC, Selection.REGISTRY, WebRtcVoice(), material.sounds)

    def _speakers(self, material: Material) -> Iterator[SpeakerResult]:
        for entry, alone in self._alone(Task.SPEAKER_EMBEDDING, material.voices):
            encoder = self._tried(entry.label, alone.speaker_encoder)
            if encoder is not None:
                yield speaker_errors(entry.label, narrowest(self.store, entry), encoder, material.voices)

    def _exams(self, selection: Selection, material: Material) -> Exams:
        served = serving(self.store, selection)
        networks = open_networks(served)
        for task, reason in networks.missing.items():
            self.problems.append(f"{selection}: {task} is not looked at: {reason}")
        results = [
            result
            for exam in material.exams
            if (result := self._exam(exam, selection, networks, material.groups)) is not None
        ]
        return Exams(selection=selection, models=networks.labels, results=tuple(results))

    def _exam(
        self, exam: Exam, selection: Selection, networks: Networks, groups: Mapping[str, str]
    ) -> ExamResult | None:
        name = f"{selection}: {exam.name}"

        def report(at_s: float) -> None:
            self.progress(name, at_s, 0)

        result = self._tried(name, lambda: asyncio.run(watch_exam(exam, selection, networks, report)))
        if result is None:
            return None
        of = {groups[person] for person in exam.truth.people if person in groups}
        return replace(result, groups=tuple(sorted(of)))

    def _alone(self, task: Task, material: Sequence[object]) -> Iterator[tuple[Entry, Serving]]:
        if not material:
            return
        for entry, alone in each_alone(self.store, self.selections, task):
            self.progress(entry.label, 0, 1)
            yield entry, alone

    def _tried(self, name: str, call: Callable[[], T]) -> T | None:
        """The call's result; None on failure, which becomes a problem in the report."""
        try:
            return call()
        except (Unavailable, Rejected, ConfigError) as error:
            self.problems.append(f"{name}: {error}")
            return None
