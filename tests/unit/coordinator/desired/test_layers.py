"""What is given to fewer nodes counts before what is given to more."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from coordinator.desired.applied import state_of
from coordinator.desired.layers import Layer, Scope, is_told, merged
from shared.messages.desired import DesiredReport, Standing
from shared.node_settings import Scalar

NODE, OTHER = UUID(int=1), UUID(int=2)


def layer(version: int, scope: Scope, target: str = "", head: str = "", **settings: Scalar) -> Layer:
    weights = {"head-pose": head} if head else {}
    return Layer(version=version, scope=scope, target=target, settings=settings, weights=weights)


ALL = layer(4, Scope.ALL, rating=8, level="L1", head="fsanet@1")
WEST = layer(3, Scope.REGION, "west", rating=6, threads=3)
MINE = layer(2, Scope.NODE, str(NODE), rating=2, head="mesh-pose@1")


def test_node_before_region_before_all_setting_by_setting() -> None:
    whole = merged([MINE, ALL, WEST], NODE, "west")
    assert whole is not None
    assert whole.desired.settings == {"rating": 2, "level": "L1", "threads": 3}
    assert whole.desired.weights == {"head-pose": "mesh-pose@1"}
    assert whole.origins == {
        "rating": Scope.NODE,
        "level": Scope.ALL,
        "threads": Scope.REGION,
        "head-pose": Scope.NODE,
    }


def test_others_have_only_what_is_for_them() -> None:
    west, east = merged([ALL, WEST, MINE], OTHER, "west"), merged([ALL, WEST, MINE], OTHER, "east")
    assert west is not None
    assert east is not None
    assert west.desired.settings == {"rating": 6, "level": "L1", "threads": 3}
    assert east.desired.settings == {"rating": 8, "level": "L1"}
    assert merged([WEST, MINE], OTHER, "east") is None


def test_the_version_is_that_of_the_latest_change_for_this_node() -> None:
    assert [
        None if whole is None else whole.desired.version
        for whole in (
            merged([ALL, WEST, MINE], NODE, "west"),
            merged([WEST, MINE], NODE, "west"),
            merged([MINE], NODE, "west"),
            merged([MINE], OTHER, "west"),
        )
    ] == [4, 3, 2, None]


def test_an_emptied_layer_gives_nothing_and_still_is_a_change() -> None:
    whole = merged([ALL, layer(9, Scope.NODE, str(NODE))], NODE, "west")
    assert whole is not None
    assert (whole.desired.version, whole.desired.settings) == (9, {"rating": 8, "level": "L1"})


def said(version: int, standing: Standing = "applied") -> DesiredReport:
    """What a node says that has read this version of `ALL`."""
    whole = merged([replace(ALL, version=version)], NODE, "west")
    assert whole is not None
    digest = whole.desired.digest
    return DesiredReport(version=version, digest=digest, standing=standing, in_force=version)


def test_a_node_is_told_until_it_reports_the_very_version() -> None:
    whole = merged([ALL], NODE, "west")
    assert not is_told(DesiredReport(), whole)
    assert not is_told(said(3), whole)
    assert not is_told(said(7), whole)  # of a database that was restored since
    assert is_told(said(4, "refused"), whole)
    assert is_told(DesiredReport(), None)


def test_another_order_of_the_same_version_as_after_a_restored_database_is_told() -> None:
    other = merged([replace(ALL, settings={"rating": 3})], NODE, "west")
    assert not is_told(said(4), other)
    assert state_of(said(4), other, heard=True) == "untold"


def test_an_older_program_is_told_nothing_and_stands_as_unknown() -> None:
    whole = merged([ALL], NODE, "west")
    assert is_told(None, whole)
    assert state_of(None, whole, heard=True) == "unknown"
    assert state_of(None, whole, heard=False) == "untold"
    assert state_of(None, None, heard=True) == "none"


def test_a_nodes_word_counts_for_the_version_that_it_is_to_have() -> None:
    whole = merged([ALL], NODE, "west")
    assert state_of(said(4, "rolled-back"), whole, heard=True) == "rolled-back"
    assert state_of(said(3, "rolled-back"), whole, heard=True) == "untold"
    assert state_of(said(3), None, heard=True) == "none"
