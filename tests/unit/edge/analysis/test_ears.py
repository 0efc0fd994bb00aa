"""What is listened for: what the exam, its rules and its candidate ask for, and nothing besides."""

from __future__ import annotations

import pytest

from edge.analysis.ears import asked_to_hear, unheard
from shared.events.looks import Look
from shared.events.types import EventType
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import Accommodation

ASKED = parse_policy({"features": {"speech_transcription": True}, "phrases": ["what is the answer"]})


def agreed(policy: Policy, *muted: EventType, opt_in: bool = True) -> Policy:
    return policy.for_candidate(Accommodation(muted=muted), speech_opt_in=opt_in)


def test_phrases_are_listened_for_where_exam_and_candidate_agreed() -> None:
    assert Look.PHRASES in asked_to_hear(agreed(ASKED))
    assert unheard({}, agreed(ASKED)) == {}


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (ASKED, "the candidate has not agreed to speech recognition"),
        (agreed(ASKED, opt_in=False), "the candidate has not agreed to speech recognition"),
        (agreed(ASKED, EventType.KEYWORD_SPOKEN), "switched off by the policy"),
        (agreed(Policy()), None),
    ],
)
def test_otherwise_they_are_not_and_it_says_why(policy: Policy, reason: str | None) -> None:
    assert Look.PHRASES not in asked_to_hear(policy)
    assert unheard({}, policy).get(Look.PHRASES) == reason


@pytest.mark.parametrize(
    ("event", "task"),
    [
        (EventType.MULTIPLE_SPEAKERS, Look.SPEAKERS),
        (EventType.AUDIO_ANOMALY, Look.SOUNDS),
        (EventType.KEYWORD_SPOKEN, Look.PHRASES),
    ],
)
def test_what_is_muted_for_a_candidate_is_not_listened_for_either(event: EventType, task: Look) -> None:
    assert task in asked_to_hear(agreed(ASKED))
    assert asked_to_hear(agreed(ASKED)) - asked_to_hear(agreed(ASKED, event)) == {task}
