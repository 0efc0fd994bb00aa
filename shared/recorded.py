"""Reads and writes observations as JSON lines, so that an exam can be replayed under another policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from shared.errors import Corrupt
from shared.observations import Observation

EARLIEST_S: Final = -60.0
"""Sound may begin before the first picture, at which the session clock starts."""
LATEST_S: Final = 7 * 86_400.0
"""No exam lasts a week."""

_WRITER = TypeAdapter(Observation)
_READER = TypeAdapter(tuple[Observation], config=ConfigDict(extra="forbid", allow_inf_nan=False, strict=True))
"""Reads one observation as a 1-tuple, because a plain dataclass takes no settings. Unknown fields, from
another or a newer program, are refused: it is unknown how a policy would judge them."""


def write_line(observation: Observation) -> bytes:
    """One JSON object and a newline; unknown values are left out."""
    return _WRITER.dump_json(observation, exclude_defaults=True) + b"\n"


def read_lines(lines: Iterable[bytes]) -> Iterator[Observation]:
    """Observations in file order. Raises `Corrupt` with the number of an invalid line, and why."""
    for number, line in enumerate(lines, 1):
        try:
            (observation,) = _READER.validate_json(b"[" + line + b"]")
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(step) for step in first["loc"][1:])
            what = f"{place}: {first['msg']}" if place else first["msg"]
            raise Corrupt(f"line {number} is not an observation: {what}") from error
        if not EARLIEST_S <= observation.at <= LATEST_S:
            raise Corrupt(f"line {number} is not an observation: at is outside of any exam")
        yield observation
