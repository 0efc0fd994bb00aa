from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.fields import Count, Day, Json, Name, Reference, Text, Utc, YesNo, format_utc

INSTANT = TypeAdapter(Utc)


def test_an_instant_is_kept_in_utc_and_written_with_milliseconds() -> None:
    kept = INSTANT.validate_python("2026-11-22T15:00:00.5+01:00")
    assert kept == datetime(2026, 11, 22, 14, 0, 0, 500_000, tzinfo=UTC)
    assert format_utc(kept) == "2026-11-22T14:00:00.500Z"
    assert INSTANT.dump_json(kept) == b'"2026-11-22T14:00:00.500Z"'


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T15:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "now",
        "0.5",
        0,
        1.5,
        True,
        "2026-11-22",
    ],
)
def test_what_is_no_instant_is_refused_like_any_wrong_field(text: Any) -> None:
    with pytest.raises(ValidationError):
        INSTANT.validate_python(text)


@pytest.mark.parametrize("kind", [Name, Reference, Text])
@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_text_that_a_database_would_refuse_is_refused_before(kind: Any, text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_the_same_text_is_refused_however_deep_it_stands_in_json(text: str) -> None:
    for value in (text, [1, [text]], {"a": {"b": [text]}}, {"a": {text: 1}}):
        with pytest.raises(ValidationError):
            TypeAdapter(Json).validate_python(value)
    whole = {"a": [1, None, {"b": "text"}]}
    assert TypeAdapter(Json).validate_python(whole) == whole


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_is_none_in_json_is_refused_in_it(number: float) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Json).validate_python({"a": [number]})


@pytest.mark.parametrize(("kind", "value"), [(Count, True), (Count, "3"), (YesNo, 0), (YesNo, "yes")])
def test_a_value_of_another_kind_is_not_taken_for_one_of_this(kind: Any, value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize("text", ["0", "1764460800", "20261130", "2026-11-30T00:00:00Z", "2026-13-01", 0, ""])
def test_a_day_is_a_day_and_no_number_of_seconds(text: object) -> None:
    assert TypeAdapter(Day).validate_python("2026-11-30") == date(2026, 11, 30)
    with pytest.raises(ValidationError):
        TypeAdapter(Day).validate_python(text)
