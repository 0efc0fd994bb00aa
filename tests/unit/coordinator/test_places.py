"""Places for work that holds much memory."""

import pytest

from coordinator.web_api.places import Places
from shared.errors import Rejected, Unavailable


def test_one_asker_gets_its_part_and_leaves_the_rest_to_others() -> None:
    places = Places(4)
    for _ in range(2):
        places.take("greedy", most=2)
    with pytest.raises(Rejected) as refused:
        places.take("greedy", most=2)
    assert (refused.value.status, refused.value.code) == (429, "too-many-at-once")
    for other in ("b", "c"):
        places.take(other, most=2)
    with pytest.raises(Unavailable) as full:
        places.take("d", most=2)
    assert full.value.code == "busy"


def test_a_place_given_back_is_free_again() -> None:
    places = Places(1)
    for asker in ("a", "a", "b"):
        places.take(asker, most=1)
        places.leave(asker)
    places.take("a", most=1)
    with pytest.raises(Unavailable):
        places.take("b", most=1)
