"""What a number of sessions needs, by the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.fleet_plan import Inputs, fleet_for, plan, typical
from shared.errors import Rejected


def named(inputs: Inputs) -> dict[str, float]:
    return {one.name: one.value for one in plan(inputs)}


@pytest.mark.parametrize(
    ("sessions", "rating", "have", "target", "spare", "nodes"),
    [
        (1, 8, (), 0.7, 0, 1),
        (1, 8, (), 0.7, 1, 2),  # one may fail, and there is still a place
        (5, 8, (), 0.7, 0, 1),  # 5.6 places
        (6, 8, (), 0.7, 0, 2),
        (50, 8, (), 0.7, 1, 9),  # 50.4 places
        (500, 8, (), 0.7, 1, 90),
        (5000, 8, (), 0.7, 1, 893),
        (5000, 40, (), 0.7, 1, 179),
        (8, 8, (), 1.0, 0, 1),
        (8, 8, (), 1.0, 2, 3),
        (100, 10, (50, 50, 50), 0.7, 1, 3),  # the largest may fail: two carry a hundred
        (100, 10, (150,), 0.7, 1, 11),  # it alone would do, but not when it fails
        (10, 1, (500, 500), 0.7, 0, 2),  # more are there than are needed; none is taken away
    ],
)
def test_the_nodes_carry_all_at_the_target_and_when_some_fail(
    sessions: int, rating: int, have: tuple[int, ...], target: float, spare: int, nodes: int
) -> None:
    inputs = Inputs(sessions=sessions, rating=rating, have=have, target=target, spare=spare)
    found = fleet_for(inputs)
    assert (len(found), found[: len(have)]) == (nodes, have)
    told = named(inputs)
    assert told["nodes to add"] == nodes - len(have)
    assert told["load"] == pytest.approx(sessions / sum(found))
    assert told["load"] <= target


def test_the_load_of_hub_database_and_network_comes_from_the_inputs() -> None:
    inputs = Inputs(sessions=3600, rating=100, spare=0, target=1.0, alerts_per_hour=10.0, cost_per_hour=0.5)
    told = named(inputs)
    assert told["nodes"] == 36
    assert told["hub: heartbeats"] == pytest.approx(36 * 2 / 5)
    assert told["hub: states"] == pytest.approx(3600 * 2 / 5)
    assert told["hub: alerts"] == pytest.approx(100)  # 20 revisions a second, 5 messages each
    assert told["hub: all"] == pytest.approx(14.4 + 1440 + 100)
    assert told["database: writes"] == pytest.approx(20 + 36 / 60)
    assert told["database: reads"] == pytest.approx(90 + 36 / 5)
    assert told["media: all nodes"] == pytest.approx(1620)
    assert told["media: largest node"] == pytest.approx(45)
    assert told["hub: incoming"] == pytest.approx((20 * 30 + 720 * 16) * 8192 / 1e6)
    assert told["cost"] == pytest.approx(18.0)
    assert told["cost of a session"] == pytest.approx(0.005)


def test_without_a_price_no_cost_is_told_and_every_figure_names_its_inputs() -> None:
    figures = plan(Inputs(sessions=1, rating=1))
    assert not any("cost" in one.name for one in figures)
    assert all(one.inputs for one in figures)


def test_the_rating_to_plan_with_is_one_that_was_measured() -> None:
    assert (typical((8,)), typical((8, 2)), typical((2, 9, 4))) == (8, 2, 4)
    with pytest.raises(Rejected, match="give --rating"):
        typical(())


@pytest.mark.parametrize("sessions", [50, 500, 5_000])
def test_the_written_table_is_the_models(sessions: int) -> None:
    told = named(Inputs(sessions=sessions, rating=8))
    values = [f"{told['nodes']:,}", f"{told['hub: all']:,.0f}", f"{told['database: writes']:.1f}"]
    values += [f"{told['database: reads']:.0f}", f"{told['media: all nodes']:,.1f}"]
    row = " | ".join([f"{sessions:,}", *values])
    assert f"| {row} |" in Path("docs/scaling.md").read_text("utf-8")


def test_what_no_fleet_carries_is_refused() -> None:
    with pytest.raises(Rejected, match="nodes are needed"):
        fleet_for(Inputs(sessions=1_000_000, rating=1))
