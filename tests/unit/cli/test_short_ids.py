"""The beginning of an id stands for it, but never for two."""

from __future__ import annotations

import pytest

from cli.short_ids import SHORT_CHARS, shortened, the_one
from shared.errors import Rejected

ONE, TWO = "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70", "0193a5f0-5a00-7c4e-9b6f-3f1d2c4b5a70"
OTHER = "3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00"


@pytest.mark.parametrize(
    ("ids", "shown"),
    [
        ([], []),
        ([ONE, OTHER], [ONE[:SHORT_CHARS], OTHER[:SHORT_CHARS]]),
        ([ONE, TWO], [ONE[:23], TWO[:23]]),
        ([ONE, ONE], [ONE[:SHORT_CHARS]] * 2),
        (["SESS-1", ONE, ""], ["SESS-1", ONE[:SHORT_CHARS], ""]),
    ],
)
def test_a_table_shows_so_much_of_an_id_as_tells_its_rows_apart(ids: list[str], shown: list[str]) -> None:
    assert shortened(ids) == shown


@pytest.mark.parametrize(
    ("text", "found"),
    [(ONE[:8], ONE), (ONE, ONE), ("SESS-1", "SESS-1"), ("SESS-2", "SESS-20")],
)
def test_the_only_one_that_begins_so_is_meant_and_an_exact_name_first(text: str, found: str) -> None:
    assert the_one(text, "session", [ONE, OTHER, "SESS-1", "SESS-10", "SESS-20"]) == found


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("0193", "id-ambiguous", f"several nodes begin with 0193:\n  {ONE}\n  {TWO}"),
        ("9", "node-unknown", "no node begins with 9"),
    ],
)
def test_what_is_ambiguous_or_unknown_is_said(text: str, code: str, said: str) -> None:
    with pytest.raises(Rejected) as refusal:
        the_one(text, "node", [ONE, TWO, OTHER])
    assert (refusal.value.code, str(refusal.value)) == (code, said)


def test_of_many_that_begin_so_some_are_named() -> None:
    with pytest.raises(Rejected, match=r"X4\n  …$"):
        the_one("X", "session", [f"X{number}" for number in range(6)])
