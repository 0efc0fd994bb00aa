"""Master keys: their text, what names them, and who uses them."""

from __future__ import annotations

import ast
import base64
import sys
from uuid import UUID

import pytest

from coordinator.config import CoordinatorConfig
from coordinator.ground import sealed_fields
from coordinator.ground.keyring import Keyring
from coordinator.ground.master_keys import LocalMaster, MasterKeys, given_text, is_given, masters_of, text_of
from coordinator.ground.sealed_fields import Place
from shared.errors import ConfigError, Corrupt
from tests.support.imports import FILES
from tests.support.masters import keyring_of

A, B = bytes([1] * 32), bytes([2] * 32)
PLACE = Place("legal_holds", "reason_sealed", UUID(int=3))


def test_what_is_wrapped_names_its_key_and_opens_with_it_alone() -> None:
    wrapped = keyring_of(B, A).wrap(PLACE, b"secret")
    assert wrapped.startswith(keyring_of(B).mark)
    assert B not in wrapped
    for keyring in (keyring_of(B), keyring_of(B, A), keyring_of(A, B)):
        assert keyring.unwrap(PLACE, wrapped) == b"secret"
    with pytest.raises(Corrupt, match=f"needs the master key {LocalMaster(B).key_id.hex()}, which"):
        keyring_of(A).unwrap(PLACE, wrapped)
    with pytest.raises(Corrupt):
        keyring_of(B).unwrap(Place("legal_holds", "reason_sealed", UUID(int=4)), wrapped)


def test_what_an_earlier_version_wrapped_names_no_key_and_opens_with_any_that_is_held() -> None:
    wrapped = sealed_fields.seal(A, PLACE, b"secret")
    for keyring in (keyring_of(A), keyring_of(B, A), keyring_of(A, B)):
        assert keyring.unwrap(PLACE, wrapped) == b"secret"
        assert not wrapped.startswith(keyring.mark)
    with pytest.raises(Corrupt, match="cannot be opened here"):
        keyring_of(B).unwrap(PLACE, wrapped)


class Service:
    """A key service: what it wrapped is only a number outside of it."""

    key_id = b"service1"

    def __init__(self) -> None:
        self._kept: list[tuple[Place, bytes]] = []

    def wrap(self, place: Place, secret: bytes) -> bytes:
        self._kept.append((place, secret))
        return bytes([len(self._kept) - 1])

    def unwrap(self, place: Place, wrapped: bytes) -> bytes:
        kept_for, secret = self._kept[wrapped[0]]
        if kept_for != place:
            raise Corrupt("it is of another place")
        return secret


def test_a_key_service_can_take_over_from_a_key_of_this_process() -> None:
    wrapped = keyring_of(A).wrap(PLACE, b"secret")
    service = Service()
    both = Keyring(MasterKeys([service, LocalMaster(A)]))
    again = both.wrap(PLACE, both.unwrap(PLACE, wrapped))
    assert again == b"\x02service1\x00"
    assert Keyring(MasterKeys([service])).unwrap(PLACE, again) == b"secret"
    with pytest.raises(Corrupt, match="needs the master key"):
        keyring_of(A).unwrap(PLACE, again)


@pytest.mark.parametrize("wrapped", [b"", b"\x02", b"\x02" + LocalMaster(A).key_id, b"\x03" + bytes(60)])
def test_damage_is_told(wrapped: bytes) -> None:
    with pytest.raises(Corrupt):
        keyring_of(A).unwrap(PLACE, wrapped)


def test_a_text_has_one_key_or_several() -> None:
    both = text_of([LocalMaster(A), LocalMaster(B)])
    assert masters_of(both, "file") == [LocalMaster(A), LocalMaster(B)]
    assert masters_of(both.replace("\n", " "), "file") == [LocalMaster(A), LocalMaster(B)]
    assert masters_of(base64.b64encode(A).decode(), "file") == [LocalMaster(A)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "file has 0 master keys"),
        (" \n", "file has 0 master keys"),
        (text_of([LocalMaster(A)]) * 2, "file has a master key twice"),
        (text_of([LocalMaster(bytes([number] * 32)) for number in range(5)]), "file has 5 master keys"),
        ("not base64!", "file is not a key in base64"),
        (text_of([LocalMaster(A)]) + "AAAA", "has 3 bytes instead of 32"),
    ],
)
def test_a_text_that_cannot_be_meant_is_refused(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        masters_of(text, "file")


def test_a_command_prints_the_key_unless_the_environment_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROCTOR_MASTER_KEY", raising=False)
    command = (sys.executable, "-c", "print('from a key service')")
    assert (given_text(), is_given(())) == (None, False)
    assert (given_text(command), is_given(command)) == ("from a key service\n", True)
    monkeypatch.setenv("PROCTOR_MASTER_KEY", "from the environment")
    assert (given_text(command), is_given(())) == ("from the environment", True)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("/nonexistent/program",), "cannot be run: No such file"),
        ((sys.executable, "-c", "print('secret'); raise SystemExit(3)"), "ended with exit code 3"),
    ],
)
def test_a_command_that_fails_is_named_without_what_it_printed(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], why: str
) -> None:
    monkeypatch.delenv("PROCTOR_MASTER_KEY", raising=False)
    with pytest.raises(ConfigError, match=why) as failed:
        given_text(command)
    assert str(failed.value).startswith("master_key_command ")
    assert "secret" not in str(failed.value).replace(command[0], "")


def test_a_configuration_may_name_a_command() -> None:
    said = {"data_folder": "/srv", "keys": {"master_key_command": ["/usr/bin/ask", "kms"]}}
    assert CoordinatorConfig.model_validate(said).keys.master_key_command == ("/usr/bin/ask", "kms")


USERS = {
    "coordinator.audit.service": "audit_keys",
    "coordinator.deliveries.parcels_service": "deliveries",
    "coordinator.destinations.outbox_service": "deliveries",
    "coordinator.destinations.secrets_service": "destination_secrets",
    "coordinator.ground.ca_files": "files",
    "coordinator.ground.fleet_keys": "files",
    "coordinator.ground.key_files": "files",
    "coordinator.ground.keyring": "its home",
    "coordinator.ground.own_keys": "files",
    "coordinator.ground.signing_files": "files",
    "coordinator.holds.service": "legal_holds",
    "coordinator.idempotency.service": "kept_answers",
    "coordinator.keys.masters_service": "wraps again",
    "coordinator.keys.service": "keys",
    "coordinator.master_commands": "wraps again",
    "coordinator.tokens.key_service": "token_keys",
}
"""Every module that has the master key wrap or unwrap, and what: a column that `keys.masters_service` lists,
or files that `own_keys.wrapped_files` lists. What is missing there is lost when the master key changes."""
WRAPPING = {"wrap", "unwrap", "wrap_key", "wrap_once", "wrap_over", "unwrapped", "rewrap"}


def _wraps(name: str) -> bool:
    tree = ast.parse(FILES[name].read_text("utf-8"))
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    names = {one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "") for one in called}
    return bool(names & WRAPPING)


def test_no_user_of_the_master_key_is_forgotten() -> None:
    found = {name for name in FILES if name.startswith("coordinator.") and _wraps(name)}
    assert found - {"coordinator.ground.master_keys"} == set(USERS)


def test_nobody_reaches_the_master_key_past_the_keyring() -> None:
    reaching = {
        name
        for name, path in FILES.items()
        if name.startswith("coordinator.") and ".masters" in path.read_text("utf-8")
    }
    assert reaching <= {
        "coordinator.ground.keyring",
        "coordinator.ground.master_following",
        "coordinator.master_commands",
    }
