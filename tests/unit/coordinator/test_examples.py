"""Every example of the description is what it says it is."""

import pytest

from coordinator.examples import EXAMPLES
from shared import api


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid(name: str) -> None:
    getattr(api, name).model_validate(EXAMPLES[name])
