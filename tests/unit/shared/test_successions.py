"""Whose word counts for somebody who knows one key of several that followed one another."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.sealing import signing_public_text
from shared.successions import Succession, followed, mark_of, named, trusted

KEYS = [Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in range(1, 6)]
A, B, C, EVIL, OTHER = (signing_public_text(key.public_key()) for key in KEYS)
AT = datetime(2026, 11, 30, 8, tzinfo=UTC)
A_TO_B, B_TO_C = named(KEYS[0], KEYS[1], AT), named(KEYS[1], KEYS[2], AT)
A_TO_EVIL = named(KEYS[0], KEYS[3], AT)
"""What a thief of the first key may say later."""
CHAIN = [A_TO_B, B_TO_C]


@pytest.mark.parametrize(
    ("pinned", "said", "expected"),
    [
        (A, [], {A}),
        (A, CHAIN, {A, B, C}),
        (B, CHAIN, {A, B, C}),
        (C, CHAIN, {A, B, C}),
        (OTHER, CHAIN, {OTHER}),
        (B, [*CHAIN, A_TO_EVIL], {A, B, C}),
        (C, [A_TO_EVIL, *CHAIN], {A, B, C}),
        (A, [*CHAIN, A_TO_EVIL], {A, B, C, EVIL}),
    ],
)
def test_who_knows_a_key_believes_those_after_it_and_those_before_it(
    pinned: str, said: list[Succession], expected: set[str]
) -> None:
    assert set(trusted(pinned, said)) == expected


def test_a_key_that_counts_no_more_names_no_successor() -> None:
    assert followed([B], [A_TO_EVIL, B_TO_C]) == (B, C)


@pytest.mark.parametrize(
    "change",
    [
        {"following": EVIL},
        {"former": OTHER},
        {"at": datetime(2027, 1, 1, tzinfo=UTC)},
        {"signature": A_TO_B.accepted},
        {"accepted": A_TO_B.signature},
    ],
)
def test_a_changed_word_is_nobodys(change: dict[str, object]) -> None:
    assert trusted(A, [A_TO_B.model_copy(update=change)]) == (A,)
    assert A not in trusted(B, [A_TO_B.model_copy(update=change)])


def test_a_mark_tells_which_keys_count_in_whatever_order() -> None:
    assert mark_of([A, B]) == mark_of((B, A)) != mark_of([A])
