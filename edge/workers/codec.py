"""Writes the values that cross between processes as JSON, and reads them back by their declared types. Pure.

JSON by type instead of pickle: reading it runs no code, refuses what is not declared, and a worker, which
decodes what strangers send, can make the control side believe nothing but values.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, TypeVar, cast

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from edge.workers.calls import ANSWERS, Call
from shared.errors import Corrupt

T = TypeVar("T")

_RULES = ConfigDict(extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


def written(value: Any, kind: Any = None) -> bytes:
    """A value as JSON. `kind`: its declared type, if its class does not say all."""
    declared: Any = type(value) if kind is None else kind
    return _adapter(declared).dump_json((value,))


def read(kind: type[T], body: bytes) -> T:
    """Read a value of a type. Raises `Corrupt` for anything else."""
    return cast(T, _read(kind, body))


def write_call(call: Call) -> bytes:
    """A call as JSON."""
    return written(call)


def read_call(body: bytes) -> Call:
    """Read a call. Raises `Corrupt`."""
    return cast(Call, _read(_CALL, body))


def write_answer(call: Call, answer: Any) -> bytes:
    """A call's answer as JSON; empty if such a call has none."""
    return written(answer, ANSWERS[call.kind]) if call.kind in ANSWERS else b""


def read_answer(call: Call, body: bytes) -> Any:
    """Read the answer of a call. Raises `Corrupt`."""
    return _read(ANSWERS[call.kind], body) if call.kind in ANSWERS else None


_CALL = Annotated[Call, Field(discriminator="kind")]


def _read(kind: Any, body: bytes) -> Any:
    try:
        return _adapter(kind).validate_json(body)[0]
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, each["loc"])) for each in error.errors()}))
        raise Corrupt(f"a message between processes is wrong at {places:.200}") from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    # A tuple, because pydantic takes rules for a whole only where it has none of its own.
    return TypeAdapter(tuple[kind], config=_RULES)
