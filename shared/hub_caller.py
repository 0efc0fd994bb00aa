"""Who connects to the hub: the hub's address, how the program logs in, and its limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from shared.hub_login import ByIdentity, Password


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAddress:
    """The hub's address and how the program logs in."""

    url: str
    """One server's, or those of a cluster's servers, separated by commas."""
    login: Password | ByIdentity
    ca_file: Path | None = None
    """The CA of the hub's certificate; None: those that this machine trusts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A program's name and inbox at the hub, and its limits."""

    name: str
    """The name in the hub's log."""
    inbox_of: UUID | str
    """Owner of the replies; the hub lets no one else read them."""
    queue: str = ""
    """Of several programs with the same queue, one gets each message."""
    handled_at_once: int
    handled_of_one: int
    """The most of them for one subject."""
    pending_messages: int
    """Per subject; the client drops further messages."""
    pending_bytes: int
