"""The rest of the labelled folder: people, counted faces, heads, sounds and voices, from what is at hand."""

from __future__ import annotations

import csv
import shutil
import wave
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.rehearsal.speech import speak
from tests.scenarios.camera import SAMPLES_PER_S, Lens, Shot, Sound
from tests.scenarios.heads import Fit, Turn, eyes_turned, turned
from tests.scenarios.noises import Library, heard, room_tone
from tests.scenarios.performers import Image, Performer, film_frames, wide
from tests.support.people import collins, hopper

_SHOTS = (Shot(gain=0.7, noise=5.0, zoom=1.1), Shot(gain=1.2, warmth=0.08, zoom=0.9, noise=3.0))
_COUNTS = {
    "multi/open_2_obama_biden.jpg": 2,
    "multi/open_3_google_team.jpg": 3,
    "multi/open_4_bar.jpg": 4,
    "multi/open_3_restaurant.jpg": 3,
    "multi/open_2_tilted.jpg": 2,
    "multi/open_3_corridor.jpg": 3,
    "empty/open_room_table.jpg": 0,
    "empty/open_room_table_person_back.jpg": 0,
    "empty/open_cat.jpg": 0,
    "empty/open_hotdog.jpg": 0,
    "faces/single/ms_detection1.jpg": 1,
    "faces/obama/obama_wh2012.jpg": 1,
    "faces/obama/obama_listening2008.jpg": 1,
    "faces/ms_dad/dad1.jpg": 1,
    "faces/ms_lady/lady3.jpg": 1,
    "pose/open_man_frontal.jpg": 1,
    "pose/open_phone_at_ear.jpg": 1,
    "pose/open_desk_woman_f00.jpg": 1,
    "pose/open_hand_at_temple_man.jpg": 1,
    "pose/open_hand_raised_beside_head.jpg": 1,
}
"""From the collection's catalogue, where they were counted with four detectors and looked at."""
_HEADS = (
    ("pose/open_desk_woman_f00.jpg", "pitch", 5, 25),
    ("pose/open_desk_woman_f00.jpg", "yaw", -50, -25),
    ("pose/open_desk_woman_f11.jpg", "pitch", -20, -3),
    ("pose/open_desk_woman_f11.jpg", "yaw", -45, -20),
    ("faces/ms_lady/lady2.jpg", "yaw", 12, 35),
    ("faces/obama/obama_listening2008.jpg", "pitch", 0, 20),
    ("faces/obama/obama_listening2008.jpg", "roll", -30, -12),
    ("faces/asl_orange/book_f2.jpg", "pitch", 10, 30),
    ("faces/asl_skullshirt/again_f2.jpg", "pitch", -25, -5),
    ("pose/open_phone_at_ear.jpg", "yaw", -60, -25),
    ("pose/open_man_frontal.jpg", "yaw", -10, 10),
)
"""By looking, as in the head pose networks' own tests."""
_GRID_SPEECH_S = {
    "bbaf2n": (0.99, 2.14),
    "brbk7n": (0.54, 2.11),
    "lbax4n": (0.45, 2.08),
    "lrwp9a": (0.61, 2.30),
    "pwij3p": (0.54, 2.24),
}
_NO_SPEECH = ("typing", "rain", "jazz_guitar", "door_open", "door_close", "phone-incoming-call", "bell")
_CLIPS = {
    "asl_orange": ("learn", "walk"),
    "asl_plaid": ("hungry", "want"),
    "asl_skullshirt": ("again", "no", "brother"),
}
_STILLS = {"desk-woman": ("pose/open_desk_woman_f06.jpg", "pose/open_desk_woman_f18.jpg")}
"""More people of whom there are single frames."""
_GROUPS = {
    "ms_lady": "east-asian",
    "google_p3": "east-asian",
    "desk-woman": "east-asian",
    "obama": "dark-skinned",
}
"""As in the recognisers' own tests: whom a recogniser or a gate may treat worse. All others are one group."""


