from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from edge.config import EdgeConfig
from edge.membership.settings import Joined, settings_text
from shared.config_file import load

KEY = "ed25519:" + "A" * 43 + "="


@pytest.mark.parametrize("by_password", [True, False])
def test_the_settings_of_a_node_that_joined_are_what_the_daemon_reads(
    tmp_path: Path, by_password: bool
) -> None:
    joined = Joined(
        node_id=UUID(int=7),
        region='hall "3"',
        data_folder=tmp_path / "edge",
        signing_key=KEY,
        coordinator_url="https://proctor.example.org",
        hub_url="tls://hub.example.org:4222",
        by_password=by_password,
    )
    path = tmp_path / "edge.toml"
    path.write_text(settings_text(joined))
    config = load(path, EdgeConfig)
    assert (config.region, config.data_folder) == ('hall "3"', tmp_path / "edge")
    assert (config.coordinator.public_key, config.coordinator.url) == (KEY, joined.coordinator_url)
    assert config.nats.url == joined.hub_url
    assert config.nats.user == (str(joined.node_id) if by_password else None)
    assert config.nats.password_file == (joined.password_file if by_password else None)
