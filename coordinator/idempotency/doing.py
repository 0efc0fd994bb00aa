"""Does work once in one transaction, or returns its first answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel
from sqlmodel import Session

from coordinator.idempotency import service as idempotency
from coordinator.idempotency.sameness import Asked
from coordinator.web_api.parts import Parts

M = TypeVar("M", bound=BaseModel)


async def once(
    parts: Parts,
    asked: Asked | None,
    kind: type[M],
    work: Callable[[Session], M],
    about: Callable[[M], str] | None = None,
) -> M:
    """The answer of `work`, kept in the transaction of its changes.

    `about`: the candidate_id in the answer; the kept answer is erased with that candidate's data.
    Raises `Rejected` (409) as `service` does.
    """
    keyring = parts.keys.keyring

    def run(db: Session) -> M:
        known = idempotency.recall(db, keyring, asked, kind)
        if known is not None:
            return known
        made = work(db)
        idempotency.keep(db, keyring, asked, made, about(made) if about is not None else None)
        return made

    return await parts.writing(run)
