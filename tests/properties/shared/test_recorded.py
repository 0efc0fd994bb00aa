"""What is written is read again, whatever was seen."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from shared.observations import (
    BodySeen,
    Box,
    FaceSeen,
    GazeSeen,
    HandsSeen,
    HeadPose,
    IdentityCheck,
    ObjectSeen,
    Observation,
    PersonsSeen,
    PhraseHeard,
    Picture,
    SoundHeard,
    SpeakersHeard,
    SpeechHeard,
)
from shared.recorded import EARLIEST_S, LATEST_S, read_lines, write_line

numbers = st.floats(-1e6, 1e6)
observations = st.builds(
    Observation,
    at=st.floats(EARLIEST_S, LATEST_S),
    level=st.integers(0, 4),
    frame_id=st.none() | st.integers(0, 10**9),
    frame_width_px=st.none() | st.integers(1, 8_000),
    picture=st.none()
    | st.builds(Picture, mean_luma=numbers, luma_variance=numbers, change=st.none() | numbers),
    faces=st.none()
    | st.lists(
        st.builds(FaceSeen, st.builds(Box, numbers, numbers, numbers, numbers), numbers), max_size=3
    ).map(tuple),
    identity=st.none()
    | st.builds(
        IdentityCheck,
        recogniser=st.text(max_size=10),
        embedding_id=st.text(max_size=10),
        similarity=st.none() | numbers,
        quality=numbers,
        failed_gates=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    ),
    head=st.none() | st.builds(HeadPose, numbers, numbers, numbers, pitch_error_deg=numbers),
    body=st.none()
    | st.builds(
        BodySeen, shoulders_visible=st.booleans(), visible_keypoints=st.integers(0, 33), presence=numbers
    ),
    speech=st.none()
    | st.builds(
        SpeechHeard,
        duration_s=numbers,
        probabilities=st.lists(numbers, max_size=4).map(tuple),
        lost_share=numbers,
    ),
    gaze=st.none()
    | st.builds(
        GazeSeen,
        pitch_deg=numbers,
        yaw_deg=numbers,
        eyes_closed=st.booleans(),
        pitch_error_deg=numbers,
        yaw_error_deg=numbers,
    ),
    liveness=st.none() | numbers,
    hands=st.none() | st.builds(HandsSeen, to_ear_head_widths=st.none() | numbers),
    persons=st.none() | st.builds(PersonsSeen, count=st.integers(0, 9), score=numbers),
    objects=st.none() | st.just(()) | st.just((ObjectSeen(kind="phone", score=0.5, box=Box(1, 2, 3, 4)),)),
    speakers=st.none() | st.builds(SpeakersHeard, count=st.integers(0, 9), window_s=numbers),
    sounds=st.none() | st.just(()) | st.just((SoundHeard(kind="door", score=0.5),)),
    phrases=st.none() | st.just(()) | st.just((PhraseHeard(phrase="hey", score=0.5),)),
    microphone_silent=st.none() | st.booleans(),
    failed=st.lists(st.text(max_size=5), max_size=2).map(tuple),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(observations, max_size=4))
def test_what_was_written_is_read_again(written: list[Observation]) -> None:
    lines = [write_line(observation) for observation in written]
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert list(read_lines(lines)) == written
