"""Short films of the rehearsal's people and room, each stretch as long as a test wants it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, get_args

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
