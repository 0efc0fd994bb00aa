"""Defines what is told of each reason for a node's state, and how to repair it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Told:
    """A reason in words."""

    text: str
    fix: str
    """What to do; empty: nothing."""


REASONS: Final[Mapping[str, Told]] = MappingProxyType(
    {
        "never-heard": Told(
            "No heartbeat has come from it yet.",
            "Start proctor-edge on it. If it runs, its log and `proctorctl doctor` say what is wrong.",
        ),
        "not-heard-yet": Told(
            "The coordinator has just started and waits for its next heartbeat.", "Wait for 15 seconds."
        ),
        "silent": Told(
            "No heartbeat has come for 15 seconds. Exams go on there as long as their pages reach it.",
            "Look whether the machine and its proctor-edge run, and whether it reaches the hub.",
        ),
        "no-hub": Told(
            "The coordinator itself is not connected to the hub, so it hears no node.",
            "Repair the hub or the connection to it; the nodes may be well.",
        ),
        "revoked": Told(
            "It was revoked for ever; none of its messages is accepted.",
            "The machine may join as a new node, with another identity and a new token.",
        ),
        "cordoned": Told(
            "Somebody has cordoned it: it gets no new sessions.",
            "Run `proctorctl nodes uncordon` when it may.",
        ),
        "draining": Told(
            "It gets no new sessions; its running exams go on until they end.",
            "Wait, or run `proctorctl nodes uncordon` to end the drain.",
        ),
        "drain-late": Told(
            "The drain's deadline has passed, and exams still run there.",
            "Let them end, or start over with a later deadline.",
        ),
        "drained": Told("It is empty and gets no new sessions.", "It may be switched off now."),
        "recovering": Told(
            "Nothing is wrong any more; it counts as healthy again after 30 seconds without trouble.", ""
        ),
        "unwell": Told(
            "Its health is below 3 of 10, so it gets nothing new.", "Repair what the other reasons name."
        ),
        "analysis-failing": Told(
            "The networks that its sessions need do not answer.",
            "Look in its log for the network, and restart proctor-edge.",
        ),
        "outbox-failing": Told(
            "It cannot keep alerts on its disk.", "Look at its disk: full, read-only or damaged?"
        ),
        "outbox-nearly-full": Told(
            "Its outbox is filled to four fifths.", "Repair its way to the hub and the coordinator soon."
        ),
        "outbox-behind": Told(
            "A thousand alerts or more wait in its outbox.",
            "Look whether the coordinator stores alerts, and whether the node's connection is slow.",
        ),
        "outbox-was-damaged": Told(
            "A damaged outbox of an earlier run lies in its data folder.",
            "Keep a copy of that file elsewhere and move it away.",
        ),
        "loop-stuck": Told("It hardly reacts.", "Restart proctor-edge; look what else uses its processors."),
        "loop-slow": Told("It reacts late.", "Look what else uses its processors, or lower its rating."),
        "loop-blocked": Told(
            "It stood still for half a second within the last minute.", "Look what else uses its processors."
        ),
        "clock-skew": Told(
            "Its clock differs so much from the coordinator's that it refuses all commands.",
            "Set both clocks, by NTP.",
        ),
        "overloaded": Told(
            "It has too much to do and looks less often.",
            "Cordon it until its load falls, add a node, or measure its rating again.",
        ),
        "worker-missing": Told(
            "A worker's process has ended and does not run again yet.", "Look in its log."
        ),
        "identity-copied": Told(
            "Another host has its identity and is refused; each says so in its log.",
            "Stop the other host and delete its data folder; if you do not know it, revoke the node.",
        ),
        "identity-elsewhere": Told(
            "It is refused, because another host is this node.",
            "Delete its data folder and let it join with a new token.",
        ),
        "hub-away": Told("It was not connected to the hub.", "Look at its network and the hub."),
        "certificate-ending": Told(
            "Its certificate ends within 6 hours and was not renewed.",
            "Look in its log why the renewal fails; it needs the coordinator's API.",
        ),
        "certificate-ended": Told(
            "Its certificate has ended. Running exams go on.",
            "Look in its log why the renewal fails; it may still renew with its own key.",
        ),
        "settings-unknown": Told(
            "Settings were given to it, and its program is too old to know of them.", "Upgrade its program."
        ),
        "settings-pending": Told(
            "Settings that were given to it need a restart, which waits until no session runs there.",
            "Wait, or empty it: `proctorctl nodes drain`.",
        ),
        "settings-refused": Told(
            "It refuses the settings that were given to it.",
            "See why: `proctorctl nodes config NODE-ID`; give it others: `nodes apply`.",
        ),
        "settings-rolled-back": Told(
            "It was not well with the settings that were given to it, and went back to its earlier ones.",
            "See why: `proctorctl nodes config NODE-ID`; give it others: `nodes apply`.",
        ),
        "disk-low": Told("Less than 1 GiB is free on the disk of its outbox.", "Make room on its disk."),
    }
)
"""Words of nodes (`edge.fleet.health`) and of `node_states`."""


def told(reason: str) -> Told:
    """A reason in words; a newer node may have one that is not known here."""
    return REASONS.get(reason, Told(f"It reports: {reason}.", "Look in its log."))
