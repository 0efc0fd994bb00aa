"""A node takes settings, puts them in force, waits until it is empty for a restart, and goes back by
itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge.config import EdgeConfig
from edge.desired.beginning import Begun, begin
from edge.desired.probation import BOUND_S, PROVED_AFTER_S
from edge.fleet.configuring import EMPTY_FOR_S, Configuring
from edge.sessions.roster import Roster
from models.manifest import Manifest, load_manifest, parse_manifest
from models.store import Store
from models.tasks import Task
from shared.errors import Unavailable
from shared.messages.desired import Desired
from shared.node_settings import Scalar
from tests.support.session_stage import JOIN_WINDOW_S, config, order

RATING = 5


@dataclass
class World:
    """One data folder, over starts of the daemon; its time is the test's."""

    folder: Path
    now_s: float = 0.0
    restarts: int = 0
    sessions: list[Any] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)
    """What serves, by look as workers report it."""
    manifest: Manifest = field(default_factory=load_manifest)
    hears: bool = True
    """Whether the coordinator speaks to the node."""

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Begin as a daemon does, with no session."""
        own = config(RATING).model_copy(update={"data_folder": self.folder})
        self.roster: Roster[Any] = Roster(0)
        self.assignments = SimpleNamespace(
            roster=self.roster, watched=self.sessions, join_window_s=JOIN_WINDOW_S
        )
        self.begun: Begun = begin(own)
        self.sessions.clear()
        self.node = Configuring(
            self.begun,
            cast(Any, self.assignments),
            lambda counting: counting.analysis.rating or 0,
            lambda: self.hears,
            lambda: Store(self.folder, self.manifest),
        )

    @property
    def running(self) -> EdgeConfig:
        return self.begun.running

    def give(self, version: int, weights: dict[str, str] | None = None, **settings: Scalar) -> None:
        wanted = Desired(version=version, settings=settings, weights=weights or {})
        asyncio.run(self.node.configure(wanted))

    def pass_s(self, seconds: float, reasons: Sequence[str] = ()) -> None:
        """Time passes, and the node looks at itself each second; a restart that is due happens."""
        until_s, before = self.now_s + seconds, self.restarts
        while self.now_s < until_s:
            self.now_s += 1.0
            self.node.look(reasons, self.models, self.now_s, self._restart)
            if self.restarts > before:
                before = self.restarts
                self.start()

    @property
    def told(self) -> tuple[int, str, int]:
        said = self.node.report
        return said.version, said.standing, said.in_force

    def _restart(self) -> None:
        self.restarts += 1


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path)
    monkeypatch.setattr("edge.fleet.configuring.monotonic", lambda: made.now_s)
    return made


def test_fewer_sessions_count_at_once_and_are_applied_after_a_minute(world: World) -> None:
    assert (world.told, world.roster.rating) == ((0, "none", 0), RATING)
    world.give(1, rating=3, join_window_s=60.0)
    assert (world.told, world.roster.rating, world.assignments.join_window_s) == ((1, "trial", 1), 3, 60.0)
    world.pass_s(PROVED_AFTER_S + 1)
    assert (world.told, world.restarts) == ((1, "applied", 1), 0)
    world.start()
    assert (world.told, world.roster.rating) == ((1, "applied", 1), 3)


def test_a_node_that_becomes_unwell_goes_back_within_the_bound(world: World) -> None:
    world.give(1, rating=3)
    world.pass_s(BOUND_S + 1, ("overloaded",))
    assert (world.told, world.roster.rating) == ((1, "rolled-back", 0), RATING)
    assert world.node.report.reason == "the node was not well with it: overloaded"
    world.give(2, rating=4)
    assert (world.told, world.roster.rating) == ((2, "trial", 2), 4)


def test_what_was_wrong_before_does_not_count_against_an_order(world: World) -> None:
    world.pass_s(2, ("loop-slow",))
    world.give(1, rating=3)
    world.pass_s(PROVED_AFTER_S + 1, ("loop-slow",))
    assert world.told == (1, "applied", 1)


def test_the_same_version_again_changes_nothing_and_another_waits_for_the_verdict(world: World) -> None:
    world.give(1, rating=3)
    world.give(1, rating=3)
    with pytest.raises(Unavailable, match="version 1 is on trial"):
        world.give(2, rating=4)
    assert world.told == (1, "trial", 1)
    world.pass_s(PROVED_AFTER_S + 1)
    world.give(1, rating=2)  # another order of the same version, of a coordinator with a restored database
    assert (world.told, world.roster.rating) == ((1, "trial", 1), 2)


@pytest.mark.parametrize(
    ("settings", "weights", "why"),
    [
        ({"rating": 501}, {}, "rating: "),
        ({"colour": "red"}, {}, "colour: is not a setting"),
        ({}, {"moods": "fsanet@688590"}, "weights"),
        ({}, {"head-pose": "nobody@1"}, "is not known to this node's program"),
        ({}, {"gaze": "fsanet@688590"}, "is a network for head-pose"),
        ({}, {"head-pose": "fsanet@688590"}, "not fetched"),
        ({}, {"face-recognition": "dlib-resnet@0.3.0"}, "enrolled faces have templates"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_with_the_reason_and_changes_nothing(
    world: World, settings: dict[str, Scalar], weights: dict[str, str], why: str
) -> None:
    world.give(1, weights, **settings)
    assert world.told == (1, "refused", 0)
    assert why in world.node.report.reason
    world.pass_s(300)
    assert (world.restarts, world.running.analysis.rating) == (0, RATING)


def test_what_needs_a_restart_waits_until_no_session_runs(world: World) -> None:
    session = SimpleNamespace(order=order())
    world.roster.add(session)
    world.give(1, threads=3)
    world.pass_s(300)
    assert (world.told, world.restarts) == ((1, "pending", 0), 0)
    assert "drain" in world.node.report.reason
    world.roster.end(session.order.session_id)
    world.sessions.append(session)  # its last alerts are still written
    world.pass_s(300)
    assert world.restarts == 0
    world.sessions.clear()
    world.pass_s(EMPTY_FOR_S)
    assert world.restarts == 0
    world.pass_s(2)
    assert (world.told, world.restarts, world.running.analysis.threads) == ((1, "trial", 1), 1, 3)


def test_a_node_takes_no_session_until_what_it_restarted_for_is_proved(world: World) -> None:
    world.give(1, threads=3)
    world.pass_s(EMPTY_FOR_S + 2)
    assert (world.told, world.roster.rating) == ((1, "trial", 1), 0)
    world.pass_s(PROVED_AFTER_S + 2)
    assert (world.told, world.roster.rating) == ((1, "applied", 1), RATING)


def test_a_restart_that_did_no_good_is_followed_by_one_back(world: World) -> None:
    world.give(1, threads=3)
    world.pass_s(EMPTY_FOR_S + 2)
    world.pass_s(BOUND_S + 1, ("analysis-failing",))
    assert (world.told, world.roster.rating, world.restarts) == ((1, "rolled-back", 0), 0, 1)
    world.pass_s(EMPTY_FOR_S + 2, ("analysis-failing",))
    assert (world.restarts, world.running.analysis.threads, world.roster.rating) == (2, 2, RATING)
    assert world.told == (1, "rolled-back", 0)
    world.pass_s(600)
    assert world.restarts == 2


def test_sessions_between_two_looks_begin_the_wait_anew(world: World) -> None:
    world.give(1, threads=3)
    session = SimpleNamespace(order=order())
    for _ in range(5):
        world.pass_s(EMPTY_FOR_S - 1)
        world.roster.add(session)
        world.pass_s(1)
        world.roster.forget(session.order.session_id)
    assert world.restarts == 0


def test_a_daemon_that_starts_for_another_reason_waits_for_its_sessions_first(world: World) -> None:
    world.give(1, threads=3)
    world.start()
    assert (world.told, world.running.analysis.threads) == ((1, "pending", 0), 2)
    world.pass_s(EMPTY_FOR_S - 1)
    assert world.restarts == 0


def test_a_daemon_that_no_coordinator_speaks_to_does_not_take_itself_for_empty(world: World) -> None:
    world.give(1, threads=3)
    world.hears = False  # after a power cut the node is back before the coordinator
    world.start()
    world.pass_s(300)
    assert (world.told, world.restarts) == ((1, "pending", 0), 0)
    world.hears = True
    world.pass_s(EMPTY_FOR_S - 1)
    world.hears = False
    world.pass_s(EMPTY_FOR_S)
    world.hears = True
    world.pass_s(EMPTY_FOR_S)
    assert world.restarts == 0
    world.pass_s(2)
    assert (world.told, world.restarts) == ((1, "trial", 1), 1)


def test_more_sessions_than_at_its_start_need_a_restart(world: World) -> None:
    world.give(1, rating=RATING + 1)
    assert (world.told, world.roster.rating) == ((1, "pending", 0), RATING)
    world.pass_s(EMPTY_FOR_S + 2)
    world.pass_s(PROVED_AFTER_S + 2)
    assert (world.told, world.roster.rating) == ((1, "applied", 1), RATING + 1)


def test_an_empty_order_gives_the_nodes_own_file_back(world: World) -> None:
    world.give(1, rating=3)
    world.pass_s(PROVED_AFTER_S + 1)
    world.give(2)
    assert (world.told, world.roster.rating) == ((2, "trial", 2), RATING)
    world.pass_s(PROVED_AFTER_S + 1)
    assert world.told == (2, "applied", 2)


TWO_NETWORKS = """
[[network]]
task = "head-pose"
name = "fsanet"
version = "1"
licence = "MIT"
profile = "open"
[[network.files]]
name = "fsanet.onnx"
sha256 = "{fsanet}"
sources = [{{mirror = "fsanet.onnx"}}]

