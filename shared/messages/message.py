"""The base of all messages and bodies, and how to parse one."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import Corrupt

M = TypeVar("M", bound=BaseModel)


class Message(BaseModel):
    """A frozen message; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def parse(kind: type[M], data: bytes | dict[str, Any]) -> M:
    """Parse a message or body of this kind. Raises `Corrupt`, without its content, when it is invalid."""
    try:
        return kind.model_validate_json(data) if isinstance(data, bytes) else kind.model_validate(data)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, e["loc"])) for e in error.errors()}))
        raise Corrupt(f"not a {kind.__name__}: wrong at {places}") from error
