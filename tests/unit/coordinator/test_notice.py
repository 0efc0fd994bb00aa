"""The candidate's notice follows the policy, and is acknowledged for exactly what it says."""

import hashlib
import importlib
import re

import pytest

from coordinator.sessions.notice import RETENTION, VERSION, check_acknowledged, notice_for
from shared.errors import Rejected
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import Features


def policy(**features: bool) -> Policy:
    return Policy(features=Features(**features))


def test_a_purpose_is_named_only_when_the_policy_switches_it_on() -> None:
    assert notice_for(Policy()).purposes == [
        "camera-monitoring",
        "identity-verification",
        "speech-detection",
    ]
    silent = notice_for(policy(audio_monitoring=False, face_verification=False))
    assert silent.purposes == ["camera-monitoring"]
    assert not any("microphone is listened" in paragraph for paragraph in silent.paragraphs)
    assert not any("biometric" in paragraph for paragraph in silent.paragraphs)


def test_what_is_said_is_promised_to_be_left_alone_unless_the_exam_may_recognise_it() -> None:
    plain = " ".join(notice_for(Policy()).paragraphs)
    assert "What is said is not recorded" in plain
    recognised = " ".join(notice_for(policy(speech_transcription=True)).paragraphs)
    assert "only if you have agreed to speech recognition" in recognised
    assert "not recorded and not written down" not in recognised


def test_all_purposes_of_the_current_version_are_an_acknowledgement_in_any_order() -> None:
    notice = notice_for(Policy())
    check_acknowledged(notice, notice.version, list(reversed(notice.purposes)))


@pytest.mark.parametrize(
    "purposes",
    [
        [],
        ["camera-monitoring"],
        ["camera-monitoring", "identity-verification", "speech-detection", "advertising"],
    ],
)
def test_a_missing_or_invented_purpose_is_refused(purposes: list[str]) -> None:
    notice = notice_for(Policy())
    with pytest.raises(Rejected) as refused:
        check_acknowledged(notice, notice.version, purposes)
    assert (refused.value.status, refused.value.code) == (422, "purposes-differ")


def test_an_older_notice_cannot_be_acknowledged() -> None:
    notice = notice_for(Policy())
    with pytest.raises(Rejected) as refused:
        check_acknowledged(notice, "2020-01-01", notice.purposes)
    assert (refused.value.status, refused.value.code) == (409, "notice-outdated")


def said(**policy: object) -> str:
    return " ".join(notice_for(parse_policy(policy)).paragraphs)


def test_the_notice_names_every_way_of_looking_and_no_more() -> None:
    plain = said(rules={"PRESENTATION_ATTACK": {"enabled": True}})
    for words in ("eyes look", "hand is at an ear", "another person", "picture of one"):
        assert words in plain
    assert "telephones in the picture" not in plain
    off = said(features={"gaze_tracking": False, "pose_analysis": False, "face_verification": False})
    for words in ("eyes look", "hand is at an ear", "another person", "picture of one"):
        assert words not in off


def test_things_are_named_where_the_exam_looks_for_them() -> None:
    asks = {"enabled": True}
    assert "looks for telephones in the picture" in said(rules={"PHONE_VISIBLE": asks})
    both = said(rules={"PHONE_VISIBLE": asks, "BOOK_VISIBLE": asks})
    assert "looks for telephones and books in the picture" in both


def test_an_estimate_that_nobody_asks_for_is_not_announced() -> None:
    assert "picture of one" not in said(rules={"PRESENTATION_ATTACK": {"enabled": False}})


EVERY_NOTICE = " ".join(
    paragraph
    for asked in (Policy(), policy(speech_transcription=True), Policy(feature_log=True))
    for paragraph in notice_for(asked).paragraphs
)
OF_KEEPING = re.compile(
    r"\b(stored|kept|delete|deletes|deleted|destroyed|erased|recorded|written down|days?|months?|until)\b"
)


def test_every_sentence_about_keeping_and_deleting_names_the_code_that_keeps_to_it() -> None:
    sentences = [each for each in re.split(r"(?<=[.:]) ", EVERY_NOTICE) if OF_KEEPING.search(each)]
    assert len(sentences) >= 8
    for sentence in sentences:
        assert any(said in sentence for said in RETENTION), sentence
    for said, keeper in RETENTION.items():
        assert said in EVERY_NOTICE
        module, _, name = keeper.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_the_days_in_the_notice_are_those_that_are_kept_to() -> None:
    """And no others: every number of days is one of the policy's, or of the table of periods."""
    usual = said()
    assert set(re.findall(r"\d+ (?:days?|months?|years?)", usual)) == {"30 days", "90 days", "365 days"}
    own = said(retention={"templates_days": 7, "evidence_days": 1, "alerts_days": 400})
    for words in ("pictures are deleted after 1 day and", "notes after 400 days", "is deleted 7 days after"):
        assert words in own
    assert "kept for 400 days" in own, "a record must not end before what it is about"
    assert re.findall(r"\d+ (?:days?|months?|years?)", own) == ["1 day", "400 days", "7 days", "400 days"]


def test_the_log_of_features_is_named_only_where_the_exam_asks_for_it() -> None:
    assert "logged" not in said()
    logged = said(feature_log=True, retention={"features_days": 45})
    assert "If you have agreed to that separately" in logged
    assert "it is deleted 45 days after" in logged


WORDS_OF = "2026-11-30.2", "b049e3b30667a668"
"""A version and the beginning of the hash of its words. Who changes them thinks of the version: with another
meaning they get a new one."""


def test_every_version_has_its_words() -> None:
    asked = (
        Policy(),
        policy(face_verification=False, audio_monitoring=False, gaze_tracking=False, pose_analysis=False),
        policy(speech_transcription=True),
        parse_policy({"feature_log": True, "rules": {"PRESENTATION_ATTACK": {"enabled": True}}}),
    )
    words = "\n".join(paragraph for each in asked for paragraph in notice_for(each).paragraphs)
    assert (VERSION, hashlib.sha256(words.encode()).hexdigest()[:16]) == WORDS_OF