[[network]]
task = "head-pose"
name = "head-pose-adas-0001"
version = "2"
licence = "Apache-2.0"
profile = "open"
[[network.files]]
name = "adas.xml"
sha256 = "{adas}"
sources = [{{mirror = "adas.xml"}}]
"""
OLD, NEW = "fsanet@1", "head-pose-adas-0001@2"


@pytest.fixture
def two(world: World) -> World:
    """A node that has the verified weights of two networks for heads, of which the first serves."""
    files = {"fsanet": ("fsanet/1", "fsanet.onnx"), "adas": ("head-pose-adas-0001/2", "adas.xml")}
    for name, (place, file) in files.items():
        (world.folder / place).mkdir(parents=True)
        (world.folder / place / file).write_bytes(name.encode())
    world.manifest = parse_manifest(
        TWO_NETWORKS.format(**{name: sha256(name.encode()).hexdigest() for name in files})
    )
    world.models = {"head": OLD}
    return world


def test_a_network_that_serves_after_the_restart_is_applied_and_one_given_back_serves_again(
    two: World,
) -> None:
    for version, label in ((1, NEW), (2, OLD)):
        two.give(version, {"head-pose": label})
        assert (two.told[1], "drain" in two.node.report.reason) == ("pending", True)
        two.pass_s(EMPTY_FOR_S + 2)
        assert two.running.analysis.weights == {Task.HEAD_POSE: label}
        two.models = {"head": label}  # as a worker with these settings reports
        two.pass_s(PROVED_AFTER_S + 2)
        assert two.told == (version, "applied", version)


def test_a_network_that_does_not_serve_after_the_restart_is_taken_back(two: World) -> None:
    two.give(1, {"head-pose": NEW})
    two.pass_s(EMPTY_FOR_S + 2)
    two.pass_s(BOUND_S + 1)
    assert (two.told, two.node.report.reason) == (
        (1, "rolled-back", 0),
        "the node was not well with it: other-network",
    )
    two.pass_s(EMPTY_FOR_S + 2)
    assert (two.running.analysis.weights, two.restarts, two.roster.rating) == ({}, 2, RATING)


def test_a_network_whose_weights_are_damaged_is_refused(two: World) -> None:
    (two.folder / "head-pose-adas-0001/2/adas.xml").write_bytes(b"other bytes")
    two.give(1, {"head-pose": NEW})
    assert (two.told, "its hash is wrong" in two.node.report.reason) == ((1, "refused", 0), True)
    two.give(2, {"head-pose": OLD})
    assert two.told == (2, "pending", 0)
