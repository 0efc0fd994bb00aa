from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.errors import Corrupt
from shared.nats_keys import KeyKind, parse_public, parse_seed, public_text, seed_text
from shared.sealing import private_bytes

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.mark.parametrize(
    ("kind", "letter"), [(KeyKind.OPERATOR, "O"), (KeyKind.ACCOUNT, "A"), (KeyKind.USER, "U")]
)
def test_a_keys_text_says_its_kind_and_is_read_back(kind: KeyKind, letter: str) -> None:
    public, seed = public_text(kind, KEY.public_key()), seed_text(kind, KEY)
    assert (len(public), public[0]) == (56, letter)
    assert (len(seed), seed[:2]) == (58, f"S{letter}")
    assert parse_public(kind, public) == KEY.public_key()
    assert private_bytes(parse_seed(kind, seed)) == private_bytes(KEY)


def test_another_kind_a_changed_letter_and_other_text_are_refused() -> None:
    good = public_text(KeyKind.USER, KEY.public_key())
    changed = [good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :] for place in range(56)]
    seed = seed_text(KeyKind.USER, KEY)
    for text in [
        *changed,
        public_text(KeyKind.ACCOUNT, KEY.public_key()),
        seed,
        "",
        "U",
        good[:-8],
        good * 2,
    ]:
        with pytest.raises(Corrupt):
            parse_public(KeyKind.USER, text)


def test_what_is_no_seed_of_this_kind_is_refused_and_not_repeated() -> None:
    good = seed_text(KeyKind.USER, KEY)
    others = ["", "SU", good[:-8], good[:-3] + "AAA", seed_text(KeyKind.ACCOUNT, KEY), "ä" * 58]
    for text in [*others, public_text(KeyKind.USER, KEY.public_key())]:
        with pytest.raises(Corrupt, match=r"^this is not a NATS key") as refused:
            parse_seed(KeyKind.USER, text)
        assert not text or text not in str(refused.value)
