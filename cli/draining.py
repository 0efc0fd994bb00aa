"""Waits until a draining node is empty, and says how far it is."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from enum import Enum, auto
from typing import Final

from cli.node_text import left_text
from shared.api.nodes import NodeOut
from shared.errors import Rejected, Unavailable

EVERY_S: Final = 2.0
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours"}


class Progress(Enum):
    """How far a drain is."""

    EMPTY = auto()
    WAITING = auto()
    LATE = auto()
    """The deadline has passed and something is left."""
    ENDED = auto()
    """Somebody has opened or revoked the node meanwhile."""


def progress_of(node: NodeOut) -> Progress:
    """How far the drain of a node is. The coordinator's clock decides about the deadline."""
    reasons = {one.reason for one in node.why}
    if node.placement != "draining" or node.state == "revoked":
        return Progress.ENDED
    if "drained" in reasons:
        return Progress.EMPTY
    return Progress.LATE if "drain-late" in reasons else Progress.WAITING


def parse_duration(text: str) -> timedelta:
    """`90s`, `30m` or `2h`. Raises `Rejected` for anything else."""
    found = re.fullmatch(r"([1-9]\d{0,5})([smh])", text)
    if found is None:
        raise Rejected("write the deadline as 90s, 30m or 2h", code="invalid-request", status=422)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def wait_until_empty(read: Callable[[], NodeOut]) -> NodeOut:
    """Read a node until its drain is over in any way, and print each change of what is left."""
    said = ""
    while True:
        node, text = _look(read)
        if text != said:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
        said = text
        if node is not None and progress_of(node) is not Progress.WAITING:
            return node
        time.sleep(EVERY_S)


def _look(read: Callable[[], NodeOut]) -> tuple[NodeOut | None, str]:
    """The node, if the coordinator answers, and what to say of it."""
    try:
        node = read()
    except Unavailable as error:
        return None, f"{error}; waiting for it"
    return node, "" if node.left is None else left_text(node.left)
