"""Writes the results of an analysis: observations, alerts, a summary and a page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.analysis.networks import Networks
from edge.media.tracks import Track
from edge.tools.offline import BEGINNING, Analysis
from shared.alerts import encode_shown
from shared.observations import Observation
from shared.policy.schema import Policy
from shared.recorded import write_line
from shared.timeline import Timeline, entry_of, timeline_html
from shared.unwatched import told
from shared.writing import writing_under


class ResultFolder:
    """Writes the results; the files get their final names only when all are complete."""

    def __init__(self, folder: Path) -> None:
        """Create the folder if missing. Raises `ConfigError`, like every method, when it cannot write."""
        self._folder = folder
        with writing_under(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._observations = (folder / "observations.jsonl.part").open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with writing_under(self._folder):
            try:
                self._observations.close()
            finally:
                for part in self._folder.glob("*.part"):
                    part.unlink()

    def keep(self, observation: Observation) -> None:
        """Write one observation."""
        with writing_under(self._folder):
            self._observations.write(write_line(observation))

    def finish(self, analysis: Analysis, summary: Mapping[str, Any], page: Timeline) -> None:
        """Write the other files and give every file its final name."""
        alerts = b"".join(encode_shown(shown) + b"\n" for shown in analysis.shown)
        texts = {
            "alerts.jsonl": alerts,
            "summary.json": json.dumps(summary, indent=2, ensure_ascii=False).encode() + b"\n",
            "timeline.html": timeline_html(page).encode(),
        }
        with writing_under(self._folder):
            self._observations.close()
            for name, data in texts.items():
                (self._folder / f"{name}.part").write_bytes(data)
            for name in ("observations.jsonl", *texts):
                (self._folder / f"{name}.part").replace(self._folder / name)


def summary_of(
    analysis: Analysis, networks: Networks, level: int, reasons: Mapping[str, str]
) -> dict[str, Any]:
    """The content of `summary.json`, rounded to the precision of the measurements."""
    return {
        "duration_s": round(analysis.duration_s, 3),
        "in_part": analysis.tracks.missing,
        "tracks": {name: _read(track) for name, track in analysis.tracks.both},
        "frames": analysis.frames,
        "analysed_frames": analysis.analysed_frames,
        "wall_s": round(analysis.wall_s, 3),
        "realtime_factor": round(analysis.realtime_factor, 2),
        "level": f"L{level}",
        "device": networks.device,
        "models": networks.labels,
        "unwatched_s": {kind.value: seconds for kind, seconds in analysis.unwatched_s.items()},
        "alerts": dict(sorted(Counter(alert.event_type.value for alert in analysis.alerts).items())),
        "unavailable": list(reasons),
        "unavailable_reasons": dict(reasons),
    }


def _read(track: Track) -> dict[str, Any]:
    declared_s = None if track.declared_s is None else round(track.declared_s, 3)
    return {"declared_s": declared_s, "read_s": round(track.read_s, 3), "undecodable": track.undecodable}


def page_of(title: str, analysis: Analysis, summary: Mapping[str, Any], policy: Policy) -> Timeline:
    """The timeline page's content."""
    facts = [
        ("Analysed", f"{summary['analysed_frames']} of {summary['frames']} frames"),
        ("Speed", f"{summary['realtime_factor']:.1f} × real time"),
        ("Level", str(summary["level"])),
        ("Not watched", told(analysis.unwatched_s) or "nothing was to be watched"),
        ("Device", str(summary["device"])),
        ("Policy version", str(policy.version)),
        *((f"Only in part: {name}", what) for name, what in summary["in_part"].items()),
        *((f"Network for {task}", str(label)) for task, label in summary["models"].items()),
        *((f"Not looked at: {task}", reason) for task, reason in summary["unavailable_reasons"].items()),
    ]
    return Timeline(
        title=title,
        duration_s=analysis.duration_s,
        facts=tuple(facts),
        segments=(),
        entries=tuple(entry_of(shown, BEGINNING) for shown in analysis.shown),
    )