def people(folder: Path, performers: Sequence[Performer], media: Path | None) -> None:
    """Pictures of people: portraits, single frames of the films, and two more shots of each."""
    _shots(folder / "collins", "portrait", collins())
    _shots(folder / "hopper", "portrait", hopper())
    if media is None:
        return
    for path in sorted((media / "faces").glob("*/*")):
        alone = path.parent.name in ("single", "tiny_id")
        if path.stem == "astronaut_collins" or path.name.startswith("partial"):
            continue
        _shots(folder / (path.stem if alone else path.parent.name), path.stem, _read(path))
    for performer in performers:
        if performer.unique_s > 1:
            for at_s in (0.0, 0.8, 1.6, 2.4):
                _shots(folder / performer.name, f"film-{at_s:g}", performer.view(at_s))
    _frames(folder, media)


def _frames(folder: Path, media: Path) -> None:
    """Single frames of people who are seen for a moment only."""
    for person, sources in _STILLS.items():
        for source in sources:
            _shots(folder / person, Path(source).stem, _read(media / source))
    for person, clips in _CLIPS.items():
        for clip in clips:
            frames = film_frames(media / "video" / f"open_asl_{clip}.mkv")
            _shots(folder / person, f"film-{clip}", frames[len(frames) // 2])


def groups(folder: Path) -> None:
    """Which group everybody belongs to."""
    rows = [
        (person.name, _GROUPS.get(person.name, "others")) for person in sorted((folder / "people").iterdir())
    ]
    _table(folder / "groups.csv", ("name", "group"), rows)


def counted(folder: Path, media: Path | None) -> None:
    """Pictures with a known number of faces."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[object, ...]] = [("collins.png", 1), ("hopper.png", 1)]
    for name, picture in (("collins.png", collins()), ("hopper.png", hopper())):
        cv2.imwrite(str(folder / name), picture)
    for source, faces in _COUNTS.items() if media is not None else ():
        rows.append((_copied(folder, media, source), faces))
    _table(folder / "counts.csv", ("picture", "faces"), rows)


def heads(folder: Path, performers: Sequence[Performer], fit: Fit, media: Path | None) -> None:
    """Pictures in which it can be seen where the head points, and pictures turned by a known angle."""
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / "collins.png"), collins())
    cv2.imwrite(str(folder / "hopper.png"), hopper())
    rows: list[tuple[object, ...]] = [
        (name, angle, -12, 12) for name in ("collins.png", "hopper.png") for angle in ("pitch", "yaw", "roll")
    ]
    for source, angle, low, high in _HEADS if media is not None else ():
        rows.append((_copied(folder, media, source), angle, low, high))
    for performer in performers[:5]:
        rows += _turned(folder, performer, fit)
    _table(folder / "heads.csv", ("picture", "angle", "from_deg", "to_deg"), rows)


def _turned(folder: Path, performer: Performer, fit: Fit) -> Iterator[tuple[object, ...]]:
    """One person looking ahead, with the head turned and with the eyes turned; generous ranges around the
    angle drawn, since an ellipsoid is only nearly a head."""
    view = performer.view(0.0)
    mesh = fit(view)
    made = (
        ("ahead", view, (("yaw", -12, 12), ("gaze-yaw", -20, 20), ("gaze-pitch", -20, 15))),
        ("head-left", turned(view, mesh, Turn(yaw_deg=40)), (("yaw", 22, 58),)),
        ("head-right", turned(view, mesh, Turn(yaw_deg=-40)), (("yaw", -58, -22),)),
        ("head-down", turned(view, mesh, Turn(pitch_deg=-35)), (("pitch", -55, -17),)),
        ("eyes-left", eyes_turned(view, mesh, Turn(yaw_deg=40)), (("gaze-yaw", 2, 60), ("yaw", -12, 12))),
        ("eyes-right", eyes_turned(view, mesh, Turn(yaw_deg=-40)), (("gaze-yaw", -60, -2),)),
        ("eyes-down", eyes_turned(view, mesh, Turn(pitch_deg=-40)), (("gaze-pitch", -60, -10),)),
    )
    for what, picture, ranges in made:
        name = f"{performer.name}-{what}.png"
        cv2.imwrite(str(folder / name), picture)
        for angle, low, high in ranges:
            yield name, angle, low, high


def sounds(folder: Path, media: Path | None, made: Library) -> None:
    """Speech with its spans, and sounds in which nobody speaks."""
    folder.mkdir(parents=True, exist_ok=True)
    if media is None:
        for kind in ("typing", "ring", "rain"):
            write_wave(folder / f"{kind}.wav", made.of(kind, 8) + room_tone(8, 3))
        voice, track = speak("The answer to number seven is photosynthesis."), room_tone(8, 3)
        track[3 * SAMPLES_PER_S :][: len(voice)] += voice
        write_wave(folder / "spoken.wav", track)
        _rttm(folder / "spoken.rttm", [("espeak", 3.0, 3.0 + len(voice) / SAMPLES_PER_S)])
        return
    for name, (begins_s, ends_s) in _GRID_SPEECH_S.items():
        write_wave(folder / f"grid_{name}.wav", heard(media / "video" / f"open_grid_{name}.mpg"))
        _rttm(folder / f"grid_{name}.rttm", [(name, begins_s, ends_s)])
    for suffix in (".wav", ".rttm"):
        shutil.copy(media / "audio" / f"open_two_speakers_30s{suffix}", folder / f"two_speakers{suffix}")
    for name in _NO_SPEECH:
        source = next((media / "audio").glob(f"open_{name}.*"))
        shutil.copy(source, folder / source.name.removeprefix("open_"))


def voices(folder: Path, media: Path | None) -> None:
    """Speech of known people, where there is some."""
    for path in sorted((media / "audio").glob("open_libri_*")) if media is not None else ():
        speaker = path.stem.split("_")[2]
        (folder / speaker).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / speaker / path.name)


def write_wave(path: Path, sound: Sound) -> None:
    """Mono samples −1…1 at 48 kHz."""
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(SAMPLES_PER_S)
        recording.writeframes(np.round(np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())


def _shots(folder: Path, name: str, picture: Image) -> None:
    """The picture itself, and two more shots of it in other light and from elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f"{name}.png"), picture)
    for number, again in enumerate(_reshot(picture), 2):
        cv2.imwrite(str(folder / f"{name}~{number}.jpg"), again, [cv2.IMWRITE_JPEG_QUALITY, 70])


