from pathlib import Path
from uuid import UUID

import pytest

from shared.errors import ConfigError
from shared.nats_config import NatsServer, node_permissions, server_config

NODE = UUID("11111111-1111-4111-8111-111111111111")
GOOD = "a-good-password-0"


def settings(password: str = GOOD, folder: str = "/srv/nats") -> NatsServer:
    return NatsServer(
        port=4222,
        store_folder=Path(folder),
        coordinator_password=GOOD,
        node_passwords={NODE: password},
    )


def test_the_server_listens_on_loopback_only_and_keeps_its_store_where_told() -> None:
    text = server_config(settings())
    assert 'host: "127.0.0.1"' in text
    assert "port: 4222" in text
    assert '"store_dir": "/srv/nats"' in text


def test_every_permission_of_a_node_names_that_node() -> None:
    permissions = node_permissions(NODE)
    patterns = [*permissions["publish"], *permissions["subscribe"]]  # type: ignore[misc]
    assert len(patterns) == 6
    assert all(str(NODE) in pattern for pattern in patterns)
    assert not any(pattern.startswith("$") for pattern in patterns)


@pytest.mark.parametrize("password", ["short", 'quote"quote"quote', "with space in it!", "x" * 129, ""])
def test_a_password_that_could_break_out_of_its_quotes_or_be_guessed_is_refused(password: str) -> None:
    with pytest.raises(ConfigError, match="password"):
        server_config(settings(password=password))


@pytest.mark.parametrize("folder", ['/srv/"x', "/srv/a\nb", "/srv/a\\b"])
def test_a_store_folder_that_could_not_be_quoted_is_refused(folder: str) -> None:
    with pytest.raises(ConfigError, match="store folder"):
        server_config(settings(folder=folder))
