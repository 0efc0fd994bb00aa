"""The secret half of a stored key, without what it belongs to.

A batch of alerts reads four for each session; as whole rows they were a twelfth of storing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coordinator.ground.keyring import KeyKind
from coordinator.keys.tables import Key


@dataclass(frozen=True, slots=True)
class Half:
    """What `Keyring` takes of a key (`HeldKey`)."""

    id: UUID
    kind: KeyKind
    wrapped: bytes | None
    master_version: int


_TABLE: Final[Any] = Key.__table__.c  # type: ignore[attr-defined]
COLUMNS: Final = (_TABLE.id, _TABLE.kind, _TABLE.wrapped, _TABLE.master_version)
"""The columns that make one, in this order."""
