"""Determines the settings of a start of the daemon: its own, with those that were given in their place."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from edge.config import EdgeConfig
from edge.desired import course
from edge.desired.course import KeptOrders
from edge.desired.kept import read_kept, write_kept
from edge.desired.overlay import overlaid
from shared.errors import ConfigError, Rejected

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    """The settings of one start of the daemon."""

    own: EdgeConfig
    """What the node's own file says."""
    running: EdgeConfig
    """What counts."""
    kept: KeptOrders


def begin(own: EdgeConfig) -> Begun:
    """Begin with what is in force. What can no longer be obeyed is taken back."""
    before = read_kept(own.data_folder)
    begun = _begun(own, course.starting(before))
    if begun.kept != before:
        try:
            write_kept(own.data_folder, begun.kept)
        except ConfigError as error:  # with a full disk exams go on, and so does this
            log.error("what became of given settings cannot be noted", extra={"error": str(error)})
    if begun.kept.standing == "rolled-back" and before.standing != "rolled-back":
        log.error("given settings were taken back", extra={"reason": begun.kept.reason})
    return begun


def counting(own: EdgeConfig) -> EdgeConfig:
    """The settings that count here, for a program beside the daemon. Raises `Rejected` when what was given
    does not fit the node's own file."""
    return overlaid(own, course.in_force(read_kept(own.data_folder)))


def give_up(own: EdgeConfig, reason: str) -> bool:
    """Take back the order on trial, because the daemon could not start with it. False: none is on trial.
    Raises `ConfigError` if that cannot be noted."""
    kept = read_kept(own.data_folder)
    if kept.standing != "trial":
        return False
    write_kept(own.data_folder, course.rolled_back(kept, f"the node could not start with it: {reason}"))
    return True


def _begun(own: EdgeConfig, kept: KeptOrders) -> Begun:
    try:
        return Begun(own, overlaid(own, course.in_force(kept)), kept)
    except Rejected as error:
        reason = f"it does not fit the node's own file: {error}"
        back = course.rolled_back if kept.standing == "trial" else course.without_good
        return _begun(own, back(kept, reason))
