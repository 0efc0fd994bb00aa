"""Who does what in the request that is being answered, for the audit log.

A layer around the routes begins an `Acting` per request, `principal` says who asks, and the services that
find one candidate's, one session's or one node's row say whom it concerns. It follows the request into its
threads; background work has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from coordinator.ground.ids import uuid7
from shared.tokens import Claims


@dataclass(slots=True)
class Acting:
    """One request, as far as it is known."""

    request_id: UUID
    address: str = ""
    claims: Claims | None = None
    """None: nobody has identified itself; a candidate's link may still open something."""
    act: str = ""
    """The operation's name in the API's description."""
    reads_only: bool = False
    tenant_id: UUID | None = None
    candidate_id: UUID | None = None
    session_id: UUID | None = None
    node_id: UUID | None = None
    written: bool = False
    """Its entry was committed together with what it changed."""


_current: ContextVar[Acting | None] = ContextVar("acting", default=None)


@contextmanager
def answering(address: str) -> Iterator[Acting]:
    """A new request, for as long as it is answered."""
    made = Acting(uuid7(), address)
    token = _current.set(made)
    try:
        yield made
    finally:
        _current.reset(token)


def current() -> Acting | None:
    """The request that is being answered; None in the background."""
    return _current.get()


def concerns(tenant_id: UUID, *, candidate_id: UUID | None = None, session_id: UUID | None = None) -> None:
    """Say that the present request is about this candidate or session."""
    found = _current.get()
    if found is None:
        return
    found.tenant_id = tenant_id
    found.candidate_id = candidate_id or found.candidate_id
    found.session_id = session_id or found.session_id


def concerns_node(node_id: UUID) -> None:
    """Say that the present request is about this node."""
    found = _current.get()
    if found is not None:
        found.node_id = node_id
