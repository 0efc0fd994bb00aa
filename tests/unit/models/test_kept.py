"""Which versions of networks' weights stay on a machine."""

from __future__ import annotations

import pytest

from models.kept import OnDisk, superseded

Version = tuple[str, str, int]


@pytest.mark.parametrize(
    ("on_disk", "of_manifest", "gone"),
    [
        ([], {"a@1"}, []),
        ([("a", "1", 10)], {"a@1"}, []),
        ([("a", "1", 10), ("a", "2", 20)], {"a@2"}, []),
        ([("a", "1", 10), ("a", "2", 20), ("a", "3", 30)], {"a@3"}, ["a@1"]),
        # what the manifest names stays, also when it was fetched first: a release was taken back
        ([("a", "1", 10), ("a", "2", 20), ("a", "3", 30)], {"a@1"}, ["a@2"]),
        ([("a", "1", 10), ("a", "2", 20), ("a", "3", 30)], {"a@1", "a@2", "a@3"}, []),
        ([("a", "1", 10), ("a", "2", 20), ("a", "3", 30)], {"a@1", "a@2"}, ["a@3"]),
        # one that is not whole, or without a record, goes first
        ([("a", "1", 10), ("a", "2", 0), ("a", "3", 30)], {"a@3"}, ["a@2"]),
        # a network that the manifest no longer has
        ([("a", "1", 10), ("a", "2", 20), ("a", "3", 30)], set(), ["a@1"]),
        # each network for itself
        ([("a", "1", 10), ("b", "1", 20), ("a", "2", 30), ("b", "2", 40)], {"a@2", "b@2"}, []),
        (
            [("b", n, int(n)) for n in "4321"] + [("a", n, int(n)) for n in "123"],
            {"b@4"},
            ["a@1", "b@2", "b@1"],
        ),
    ],
)
def test_the_manifests_versions_and_two_of_each_network_stay(
    on_disk: list[Version], of_manifest: set[str], gone: list[str]
) -> None:
    assert [one.label for one in superseded([OnDisk(*one) for one in on_disk], of_manifest)] == gone
