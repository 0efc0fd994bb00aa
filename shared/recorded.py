"""Observations as JSON lines, so that an exam can be replayed under another policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter, ValidationError

from shared.errors import Corrupt
from shared.observations import Observation

_ADAPTER = TypeAdapter(Observation)


def write_line(observation: Observation) -> bytes:
    """One JSON object and a newline; unknown values are left out."""
    return _ADAPTER.dump_json(observation, exclude_defaults=True) + b"\n"


def read_lines(lines: Iterable[bytes]) -> Iterator[Observation]:
    """Observations in file order. Raises `Corrupt` naming the line that is not one."""
    for number, line in enumerate(lines, 1):
        try:
            yield _ADAPTER.validate_json(line)
        except ValidationError as error:
            raise Corrupt(f"line {number} is not an observation: {error.error_count()} problems") from error
