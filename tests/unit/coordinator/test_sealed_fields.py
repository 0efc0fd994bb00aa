from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from coordinator.ground.sealed_fields import Place, new_key, open_sealed, seal
from shared.errors import Corrupt

KEY = bytes(range(32))
HERE = Place("alerts", "body_sealed", UUID(int=7))


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(HERE, table="templates"),
        replace(HERE, column="other"),
        replace(HERE, row_id=UUID(int=8)),
        replace(HERE, key_version=2),
    ],
)
def test_a_value_moved_elsewhere_does_not_open(elsewhere: Place) -> None:
    with pytest.raises(Corrupt):
        open_sealed(KEY, elsewhere, seal(KEY, HERE, b"secret"))


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(Corrupt):
        open_sealed(new_key(), HERE, seal(KEY, HERE, b"secret"))


def test_the_same_bytes_never_look_the_same() -> None:
    assert seal(KEY, HERE, b"secret") != seal(KEY, HERE, b"secret")
