"""Sound to observations, on a real engine: what is asked for, how often, and what stays unknown."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, get_ident
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.analysis.attempts import Attempts
from edge.analysis.ears import Ears, Transcriber
from edge.analysis.engine import Engine
from edge.analysis.listening import Heard, Listening, ListeningState
from edge.analysis.phrases import Phrases
from edge.media.frames import WINDOW_S, AudioWindow
from models.manifest import Profile
from models.results import Floats
from models.serving import Serving
from models.sounds import SoundClassifier
from models.speakers import SpeakerCounter
from models.whisper import Transcript
from shared.errors import Rejected, Unavailable
from shared.events.looks import Look
from shared.observations import Observation, SoundHeard
from shared.policy.schema import Policy
from shared.policy.terms import Accommodation, Features, Sound
from shared.saving import restore, save
from tests.support.eventually import PATIENCE_S
from tests.support.foreign import Answering, Phrasing, Spotter, Voices
from tests.support.people import media
from tests.support.sounds import heard as heard_file
from tests.support.weights import present, store

SESSION = UUID("018f3c1e-7b1a-7c00-8000-000000000001")
LOUD = np.tile(np.array([0.2, -0.2], np.float32), 4096)
SILENCE = np.zeros(8192, np.float32)
POLICY = Policy()
TYPING = 378


def windows(*sounds: Floats, lost: Mapping[int, float] | None = None) -> list[AudioWindow]:
    shares = lost or {}
    return [AudioWindow(n * WINDOW_S, each, shares.get(n, 0.0)) for n, each in enumerate(sounds)]


def listen(
    ears: Ears, stream: Sequence[AudioWindow], *, level: int = 1, policy: Policy = POLICY
) -> list[Heard | None]:
    """What the ears of one session say of these windows."""

    async def main() -> list[Heard | None]:
        async with Engine(2) as engine:
            listening = Listening(Attempts(SESSION, engine), ears, policy)
            return [await listening.listen(window, level) for window in stream]

    return asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


def observations(heard: Sequence[Heard | None]) -> list[Observation]:
    return [each.observation for each in heard if each is not None]


def classes(score: float = 0.9, number: int = TYPING) -> SoundClassifier:
    """Hears one class whatever sounds."""

    def answer(_: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        scores = np.zeros((1, 521), np.float32)
        scores[0, number] = score
        return {"scores": scores}

    return SoundClassifier(Answering(answer))


class Saying:
    """A network for transcripts that always hears the same."""

    def __init__(self, text: str) -> None:
        self._text = text

    def transcribe(self, _: Floats, /) -> Transcript:
        return Transcript(self._text, 0.0)


class Loudness:
    """A voice encoder to which loud and quiet are two people."""

    device = "test"

    def embed(self, samples: Floats, /) -> Floats:
        loud = float(np.abs(samples).mean()) > 0.1
        return np.array([1.0, 0.0] if loud else [0.0, 1.0], np.float32)


def test_a_window_is_heard_with_what_was_lost() -> None:
    (seen,) = observations(listen(Ears(voice=Voices(0.9)), windows(LOUD, lost={0: 0.25})))
    assert (seen.at, seen.frame_id, seen.failed) == (0.512, None, ())
    assert seen.speech is not None
    assert seen.speech.probabilities == (0.9,) * 16
    assert seen.speech.lost_share == 0.25


def test_a_failing_voice_network_is_not_silence() -> None:
    voices = Voices()
    voices.heard = RuntimeError("broken")
    (seen,) = observations(listen(Ears(voice=voices), windows(LOUD)))
    assert (seen.speech, seen.failed) == (None, ("speech",))


def test_the_last_rung_does_not_listen_and_the_light_one_needs_no_network() -> None:
    ears = Ears(voice=Voices(0.9))
    assert listen(ears, windows(LOUD), level=4) == [None]
    (seen,) = observations(listen(ears, windows(LOUD), level=3))
    assert seen.speech is not None
    assert set(seen.speech.probabilities) == {0.0}


def test_an_exam_without_audio_is_not_listened_to() -> None:
    policy = Policy(features=Features(audio_monitoring=False))
    assert listen(Ears(voice=Voices(0.9)), windows(LOUD), policy=policy) == [None]


def test_digital_silence_is_told_from_a_quiet_room_and_from_a_loss() -> None:
    room = np.tile(np.array([0.0004, -0.0004], np.float32), 4096)
    heard = observations(listen(Ears(voice=Voices()), windows(SILENCE, room, SILENCE, lost={2: 0.1})))
    assert [seen.microphone_silent for seen in heard] == [True, False, None]


def test_kinds_of_sound_that_the_policy_lists_are_named() -> None:
    ears = Ears(voice=Voices(), sounds=classes())
    (seen,) = observations(listen(ears, windows(LOUD)))
    assert seen.sounds == (SoundHeard(kind="typing", score=0.9),)
    only_doors = Policy(sounds=(Sound.DOOR,))
    (seen,) = observations(listen(ears, windows(LOUD), policy=only_doors))
    assert seen.sounds == ()


def test_silence_holds_no_sound_and_a_gap_is_no_knock() -> None:
    ears = Ears(voice=Voices(), sounds=classes())
    stream = windows(SILENCE, LOUD, LOUD, LOUD, LOUD, LOUD, lost={1: 0.5, 5: 0.04})
    assert [seen.sounds and len(seen.sounds) for seen in observations(listen(ears, stream))] == [
        (), None, None, 1, 1, 1]  # fmt: skip


def test_sounds_are_classified_as_often_as_the_policy_says() -> None:
    ears = Ears(voice=Voices(), sounds=classes())
    stream = windows(*[LOUD] * 40)
    for rate_hz, wanted in ((None, 40), (0.5, 10)):
        policy = Policy() if rate_hz is None else Policy(cadences_hz={Look.SOUNDS: rate_hz}, max_gap_s=3)
        looked = [s for s in observations(listen(ears, stream, policy=policy)) if s.sounds is not None]
        assert len(looked) == pytest.approx(wanted, abs=1)


@pytest.mark.parametrize("level", [2, 3])
def test_weaker_levels_leave_sounds_and_voices_out(level: int) -> None:
    ears = Ears(
        voice=Voices(0.9), light_voice=Voices(0.9), sounds=classes(), speakers=SpeakerCounter(Loudness())
    )
    seen = observations(listen(ears, windows(*[LOUD] * 20), level=level))
    assert [(each.sounds, each.speakers) for each in seen] == [(None, None)] * 20
    assert all(each.speech is not None for each in seen)


def test_two_voices_are_counted_where_there_is_enough_speech() -> None:
    ears = Ears(voice=Voices(0.9), speakers=SpeakerCounter(Loudness()))
    quiet = (LOUD * 0.1).astype(np.float32)
    counts = [
        seen.speakers and seen.speakers.count
        for seen in observations(listen(ears, windows(*[LOUD] * 10, *[quiet] * 10)))
    ]
    assert counts[:7] == [None] * 7
    known = [count for count in counts if count is not None]
    assert (known[0], known[-1]) == (1, 2)
    assert len(known) == 13


@pytest.mark.parametrize(("probability", "asked"), [(0.6, False), (0.75, True)])
def test_voices_and_phrases_are_sought_only_where_somebody_probably_speaks(
    probability: float, asked: bool
) -> None:
    heard_by: list[str] = []

    class Noting(Loudness):
        def embed(self, samples: Floats, /) -> Floats:
            heard_by.append("voices")
            return super().embed(samples)

    ears = Ears(voice=Voices(probability), keywords=Spotter(), speakers=SpeakerCounter(Noting()))
    heard = listen(ears, windows(*[LOUD] * 10), policy=agreed(ASKED))
    found = {phrase.phrase for seen in observations(heard) for phrase in seen.phrases or ()}
    assert (bool(heard_by), bool(found)) == (asked, asked)


def test_one_voice_before_a_long_silence_and_another_after_it_do_not_talk_to_one_another() -> None:
    quiet = (LOUD * 0.1).astype(np.float32)

    class Hearing(Voices):
        """Speech wherever there is sound."""

        def hear(self, samples: Floats, /) -> tuple[float, ...]:
            return ((0.9 if samples.any() else 0.0),) * (len(samples) // 512)

    ears = Ears(voice=Hearing(), speakers=SpeakerCounter(Loudness()))
    stream = windows(*[LOUD] * 12, *[SILENCE] * 45, *[quiet] * 12)
    counts = {seen.speakers.count for seen in observations(listen(ears, stream)) if seen.speakers is not None}
    assert counts == {1}


@pytest.mark.parametrize("gap_s", [0.0, 3.0])
def test_what_was_heard_before_a_gap_does_not_adjoin_what_comes_after_it(gap_s: float) -> None:
    quiet = (LOUD * 0.1).astype(np.float32)
    ears = Ears(voice=Voices(0.9), speakers=SpeakerCounter(Loudness()))
    stream = windows(*[LOUD] * 10, *[quiet] * 10)
    stream[10:] = [AudioWindow(each.at_s + gap_s, each.samples, 0.0) for each in stream[10:]]
    counts = {seen.speakers.count for seen in observations(listen(ears, stream)) if seen.speakers is not None}
    assert counts == ({1} if gap_s else {1, 2})


@pytest.mark.parametrize(("gap_s", "last"), [(0.0, [2]), (3.0, [])])
def test_voices_are_known_after_a_restore_where_the_sound_goes_on(gap_s: float, last: list[int]) -> None:
    quiet = (LOUD * 0.1).astype(np.float32)
    ears = Ears(voice=Voices(0.9), speakers=SpeakerCounter(Loudness()))
    before, after = windows(*[LOUD] * 12), windows(*[quiet] * 6)
    after = [AudioWindow(12 * WINDOW_S + gap_s + each.at_s, each.samples, 0.0) for each in after]

    async def main() -> list[Heard | None]:
        async with Engine(2) as engine:
            first = Listening(Attempts(SESSION, engine), ears, POLICY, state := ListeningState())
            for window in before:
                await first.listen(window, 1)
            saved = json.dumps(save(state))
            assert len(saved) < 65_536
            restored = restore(ListeningState, json.loads(saved))
            second = Listening(Attempts(SESSION, engine), ears, POLICY, restored)
            return [await second.listen(window, 1) for window in after]

    counts = [seen.speakers.count for seen in observations(asyncio.run(main())) if seen.speakers is not None]
    assert counts[-1:] == last


def test_a_failing_classifier_leaves_the_other_senses_alone() -> None:
    def broken(_: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        raise RuntimeError("out of memory")

    ears = Ears(voice=Voices(0.9), sounds=SoundClassifier(Answering(broken)))
    (seen,) = observations(listen(ears, windows(LOUD)))
    assert (seen.sounds, seen.failed) == (None, ("sounds",))
    assert seen.speech is not None


def test_without_a_network_a_sense_is_unknown_and_nothing_fails() -> None:
    (seen,) = observations(listen(Ears(), windows(LOUD)))
    assert (seen.sounds, seen.speakers, seen.phrases, seen.failed) == (None, None, None, ())


def agreed(policy: Policy, *, opt_in: bool = True) -> Policy:
    return policy.for_candidate(Accommodation(), speech_opt_in=opt_in)


ASKED = Policy(features=Features(speech_transcription=True), phrases=("Bin blue.",))


def spotting(transcriber: Transcriber | None = None) -> Ears:
    present("pocketsphinx-en-us")
    keywords = Serving(store(), Profile.OPEN).keywords()
    return Ears(voice=Voices(0.9), keywords=keywords, transcriber=transcriber)


@pytest.mark.weights
@pytest.mark.parametrize("policy", [POLICY, ASKED, agreed(ASKED, opt_in=False), agreed(POLICY)])
def test_without_policy_and_opt_in_nothing_is_recognised_or_kept(policy: Policy) -> None:
    heard = listen(spotting(), windows(*sentence()), policy=policy)
    assert {(seen.phrases, seen.failed) for seen in observations(heard)} == {(None, ())}
    assert [each.excerpt for each in heard if each is not None] == [None] * len(heard)


@pytest.mark.weights
def test_a_phrase_is_named_as_the_policy_writes_it_and_its_words_are_kept_for_sealing() -> None:
    heard = listen(spotting(Saying("bin blue at f two now")), windows(*sentence()), policy=agreed(ASKED))
    named = [phrase.phrase for seen in observations(heard) for phrase in seen.phrases or ()]
    assert named == ["Bin blue."]
    (excerpt,) = [each.excerpt for each in heard if each is not None and each.excerpt is not None]
    assert (excerpt.phrases, excerpt.text) == (("Bin blue.",), "bin blue at f two now")
    clip = base64.b64decode(excerpt.clip)
    assert clip.startswith(b"OggS")
    assert 0.5 < excerpt.duration_s <= 8.2
    assert len(clip) < 20_000


@pytest.mark.weights
def test_without_a_network_for_transcripts_the_words_are_sound_alone() -> None:
    heard = listen(spotting(), windows(*sentence()), policy=agreed(ASKED))
    (excerpt,) = [each.excerpt for each in heard if each is not None and each.excerpt is not None]
    assert excerpt.text is None


def excerpts(heard: Sequence[Heard | None]) -> list[float]:
    return [each.excerpt.duration_s for each in heard if each is not None and each.excerpt is not None]


@pytest.mark.parametrize("gap", ["none", "pause", "loss"])
def test_an_excerpt_does_not_reach_back_over_a_gap(gap: str) -> None:
    ears = Ears(voice=Voices(0.9), keywords=Spotter())
    stream = windows(*[LOUD] * 5, lost={2: 0.5} if gap == "loss" else None)
    stream[3:] = [
        AudioWindow(each.at_s + (60.0 if gap == "pause" else 0.0), LOUD, 0.0) for each in stream[3:]
    ]
    lengths = [round(length / WINDOW_S) for length in excerpts(listen(ears, stream, policy=agreed(ASKED)))]
    assert lengths == {"none": [1, 2, 3, 4, 5], "pause": [1, 2, 3, 1, 2], "loss": [1, 2, 1, 2]}[gap]


def test_a_decoder_that_hangs_is_not_asked_by_a_second_thread() -> None:
    began, go, inside = Event(), Event(), list[int]()

    class Hanging(Phrasing):
        def process_raw(self, _levels: bytes, _no_search: bool, _full: bool, /) -> None:
            inside.append(get_ident())
            began.set()
            assert go.wait(20)

    phrases = Phrases(Spotter(Hanging("bin blue")), None, ["Bin blue."])
    with ThreadPoolExecutor(1) as pool:
        hung = pool.submit(phrases.hear, LOUD)
        assert began.wait(10)
        with pytest.raises(Unavailable):
            phrases.hear(LOUD)
        go.set()
        assert [each.phrase for each in hung.result(10)] == ["Bin blue."]
    assert len(inside) == 1
    assert [each.phrase for each in phrases.hear(LOUD)] == ["Bin blue."]


def test_phrases_that_cannot_be_sought_are_unknown_also_where_nobody_speaks() -> None:
    refused = Rejected("the dictionary does not have it", code="unknown-word")
    talk = Voices(0.9)

    async def main(keywords: Spotter) -> list[tuple[object, ...]]:
        async with Engine(1) as engine:
            ears = Ears(voice=talk, keywords=keywords)
            listening = Listening(Attempts(SESSION, engine), ears, agreed(ASKED))
            said: list[tuple[object, ...]] = []
            for window, speech in zip(windows(*[LOUD] * 5), (0.0, 0.9, 0.0, 0.0, 0.0), strict=True):
                talk.heard = speech
                heard = await listening.listen(window, 1)
                assert heard is not None
                said.append((heard.observation.phrases, heard.observation.failed))
            return said

    broken = asyncio.run(main(Spotter(refused)))
    assert broken == [((), ()), (None, ("phrases",)), (None, ("phrases",)), (None, ()), (None, ())]
    assert asyncio.run(main(Spotter()))[3:] == [((), ()), ((), ())]


def test_where_writing_down_fails_the_excerpt_has_its_sound() -> None:
    class Speechless:
        def transcribe(self, _: Floats, /) -> Transcript:
            raise RuntimeError("out of memory")

    ears = Ears(voice=Voices(0.9), keywords=Spotter(), transcriber=Speechless())
    (heard,) = listen(ears, windows(LOUD), policy=agreed(ASKED))
    assert heard is not None
    assert heard.excerpt is not None
    assert (heard.excerpt.text, heard.excerpt.phrases) == (None, ("Bin blue.",))
    assert (heard.observation.phrases or ())[0].phrase == "Bin blue."


def test_a_transcript_is_cut_at_its_bound() -> None:
    ears = Ears(voice=Voices(0.9), keywords=Spotter(), transcriber=Saying("a\x00b" * 5_000))
    (heard,) = listen(ears, windows(LOUD), policy=agreed(ASKED))
    assert heard is not None
    assert heard.excerpt is not None
    assert heard.excerpt.text is not None
    assert 1_000 < len(heard.excerpt.text) <= 2_000
    assert "\x00" not in heard.excerpt.text


@pytest.mark.weights
def test_a_phrase_the_dictionary_does_not_have_is_a_task_that_fails() -> None:
    policy = agreed(ASKED.model_copy(update={"phrases": ("zyxquonk answer",)}))
    seen = observations(listen(spotting(), windows(LOUD, LOUD), policy=policy))
    assert [(each.phrases, each.failed) for each in seen] == [(None, ("phrases",))] * 2


def sentence() -> list[Floats]:
    """\"Bin blue at f two now\", spoken by one of the GRID corpus, in windows, with silence behind."""
    samples = np.concatenate([heard_file(media("video/open_grid_bbaf2n.mpg")), np.zeros(24_000, np.float32)])
    return [samples[start : start + 8192] for start in range(0, len(samples) - 8191, 8192)]
