"""What a session is made of; `edge.sessions.session_maker` puts it together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from edge.analysis.perception import Perception
from edge.judging.watch import Watch
from edge.media.negotiation import PeerSettings
from edge.outbound.alert_writer import AlertWriter
from shared.messages import StartSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a session is made of."""

    perceive: Callable[[StartSession], Perception]
    """Makes the senses that an order asks for; raises `Corrupt` for templates that are none."""
    peer_settings: PeerSettings
    writer: AlertWriter
    open_watch: Callable[[StartSession, datetime], Watch]
    """Makes the watch once a page has connected, given the instant of the session clock's zero."""
