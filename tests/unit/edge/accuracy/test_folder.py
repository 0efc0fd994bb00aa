"""A folder of labelled material is read whole, and what is wrong in it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.accuracy.folder import KnownAngle, LabelledPicture, Turn, read_folder
from shared.errors import ConfigError, Corrupt


def put(root: Path, name: str, text: str = "") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_everything_in_the_layout_is_found(tmp_path: Path) -> None:
    put(tmp_path, "people/anna/a.jpg")
    put(tmp_path, "people/anna/a~2.jpg")
    put(tmp_path, "people/notes.txt")
    put(tmp_path, "honest/quiet.mkv")
    put(tmp_path, "honest/quiet/1.jpg")
    put(tmp_path, "scripted/phone.mp4")
    put(tmp_path, "scripted/phone.json", '{"stretches": [{"behaviour": "b", "begins_s": 1, "ends_s": 2}]}')
    put(tmp_path, "counted/two.jpg")
    put(tmp_path, "counted/counts.csv", "picture,faces\ntwo.jpg,2\n")
    put(tmp_path, "heads/left.jpg")
    put(tmp_path, "heads/heads.csv", "picture,angle,from_deg,to_deg\nleft.jpg,yaw,20,35\n")
    put(tmp_path, "sounds/talk.wav")
    put(tmp_path, "sounds/talk.rttm", "SPEAKER talk 1 0.5 2.25 <NA> <NA> bob <NA> <NA>\n")
    put(tmp_path, "sounds/rain.flac")
    put(tmp_path, "voices/bob/1.wav")
    put(tmp_path, "groups.csv", "name,group\nanna,north\n")
    found = read_folder(tmp_path)
    assert [(exam.name, exam.staged, len(exam.enrollment)) for exam in found.exams] == [
        ("quiet", False, 1),
        ("phone", True, 0),
    ]
    assert found.exams[1].truth.stretches[0].ends_s == 2
    assert [(each.person, each.original) for each in found.people] == [("anna", "a"), ("anna", "a")]
    assert found.counted[0].faces == 2
    assert found.heads == (KnownAngle(tmp_path / "heads/left.jpg", "yaw", 20, 35),)
    assert [sound.turns for sound in found.sounds] == [(), (Turn("bob", 0.5, 2.75),)]
    assert found.voices[0].person == "bob"
    assert found.groups == {"anna": "north"}


def test_a_picture_is_named_by_what_it_is_a_shot_of() -> None:
    assert LabelledPicture("anna", Path("a.b~3.jpg")).original == "a.b"
    assert LabelledPicture("anna", Path("a.b.jpg")).original == "a.b"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("scripted/phone.mkv", "", "phone.json is missing"),
        ("counted/counts.csv", "picture\n", "lacks the column faces"),
        ("counted/counts.csv", "picture,faces\n,3\n", "line 2"),
        ("counted/counts.csv", "picture,faces\n../a.jpg,3\n", "not a file in that folder"),
        ("heads/heads.csv", "picture,angle,from_deg,to_deg\nx.jpg,tilt,1,2\n", "'tilt' is not one of"),
        ("groups.csv", "name,group\nanna\n", "line 2"),
        ("notes.txt", "", "no labelled material"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str, reason: str) -> None:
    put(tmp_path, name, text)
    with pytest.raises(ConfigError, match=reason):
        read_folder(tmp_path)


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "sounds/a.wav")
    put(tmp_path, "sounds/a.rttm", "SPEAKER a 1 soon 2 <NA> <NA> bob <NA> <NA>\n")
    with pytest.raises(ConfigError, match="'soon' is not a number"):
        read_folder(tmp_path)


def test_an_honest_recording_with_something_staged_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "honest/a.mkv")
    put(tmp_path, "honest/a.json", '{"stretches": [{"behaviour": "b", "begins_s": 1, "ends_s": 2}]}')
    with pytest.raises(ConfigError, match="move it to scripted"):
        read_folder(tmp_path)


def test_a_wrong_truth_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "scripted/a.mkv")
    put(tmp_path, "scripted/a.json", "{")
    with pytest.raises(Corrupt, match=r"a\.json"):
        read_folder(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a folder"):
        read_folder(tmp_path / "nowhere")
