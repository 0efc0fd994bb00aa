"""What a backup of the keyring holds, as lines. Pure.

One JSON object per line: the coordinator's own key files, the hub's configuration, the journal of erasures
from its beginning, the legal holds, the names in notices that are not delivered yet, what was withdrawn,
corrected or revoked, and the wrapped keys of persons, in this order.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from shared.canonical import canonical_json, parse_json
from shared.errors import Corrupt

MASTER_KEY: Final = "master.key"


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file of the coordinator's own keys."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of the hub's configuration."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Erased:
    """A line of the journal of erasures."""

    line: str


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key of a person, wrapped by the master key."""

    key_id: UUID
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A legal hold as it is now."""

    hold_id: UUID
    sealed: bytes
    """Why something is held, under the master key."""
    row: Mapping[str, Any] | None = None
    """Its other columns as JSON; None in a backup of before, which had only the reason."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The names in a notice about a person that a destination has not got yet."""

    destination_id: UUID
    parcel_id: UUID
    sealed: bytes
    """The names, under the master key."""
    row: Mapping[str, Any] | None = None
    """Its other columns as JSON; None in a backup of before, which had only the names."""


@dataclass(frozen=True, slots=True)
class RowNow:
    """A row as it is now of what was withdrawn, corrected or revoked."""

    table: str
    row: Mapping[str, Any]
    """Its columns as JSON."""


Item = OwnFile | HubFile | Erased | HoldRow | Notice | RowNow | HeldKey


def line_of(item: Item) -> bytes:
    """An item as a line."""
    value: dict[str, Any]
    match item:
        case OwnFile(name, data):
            value = {"file": name, "data": base64.b64encode(data).decode("ascii")}
        case HubFile(name, data):
            value = {"hub": name, "data": base64.b64encode(data).decode("ascii")}
        case Erased(line):
            value = {"erased": line}
        case HoldRow(hold_id, sealed, row):
            value = {"hold": str(hold_id), "reason": base64.b64encode(sealed).decode("ascii")}
            value |= {} if row is None else {"row": dict(row)}
        case Notice(destination_id, parcel_id, sealed, row):
            names = base64.b64encode(sealed).decode("ascii")
            value = {"notice": str(parcel_id), "to": str(destination_id), "names": names}
            value |= {} if row is None else {"row": dict(row)}
        case RowNow(table, columns):
            value = {"now": table, "row": dict(columns)}
        case HeldKey(key_id, wrapped):
            value = {"key": str(key_id), "wrapped": base64.b64encode(wrapped).decode("ascii")}
    return canonical_json(value) + b"\n"


def items_of(pieces: Iterable[bytes]) -> Iterator[Item]:
    """The items in pieces of such lines. Raises `Corrupt`."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield _item(line)
    if rest:
        raise Corrupt("the keyring's last line is cut off")


def _item(line: bytes) -> Item:
    try:
        match parse_json(line):
            case {"file": str(name), "data": str(data)}:
                return OwnFile(_plain(name), base64.b64decode(data, validate=True))
            case {"hub": str(name), "data": str(data)}:
                return HubFile(_plain(name), base64.b64decode(data, validate=True))
            case {"erased": str(entry)}:
                return Erased(entry)
            case {"hold": str(hold_id), "reason": str(sealed), "row": dict(row)}:
                return HoldRow(UUID(hold_id), base64.b64decode(sealed, validate=True), row)
            case {"hold": str(hold_id), "reason": str(sealed)}:
                return HoldRow(UUID(hold_id), base64.b64decode(sealed, validate=True))
            case {"notice": str(parcel_id), "to": str(home), "names": str(sealed), **rest}:
                names = base64.b64decode(sealed, validate=True)
                columns = rest.get("row")
                return Notice(
                    UUID(home), UUID(parcel_id), names, columns if isinstance(columns, dict) else None
                )
            case {"now": str(table), "row": dict(columns)}:
                return RowNow(table, columns)
            case {"key": str(key_id), "wrapped": str(wrapped)}:
                return HeldKey(UUID(key_id), base64.b64decode(wrapped, validate=True))
    except (Corrupt, ValueError) as error:
        raise Corrupt("a line of the keyring cannot be read") from error
    raise Corrupt("a line of the keyring is of a kind that this release does not know")


def _plain(name: str) -> str:
    if "/" in name or name.startswith("."):
        raise Corrupt("a file of the keyring has a name that leads elsewhere")
    return name
