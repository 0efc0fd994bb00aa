"""Keywords by pocketsphinx, on real voices that speak known sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.keywords import KeywordSpotter
from models.manifest import Profile
from models.results import Floats
from models.serving import Serving
from shared.errors import Corrupt, Rejected
from tests.support.people import media
from tests.support.sounds import heard
from tests.support.weights import present, store

pytest.importorskip("pocketsphinx", reason="pocketsphinx has no wheel for this Python")
pytestmark = pytest.mark.weights

PHRASES = ("bin blue", "red by", "lay blue", "place white", "what is the answer", "okay google")
HOP_SAMPLES = 8192


@pytest.fixture(scope="module")
def spotter() -> KeywordSpotter:
    present("pocketsphinx-en-us")
    return Serving(store(), Profile.OPEN).keywords()


def found(spotter: KeywordSpotter, samples: Floats, phrases: tuple[str, ...] = PHRASES) -> dict[str, float]:
    """Phrases heard and when, in windows as a session hears them, with a second of silence behind."""
    stream = spotter.stream(phrases)
    padded = np.concatenate([samples, np.zeros(16_000, np.float32)])
    heard_at: dict[str, float] = {}
    for start in range(0, len(padded) - HOP_SAMPLES + 1, HOP_SAMPLES):
        for keyword in stream.hear(padded[start : start + HOP_SAMPLES]):
            heard_at.setdefault(keyword.phrase, keyword.begun_s)
    return heard_at


# The sentences of the GRID corpus are given by their names: "bin blue at f two now"; speech begins at …s.
SPOKEN = {
    "bbaf2n": ("bin blue", 0.99),
    "brbk7n": ("red by", 0.54),
    "lbax4n": ("lay blue", 0.45),
    "pwij3p": ("place white", 0.54),
}


@pytest.mark.media
@pytest.mark.parametrize("name", SPOKEN)
def test_a_phrase_is_heard_when_it_is_spoken_and_no_other_is(spotter: KeywordSpotter, name: str) -> None:
    phrase, begun_s = SPOKEN[name]
    heard_at = found(spotter, heard(media(f"video/open_grid_{name}.mpg")))
    assert set(heard_at) == {phrase}
    assert heard_at[phrase] == pytest.approx(begun_s, abs=0.5)


@pytest.mark.media
@pytest.mark.parametrize(
    "name", ["open_jfk.flac", "open_libri_1688_142285-0003.flac", "open_rain.flac", "open_typing.flac"]
)
def test_other_speech_rain_and_typing_hold_no_phrase(spotter: KeywordSpotter, name: str) -> None:
    assert found(spotter, heard(media(f"audio/{name}"))) == {}


def test_silence_holds_no_phrase_however_long(spotter: KeywordSpotter) -> None:
    stream = spotter.stream(PHRASES)
    assert [stream.hear(np.zeros(HOP_SAMPLES, np.float32)) for _ in range(100)] == [()] * 100


@pytest.mark.parametrize("phrases", [(), ("",), ("zyxquonk answer",), tuple(f"one {n}" for n in range(60))])
def test_phrases_it_cannot_hear_are_refused(spotter: KeywordSpotter, phrases: tuple[str, ...]) -> None:
    with pytest.raises(Rejected):
        spotter.stream(phrases)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Corrupt, match="pocketsphinx"):
        KeywordSpotter(tmp_path).stream(("tell me",))
