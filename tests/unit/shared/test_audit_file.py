"""A log that was touched says where; one that was not says how far it is signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.audit_chain import BEGINNING, Checkpoint, leaf_of, linked, sign
from shared.audit_check import MOST_FAULTS, AuditCheck
from shared.audit_file import Link, Signed, checkpoints_of, first_line

TENANT = UUID(int=7)
ANOTHER = UUID(int=8)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FOREIGN = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
START = datetime(2026, 11, 30, 8, tzinfo=UTC)
COUNT = 12
SIGNED_AT = (4, 8)

Lines = list[dict[str, Any]]


def entry(number: int, tenant: UUID = TENANT) -> dict[str, Any]:
    return {"tenant": str(tenant), "act": "get_session", "about": [f"session:{UUID(int=number)}"]}


def chained(entries: list[dict[str, Any]], after: int = 0, chain: bytes = BEGINNING) -> list[Link]:
    links = []
    for number, one in enumerate(entries, after + 1):
        leaf = leaf_of(one)
        chain = linked(chain, leaf)
        links.append(Link(number, one, leaf, chain))
    return links


LINKS = chained([entry(number) for number in range(1, COUNT + 1)])


def checkpoint(number: int, tenant: UUID = TENANT, key: Ed25519PrivateKey = KEY) -> Signed:
    made = Checkpoint(tenant, number, LINKS[number - 1].chain, START + timedelta(minutes=number))
    return Signed(made, sign(made, key))


def log(links: list[Link] = LINKS) -> Lines:
    texts = [first_line(TENANT, 0, BEGINNING, "ed25519:…")]
    for link in links:
        texts.append(link.line())
        if link.number in SIGNED_AT:
            texts.append(checkpoint(link.number).line())
    return [json.loads(text) for text in texts]


def at(lines: Lines, number: int) -> int:
    return next(place for place, line in enumerate(lines) if line.get("number") == number)


def checked(lines: Lines, *known: Signed) -> AuditCheck:
    check = AuditCheck((KEY.public_key(),), known)
    check.read(json.dumps(line).encode() for line in lines)
    return check


def test_a_log_that_nobody_touched_has_no_fault() -> None:
    check = checked(log())
    assert check.faults == []
    assert (check.tenant_id, check.entries, check.number, check.checkpoints, check.signed_to) == (
        TENANT,
        COUNT,
        COUNT,
        2,
        8,
    )


def test_a_file_may_begin_after_the_first_entries() -> None:
    lines = [json.loads(first_line(TENANT, 4, LINKS[3].chain, "ed25519:…")), *log()[at(log(), 5) :]]
    check = checked(lines, checkpoint(2), checkpoint(8))
    assert check.faults == []
    assert (check.began_after, check.entries, check.signed_to) == (4, COUNT - 4, 8)


def changed(lines: Lines) -> None:
    lines[at(lines, 5)]["entry"]["act"] = "get_exam"


def added_to(lines: Lines) -> None:
    lines[at(lines, 5)]["entry"]["note"] = ""


def stripped(lines: Lines) -> None:
    del lines[at(lines, 5)]["entry"]["about"]


def retyped(lines: Lines) -> None:
    lines[at(lines, 5)]["entry"]["about"] = str(lines[at(lines, 5)]["entry"]["about"])


def changed_with_its_leaf(lines: Lines) -> None:
    line = lines[at(lines, 5)]
    line["entry"]["act"] = "get_exam"
    line["leaf"] = leaf_of(line["entry"]).hex()


def another_leaf(lines: Lines) -> None:
    lines[at(lines, 5)]["leaf"] = bytes(32).hex()


def another_chain(lines: Lines) -> None:
    lines[at(lines, 5)]["chain"] = bytes(32).hex()


def dropped(lines: Lines) -> None:
    del lines[at(lines, 5)]


def three_dropped(lines: Lines) -> None:
    for number in (5, 6, 7):
        del lines[at(lines, number)]


def dropped_and_renumbered(lines: Lines) -> None:
    del lines[at(lines, 5)]
    for line in lines:
        if line.get("number", 0) > 5:
            line["number"] -= 1


def moved(lines: Lines) -> None:
    lines.insert(at(lines, 7), lines.pop(at(lines, 5)))


def swapped(lines: Lines) -> None:
    a, b = lines[at(lines, 5)], lines[at(lines, 6)]
    a["entry"], b["entry"] = b["entry"], a["entry"]


def doubled(lines: Lines) -> None:
    lines.insert(at(lines, 5), dict(lines[at(lines, 5)]))


def put_in(lines: Lines) -> None:
    lines.insert(at(lines, 6), {**lines[at(lines, 5)], "entry": entry(99)})


def rewritten_from(number: int) -> Callable[[Lines], None]:
    """By somebody who recomputes everything after it, without the key."""

    def act(lines: Lines) -> None:
        entries = [link.entry for link in LINKS]
        entries[number - 1] = entry(99)
        for link in chained(entries):
            lines[at(lines, link.number)] = json.loads(link.line())

    return act


def of_another_institution(lines: Lines) -> None:
    lines[0]["tenant"] = str(ANOTHER)


def signed_by_another(lines: Lines) -> None:
    lines[at(lines, 4) + 1] = json.loads(checkpoint(4, key=FOREIGN).line())


def checkpoint_of_later(lines: Lines) -> None:
    lines[at(lines, 4) + 1]["checkpoint"]["at"] = "2027-01-01T00:00:00.000Z"


def checkpoint_moved(lines: Lines) -> None:
    lines.insert(at(lines, 6), lines.pop(at(lines, 4) + 1))


def without_beginning(lines: Lines) -> None:
    del lines[0]


def begun_twice(lines: Lines) -> None:
    lines.insert(at(lines, 5), lines[0])


def other_beginning(lines: Lines) -> None:
    lines[0]["chain"] = bytes(range(32)).hex()


def broken(lines: Lines) -> None:
    lines[at(lines, 5)] = {"number": "5"}


BREAKS = {
    changed: ["entry 5 was changed"],
    added_to: ["entry 5 was changed"],
    stripped: ["entry 5 was changed"],
    retyped: ["entry 5 was changed"],
    changed_with_its_leaf: ["entry 5 does not continue the chain of the entries before it"],
    another_leaf: ["entry 5 was changed"],
    another_chain: [
        "entry 5 does not continue the chain of the entries before it",
        "entry 6 does not continue the chain of the entries before it",
    ],
    dropped: ["entry 5 is missing"],
    three_dropped: ["entries 5 to 7 are missing"],
    dropped_and_renumbered: [
        "entry 5 does not continue the chain of the entries before it",
        "the checkpoint at entry 8 stands behind entry 7",
    ],
    moved: ["entry 5 is missing", "entry 5 stands behind entry 7"],
    swapped: ["entry 5 was changed", "entry 6 was changed"],
    doubled: ["entry 5 stands behind entry 5"],
    put_in: ["entry 5 stands behind entry 5", "entry 5 was changed"],
    rewritten_from(5): ["entries 5 to 8 are not those that were signed at 2026-11-30T08:08:00.000Z"],
    rewritten_from(1): [
        "entries 1 to 4 are not those that were signed at 2026-11-30T08:04:00.000Z",
        "entries 1 to 8 are not those that were signed at 2026-11-30T08:08:00.000Z",
    ],
    of_another_institution: [
        *(
            text
            for number in range(1, COUNT + 1)
            for text in (
                f"entry {number} belongs to another institution",
                *(
                    [f"the checkpoint at entry {number} is not signed by this key"]
                    if number in SIGNED_AT
                    else []
                ),
            )
        )
    ],
    signed_by_another: ["the checkpoint at entry 4 is not signed by this key"],
    checkpoint_of_later: ["the checkpoint at entry 4 is not signed by this key"],
    checkpoint_moved: ["the checkpoint at entry 4 stands behind entry 6"],
    without_beginning: [
        *(f"line {number} is not a line of an audit log" for number in range(1, COUNT + 3)),
        "the file does not begin as an audit log does",
    ],
    begun_twice: ["line 7 is not a line of an audit log"],
    other_beginning: [
        "the first entry does not begin the chain",
        "entry 1 does not continue the chain of the entries before it",
    ],
    broken: ["line 7 is not a line of an audit log", "entry 5 is missing"],
}


@pytest.mark.parametrize("act", BREAKS, ids=lambda act: act.__name__)
def test_what_was_touched_is_named_at_its_place(act: Callable[[Lines], None]) -> None:
    lines = log()
    act(lines)
    assert checked(lines).faults == BREAKS[act]


def test_an_end_that_was_cut_off_is_seen_by_a_checkpoint_kept_elsewhere() -> None:
    lines = log()[: at(log(), 6)]
    assert checked(lines).faults == []  # nothing in the file itself can tell
    assert checked(lines, checkpoint(8)).faults == [
        "entry 8 existed at 2026-11-30T08:08:00.000Z; the file ends with entry 5"
    ]


def test_a_checkpoint_kept_elsewhere_need_not_be_in_the_file() -> None:
    check = checked(log(), checkpoint(6), checkpoint(8), checkpoint(2, tenant=ANOTHER))
    assert (check.faults, check.signed_to) == ([], 8)


def test_entries_after_the_last_checkpoint_can_be_held_to_one_kept_elsewhere() -> None:
    lines = log()
    rewritten_from(10)(lines)
    assert checked(lines).faults == []
    assert checked(lines, checkpoint(12)).faults == [
        "entries 9 to 12 are not those that were signed at 2026-11-30T08:12:00.000Z"
    ]


def test_a_checkpoint_kept_elsewhere_must_be_signed_too() -> None:
    foreign = replace(checkpoint(12), signature=checkpoint(12, key=FOREIGN).signature)
    check = checked(log(), foreign)
    assert check.faults == ["the checkpoint at entry 12 is not signed by this key"]
    assert check.signed_to == 8


@pytest.mark.parametrize(
    "line",
    [
        b'{"audit_log":1,"tenant":5,"after":0,"chain":"00","signing_key":""}',
        b'{"checkpoint":[]}',
        b'{"number":1,"entry":[],"leaf":"","chain":""}',
    ],
)
def test_a_line_that_is_none_is_named_and_the_rest_is_read(line: bytes) -> None:
    first, *rest = (json.dumps(one).encode() for one in log())
    check = AuditCheck((KEY.public_key(),))
    check.read([first, line, *rest])
    assert check.faults == ["line 2 is not a line of an audit log"]
    assert check.entries == COUNT
    assert len(checkpoints_of([line, first, *rest])) == len(SIGNED_AT)


def test_an_empty_file_is_no_log() -> None:
    assert checked([]).faults == ["the file does not begin as an audit log does"]


def test_faults_beyond_a_bound_are_counted() -> None:
    lines = [log()[0], *({"number": "x"} for _ in range(MOST_FAULTS + 5))]
    check = checked(lines)
    assert (len(check.faults), check.unlisted) == (MOST_FAULTS, 5)


def in_two(lines: Lines) -> tuple[Lines, Lines]:
    """The log as an archive that ends at the first checkpoint, and what follows."""
    end = at(lines, SIGNED_AT[0]) + 2
    return lines[:end], [json.loads(first_line(TENANT, 4, LINKS[3].chain, "ed25519:…")), *lines[end:]]


def checked_together(*files: Lines) -> list[str]:
    check = AuditCheck((FOREIGN.public_key(), KEY.public_key()))
    check.read(*([json.dumps(line).encode() for line in lines] for lines in files))
    return check.faults


def test_a_log_in_several_files_is_one_chain() -> None:
    archive, rest = in_two(log())
    assert checked_together(archive, rest) == []
    rest[0]["chain"] = bytes(range(32)).hex()
    assert checked_together(archive, rest)[0] == (
        "the file that begins after entry 4 does not continue the one before it"
    )


def test_an_archive_that_is_missing_or_comes_twice_is_named() -> None:
    archive, rest = in_two(log())
    assert checked_together(archive[:4], rest)[0] == "entries 4 to 4 are in none of the files"
    assert checked_together(archive, archive)[0] == (
        "the file that begins after entry 0 follows one that ends with 4"
    )
    rest[0]["tenant"] = str(ANOTHER)
    assert checked_together(archive, rest)[0] == "the files are of different institutions"
