from uuid import UUID

import pytest

from shared.alerts import Alert
from shared.events.types import Action, EventType
from shared.notices import candidate_notice
from tests.support.alerts import alert

SESSION = UUID("11111111-1111-4111-8111-111111111111")


@pytest.mark.parametrize(
    ("event", "action", "level"),
    [
        (EventType.FACE_NOT_FOUND, Action.WARNING, "warning"),
        (EventType.STREAM_STALLED, Action.NONE, "technical"),
        (EventType.CAMERA_BLOCKED, Action.WARNING, "technical"),
    ],
)
def test_gentle_warnings_and_technical_trouble_are_told(event: EventType, action: Action, level: str) -> None:
    notice = candidate_notice(told(event, action), 1)
    assert notice is not None
    assert notice["level"] == level
    assert notice["message"] == "Please face the camera."


@pytest.mark.parametrize(
    ("event", "action", "revision"),
    [
        (EventType.FACE_MISMATCH, Action.WARNING, 1),
        (EventType.FACE_MISMATCH, Action.ESCALATE, 1),
        (EventType.MULTIPLE_FACES, Action.ESCALATE, 1),
        (EventType.FACE_NOT_FOUND, Action.NONE, 1),
        (EventType.FACE_NOT_FOUND, Action.WARNING, 2),
        (EventType.SESSION_STARTED, Action.NONE, 1),
    ],
)
def test_suspicions_endings_and_milestones_are_not(event: EventType, action: Action, revision: int) -> None:
    assert candidate_notice(told(event, action), revision) is None


def test_what_a_proctor_does_is_told_in_words_alone() -> None:
    message = candidate_notice(told(EventType.PROCTOR_MESSAGE, Action.NONE), 1)
    assert message is not None
    assert set(message) == {"type", "event_id", "event_type", "message", "timestamp"}
    assert (message["type"], message["message"]) == ("message", "Please face the camera.")


def test_that_a_proctor_marked_a_moment_is_for_staff() -> None:
    assert candidate_notice(told(EventType.PROCTOR_FLAG, Action.NONE), 1) is None


def test_a_notice_carries_nothing_but_its_sentence() -> None:
    notice = candidate_notice(told(EventType.FACE_NOT_FOUND, Action.WARNING), 1)
    assert notice is not None
    assert set(notice) == {"type", "event_id", "level", "message", "timestamp", "dismiss_after_seconds"}


def told(event: EventType, action: Action) -> Alert:
    return alert(SESSION, 1.0, event, thumbnail=True).model_copy(update={"action_required": action})
