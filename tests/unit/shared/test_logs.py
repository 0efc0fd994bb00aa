"""A log line says where something broke and never what it broke on."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from shared.errors import Corrupt, Unavailable
from shared.logs import JsonFormatter, means_something

WORDS = "psst, what is the answer to number seven"


class Spoken(BaseModel):
    said: int


def validate() -> None:
    Spoken.model_validate({"said": WORDS})


def count() -> None:
    int(WORDS)


def look_up() -> None:
    raise KeyError(WORDS)


def logged(work: Callable[[], object]) -> str:
    """The line that is written when this raises."""
    try:
        work()
    except Exception:
        record = logging.LogRecord("edge", logging.ERROR, "", 0, "a session failed", None, sys.exc_info())
    return JsonFormatter("proctor-edge").format(record)


def translated(work: Callable[[], object]) -> Callable[[], None]:
    """The same, as a border of ours translates it."""

    def raising() -> None:
        try:
            work()
        except (ValueError, KeyError) as error:
            raise Corrupt("this is no sealed excerpt") from error

    return raising


def grouped() -> None:
    try:
        validate()
    except ValidationError as error:
        raise ExceptionGroup(WORDS, [error, Unavailable("the disk is away")]) from None


@pytest.mark.parametrize("work", [validate, count, look_up])
def test_an_exceptions_text_may_quote_what_was_said_and_is_not_logged(work: Callable[[], object]) -> None:
    for raising in (work, translated(work)):
        line = logged(raising)
        assert WORDS not in line
        assert work.__name__ in json.loads(line)["exception"]


def test_our_own_words_and_the_kinds_of_all_causes_are_logged() -> None:
    told = json.loads(logged(translated(validate)))["exception"]
    assert told.splitlines()[-1] == "shared.errors.Corrupt: this is no sealed excerpt"
    assert "ValidationError\n" in told
    assert told.index("ValidationError") < told.index("shared.errors.Corrupt")


def test_the_parts_of_a_group_are_logged() -> None:
    line = logged(grouped)
    assert WORDS not in line
    assert "ValidationError" in line
    assert "shared.errors.Unavailable: the disk is away" in line


def test_a_system_error_keeps_its_text() -> None:
    assert "/no/such/place" in logged(Path("/no/such/place").read_text)


def test_a_chain_without_end_is_cut() -> None:
    def loop() -> None:
        first, second = KeyError("one"), KeyError("two")
        first.__cause__, second.__cause__ = second, first
        raise first

    assert len(logged(loop)) < 5_000


def test_a_line_keeps_its_own_level_whatever_is_added_to_it() -> None:
    record = logging.LogRecord("edge", logging.WARNING, "", 0, "an event was detected", None, None)
    record.__dict__ |= {"level": 3, "degradation_level": 3, "trace_id": "ab", "candidate_id": WORDS}
    line = json.loads(JsonFormatter("proctor-edge").format(record))
    assert (line["level"], line["degradation_level"], line["trace_id"]) == ("WARNING", 3, "ab")
    assert WORDS not in str(line)


@pytest.mark.parametrize(
    ("name", "text", "stays"),
    [
        ("asyncio", "returning true from eof_received() has no effect when using ssl", False),
        ("asyncio", "Task was destroyed but it is pending!", True),
        ("edge.hub", "returning true from eof_received() has no effect when using ssl", True),
    ],
)
def test_only_what_asyncio_says_of_itself_is_left_out(name: str, text: str, *, stays: bool) -> None:
    record = logging.LogRecord(name, logging.WARNING, __file__, 1, text, (), None)
    assert means_something(record) is stays
