"""Compares how much of a recording's tracks was read with what the file declares. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

TOLERANCE_S = 1.0
"""Missing time up to this is ignored: declared lengths are not exact, and the last picture lasts a moment."""


@dataclass(slots=True)
class Track:
    """The pictures or the sound of one reading."""

    declared_s: float | None = None
    """The track's length that the file declares, if it does."""
    read_s: float = 0.0
    """Time of the last frame that was read."""
    frames: int = 0
    undecodable: int = 0
    """Packets that could not be decoded, and frames that the decoder marks as damaged."""

    @property
    def short(self) -> bool:
        """Whether it ended more than `TOLERANCE_S` before the declared length."""
        return self.declared_s is not None and self.read_s < self.declared_s - TOLERANCE_S

    @property
    def in_part(self) -> bool:
        """Whether some of it is missing."""
        return self.short or self.undecodable > 0


@dataclass(slots=True)
class Tracks:
    """Both tracks of one reading."""

    declared_s: float | None = None
    """The recording's length that the file declares, if it does."""
    pictures: Track = field(default_factory=Track)
    sound: Track = field(default_factory=Track)

    @property
    def both(self) -> tuple[tuple[str, Track], ...]:
        """The tracks with their names."""
        return ("pictures", self.pictures), ("sound", self.sound)

    @property
    def missing(self) -> dict[str, str]:
        """What is missing from each track, in words; empty for a complete recording."""
        missing = {name: words(track) for name, track in self.both if track.in_part}
        whole = Track(self.declared_s, max(self.pictures.read_s, self.sound.read_s))
        if whole.short and not (self.pictures.short or self.sound.short):
            missing["recording"] = words(whole)
        return missing


def words(track: Track) -> str:
    """What is missing from a track, in words."""
    said = []
    if track.short:
        said.append(f"{track.read_s:.1f} of {track.declared_s:.1f} s could be read")
    if track.undecodable:
        frames = "frame was" if track.undecodable == 1 else "frames were"
        said.append(f"{track.undecodable} {frames} damaged or could not be decoded")
    return "; ".join(said)
