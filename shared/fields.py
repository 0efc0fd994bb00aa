"""Field types for all schemas: bounded text without NUL, UTC instants, unit fractions.

PostgreSQL refuses NUL in text and SQLite does not; one type refuses it for both, before any database.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from math import isfinite
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, JsonValue, PlainSerializer

_DATE_CHARS: Final = len("2026-11-22")


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("contains a NUL character")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("contains a lone surrogate") from error
    return text


def _plain_json(value: JsonValue) -> JsonValue:
    waiting: list[JsonValue] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            _no_nul(part)
        elif isinstance(part, float) and not isfinite(part):
            raise ValueError("contains a number that JSON cannot express")
        elif isinstance(part, dict):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            waiting += part
    return value


def _no_number(value: object) -> object:
    """Refuse seconds since 1970: pydantic accepts them as an instant, but they are not RFC 3339."""
    written = isinstance(value, str) and value[4:5] == "-" and len(value) > _DATE_CHARS
    if not (written or isinstance(value, datetime)):
        raise ValueError("is not an RFC 3339 time such as 2026-11-22T14:00:00Z")
    return value


def _day(value: object) -> object:
    """Refuse what pydantic accepts as a day besides: seconds since 1970, and instants."""
    written = isinstance(value, str) and len(value) == _DATE_CHARS and value[4] == "-" == value[7]
    if not (written or type(value) is date):
        raise ValueError("is not an RFC 3339 date such as 2026-11-30")
    return value


def _to_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:  # within a day of year 1 or 10000; pydantic expects a ValueError
        raise ValueError("is outside the UTC calendar (years 1 to 9999)") from error


def format_utc(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-11-22T14:00:00.000Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Text = Annotated[str, Field(max_length=2_000), AfterValidator(_no_nul)]
"""Text for people, at most 2,000 characters."""

Words = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"\S"), AfterValidator(_no_nul)]
"""Text of a person; not empty."""

Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_no_nul)]
"""A short name or an identifier from outside, such as an exam's or a candidate's."""

KeyText = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_no_nul)]
"""A public key as text (`shared.sealing`)."""

Json = Annotated[JsonValue, AfterValidator(_plain_json)]
"""Any JSON value from outside; all its text can be stored, at any depth."""

Reference = Annotated[
    str,
    Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]*$"),
    AfterValidator(_no_nul),
]
"""An identifier for use in a path: letters, digits, `. _ : @ -`."""

Utc = Annotated[
    AwareDatetime,
    BeforeValidator(_no_number),
    AfterValidator(_to_utc),
    PlainSerializer(format_utc, return_type=str, when_used="json"),
]
"""An instant with a time zone, stored in UTC, written with milliseconds."""

Day = Annotated[date, BeforeValidator(_day)]
"""A day, written as 2026-11-30."""

Count = Annotated[int, Field(strict=True)]
"""A whole number; text and booleans are refused."""

YesNo = Annotated[bool, Field(strict=True)]
"""A boolean; numbers and text are refused."""

Unit = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
"""A share, probability, similarity or severity in 0…1."""
