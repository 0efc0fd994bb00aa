"""The candidate's notice follows the policy, and is acknowledged for exactly what it says."""

import pytest

from coordinator.sessions.notice import check_acknowledged, notice_for
from shared.errors import Rejected
from shared.policy import Features, Policy


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
