from pathlib import Path
from uuid import UUID

import pytest

from shared.errors import ConfigError
from shared.nats_config import NatsServer, node_permissions, server_config

NODE = UUID("11111111-1111-4111-8111-111111111111")


def settings(folder: str = "/srv/nats") -> NatsServer:
    return NatsServer(port=4222, store_folder=Path(folder), access="operator: x\n")


def test_the_server_listens_on_loopback_only_and_keeps_its_store_where_told() -> None:
    text = server_config(settings())
    assert 'host: "127.0.0.1"' in text
    assert "port: 4222" in text
    assert '"store_dir": "/srv/nats"' in text
    assert text.endswith("operator: x\n")


def test_every_permission_of_a_node_names_that_node() -> None:
    permissions = node_permissions(NODE)
    patterns = [*permissions["publish"], *permissions["subscribe"]]  # type: ignore[misc]
    assert len(patterns) == 7
    assert all(str(NODE) in pattern for pattern in patterns)
    assert not any(pattern.startswith("$") for pattern in patterns)


@pytest.mark.parametrize("folder", ['/srv/"x', "/srv/a\nb", "/srv/a\\b"])
def test_a_store_folder_that_could_not_be_quoted_is_refused(folder: str) -> None:
    with pytest.raises(ConfigError, match="store folder"):
        server_config(settings(folder=folder))
