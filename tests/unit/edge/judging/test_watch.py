"""A session watched from observations to alerts, with the picture of the moment it began."""

from __future__ import annotations

import base64
import json

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.judging.alerts import AlertRevision
from edge.judging.thumbnails import MAX_JPEG_BYTES, thumbnail
from edge.judging.watch import MAX_CAMERAS, Watch
from shared.alerts import MAX_ALERT_BYTES, encode_alert
from shared.cameras import Camera
from shared.errors import Corrupt
from shared.events.types import Action, EventType
from shared.excerpts import Excerpt
from shared.observations import Observation, PhraseHeard
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import Accommodation, Features
from shared.saving import Saved
from tests.support.observations import ONE, TWO, check, every, frame, windows
from tests.support.watched import watched

HONEST = every(0, 5, frame(0, faces=ONE, identity=check(0.9)))
SECOND = every(5, 9, frame(0, faces=TWO, identity=check(0.9)))
AFTER = every(9, 12, frame(0, faces=ONE, identity=check(0.9)))


def grey(level: int) -> NDArray[np.uint8]:
    return np.full((480, 640, 3), level, np.uint8)


def run(watch: Watch, observations: list[Observation]) -> list[AlertRevision]:
    """Every frame is as bright as ten times its second."""
    return [
        each
        for observation in observations
        for each in watch.observe(observation, grey(round(observation.at * 10)))
    ]


def decoded(jpeg: bytes | None) -> NDArray[np.uint8]:
    assert jpeg is not None
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.astype(np.uint8, copy=False)


def test_an_alert_shows_the_frame_in_which_its_condition_began() -> None:
    raised, cleared = run(Watch(watched(), level=1), HONEST + SECOND + AFTER)
    assert (raised.revision, cleared.revision) == (1, 2)
    [picture] = raised.pictures
    assert decoded(picture.jpeg).mean() == pytest.approx(50, abs=3)
    assert raised.alert.evidence_pictures == cleared.alert.evidence_pictures == (picture.ref,)
    assert cleared.pictures == ()  # it went with the first
    assert len(encode_alert(raised.alert)) < MAX_ALERT_BYTES


def test_what_is_said_before_the_first_picture_names_the_level_in_force() -> None:
    watch = Watch(watched(), level=3)
    watch.expect(0.0)
    alerts = [each.alert for now in (4.0, 11.0) for each in watch.tick(now)]
    assert [alert.event_type for alert in alerts] == ["STREAM_STALLED", "CANDIDATE_OFFLINE"]
    assert {alert.metadata.degradation_level for alert in alerts} == {3}


def test_a_condition_that_came_to_nothing_leaves_no_picture() -> None:
    watch = Watch(watched(), level=1)
    run(watch, every(0, 2, frame(0, faces=TWO, identity=check(0.9))))
    assert watch.snapshot()["kept"] != {}
    run(watch, every(2, 3, frame(0, faces=ONE, identity=check(0.9))))
    assert watch.snapshot()["kept"] == {}


def test_a_pause_keeps_no_picture_and_no_word_and_what_was_pending_goes_on() -> None:
    asked = Policy(features=Features(speech_transcription=True), phrases=("psst",))
    watch = Watch(watched(asked.for_candidate(Accommodation(), speech_opt_in=True)), level=1)
    said = Excerpt(phrases=("psst",), text="one", duration_s=1.0, clip="")
    heard = Observation(at=0.5, level=1, phrases=(PhraseHeard(phrase="psst", score=0.5),))
    [raised] = watch.observe(heard, excerpt=said)
    run(watch, every(0, 2, frame(0, faces=TWO, identity=check(0.9))))
    assert watch.snapshot()["kept"] != {}
    assert [(each.revision, each.alert.event_id) for each in watch.pause(2.0)] == [(2, raised.alert.event_id)]
    assert watch.snapshot()["kept"] == {}
    assert watch._excerpt is None
    watch.resume(20.0)
    [later] = run(watch, every(20, 22, frame(0, faces=TWO, identity=check(0.9))))
    assert (later.alert.event_type, later.revision) == (EventType.MULTIPLE_FACES, 1)


def test_what_is_heard_or_technical_carries_no_picture() -> None:
    watch = Watch(watched(), level=1)
    heard = [each for window in windows(0, 4, 0.95) for each in watch.observe(window, grey(90))]
    run(watch, HONEST)
    stalled = watch.tick(60.0)
    assert [each.alert.event_type for each in heard + stalled] == [
        "VOICE_DETECTED", "STREAM_STALLED", "CANDIDATE_OFFLINE"]  # fmt: skip
    assert {(each.alert.evidence_pictures, each.pictures) for each in heard + stalled} == {((), ())}


def test_the_deadline_is_the_monitors() -> None:
    watch = Watch(watched(), level=1)
    assert watch.deadline() is None
    run(watch, HONEST)
    assert watch.deadline() == pytest.approx(7.8)


