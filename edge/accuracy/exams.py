"""Analyses recordings like live sessions and compares the alerts with the truth."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from datetime import datetime, timedelta

from edge.accuracy.folder import Exam
from edge.accuracy.matching import Answer, Reported, Twin, honest_s, match_reports
from edge.accuracy.results import ExamResult
from edge.accuracy.selection import Selection
from edge.analysis.engine import Engine
from edge.analysis.enrolling import enroll, read_picture
from edge.analysis.examination import Enrolled
from edge.analysis.levels import LevelInForce
from edge.analysis.networks import Networks
from edge.analysis.perception import Perception
from edge.judging.watch import Watch
from edge.media.recording import open_recording
from edge.tools.offline import BEGINNING, Analysis, Report, analyse, recorded_session, session_id_of
from shared.alerts import Alert
from shared.events.table import EVENTS
from shared.events.types import EventClass, EventType
from shared.incidents import group
from shared.observations import Observation
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import Features

LEVEL = 1
"""Tested at the full level of a node without a GPU."""
NEEDS: Mapping[EventType, str] = {event: row.needs or "faces" for event, row in EVENTS.items()}
"""The field of an observation that an event needs; events not listed need faces."""

_LOOKS = frozenset(NEEDS.values())


async def watch_exam(exam: Exam, selection: Selection, networks: Networks, report: Report) -> ExamResult:
    """Analyse one exam with perception and rules; `report` gets the time reached.

    Raises `Rejected` when the recording cannot be read, its policy is wrong or its candidate cannot be
    enrolled.
    """
    policy, recording = parse_policy(exam.truth.policy), open_recording(exam.path)
    seen = _Seen()
    async with Engine(threads=0) as engine:
        templates = await _enroll(exam, networks, engine, policy)
        watched = policy if templates else _without_identity(policy)
        session = recorded_session(exam.path.name, watched, networks)
        perception = Perception(
            session.session_id,
            engine,
            networks,
            policy=watched,
            templates=templates,
            level=LevelInForce(LEVEL),
        )
        watch = Watch(session, level=LEVEL)
        analysis = await analyse(recording, perception, watch, keep=seen.note, report=report)
    return _result(exam, selection, analysis, (watched, seen, bool(templates)))


async def _enroll(exam: Exam, networks: Networks, engine: Engine, policy: Policy) -> Mapping[str, Enrolled]:
    if not exam.enrollment or not networks.recognisers:
        return {}
    portraits = [read_picture(path) for path in exam.enrollment]
    return await enroll(portraits, networks, engine, policy.enrollment_gate, session_id_of(exam.path.name))


def _without_identity(policy: Policy) -> Policy:
    features = Features(**{**policy.features.model_dump(), "face_verification": False})
    return policy.model_copy(update={"features": features})


class _Seen:
    """Notes the size of the pictures, and which looks gave any value."""

    def __init__(self) -> None:
        self.width_px = 0
        self.height_px = 0
        self.known: set[str] = set()
        """Fields of observations that ever had a value."""

    def note(self, observation: Observation) -> None:
        self.known |= {name for name in _LOOKS if getattr(observation, name) is not None}
        if observation.frame_width_px and observation.frame_height_px:
            self.width_px, self.height_px = observation.frame_width_px, observation.frame_height_px


def _result(
    exam: Exam, selection: Selection, analysis: Analysis, watched: tuple[Policy, _Seen, bool]
) -> ExamResult:
    policy, seen, verified = watched
    reports = {each: alert for alert in analysis.alerts for each in (_reported(alert),)}
    matched = match_reports(exam.truth, reports, lambda event: hold_s(policy, event))
    unexplained = [reports[each] for each in matched.unexplained]
    now = BEGINNING + timedelta(seconds=analysis.duration_s)
    truth = exam.truth
    return ExamResult(
        name=exam.name,
        selection=selection,
        staged=exam.staged,
        shot=truth.shot,
        width_px=seen.width_px,
        height_px=seen.height_px,
        frames_per_s=analysis.frames / analysis.duration_s if analysis.duration_s else 0.0,
        duration_s=analysis.duration_s,
        unique_s=analysis.duration_s if truth.unique_s is None else min(truth.unique_s, analysis.duration_s),
        honest_s=honest_s(truth, analysis.duration_s),
        wall_s=analysis.wall_s,
        answers=tuple(_excused(answer, seen.known) for answer in matched.answers),
        twins=tuple(_excused_twin(twin, seen.known) for twin in matched.twins),
        unexplained=matched.unexplained,
        conduct_incidents=_incidents(unexplained, EventClass.CONDUCT, now),
        identity_incidents=_incidents(unexplained, EventClass.IDENTITY, now),
        verified=verified,
        people=truth.people,
        groups=(),
    )


def hold_s(policy: Policy, event: EventType) -> float:
    """The least time that a condition lasts before its event is raised."""
    if event is EventType.FACE_MISMATCH:
        # Counted in checks, one a second; the first check may be made at once.
        return float(policy.mismatch_checks)
    return policy.rule(event).hold_s


def _excuse(event: EventType, known: Set[str]) -> str:
    needed = NEEDS[event]
    return "" if needed in known else f"nothing was known of {needed.replace('_', ' ')}"


def _excused(answer: Answer, known: Set[str]) -> Answer:
    return answer if answer.found else replace(answer, excuse=_excuse(answer.event, known))


def _excused_twin(twin: Twin, known: Set[str]) -> Twin:
    return twin if not twin.peaceful else replace(twin, excuse=_excuse(twin.event, known))


def _incidents(alerts: list[Alert], event_class: EventClass, now: datetime) -> int:
    return len(group((alert for alert in alerts if alert.event_class is event_class), now))


def _reported(alert: Alert) -> Reported:
    cleared = alert.cleared
    return Reported(
        event=alert.event_type,
        event_class=alert.event_class,
        onset_s=(alert.onset - BEGINNING).total_seconds(),
        raised_s=(alert.raised - BEGINNING).total_seconds(),
        cleared_s=None if cleared is None else (cleared - BEGINNING).total_seconds(),
    )
