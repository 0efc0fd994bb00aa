"""Where a candidate stands towards each purpose."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from coordinator.consents.withdrawing import ALTERNATIVE, STOPS, check_confirmed, told
from coordinator.consents.words import (
    Why,
    Word,
    check_consented,
    check_may_enroll,
    latest,
    serves,
    speech_opt_in,
    withheld,
)
from shared.consents import Purpose
from shared.errors import Rejected
from shared.policy.schema import Policy
from shared.policy.terms import Features

T0 = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def word(
    purpose: Purpose,
    given: bool,
    after_s: float = 0.0,
    basis: Literal["consent", "acknowledgement"] = "consent",
) -> Word:
    return Word(
        purpose=purpose,
        given=given,
        basis=basis,
        text_version="1",
        language="en",
        recorded_by="CAND-1",
        at_utc=T0 + timedelta(seconds=after_s),
    )


CAMERA, FACE, HEARD = Purpose.CAMERA_MONITORING, Purpose.IDENTITY_VERIFICATION, Purpose.SPEECH_DETECTION
NO_FACES = Features(face_verification=False)


def test_the_latest_word_counts_in_whatever_order_they_are_read() -> None:
    words = [word(CAMERA, True, 9, "acknowledgement"), word(CAMERA, False, 5), word(FACE, False, 7)]
    for order in (words, words[::-1]):
        said = latest(order)
        assert (said[CAMERA].given, said[CAMERA].basis) == (True, "acknowledgement")
        assert said[FACE].given is False


def test_of_two_words_at_one_instant_the_no_counts() -> None:
    for order in ((True, False), (False, True)):
        assert latest([word(CAMERA, given) for given in order])[CAMERA].given is False


def test_silence_lets_a_session_start_and_a_no_stops_it() -> None:
    check_consented({}, Policy())
    with pytest.raises(Rejected, match="identity-verification") as refused:
        check_consented(latest([word(FACE, False)]), Policy())
    assert (refused.value.status, refused.value.code) == (409, "consent-withdrawn")


def test_a_no_to_what_the_policy_does_without_stops_nothing() -> None:
    check_consented(latest([word(FACE, False)]), Policy(features=Features(face_verification=False)))


def test_speech_is_recognised_after_a_yes_only() -> None:
    asked = Purpose.SPEECH_TRANSCRIPTION
    assert speech_opt_in({}) is False
    assert speech_opt_in(latest([word(asked, True)])) is True
    assert speech_opt_in(latest([word(asked, True), word(asked, False, 1)])) is False
    check_consented(latest([word(asked, False)]), Policy(features=Features(speech_transcription=True)))


EXEMPT = Policy(without_acknowledgement=(CAMERA, FACE))


@pytest.mark.parametrize(
    ("said", "policy", "found"),
    [
        ([], Policy(), {CAMERA: "not-acknowledged", FACE: "not-acknowledged", HEARD: "not-acknowledged"}),
        ([], EXEMPT, {HEARD: "not-acknowledged"}),
        ([word(FACE, True)], EXEMPT, {HEARD: "not-acknowledged"}),
        ([word(HEARD, True)], EXEMPT, {}),
        ([word(HEARD, True), word(FACE, False, 1)], EXEMPT, {FACE: "withdrawn"}),
        ([word(HEARD, True), word(FACE, False), word(FACE, True, 1)], EXEMPT, {}),
        ([word(HEARD, True), word(FACE, False)], EXEMPT.model_copy(update={"features": NO_FACES}), {}),
    ],
)
def test_what_is_withheld(said: list[Word], policy: Policy, found: dict[Purpose, str]) -> None:
    assert {purpose: why.value for purpose, why in withheld(latest(said), policy).items()} == found


def test_nobody_is_enrolled_without_an_acknowledgement_or_after_a_withdrawal() -> None:
    check_may_enroll({}, EXEMPT)
    check_may_enroll(latest([word(FACE, True)]), Policy())
    with pytest.raises(Rejected, match="identity-verification") as missing:
        check_may_enroll(latest([word(CAMERA, True)]), Policy())
    assert (missing.value.status, missing.value.code) == (409, "acknowledgement-missing")
    message = "is missing for identity-verification"
    assert missing.value.errors == ({"path": "body.acknowledged", "message": message},)
    with pytest.raises(Rejected, match="identity-verification") as withdrawn:
        check_may_enroll(latest([word(FACE, False)]), EXEMPT)
    assert (withdrawn.value.status, withdrawn.value.code) == (409, "consent-withdrawn")
    message = "has withdrawn identity-verification"
    assert withdrawn.value.errors == ({"path": "body.candidate_id", "message": message},)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_withdrawal_is_asked_about_once_with_what_it_stops(purpose: Purpose) -> None:
    with pytest.raises(Rejected) as asked:
        check_confirmed(purpose, given=False, confirm=False)
    assert (asked.value.status, asked.value.code) == (409, "withdrawal-unconfirmed")
    assert STOPS[purpose] in str(asked.value)
    check_confirmed(purpose, given=False, confirm=True)
    check_confirmed(purpose, given=True, confirm=False)
    assert ALTERNATIVE in told(purpose, given=False)
    renewed = told(purpose, given=True)
    assert ALTERNATIVE not in renewed
    # Of these two only the start of a session makes keys: nothing begins again in one that runs.
    at_start = purpose in (Purpose.SPEECH_TRANSCRIPTION, Purpose.FEATURE_LOG)
    assert ("from your next exam session on" in renewed) is at_start
    assert ("From now on" in renewed) is not at_start


def test_reasons_are_named_as_the_database_has_them() -> None:
    assert [why.value for why in Why] == ["withdrawn", "not-acknowledged"]


@pytest.mark.parametrize("purpose", Purpose)
def test_every_purpose_can_be_served_and_left(purpose: Purpose) -> None:
    everything = Policy(features=Features(speech_transcription=True), feature_log=True)
    nothing = Policy(features=Features(face_verification=False, audio_monitoring=False))
    assert serves(everything, purpose) is (purpose is not Purpose.IMPERSONATION_SEARCH)
    assert serves(nothing, purpose) is (purpose is CAMERA)
