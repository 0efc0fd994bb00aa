"""A request by which a proctor or administrator acts: author, time, and idempotency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends
from pydantic import BaseModel
from sqlmodel import Session

from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.doing import once
from coordinator.idempotency.sameness import Asked
from coordinator.web_api.parts import Now, Parts, PartsDep
from coordinator.web_api.security import Reviewer
from shared.tokens import Claims

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Desk:
    """One acting request of a reviewer."""

    claims: Claims
    asked: Asked | None
    parts: Parts
    now_utc: datetime

    async def once(self, kind: type[M], work: Callable[[Session], M], about: Callable[[M], str]) -> M:
        """The answer of `work`, or its earlier answer; erased with the data of the candidate it is
        `about`."""
        return await once(self.parts, self.asked, kind, work, about)


def _desk(claims: Reviewer, asked: AskedOnce, parts: PartsDep, now: Now) -> Desk:
    return Desk(claims, asked, parts, now)


DeskDep = Annotated[Desk, Depends(_desk)]
