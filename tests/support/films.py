"""Short films of the rehearsal's people and room, each stretch as long as a test wants it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, get_args

import av

from edge.media.writer import write_recording
from edge.rehearsal import faces
from edge.rehearsal.scene import Scene
from edge.rehearsal.script import SAMPLES_PER_S, camera_at, figures_at
from edge.rehearsal.speech import soundtrack
from shared.rehearsal import Kind, Script, Segment

_NEVER_S: Final = 1e6


def film(path: Path, *stretches: tuple[Kind, float], frames_per_s: int = 15) -> Path:
    """Write a recording whose stretches, each a kind and its seconds, follow one another."""
    script = _script(stretches)
    scene = Scene({"candidate": faces.candidate(), "other": faces.other()}, seed=3)
    voice = next((s for s in script.segments if s.kind == "voice" and s.begins_s < script.duration_s), None)
    spoken = (voice.begins_s + 0.5, voice.ends_s - 0.5) if voice else (0.0, 0.1)
    sound = soundtrack(script.duration_s, *spoken, 3)
    times_s = (number / frames_per_s for number in range(round(script.duration_s * frames_per_s)))
    frames = (scene.frame(figures_at(script, at_s), camera_at(at_s)) for at_s in times_s)
    write_recording(path, frames, sound, frames_per_s=frames_per_s, samples_per_s=SAMPLES_PER_S)
    return path


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
