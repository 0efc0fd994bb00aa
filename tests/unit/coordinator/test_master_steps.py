"""Which step of the change to another master key is due."""

from __future__ import annotations

import pytest

from coordinator.ground.master_steps import MasterStep, due


@pytest.mark.parametrize(
    ("held", "step"),
    [
        (("former",), MasterStep.PREPARE),
        (("former", "new"), MasterStep.SWITCH),
        (("new", "former"), MasterStep.REWRAP),
        (("new", "another", "former"), MasterStep.REWRAP),
        (("new",), None),
        (("new", "another"), None),
    ],
)
def test_the_step_that_is_due_follows_from_the_keys_alone(
    held: tuple[str, ...], step: MasterStep | None
) -> None:
    assert due(held, "former") is step
