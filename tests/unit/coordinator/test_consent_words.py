"""Where a candidate stands towards each purpose."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from coordinator.consents.words import Word, check_consented, latest, serves, speech_opt_in
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


CAMERA, FACE = Purpose.CAMERA_MONITORING, Purpose.IDENTITY_VERIFICATION


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


@pytest.mark.parametrize("purpose", Purpose)
def test_every_purpose_can_be_served_and_left(purpose: Purpose) -> None:
    everything = Policy(features=Features(speech_transcription=True))
    nothing = Policy(features=Features(face_verification=False, audio_monitoring=False))
    assert serves(everything, purpose) is (purpose is not Purpose.IMPERSONATION_SEARCH)
    assert serves(nothing, purpose) is (purpose is CAMERA)
