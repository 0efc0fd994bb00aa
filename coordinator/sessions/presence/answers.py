"""Converts cards of sessions to the API's form."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from coordinator.nodes.fleet import Fleet
from coordinator.sessions.presence.cards import Card, CardFacts, card
from coordinator.sessions.presence.wording import card_text
from coordinator.sessions.tables import ExamSession
from shared.api.sessions import CameraTrouble, PageOut


def card_of(
    fleet: Fleet, session: ExamSession, node_id: UUID, opened_utc: datetime | None, now_utc: datetime
) -> Card:
    """The card of a stored session, from its row and its node's last heartbeat."""
    node = fleet.state(node_id)
    over_utc = session.ended_utc or (session.expires_utc if session.expires_utc <= now_utc else None)
    seen = CardFacts(
        started_utc=session.started_utc,
        over_utc=over_utc,
        paused_utc=session.paused_utc,
        opened_utc=opened_utc,
        phase=session.page,
        phase_utc=session.page_since_utc,
        came_utc=session.page_came_utc,
        heard_utc=None if node is None else node.heard_utc,
        runs=session.unwatched,
        camera=_trouble(session.camera_trouble),
        camera_utc=session.camera_trouble_utc,
    )
    return card(seen, now_utc)


def _trouble(stored: str | None) -> CameraTrouble | None:
    return next((word for word in get_args(CameraTrouble) if word == stored), None)


def page_out(card: Card) -> PageOut:
    """A card in the API's form."""
    return PageOut(
        state=card.state.value,
        since=card.since_utc,
        unwatched_share=card.unwatched_share,
        camera=card.camera,
        text=card_text(card),
    )


def card_message(reference: str, card: Card) -> dict[str, Any]:
    """A card as the socket of a wall sends it."""
    unwatched = None if card.unwatched_s is None else dict(card.unwatched_s)
    return {"session_id": reference, "page": page_out(card).model_dump(mode="json"), "unwatched_s": unwatched}
