"""What other policies would have flagged: each finds by its own rules, of the same observations."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.tools.replay import read_observations, replayed
from shared.errors import Corrupt
from shared.observations import Observation
from shared.policy.schema import Policy, parse_policy
from shared.recorded import write_line
from tests.support.observations import ONE, check, every, frame

HONEST = frame(0, faces=ONE, identity=check(0.9))
EXAM = [*every(0, 10, HONEST), *every(10, 17, frame(0, faces=())), *every(17, 30, HONEST)]
LOW, MUTED = (
    parse_policy({"sensitivity": "low"}),
    parse_policy({"rules": {"FACE_NOT_FOUND": {"enabled": False}}}),
)


def recorded(folder: Path, observations: list[Observation]) -> Path:
    path = folder / "observations.jsonl"
    path.write_bytes(b"".join(map(write_line, observations)))
    return path


def test_each_policy_finds_by_its_own_rules() -> None:
    outcome = replayed(EXAM, [("default", Policy()), ("low", LOW), ("muted", MUTED)])
    assert [each["events"] for each in outcome["policies"]] == [
        {"FACE_NOT_FOUND": {"count": 1, "seconds": 7.0}}, {}, {}]  # fmt: skip
    assert (outcome["observations"], outcome["duration_s"]) == (150, 29.8)


def test_a_finding_is_told_with_its_span_weight_and_sentence() -> None:
    ((finding,),) = [each["findings"] for each in replayed(EXAM, [("default", Policy())])["policies"]]
    assert (finding["event"], finding["onset_s"], finding["ended_s"]) == ("FACE_NOT_FOUND", 10.0, 17.0)
    assert 0.5 < finding["severity"] < 1.0
    assert "7.0 s" in finding["explanation"]


def test_what_still_holds_at_the_end_is_told_too() -> None:
    outcome = replayed(every(0, 20, frame(0, faces=())), [("default", Policy())])
    assert outcome["policies"][0]["events"]["FACE_NOT_FOUND"]["count"] == 1


def test_a_stall_is_told_though_no_observation_says_so() -> None:
    outcome = replayed([*every(0, 5, HONEST), *every(12, 20, HONEST)], [("default", Policy())])
    assert set(outcome["policies"][0]["events"]) == {"STREAM_STALLED", "UNWATCHED"}


def test_a_line_that_is_no_observation_is_named(tmp_path: Path) -> None:
    path = recorded(tmp_path, EXAM[:3])
    path.write_bytes(path.read_bytes() + b"x" * 70_000)
    with pytest.raises(Corrupt, match="line 4"):
        list(read_observations(path))


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (b'{"at": NaN, "level": 1}', "at: Input should be a finite number"),
        (b'{"at": 1e300, "level": 1}', "outside of any exam"),
        (b'{"at": "1", "level": 1}', "at: "),
        (b'{"at": 1, "level": 1, "alert_id": "x"}', "alert_id: "),
        (
            b'{"at": 1, "level": 1, "head": {"pitch_deg": NaN, "yaw_deg": 0, "roll_deg": 0}}',
            "head.pitch_deg: ",
        ),
        (b'{"at": 1, "level": 1, "frame_id"', "line 4"),
        (b"", "line 4"),
        (b'{"at": 1, "level": 1}, {"at": 2, "level": 1}', "line 4"),
    ],
)
def test_what_no_session_wrote_is_refused_by_line_and_field(tmp_path: Path, line: bytes, named: str) -> None:
    path = recorded(tmp_path, EXAM[:3])
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(Corrupt, match="line 4 is not an observation") as refused:
        list(read_observations(path))
    assert named in str(refused.value)


def test_an_empty_file_is_no_exam_in_which_nothing_happened(tmp_path: Path) -> None:
    with pytest.raises(Corrupt, match="no observations"):
        list(read_observations(recorded(tmp_path, [])))


def test_everything_that_can_be_written_can_be_read_back(tmp_path: Path) -> None:
    assert list(read_observations(recorded(tmp_path, EXAM))) == EXAM