def _reshot(picture: Image) -> Iterator[Image]:
    for number, shot in enumerate(_SHOTS):
        yield Lens(shot, number).take(_framed(picture), 5.0 * number)


def _framed(picture: Image) -> Image:
    """Into the shape of the camera's picture: an upright one gets grey on both sides."""
    height_px, width_px = picture.shape[:2]
    if width_px / height_px >= 1.2:
        return wide(picture)
    side = max(width_px, height_px)
    extra = max(0, round(side * 4 / 3) - width_px)
    padded = cv2.copyMakeBorder(
        picture, 0, 0, extra // 2, extra - extra // 2, cv2.BORDER_CONSTANT, value=(128, 128, 128)
    )
    return wide(np.asarray(padded, np.uint8))


def _copied(folder: Path, media: Path | None, source: str) -> str:
    assert media is not None
    name = source.replace("/", "_")
    shutil.copy(media / source, folder / name)
    return name


def _read(path: Path) -> Image:
    picture = cv2.imread(str(path))
    if picture is None:
        raise FileNotFoundError(path)
    return picture.astype(np.uint8, copy=False)


def _table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(columns)
        table.writerows(rows)


def _rttm(path: Path, turns: Iterable[tuple[str, float, float]]) -> None:
    lines = [
        f"SPEAKER {path.stem} 1 {begins_s:.3f} {ends_s - begins_s:.3f} <NA> <NA> {who} <NA> <NA>\n"
        for who, begins_s, ends_s in turns
    ]
    path.write_text("".join(lines), "utf-8")
