"""Marks that a person leaves in every field it can fill, and a search for them in every place.

A mark is searched for in bytes as they lie there, and in everything that some key of a keyring opens.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from coordinator.ground.keyring import KeyKind, Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.keys.tables import Key
from shared.bundles import unbundled
from shared.errors import Corrupt
from shared.sealing import open_body, unpack


@dataclass(frozen=True)
class Opener:
    """Every key of one keyring: the rows of `keys` in a database, with the master key."""

    keyring: Keyring
    keys: Sequence[Key]

    @classmethod
    def of(cls, database: Path, keyring: Keyring) -> Opener:
        """The keyring as it lies in an SQLite file."""
        with closing(sqlite3.connect(database)) as db:
            rows = db.execute("SELECT id, kind, wrapped, master_version FROM keys").fetchall()
        keys = [
            Key.model_construct(id=UUID(row[0]), kind=KeyKind(row[1]), wrapped=row[2], master_version=row[3])
            for row in rows
        ]
        return cls(keyring, [key for key in keys if key.wrapped is not None])

    def field(self, table: str, column: str, row_id: UUID, sealed: bytes) -> bytes | None:
        """What a sealed field holds, opened with any key."""
        place = Place(table, column, row_id)
        with suppress(Corrupt):
            return self.keyring.unwrap(place, sealed)
        for key in self.keys:
            if key.kind is KeyKind.DATA:
                with suppress(Corrupt):
                    return self.keyring.open_field(key, place, sealed)
        return None

    def message(self, message: bytes) -> bytes:
        """What a node's message and the parcels beside it hold."""
        bundle = unbundled(message)
        return b"\n".join(self._parcel(one) for one in (bundle.message, *bundle.beside))

    def _parcel(self, data: bytes) -> bytes:
        parcel = unpack(data)
        for key in self.keys:
            if key.kind is KeyKind.SEALING:
                with suppress(Corrupt):
                    return self.inside(open_body(parcel, self.keyring.open_private(key)))
        return b""

    def inside(self, plain: bytes) -> bytes:
        """The same with what was said, which is sealed once more inside an alert."""
        with suppress(ValueError, KeyError, TypeError):
            return plain + b"\n" + self._parcel(base64.b64decode(json.loads(plain)["sealed_excerpt"]))
        return plain


def in_database(path: Path, opener: Opener) -> bytes:
    """Everything that can be read of a database: its files as they lie there, and what opens."""
    found = [file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*"))]
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            own = "parcel_id" if table == "deliveries" else "id"
            for row in db.execute(f"SELECT * FROM {table}"):
                values = dict(zip(columns, row, strict=True))
                for column, value in values.items():
                    if column.endswith("_sealed") and value:
                        plain = opener.field(table, column, UUID(values[own]), value)
                        found.append(opener.inside(plain or b""))
                    elif table == "parked_messages" and column == "message":
                        found.append(opener.message(value))
    return b"\n".join(found)


def marks_in(content: bytes, marks: Iterable[bytes]) -> set[bytes]:
    """The marks that stand in some content, also in base64 inside it."""
    return {mark for mark in marks if any(form in content for form in _forms(mark))}


def _forms(mark: bytes) -> Iterator[bytes]:
    yield mark
    for shift in range(3):
        yield base64.b64encode(b"x" * shift + mark)[4 if shift else 0 : -4]
