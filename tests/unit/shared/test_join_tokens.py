from __future__ import annotations

import pytest

from shared.errors import Rejected
from shared.join_tokens import SECRET_BYTES, JoinToken, fingerprint, parse_join_token

TOKEN = JoinToken(bytes(range(SECRET_BYTES)), fingerprint(b"a public key"))


def test_a_token_is_read_as_it_was_written_also_with_space_around_it() -> None:
    assert parse_join_token(TOKEN.text) == TOKEN
    assert parse_join_token(f" {TOKEN.text}\n") == TOKEN


def test_what_is_kept_says_neither_the_secret_nor_shows_it_in_a_log() -> None:
    other = JoinToken(bytes(SECRET_BYTES), TOKEN.ca_fingerprint)
    assert TOKEN.hashed != other.hashed
    assert TOKEN.hashed == JoinToken(TOKEN.secret, fingerprint(b"another")).hashed
    assert TOKEN.secret.hex() not in TOKEN.hashed
    assert "secret" not in repr(TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pj1",
        TOKEN.text[:-1],
        TOKEN.text + "a",
        TOKEN.text.upper(),
        TOKEN.text.replace("pj1", "pj2"),
        TOKEN.text[:-1] + ("b" if TOKEN.text[-1] != "b" else "c"),
        TOKEN.text.replace(".", "-"),
        "x" * 100_000,
    ],
)
def test_anything_else_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Rejected, match=r"^this is not a join token$"):
        parse_join_token(text)
