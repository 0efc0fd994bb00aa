"""STUN and TURN servers in the settings: named in full, and their passwords in files."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from shared.config_file import Section, load
from shared.errors import ConfigError
from shared.ice import AFTER_END_S, IceServer, IceServerSection, for_session


class Media(Section):
    """Where such servers stand."""

    ice_servers: tuple[IceServerSection, ...] = ()


TURN = '[[ice_servers]]\nurls = ["turn:turn.example.org:3478", "turns:turn.example.org:443"]\n'


def loaded(folder: Path, text: str) -> Media:
    path = folder / "media.toml"
    path.write_text(text)
    return load(path, Media)


def password(folder: Path, mode: int = 0o600) -> None:
    path = folder / "turn-password"
    path.write_text("sesame\n")
    path.chmod(mode)


def test_a_turn_server_gets_its_password_from_the_file_beside_the_settings(tmp_path: Path) -> None:
    password(tmp_path)
    media = loaded(tmp_path, TURN + 'username = "exam"\ncredential_file = "turn-password"\n')
    server = media.ice_servers[0].read()
    urls = ("turn:turn.example.org:3478", "turns:turn.example.org:443")
    assert server == IceServer(urls, "exam", "sesame")
    assert "sesame" not in repr(server)
    assert "sesame" not in repr(media)


def test_a_stun_server_needs_none(tmp_path: Path) -> None:
    media = loaded(tmp_path, '[[ice_servers]]\nurls = ["stun:stun.example.org"]\n')
    assert media.ice_servers[0].read() == IceServer(("stun:stun.example.org",))


def test_a_password_that_others_can_read_is_refused(tmp_path: Path) -> None:
    password(tmp_path, 0o644)
    media = loaded(tmp_path, TURN + 'username = "exam"\ncredential_file = "turn-password"\n')
    with pytest.raises(ConfigError, match="chmod 600"):
        media.ice_servers[0].read()


def test_a_credential_in_the_settings_is_refused_with_what_to_do_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, TURN + 'username = "exam"\ncredential = "sesame"\n')
    said = str(refused.value)
    assert "ice_servers.0: " in said
    assert "write it to a file of mode 600 and set credential_file to its path" in said
    assert "sesame" not in said


@pytest.mark.parametrize(
    "wrong",
    [
        {"urls": []},
        {"urls": ["http://turn.example.org"]},
        {"urls": ["stun:a"], "username": "exam"},
        {"urls": ["turn:a"], "credential_file": "turn-password"},
        {"urls": ["stun:a"], "user": "exam"},
        {"urls": ["turn:a"], "secret": "sesame"},
        {"urls": ["turn:a"], "username": "exam", "credential_file": "a", "secret_file": "b"},
    ],
)
def test_half_a_server_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="IceServerSection"):
        IceServerSection.model_validate(wrong)


END_UTC = datetime(2030, 1, 1, tzinfo=UTC)
SESSION = UUID(int=7)


def test_a_secret_makes_a_password_for_each_session_that_ends_with_it(tmp_path: Path) -> None:
    password(tmp_path)
    media = loaded(tmp_path, TURN + 'secret_file = "turn-password"\n')
    server = media.ice_servers[0].read()
    assert (server.username, server.credential) == (None, None)
    [ready] = for_session([server], SESSION, END_UTC)
    assert ready.username == f"{int(END_UTC.timestamp()) + AFTER_END_S}:{SESSION}"
    # printf %s NAME | openssl dgst -sha1 -hmac sesame -binary | base64
    assert ready.credential == "2eDZYeZ5eBChYteod3mjPORfXJY="
    assert ready.secret is None, "what goes to a page has no secret"
    [another] = for_session([server], UUID(int=8), END_UTC)
    [later] = for_session([server], SESSION, END_UTC + timedelta(hours=1))
    assert len({ready.credential, another.credential, later.credential}) == 3
    assert "sesame" not in repr((server, ready))


def test_a_fixed_password_and_a_stun_server_are_the_same_for_all_sessions() -> None:
    servers = (IceServer(("stun:a",)), IceServer(("turn:b",), "exam", "sesame"))
    assert for_session(servers, SESSION, END_UTC) == servers


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    password(tmp_path, 0o640)
    media = loaded(tmp_path, TURN + 'secret_file = "turn-password"\n')
    with pytest.raises(ConfigError, match="chmod 600"):
        media.ice_servers[0].read()
