"""Which of the coordinator's keys count for a node, also after it was away or has restarted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.coordinator_keys import FILE_NAME, CoordinatorKeys
from shared.errors import Corrupt
from shared.sealing import Parcel, pack, signing_public_text, unpack
from shared.successions import named

KEYS = [Ed25519PrivateKey.generate() for _ in range(3)]
A, B, C = (signing_public_text(key.public_key()) for key in KEYS)
AT = datetime(2026, 11, 30, 8, tzinfo=UTC)
SAID = (named(KEYS[0], KEYS[1], AT), named(KEYS[1], KEYS[2], AT))


def by(number: int) -> Parcel:
    return unpack(pack({"kind": "x"}, b"", KEYS[number]))


def test_a_key_that_follows_counts_by_the_word_of_the_one_before_and_after_a_restart(tmp_path: Path) -> None:
    keys = CoordinatorKeys(A, tmp_path)
    keys.verify(by(0))
    with pytest.raises(Corrupt):
        keys.verify(by(1))
    keys.verify(by(2), SAID)  # also over several that it never heard of
    keys.take((C,), SAID)
    keys.keep()
    for one in (keys, CoordinatorKeys(A, tmp_path)):
        one.verify(by(2))
        assert one.counts == (C,)
        with pytest.raises(Corrupt):
            one.verify(by(0))  # it was retired
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_what_does_not_follow_is_not_taken(tmp_path: Path) -> None:
    keys = CoordinatorKeys(A, tmp_path)
    keys.take((C,), SAID[1:])
    keys.take((), SAID)
    assert keys.counts == (A,)


@pytest.mark.parametrize("text", ["", "{}", '{"pinned": "x", "counts": []}'])
def test_a_file_that_cannot_be_read_or_is_of_another_key_counts_for_nothing(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    assert CoordinatorKeys(A, tmp_path).counts == (A,)
    keys = CoordinatorKeys(A, tmp_path)
    keys.take((A, B), SAID)
    keys.keep()
    assert CoordinatorKeys(C, tmp_path).counts == (C,)
