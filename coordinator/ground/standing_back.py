"""Whether a coordinator may lead while it is cut off from the hub. Decides only.

Whoever leads answers heartbeats and speaks to nodes, which needs the hub. One that is cut off leaves the lead
to the others for a while; if none of them takes it, it leads on, because the rest of a leader's work needs
the database alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

CUT_OFF_S: Final = 10.0
"""So long without the hub, a leader gives the lead up: a hub that is only started again is back before."""
OTHERS_FIRST_S: Final = 8.0
"""Then it does not try to lead: the others try every `leading.LOOK_EVERY_S`."""
AGAIN_AFTER_S: Final = 120.0
"""One that leads cut off, because nobody else did, gives the others another chance after this time."""


@dataclass(frozen=True, slots=True)
class HubAbsence:
    """What a coordinator remembers from one look to the next."""

    cut_off_at: float | None = None
    """Since when it has been without the hub; None: it has it."""
    back_at: float | None = None
    """When it stood back last."""


def looked(absence: HubAbsence, now: float, *, has_hub: bool) -> HubAbsence:
    """The absence after a look at the link to the hub."""
    if has_hub:
        return HubAbsence()
    return absence if absence.cut_off_at is not None else HubAbsence(cut_off_at=now)


def may_lead(absence: HubAbsence, now: float, *, leads: bool) -> bool:
    """Whether it holds the lead, or tries to have it. If it leads and may not, it stands back (`back`)."""
    if absence.cut_off_at is None or now - absence.cut_off_at < CUT_OFF_S:
        return True
    since_s = float("inf") if absence.back_at is None else now - absence.back_at
    return since_s >= OTHERS_FIRST_S and (not leads or since_s < AGAIN_AFTER_S)


def back(absence: HubAbsence, now: float) -> HubAbsence:
    """The absence of one that has just given up the lead."""
    return replace(absence, back_at=now)
