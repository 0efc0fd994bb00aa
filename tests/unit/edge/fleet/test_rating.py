"""How many sessions are admitted: a rating counts only where all is as it was when it was measured."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge.config import UNRATED
from edge.fleet.rating import Conditions, Rating, admitted, objection

HERE = Conditions(
    machine="Xeon, 2 of it, 8 GiB",
    device="cpu-openvino",
    level=1,
    workers=0,
    threads=2,
    models={"faces": "a@1"},
)


def rating(sessions: int = 5) -> Rating:
    return Rating(sessions=sessions, measured_utc=datetime(2026, 1, 1, tzinfo=UTC), conditions=HERE)


def test_it_is_believed_where_it_was_measured() -> None:
    assert objection(rating(), HERE) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("machine", "Xeon, 4 of it, 8 GiB"),
        ("device", "cpu-onnx"),
        ("level", 2),
        ("workers", 2),
        ("threads", 4),
        ("models", {"faces": "a@2"}),
        ("models", {"faces": "a@1", "body": "b@1"}),
    ],
)
def test_it_is_not_believed_with_anything_else(name: str, value: object) -> None:
    why = objection(rating(), HERE.model_copy(update={name: value}))
    assert why == f"it was measured with other values of: {name}"


@pytest.mark.parametrize(
    ("measured", "ceiling", "room", "sessions"),
    [
        (None, None, None, UNRATED),
        (None, 3, None, 3),
        (5, None, None, 5),
        (5, 3, None, 3),
        (5, 9, None, 5),
        (40, None, None, 40),
        (None, None, 250, UNRATED),
        (None, None, 2, 2),
        (None, 30, 25, 25),
        (40, None, 25, 25),
    ],
)
def test_what_is_configured_and_the_room_for_media_are_only_upper_bounds(
    measured: int | None, ceiling: int | None, room: int | None, sessions: int
) -> None:
    believed = None if measured is None else rating(measured)
    assert admitted(believed, ceiling, room, unrated=UNRATED) == sessions
