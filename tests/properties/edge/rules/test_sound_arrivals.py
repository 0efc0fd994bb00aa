"""A sender decides when its sound arrives and what it says of its time: it is heard or told as unwatched."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
from hypothesis import assume, example, given, settings, strategies as st

from edge.judging.policy_settings import monitor_settings
from edge.media.decoder import AUDIO_CLOCK_HZ
from edge.media.encoded import Encoded
from edge.media.frames import AudioWindow
from edge.media.sound_windows import SoundWindows
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.observations import Observation, SpeechHeard
from shared.policy.schema import Policy
from shared.unwatched import Kind

PIECE_S = 0.06
LASTS_S = 30.0
PARTS = 16
ENOUGH_S = 10.0


def speech() -> av.AudioFrame:
    samples = np.full((1, round(PIECE_S * AUDIO_CLOCK_HZ)), 3_000, np.int16)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = AUDIO_CLOCK_HZ
    return frame


def heard(window: AudioWindow) -> Observation:
    """What a network that knows speech makes of it."""
    loud = np.abs(window.samples).reshape(PARTS, -1).mean(axis=1) > 0.01
    said = SpeechHeard(
        duration_s=window.ends_at_s - window.at_s,
        probabilities=tuple(0.95 if each else 0.01 for each in loud),
        lost_share=window.lost_share,
    )
    return Observation(at=window.ends_at_s, level=1, speech=said)


def sent(bursts_s: float, away_s: float, rate: float) -> Iterator[Encoded]:
    """Pieces of somebody who speaks all the time, none of them lost: bursts of sound with nothing between
    them, by a clock that runs at `rate`."""
    number, arrived_at = 0, 0.0
    while arrived_at < LASTS_S:
        for _ in range(max(1, round(bursts_s / PIECE_S))):
            number += 1
            ticks = round(rate * arrived_at * AUDIO_CLOCK_HZ)
            yield Encoded(number, ticks, arrived_at, keyframe=True, damaged=False, codec="opus", data=b"")
            arrived_at += PIECE_S
        arrived_at += away_s


@settings(deadline=None, max_examples=15)
@given(st.floats(0.06, 2.0), st.one_of(st.just(0.0), st.floats(1.3, 20.0)), st.floats(0.0, 2.0))
@example(0.1, 2.5, 1.0)
@example(1.0, 2.9, 1.0)
@example(2.0, 0.0, 0.0)
@example(2.0, 0.0, 0.3)
@example(2.0, 20.0, 0.0)
def test_who_speaks_all_the_time_is_heard_or_that_time_is_told_as_unwatched(
    bursts_s: float, away_s: float, rate: float
) -> None:
    track, frame, monitor, found = SoundWindows(), speech(), Monitor(monitor_settings(Policy())), []
    first_s, last_s = LASTS_S, 0.0
    for source in sent(bursts_s, away_s, rate):
        last_s = source.arrived_at
        for window in track.add(frame, source) or ():
            first_s = min(first_s, last_s)
            found += monitor.observe(heard(window), last_s)
    # Before the first window sound is told as missing beside the pictures (`edge.analysis.owed_sound`).
    assume(last_s - first_s > ENOUGH_S)
    unwatched_s = monitor.unwatched(last_s)[Kind.SOUND]
    told = unwatched_s > 0.1 * (last_s - first_s)
    assert told or EventType.VOICE_DETECTED in {each.event for each in found}
