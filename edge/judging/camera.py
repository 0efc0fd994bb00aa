"""Makes the remark that a candidate's camera may be a program. Pure."""

from __future__ import annotations

from edge.rules.findings import Finding, Phase, Value
from shared.cameras import Camera, program_of
from shared.events.types import EventType


def camera_findings(camera: Camera, now: float) -> list[Finding]:
    """The remark as an event that is raised and cleared at once. Empty if there is no sign of a program."""
    reason = program_of(camera)
    if reason is None:
        return []
    evidence: dict[str, Value] = {
        "device": camera.shown,
        "reason": reason,
        "width_px": camera.width_px,
        "height_px": camera.height_px,
        "frames_per_second": camera.frames_per_second,
    }
    return [
        Finding(
            event=EventType.VIRTUAL_CAMERA_SUSPECTED,
            phase=phase,
            onset_s=now,
            raised_s=now,
            at_s=now,
            confidence=1.0,
            evidence=evidence,
        )
        for phase in (Phase.RAISED, Phase.CLEARED)
    ]
