"""Decides whose tokens are valid, from the list of institutions and which of them are disabled. Pure.

The tokens of a disabled institution are refused, except those of its running sessions: an exam continues to
its end, and its candidate may connect again. Operators belong to the installation and to no institution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.errors import Rejected
from shared.tokens import Claims, Role, invalid

INSTALLATION_ID: Final = UUID("00000000-0000-7000-8000-000000000000")
"""The tenant of operators: it has their tokens and keys, and no candidate, exam or session."""


@dataclass(frozen=True, slots=True)
class Institutions:
    """All institutions."""

    known: frozenset[UUID] = frozenset()
    """The installation and every institution."""
    disabled: frozenset[UUID] = frozenset()

    def check(self, claims: Claims) -> None:
        """Raises `Rejected` (401) if the bearer's institution does not exist or is disabled."""
        if (claims.role is Role.OPERATOR) is not (claims.tenant_id == INSTALLATION_ID):
            raise invalid()
        if claims.tenant_id not in self.known:
            raise Rejected("the institution of this token does not exist", code="tenant-unknown", status=401)
        if claims.tenant_id in self.disabled and claims.session_id is None:
            raise disabled()


def disabled() -> Rejected:
    """The refusal of a disabled institution."""
    return Rejected(
        "this institution is disabled; ask the operator of the installation",
        code="tenant-disabled",
        status=401,
    )
