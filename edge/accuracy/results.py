"""The measured values. The tables and the page are made only from these."""

from __future__ import annotations

from dataclasses import dataclass

from edge.accuracy.matching import Answer, Reported, Twin
from edge.accuracy.selection import Selection
from edge.accuracy.statistics import Rate, Scores, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamResult:
    """One recording analysed with one selection of networks."""

    name: str
    selection: Selection
    staged: bool
    shot: str
    width_px: int
    height_px: int
    frames_per_s: float
    duration_s: float
    unique_s: float
    honest_s: float
    wall_s: float
    answers: tuple[Answer, ...]
    twins: tuple[Twin, ...]
    unexplained: tuple[Reported, ...]
    conduct_incidents: int
    """Number of unexplained conduct incidents."""
    identity_incidents: int
    verified: bool
    """Whether a candidate was enrolled, so that identity was checked."""
    people: tuple[str, ...]
    """The people in the picture."""
    groups: tuple[str, ...]
    """Their groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exams:
    """Every recording under one selection."""

    selection: Selection
    models: dict[str, str]
    """`name@version` per task."""
    results: tuple[ExamResult, ...]

    @property
    def answers(self) -> tuple[Answer, ...]:
        return tuple(answer for result in self.results for answer in result.answers)

    @property
    def twins(self) -> tuple[Twin, ...]:
        return tuple(twin for result in self.results for twin in result.twins)

    @property
    def hours(self) -> float:
        """Honest time, staged recordings' included."""
        return sum(result.honest_s for result in self.results) / 3600

    @property
    def conduct(self) -> Rate:
        return Rate(sum(result.conduct_incidents for result in self.results), self.hours)

    @property
    def identity(self) -> Rate:
        watched = [result for result in self.results if result.verified]
        return Rate(
            sum(result.identity_incidents for result in watched),
            sum(result.honest_s for result in watched) / 3600,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupErrors:
    """One group's errors at the operating point."""

    group: str
    matches: Share
    refusals: Share
    doubts: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """Calibrated on one half of the people, tested on the other, both ways together."""

    calibration_same: int
    calibration_different: int
    points: tuple[float, ...]
    """The accepted native score by each half."""
    matches: Share
    refusals: Share
    without_matches: Share
    """Share of random halves without a false match on the other half."""
    with_few_refusals: Share
    """Share of random halves with at least 95 % of the pairs of one person matched."""
    flaw: str = ""
    """Why it could not be done; empty: it was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityResult:
    """One recogniser on labelled pictures."""

    network: str
    standing: str
    pictures: int
    enrollable: int
    """Pictures that also pass the enrollment gate."""
    originals: int
    people: int
    similarity: Scores
    """Scores of every pair that could occur in an exam, on the common scale by the manifest's calibration."""
    matches: Share
    refusals: Share
    """Share of pairs of one person that are taken for two people …"""
    doubts: Share
    """… and of pairs that the recogniser cannot decide: neither match nor mismatch."""
    unenrollable_matches: Share
    """Matches among pairs that never occur, because neither picture could be enrolled."""
    unenrollable_refusals: Share
    mistaken: Share
    """Pairs of different people with any pictures taken for one person."""
    unrecognised: Share
    """People with any two pictures taken for two persons."""
    doubtful: tuple[tuple[str, str, float], ...]
    """The closest strangers and the least similar pictures of one person: both names, and the similarity."""
    halves: Halves
    groups: tuple[GroupErrors, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountResult:
    """One detector on pictures with a known number of faces."""

    network: str
    standing: str
    right: Share
    """Pictures with exactly the right number."""
    missed: Share
    """Share of faces not found."""
    ghosts: int
    wrong: tuple[tuple[str, int, int], ...]
    """Picture, faces present, faces found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AngleResult:
    """One estimator of head direction or gaze."""

    what: str
    """`head` or `gaze`."""
    network: str
    standing: str
    inside: Share
    """Known angles within their range."""
    outside: tuple[tuple[str, str, float | None, float, float], ...]
    """Picture, angle, measured (None: no face was found), and the range it should lie in; degrees."""
    yaws_deg: tuple[tuple[float, float], ...]
    """Yaw of a picture and of its mirror image; the sum should be 0."""
    roll_sums_deg: tuple[float, ...]
    """Sum of both rolls; empty for gaze, which has none."""
    pitch_differences_deg: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceResult:
    """One voice detector, second by second of labelled sound."""

    network: str
    standing: str
    missed: Share
    """Parts of 32 ms with speech that were not detected as speech."""
    false: Share
    """Parts without speech that were detected as speech."""
    unique_s: float
    sounds: tuple[tuple[str, Share], ...]
    """Per sound without speech: parts detected as speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerResult:
    """One speaker encoder on windows of speech."""

    network: str
    standing: str
    windows: int
    voices: int
    scores: Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """The whole report."""

    folder: str
    made_utc: str
    seed: int
    exams: tuple[Exams, ...] = ()
    identity: tuple[IdentityResult, ...] = ()
    counts: tuple[CountResult, ...] = ()
    angles: tuple[AngleResult, ...] = ()
    voices: tuple[VoiceResult, ...] = ()
    speakers: tuple[SpeakerResult, ...] = ()
    problems: tuple[str, ...] = ()
    """What could not be measured, and why."""
