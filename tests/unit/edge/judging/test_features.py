"""The log of features sums up windows, says what is unknown by leaving it out, and keeps to its bounds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from edge.judging.features import FeatureLog
from shared.errors import Corrupt
from shared.features import (
    MAX_BATCH_BYTES,
    MOST_VECTORS,
    WINDOW_S,
    FeaturesBody,
    FeatureVector,
    batch_id,
    decode_features,
    encode_features,
)
from shared.observations import (
    BodySeen,
    Box,
    FaceSeen,
    GazeSeen,
    HeadPose,
    IdentityCheck,
    Observation,
    SpeechHeard,
)

ZERO = datetime(2026, 11, 30, 12, tzinfo=UTC)
FACE = FaceSeen(Box(0, 0, 10, 10), 0.9)


def check(similarity: float | None) -> IdentityCheck:
    return IdentityCheck(recogniser="r@1", embedding_id="e", similarity=similarity, quality=0.5)


def seen(at: float, **known: object) -> Observation:
    return Observation(at=at, level=1, faces=(FACE,), **known)  # type: ignore[arg-type]


def heard(at: float, *probabilities: float) -> Observation:
    speech = SpeechHeard(duration_s=0.512, probabilities=probabilities, lost_share=0.0)
    return Observation(at=at, level=1, speech=speech)


def vectors_of(*observations: Observation) -> list[FeatureVector]:
    log = FeatureLog()
    found = [one for each in observations for one in log.add(each)]
    return [*found, *log.flush()]


def test_a_vector_has_the_means_of_its_window_and_nothing_of_what_is_unknown() -> None:
    [one] = vectors_of(
        seen(0.2, identity=check(0.8), head=HeadPose(1.0, 2.0, 3.0)),
        seen(1.2, identity=check(None), head=HeadPose(3.0, 4.0, 5.0)),
        seen(1.9, identity=check(0.9), gaze=GazeSeen(pitch_deg=90, yaw_deg=90, eyes_closed=True)),
        heard(2.0, 0.2, 0.4),
    )
    assert (one.window, one.level, one.faces) == (0, 1, 1.0)
    assert (one.similarity, one.head_pitch_deg, one.head_yaw_deg, one.head_roll_deg) == (0.85, 2.0, 3.0, 4.0)
    assert (one.gaze_pitch_deg, one.gaze_yaw_deg, one.shoulders) == (None, None, None)
    assert one.speech == pytest.approx(0.3)
    assert (one.watched_face, one.watched_body, one.watched_sound) == (0.4, 0.0, 0.2)
    body = json.loads(encode_features(FeaturesBody(zero_utc=ZERO, vectors=(one,))))["vectors"][0]
    assert "shoulders" not in body
    assert "gaze_yaw_deg" not in body


def test_a_window_in_which_nothing_was_looked_at_has_no_vector() -> None:
    """An arriving frame that nobody looks at, a stall and a gap are gaps, not zeros."""
    found = vectors_of(seen(1.0), Observation(at=6.0, level=1, frame_id=3), seen(22.0), seen(31.0))
    assert [one.window for one in found] == [0, 4, 6]


def test_sound_that_comes_a_little_later_is_still_in_its_window_and_much_later_in_none() -> None:
    found = vectors_of(seen(4.0), seen(5.5), heard(4.9, 0.6), seen(16.0), heard(4.95, 1.0))
    assert [(one.window, one.speech) for one in found] == [(0, 0.6), (1, None), (3, None)]


def test_enough_vectors_are_one_message_and_a_flush_is_the_rest() -> None:
    log = FeatureLog()
    sent = [log.add(seen(number * WINDOW_S)) for number in range(MOST_VECTORS + 4)]
    full = [one for one in sent if one]
    assert [len(one) for one in full] == [MOST_VECTORS]
    assert [one.window for one in log.flush()] == [12, 13, 14, 15]
    assert log.flush() == ()
    assert log.add(seen(15 * WINDOW_S)) == ()
    assert log.flush() == (), "a window that was sent is not sent twice"


def test_what_is_forgotten_is_never_sent() -> None:
    log = FeatureLog()
    log.add(seen(0.0))
    log.add(seen(12.0))
    log.forget()
    log.add(seen(13.0))
    log.add(seen(15.0))
    assert [one.window for one in log.flush()] == [3]


def test_body_and_shoulders_are_shares() -> None:
    looks = [BodySeen(shoulders_visible=yes, visible_keypoints=9, presence=1.0) for yes in (True, False)]
    [one] = vectors_of(*(seen(float(at), body=look) for at, look in enumerate(looks)))
    assert (one.shoulders, one.watched_body) == (0.5, 0.4)


def test_a_message_is_bounded_and_read_back_as_it_was() -> None:
    full = tuple(
        FeatureVector(
            window=9_999_999,
            level=4,
            watched_face=0.333,
            watched_body=0.333,
            watched_sound=0.333,
            faces=33.333,
            similarity=0.333,
            gaze_pitch_deg=-33.333,
            gaze_yaw_deg=-33.333,
            head_pitch_deg=-33.333,
            head_yaw_deg=-33.333,
            head_roll_deg=-33.333,
            shoulders=0.333,
            speech=0.333,
        )
        for _ in range(MOST_VECTORS)
    )
    body = encode_features(FeaturesBody(zero_utc=ZERO, vectors=full))
    assert len(body) < MAX_BATCH_BYTES / 3
    assert decode_features(body).vectors == full
    for wrong in (b"{}", b"[]", b" " * (MAX_BATCH_BYTES + 1), body.replace(b'"version":1', b'"version":2')):
        with pytest.raises(Corrupt):
            decode_features(wrong)
    assert batch_id(UUID(int=1), 1, 0) == batch_id(UUID(int=1), 1, 0) != batch_id(UUID(int=1), 2, 0)
