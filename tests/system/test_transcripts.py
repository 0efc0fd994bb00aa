"""From a spoken phrase to a reviewer, and to nobody once the exam is over: every program and file real."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import psutil
import pytest

from edge.media.writer import write_recording
from models.manifest import load_manifest
from shared.api.alerts import AlertOut
from shared.api.sessions import SessionStartRequest, SessionStartResponse
from shared.events.types import EventType
from tests.support.people import media
from tests.support.sounds import RATE_HZ, heard
from tests.support.weights import present
from tests.support.whole import ACKNOWLEDGED, EXAM, Whole, wait_until

pytest.importorskip("pocketsphinx", reason="pocketsphinx has no wheel for this Python")
pytestmark = pytest.mark.weights

PHRASE = "bin blue"
SPOTTER = "pocketsphinx-en-us"
ASKED = {"features": {"speech_transcription": True, "face_verification": False}, "phrases": [PHRASE]}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grey room in which somebody says "bin blue at f two now" after 4 s."""
    present(SPOTTER)
    voice = heard(media("video/open_grid_bbaf2n.mpg"))
    quiet = np.random.default_rng(1).normal(0, 0.001, 4 * RATE_HZ).astype(np.float32)
    sound = np.concatenate([quiet, voice, quiet, quiet])
    rng = np.random.default_rng(2)
    frames = [rng.integers(100, 130, (120, 160, 3), np.uint8) for _ in range(len(sound) * 5 // RATE_HZ)]
    path = tmp_path_factory.mktemp("spoken") / "spoken.mkv"
    write_recording(path, frames, sound, frames_per_s=5, samples_per_s=RATE_HZ)
    return path


def begun(site: Whole, candidate: str) -> SessionStartResponse:
    """A session that asks for the phrase."""
    return site.client.sessions.start(
        SessionStartRequest(
            candidate_id=candidate,
            exam_id=EXAM,
            policy=ASKED,
            acknowledged=ACKNOWLEDGED,
            allow_unregistered=True,
        )
    )


def sat(site: Whole, candidate: str, recording: Path) -> SessionStartResponse:
    """The same with the candidate's page streaming."""
    session = begun(site, candidate)
    site.stream(session, recording)
    return session


def phrases(site: Whole, session: SessionStartResponse) -> list[AlertOut]:
    return [alert for alert in site.alerts(session) if alert.event_type == EventType.KEYWORD_SPOKEN]


def test_what_is_said_reaches_a_reviewer_sealed_and_is_gone_for_all_when_the_exam_ends(
    site: Whole, recording: Path
) -> None:
    with site.rest() as api:
        yes = {"given": True, "text_version": "1", "allow_unregistered": True}
        assert api.put("/consents/CAND-says-yes/speech-transcription", json=yes).status_code == 200
        session = sat(site, "CAND-says-yes", recording)
        wait_until(lambda: phrases(site, session), "the phrase is told")
        (alert,) = phrases(site, session)
        assert alert.evidence["phrase"] == PHRASE
        path = f"/alerts/{alert.event_id}/excerpt"
        excerpt = api.get(path)
        assert excerpt.status_code == 200, excerpt.text
        said = excerpt.json()
        clip = base64.b64decode(said["clip"])
        assert (said["phrases"], clip[:4]) == ([PHRASE], b"OggS")
        assert 2 < said["duration_s"] <= 8.2
        # Nothing on any disk of the installation shows it: not the outbox, the stream, the database, a log.
        assert [file for file in files(site) if clip[200:400] in file.read_bytes()] == []
        site.client.sessions.end(session.session_id)
        assert (api.get(path).status_code, api.get(path).json()["code"]) == (410, "excerpt-destroyed")
        assert phrases(site, session)


def test_without_the_candidates_agreement_nothing_is_listened_for(site: Whole, recording: Path) -> None:
    before = windows(site)
    session = sat(site, "CAND-says-nothing", recording)
    # The whole sentence and the silence behind it: 14 windows of half a second come after 4 s.
    wait_until(lambda: windows(site) >= before + 20, "the sound is heard")
    site.client.sessions.end(session.session_id)
    wait_until(lambda: site.metric("outbox_depth", lane="conduct") == 0, "an empty outbox")
    assert phrases(site, session) == []


def test_once_the_agreement_is_taken_back_the_running_session_listens_for_no_words(
    site: Whole, recording: Path
) -> None:
    with site.rest() as api:
        path = "/consents/CAND-takes-back/speech-transcription"
        yes = {"given": True, "text_version": "1", "allow_unregistered": True}
        assert api.put(path, json=yes).status_code == 200
        session = begun(site, "CAND-takes-back")
        no = {"given": False, "text_version": "1", "confirm": True}
        assert api.put(path, json=no).status_code == 200
        heard, sought = windows(site), windows(site, SPOTTER)
        site.stream(session, recording)
        wait_until(lambda: windows(site) >= heard + 20, "the sound is heard")
        site.client.sessions.end(session.session_id)
    # Every sentence was searched while the agreement stood: the first test hears of its phrase.
    assert windows(site, SPOTTER) == sought
    assert phrases(site, session) == []


def test_a_pause_is_not_listened_to_and_listening_goes_on_afterwards(site: Whole, recording: Path) -> None:
    with site.rest() as api:
        before, why = windows(site), {"reason": "The fire alarm went off."}
        session = sat(site, "CAND-pauses", recording)
        wait_until(lambda: windows(site) >= before + 2, "the sound is heard")
        assert api.post(f"/session/{session.session_id}/pause", json=why).status_code == 200
        paused, left_out = windows(site), dropped(site)
        wait_until(lambda: dropped(site) >= left_out + 15, "two seconds and more of the pause")
        assert windows(site) <= paused + 1  # one may have been under way
        assert api.post(f"/session/{session.session_id}/resume", json=why).status_code == 200
        wait_until(lambda: windows(site) >= paused + 4, "the sound is heard again")
        site.client.sessions.end(session.session_id)


def dropped(site: Whole) -> float:
    """Windows and looks that a pause left out."""
    return site.metric("media_dropped_total", reason="not_watched")


@pytest.mark.parametrize("program", ["proctor-edge", "proctor-coordinator"])
def test_no_program_that_holds_words_or_keys_leaves_its_memory_on_the_disk_when_it_crashes(
    site: Whole, program: str
) -> None:
    assert psutil.Process(site.pid(program)).rlimit(psutil.RLIMIT_CORE) == (0, 0)


def windows(site: Whole, network: str = "silero-vad") -> float:
    return site.metric("frames_processed_total", model=load_manifest().entry(network).label)


def files(site: Whole) -> list[Path]:
    return [path for path in site.prepared.folder.rglob("*") if path.is_file()]
