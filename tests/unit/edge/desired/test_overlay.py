"""What the coordinator gives counts instead of what the node's own file says, within the same bounds."""

from __future__ import annotations

from typing import Any

import pytest

from edge.config import EdgeConfig
from edge.desired.overlay import needs_restart, overlaid
from models.chain import BestDevice
from models.tasks import Task
from shared.errors import Rejected
from shared.messages.desired import Desired
from shared.node_settings import NodeSettings, Scalar

KEY = "ed25519:" + "A" * 43 + "="


def own(**analysis: Any) -> EdgeConfig:
    return EdgeConfig.model_validate(
        {
            "region": "eu-west",
            "data_folder": "/data",
            "coordinator": {"public_key": KEY, "url": "https://proctor.example.org"},
            "nats": {"url": "nats://127.0.0.1:4222"},
            "analysis": analysis,
        }
    )


def order(settings: dict[str, Scalar] | None = None, weights: dict[str, str] | None = None) -> Desired:
    return Desired(version=1, settings=settings or {}, weights=weights or {})


def test_what_is_not_given_stays_as_the_file_says() -> None:
    mine = own(rating=5, level="L2")
    assert overlaid(mine, None) == mine
    assert overlaid(mine, order()) == mine
    given = overlaid(mine, order({"rating": 3}))
    assert (given.analysis.rating, given.analysis.level, given.region) == (3, "L2", "eu-west")


def test_everything_that_may_be_given_counts() -> None:
    values: dict[str, Scalar] = {
        "rating": 3,
        "join_window_s": 120.0,
        "level": "L3",
        "steps_down": False,
        "best_device": "cpu",
        "threads": 4,
        "workers": 2,
    }
    assert values.keys() == NodeSettings.model_fields.keys()
    given = overlaid(own(), order(values, {"head-pose": "fsanet@688590"}))
    found = given.analysis
    assert (found.rating, found.join_window_s, found.level, found.steps_down) == (3, 120.0, "L3", False)
    assert (found.best_device, found.threads, given.workers.count) == (BestDevice.CPU, 4, 2)
    assert found.weights == {Task.HEAD_POSE: "fsanet@688590"}


def test_networks_are_given_task_by_task() -> None:
    mine = own(weights={"gaze": "iris-gaze@0.10.21", "head-pose": "mesh-pose@0.10.21"})
    given = overlaid(mine, order(weights={"head-pose": "fsanet@688590"})).analysis.weights
    assert given == {Task.GAZE: "iris-gaze@0.10.21", Task.HEAD_POSE: "fsanet@688590"}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"rating": 0}, "rating"),
        ({"rating": 501}, "rating"),
        ({"rating": "6"}, "rating"),
        ({"rating": True}, "rating"),
        ({"threads": 65}, "threads"),
        ({"level": "L9"}, "level"),
        ({"steps_down": 1}, "steps_down"),
        ({"join_window_s": 59.0}, "join_window_s"),
        ({"profile": "research"}, "profile: is not a setting that can be given; there are rating"),
        ({"data_folder": "/etc"}, "data_folder"),
    ],
)
def test_what_is_unknown_or_beyond_its_bounds_is_refused_by_name(
    settings: dict[str, Scalar], told: str
) -> None:
    with pytest.raises(Rejected, match=told) as refused:
        overlaid(own(), order(settings))
    assert (refused.value.code, refused.value.status) == ("settings-invalid", 422)


def test_a_task_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Rejected, match="weights"):
        overlaid(own(), order(weights={"moods": "any@1"}))


def test_what_does_not_fit_the_rest_of_the_file_is_refused() -> None:
    few_ports = EdgeConfig.model_validate(
        own().model_dump() | {"media": {"first_port": 20_000, "last_port": 20_039}}
    )
    assert overlaid(few_ports, order({"rating": 10})).analysis.rating == 10
    with pytest.raises(Rejected, match="first_port"):
        overlaid(few_ports, order({"rating": 11}))


@pytest.mark.parametrize(
    ("changed", "restart"),
    [
        ({"rating": 3}, False),
        ({"join_window_s": 120.0}, False),
        ({"level": "L2"}, True),
        ({"steps_down": False}, True),
        ({"best_device": "cpu"}, True),
        ({"threads": 3}, True),
        ({"workers": 1}, True),
    ],
)
def test_what_the_daemon_reads_only_when_it_begins_needs_a_restart(
    changed: dict[str, Scalar], restart: bool
) -> None:
    assert needs_restart(own(), overlaid(own(), order(changed))) is restart
    assert needs_restart(own(), overlaid(own(), order(weights={"head-pose": "fsanet@688590"})))
