from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from coordinator.ground.keyring import KeyKind, Keyring
from coordinator.ground.master_keys import LocalMaster, MasterKeys
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.keys.service import Owner
from coordinator.keys.tables import Key, RetentionClass
from shared.errors import ConfigError, Corrupt, Rejected
from shared.sealing import sealing_public_text
from tests.support.masters import keyring_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEYRING = keyring_of(bytes(32))
OWNER = Owner(UUID(int=1), UUID(int=2), RetentionClass.EXAM, "BIO-101")
PLACE = Place("alerts", "body_sealed", UUID(int=3))


def destroyed(key: Key) -> Key:
    key.wrapped, key.destroyed_utc = None, NOW
    return key


def test_a_pair_opens_to_the_private_half_of_its_public_one() -> None:
    key = keys.new_sealing_pair(KEYRING, OWNER, NOW)
    assert sealing_public_text(KEYRING.open_private(key).public_key()) == key.public_key
    assert (key.kind, key.retention_class, key.scope) == (KeyKind.SEALING, RetentionClass.EXAM, "BIO-101")


def test_a_field_sealed_under_a_data_key_opens_again() -> None:
    key = keys.new_data_key(KEYRING, OWNER, NOW)
    assert KEYRING.open_field(key, PLACE, KEYRING.seal_field(key, PLACE, b"face")) == b"face"


def test_destroying_a_key_makes_what_it_sealed_unreadable() -> None:
    key = keys.new_data_key(KEYRING, OWNER, NOW)
    sealed = KEYRING.seal_field(key, PLACE, b"face")
    with pytest.raises(Rejected) as refused:
        KEYRING.open_field(destroyed(key), PLACE, sealed)
    assert (refused.value.code, refused.value.status) == ("key-destroyed", 410)


def test_a_destroyed_pair_opens_nothing() -> None:
    with pytest.raises(Rejected, match="destroyed"):
        KEYRING.open_private(destroyed(keys.new_sealing_pair(KEYRING, OWNER, NOW)))


def test_another_master_key_opens_nothing() -> None:
    key = keys.new_sealing_pair(KEYRING, OWNER, NOW)
    with pytest.raises(Corrupt):
        keyring_of(bytes([1] * 32)).open_private(key)


def test_a_wrapped_half_copied_to_another_row_does_not_open() -> None:
    one, other = keys.new_data_key(KEYRING, OWNER, NOW), keys.new_data_key(KEYRING, OWNER, NOW)
    other.wrapped = one.wrapped
    with pytest.raises(Corrupt):
        KEYRING.seal_field(other, PLACE, b"face")


def test_a_key_serves_its_own_kind_only() -> None:
    with pytest.raises(Corrupt, match="cannot serve"):
        KEYRING.open_private(keys.new_data_key(KEYRING, OWNER, NOW))
    with pytest.raises(Corrupt, match="cannot serve"):
        KEYRING.seal_field(keys.new_sealing_pair(KEYRING, OWNER, NOW), PLACE, b"face")


def test_a_short_master_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="31 bytes"):
        keyring_of(bytes(31))


def test_the_master_key_does_not_show_when_printed() -> None:
    assert "9999" not in repr(keyring_of(b"9" * 32))


def test_for_one_batch_each_key_is_unwrapped_once_and_a_destroyed_one_opens_nothing() -> None:
    class Counted:
        """A master key that counts what it unwraps."""

        def __init__(self) -> None:
            self.own, self.unwrapped = LocalMaster(bytes(32)), 0
            self.key_id = self.own.key_id

        def wrap(self, place: Place, secret: bytes) -> bytes:
            return self.own.wrap(place, secret)

        def unwrap(self, place: Place, wrapped: bytes) -> bytes:
            self.unwrapped += 1
            return self.own.unwrap(place, wrapped)

    master = Counted()
    keyring = Keyring(MasterKeys([master]))
    data, pair = keys.new_data_key(keyring, OWNER, NOW), keys.new_sealing_pair(keyring, OWNER, NOW)
    batch = keyring.for_one_batch()
    sealed = [batch.seal_field(data, PLACE, b"face") for _ in range(3)]
    assert {batch.open_field(data, PLACE, each) for each in sealed} == {b"face"}
    assert {sealing_public_text(batch.open_private(pair).public_key()) for _ in range(3)} == {pair.public_key}
    assert master.unwrapped == 2
    for _ in range(2):
        keyring.open_private(pair)
    assert master.unwrapped == 4
    with pytest.raises(Rejected):
        batch.open_field(destroyed(data), PLACE, sealed[0])
    assert repr(batch) == repr(keyring)
