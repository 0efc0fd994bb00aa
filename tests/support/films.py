"""Short films of the rehearsal's people and room, each stretch as long as a test wants it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, get_args

import av

from edge.media.writer import write_recording
from edge.rehearsal import faces
from edge.rehearsal.scene import Scene
from edge.rehearsal.script import SAMPLES_PER_S, Person, camera_at, enrollment_shots, figures_at
from edge.rehearsal.speech import soundtrack
from shared.rehearsal import Kind, Script, Segment
from tests.support.bad_pictures import jpeg

_NEVER_S: Final = 1e6


def film(path: Path, *stretches: tuple[Kind, float], frames_per_s: int = 15, swapped: bool = False) -> Path:
    """Write a recording whose stretches, each a kind and its seconds, follow one another.

    `swapped`: the two people of the rehearsal change parts, so that the other's face is much the smaller one.
    """
    script = _script(stretches)
    scene = Scene(_cast(swapped), seed=3)
    voice = next((s for s in script.segments if s.kind == "voice" and s.begins_s < script.duration_s), None)
    spoken = (voice.begins_s + 0.5, voice.ends_s - 0.5) if voice else (0.0, 0.1)
    sound = soundtrack(script.duration_s, *spoken, 3)
    times_s = (number / frames_per_s for number in range(round(script.duration_s * frames_per_s)))
    frames = (scene.frame(figures_at(script, at_s), camera_at(at_s)) for at_s in times_s)
    write_recording(path, frames, sound, frames_per_s=frames_per_s, samples_per_s=SAMPLES_PER_S)
    return path


def portraits(*, swapped: bool = False) -> list[bytes]:
    """Pictures of the candidate to enroll, JPEG, in another room than the film's."""
    scene = Scene(_cast(swapped), seed=4)
    return [jpeg(scene.frame((figure,), camera)) for figure, camera in enrollment_shots()]


def _cast(swapped: bool) -> dict[Person, faces.Cutout]:
    first, second = (faces.other, faces.candidate) if swapped else (faces.candidate, faces.other)
    return {"candidate": first(), "other": second()}


def _script(stretches: tuple[tuple[Kind, float], ...]) -> Script:
    segments, at_s = [], 0.0
    for kind, length_s in stretches:
        segments.append(Segment(kind=kind, begins_s=at_s, ends_s=at_s + length_s, note=""))
        at_s += length_s
    # Where everybody sits is asked of each kind, also of one that this film does not have.
    absent = set(get_args(Kind)) - {kind for kind, _ in stretches}
    segments += [Segment(kind=k, begins_s=_NEVER_S, ends_s=_NEVER_S + 9, note="") for k in sorted(absent)]
    return Script(duration_s=at_s, segments=tuple(segments))


def in_bursts(recording: Path, path: Path, *, from_s: float, every_s: float, within_s: float = 0.1) -> Path:
    """Copy a recording whose pictures come, from a time on, in bursts: many within `within_s`, then none.

    The mean rate stays what it was; the sound stays as it was.
    """
    with av.open(str(recording)) as source, av.open(str(path), "w", format="matroska") as target:
        copies = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.pts is None or packet.time_base is None:
                continue
            late_s = float(packet.pts * packet.time_base) - from_s
            if packet.stream.type == "video" and late_s >= 0:
                begun_s = late_s // every_s * every_s
                at_s = from_s + begun_s + (late_s - begun_s) * within_s / every_s
                packet.pts = packet.dts = round(at_s / packet.time_base)
            packet.stream = copies[packet.stream_index]
            target.mux(packet)
    return path


def rest_of(recording: Path, path: Path, from_s: float) -> Path:
    """Copy a recording from a keyframe on; nothing is encoded again."""
    with av.open(str(recording)) as source, av.open(str(path), "w", format="matroska") as target:
        copies = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.pts is None or packet.time_base is None or packet.pts * packet.time_base < from_s:
                continue
            packet.pts -= round(from_s / packet.time_base)
            packet.dts = packet.pts
            packet.stream = copies[packet.stream_index]
            target.mux(packet)
    return path
