"""Networks are opened early: before what else a node imports, in a thread, with the same refusals."""

from __future__ import annotations

import pytest

from edge.analysis import opening
from edge.analysis.networks import Networks
from models.chain import BestDevice
from models.manifest import Profile
from models.serving import Serving
from shared.errors import ConfigError, Unavailable
from tests.support.foreign import Detector, stand_in
from tests.support.imports import brought, tree_of


def test_what_opens_networks_brings_nothing_of_what_the_node_imports_meanwhile() -> None:
    heavy = {"aioice", "aiortc", "av", "fastapi", "nats", "starlette", "uvicorn"}
    found = {name.partition(".")[0] for name in brought(tree_of("edge.analysis.opening"))}
    assert heavy & found == set()
    assert heavy & {name.partition(".")[0] for name in brought(tree_of("edge.app"))}


def test_the_networks_begun_are_those_that_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = stand_in(Detector())
    monkeypatch.setattr(opening, "open_networks", lambda serving: networks)
    assert opening.begun(1, Profile.OPEN, BestDevice.CPU, 1).result() is networks


def test_a_node_without_a_network_for_faces_is_refused_when_its_networks_are_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nothing(serving: Serving) -> Networks:
        raise Unavailable("there are no weights")

    monkeypatch.setattr(opening, "open_networks", nothing)
    begun = opening.begun(1, Profile.OPEN, BestDevice.CPU, 1)
    with pytest.raises(ConfigError, match="cannot find faces: there are no weights"):
        begun.result()