def test_a_session_goes_on_elsewhere_with_its_holds_and_pictures() -> None:
    first, second = Watch(watched(), level=1), Watch(watched(), level=1)
    assert run(first, HONEST + SECOND[:10]) == []
    second.restore(json.loads(json.dumps(first.snapshot())))
    whole = run(Watch(watched(), level=1), HONEST + SECOND + AFTER)
    assert run(second, SECOND[10:] + AFTER) == whole


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"monitor": {}, "level": 1, "kept": {}},
        {"monitor": None, "level": "high", "kept": []},
    ],
)
def test_a_broken_snapshot_is_refused(broken: Saved) -> None:
    with pytest.raises(Corrupt):
        Watch(watched(), level=1).restore(broken)


def test_a_snapshot_brings_no_picture_that_is_none() -> None:
    watch = Watch(watched(), level=1)
    saved = watch.snapshot()
    jpeg, script = (base64.b64encode(each).decode() for each in (b"\xff\xd8\xff", b"javascript:alert(1)"))
    watch.restore({**saved, "kept": {"MULTIPLE_FACES": {"onset_s": 1.0, "jpeg": jpeg}}})
    for event, wrong in [("MULTIPLE_FACES", script), ("NO_SUCH", jpeg), ("STREAM_STALLED", jpeg)]:
        with pytest.raises(Corrupt):
            watch.restore({**saved, "kept": {event: {"onset_s": 1.0, "jpeg": wrong}}})


def test_finishing_ends_what_is_open() -> None:
    watch = Watch(watched(), level=1)
    run(watch, HONEST + SECOND)
    (ended,) = watch.finish(9.0)
    assert (ended.alert.event_type, ended.revision) == (EventType.MULTIPLE_FACES, 2)
    assert ended.alert.evidence["open_at_end"] is True


@pytest.mark.parametrize(("width_px", "height_px"), [(640, 480), (1280, 720), (480, 640), (100, 80)])
def test_even_noise_fits_the_thumbnails_bound(width_px: int, height_px: int) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (height_px, width_px, 3), np.uint8)
    jpeg = thumbnail(noise)
    if jpeg is not None:
        assert len(jpeg) <= MAX_JPEG_BYTES
    picture = decoded(thumbnail(grey(100)[:height_px, :width_px]))
    assert max(picture.shape[:2]) <= 320


def test_what_was_said_goes_with_both_revisions_of_its_alert_and_with_no_other() -> None:
    asked = Policy(features=Features(speech_transcription=True), phrases=("psst",))
    watch = Watch(watched(asked.for_candidate(Accommodation(), speech_opt_in=True)), level=1)
    said = [Excerpt(phrases=("psst",), text=text, duration_s=1.0, clip="") for text in ("one", "two")]
    found = []
    for at, excerpt in ((1.0, said[0]), (2.0, None), (3.0, said[1]), (4.0, None), (5.0, None)):
        phrases = () if excerpt is None else (PhraseHeard(phrase="psst", score=0.5),)
        found += watch.observe(Observation(at=at, level=1, phrases=phrases), excerpt=excerpt)
    assert [(each.revision, each.excerpt) for each in found] == [
        (1, said[0]), (2, said[0]), (1, said[1]), (2, said[1])]  # fmt: skip
    assert "psst" not in json.dumps(watch.snapshot())


def test_a_camera_that_may_be_a_program_is_told_once_and_weighs_nothing() -> None:
    watch = Watch(watched(), level=1)
    assert watch.judge_camera(Camera(label="HD Webcam"), 1.0) == []
    raised, cleared = watch.judge_camera(Camera(label="OBS Virtual Camera", width_px=1280), 2.0)
    assert (raised.revision, cleared.revision, raised.alert.event_id) == (1, 2, cleared.alert.event_id)
    alert = raised.alert
    assert alert.event_type is EventType.VIRTUAL_CAMERA_SUSPECTED
    assert (alert.severity_score, alert.action_required, alert.message) == (0.0, Action.NONE, "")
    assert (alert.evidence["device"], alert.evidence["width_px"]) == ("OBS Virtual Camera", 1280)
    assert "OBS Virtual Camera" in alert.explanation
    assert "proves nothing" in alert.explanation
    assert watch.judge_camera(Camera(label="OBS Virtual Camera"), 3.0) == []
    assert watch.judge_camera(Camera(label="HD Webcam"), 4.0) == []


def test_a_page_that_calls_its_camera_ever_anew_is_told_of_a_few_times_only() -> None:
    watch = Watch(watched(), level=1)
    told = [watch.judge_camera(Camera(label=f"OBS Virtual Camera {n}"), float(n)) for n in range(20)]
    assert sum(map(bool, told)) == MAX_CAMERAS


def test_a_camera_is_not_told_again_by_the_next_node_or_after_a_change() -> None:
    camera = Camera(label="ManyCam Virtual Webcam")
    watch, other, changed = (Watch(watched(), level=1) for _ in range(3))
    assert watch.judge_camera(camera, 1.0)
    other.restore(json.loads(json.dumps(watch.snapshot())), resumed_s=2.0)
    changed.take_over(watch)
    assert other.judge_camera(camera, 3.0) == []
    assert changed.judge_camera(camera, 3.0) == []
    assert changed.judge_camera(Camera(label="Snap Camera"), 4.0)


def test_an_exam_that_does_not_ask_is_not_told_of_cameras() -> None:
    off = parse_policy({"rules": {"VIRTUAL_CAMERA_SUSPECTED": {"enabled": False}}})
    assert Watch(watched(off), level=1).judge_camera(Camera(label="Snap Camera"), 1.0) == []
