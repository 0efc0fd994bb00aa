"""The control side of a node and its worker know each other by values alone, so neither imports the other."""

from __future__ import annotations

import pytest

from tests.support.imports import FILES, FOLDERS, imported_by

BOTH = """
    analysis.measured judging.alerts media.lateness media.latest outbound.envelope sessions.port workers.calls
    workers.codec workers.link workers.settings workers.wire
"""
"""The border and the values that cross it, and a mailbox."""
CONTROL = """
    config desired fleet hub media.admission media.fragments media.signaling media.whip membership
    node_identity outbound sessions.answering sessions.assignment sessions.attendance sessions.roster
    sessions.seat web workers.berth workers.berths workers.combined workers.crew workers.placed
    workers.placement workers.process workers.remote workers.status
"""
WORKER = """
    analysis counted_faces judging media rules sessions.agreed sessions.comparing sessions.connections
    sessions.frame_numbers sessions.live_watch sessions.local_worker sessions.memory sessions.pumps
    sessions.session sessions.session_maker sessions.session_parts sessions.shadow sessions.timer
    workers.obeying workers.opening
    workers.program workers.reporting
"""
APART = "media.simulate"
"""A candidate's part, for tests and demonstrations: on no side of a node."""


def side_of(name: str) -> str:
    """The side of a module of `edge`; its own name counts before its folder's."""
    short = name.removeprefix("edge.")
    told = {
        (len(one), side)
        for side, names in (("both", BOTH), ("control", CONTROL), ("worker", WORKER), ("apart", APART))
        for one in names.split()
        if short == one or short.startswith(f"{one}.")
    }
    return max(told, default=(0, ""))[1]


def across(name: str, names: frozenset[str] | set[str]) -> list[str]:
    """Of what a module imports, what is on the other side or on neither."""
    mine = side_of(name)
    within = sorted(one for one in names if one.partition(".")[0] == "edge")
    return [one for one in within if side_of(one) not in (mine, "both")]


MODULES = sorted(name for name in FILES.keys() - FOLDERS if side_of(name) in ("control", "worker"))


def test_every_module_of_a_session_is_on_one_side() -> None:
    here = [name for name in FILES.keys() - FOLDERS if name.startswith("edge.sessions.")]
    assert [name for name in here if not side_of(name)] == []


def test_the_lists_name_what_is_there() -> None:
    named = {f"edge.{one}" for names in (BOTH, CONTROL, WORKER, APART) for one in names.split()}
    assert named - FILES.keys() == set()


def test_neither_side_imports_the_other() -> None:
    wrong = {name: across(name, imported_by(name)) for name in MODULES}
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("edge.fleet.actions", "edge.analysis.levels"),
        ("edge.outbound.publisher", "edge.rules.monitor"),
        ("edge.sessions.seat", "edge.sessions.local_worker"),
        ("edge.web", "edge.media.peer"),
        ("edge.sessions.live_watch", "edge.outbound.alert_writer"),
        ("edge.sessions.live_watch", "edge.outbound.reserve"),
        ("edge.sessions.pumps", "edge.outbound.schedule"),
        ("edge.sessions.session", "edge.sessions.roster"),
        ("edge.sessions.session_maker", "edge.config"),
        ("edge.judging.watch", "edge.node_identity"),
        ("edge.media.peer", "edge.media.whip"),
        ("edge.analysis.engine", "edge.app"),
        ("edge.workers.crew", "edge.workers.obeying"),
        ("edge.workers.reporting", "edge.workers.crew"),
    ],
)
def test_an_import_across_would_be_seen(name: str, other: str) -> None:
    assert across(name, {other}) == [other]
