"""One installation for all system tests that can share one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.whole import Whole, whole


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """Started at its first use, for the whole run."""
    with whole(tmp_path_factory.mktemp("installation")) as site:
        yield site


@pytest.fixture
def site(installation: Whole) -> Iterator[Whole]:
    """The installation, whole again whatever the test before did to it; its sessions end with the test."""
    installation.revive()
    yield installation
    installation.revive()
    installation.clear()
