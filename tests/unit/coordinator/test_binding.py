"""Which device may open a session: every standing, every way in, and requests that are too old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from coordinator.sessions.binding import (
    ASK_VALID,
    FIRST_CHALLENGE,
    DeviceAccess,
    DeviceState,
    KnownDevice,
    access_of,
    check_may_open,
    check_number,
    check_signature,
    check_waits,
    statement,
)
from shared.errors import Rejected
from shared.policy.schema import Policy, parse_policy
from tests.support.devices import Device, base64url

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SESSION, OTHER = UUID(int=1), UUID(int=2)
BOUND, ENDED = KnownDevice(DeviceState.BOUND, None), KnownDevice(DeviceState.ENDED, NOW)


def asked(age: timedelta) -> KnownDevice:
    return KnownDevice(DeviceState.ASKED, NOW - age)


@pytest.mark.parametrize(
    ("bound", "known", "expected"),
    [
        (False, None, DeviceAccess.FREE),
        (False, ENDED, DeviceAccess.FREE),
        (True, None, DeviceAccess.ELSEWHERE),
        (True, BOUND, DeviceAccess.YOURS),
        (True, ENDED, DeviceAccess.ELSEWHERE),
        (True, asked(timedelta(0)), DeviceAccess.ASKED),
        (True, asked(ASK_VALID - SECOND), DeviceAccess.ASKED),
        (True, asked(ASK_VALID), DeviceAccess.ELSEWHERE),
        (True, KnownDevice(DeviceState.ASKED, None), DeviceAccess.ELSEWHERE),
        (True, KnownDevice(DeviceState.BOUND, NOW - 2 * ASK_VALID), DeviceAccess.YOURS),
    ],
)
def test_how_a_device_stands(bound: bool, known: KnownDevice | None, expected: DeviceAccess) -> None:
    assert access_of(binds=True, bound=bound, known=known, now_utc=NOW) is expected
    assert access_of(binds=False, bound=bound, known=known, now_utc=NOW) is DeviceAccess.OPEN


SAID = {
    "device-key-missing": "this session is bound to one device: send the device's key and its signature",
    "device-elsewhere": "your exam was started on another device; ask to use this one",
}


@pytest.mark.parametrize(
    ("found", "has_key", "code"),
    [
        (DeviceAccess.OPEN, False, None),
        (DeviceAccess.OPEN, True, None),
        (DeviceAccess.FREE, True, None),
        (DeviceAccess.YOURS, True, None),
        (DeviceAccess.FREE, False, "device-key-missing"),
        (DeviceAccess.ELSEWHERE, False, "device-key-missing"),
        (DeviceAccess.ELSEWHERE, True, "device-elsewhere"),
        (DeviceAccess.ASKED, True, "device-elsewhere"),
    ],
)
def test_who_may_try_to_open_it(found: DeviceAccess, has_key: bool, code: str | None) -> None:
    if code is None:
        check_may_open(found, has_key=has_key)
        return
    with pytest.raises(Rejected) as refused:
        check_may_open(found, has_key=has_key)
    assert (refused.value.code, refused.value.status) == (code, 409)
    assert str(refused.value) == SAID[code]


@pytest.mark.parametrize("known", [BOUND, ENDED, asked(ASK_VALID), KnownDevice(DeviceState.ASKED, None)])
def test_what_nobody_can_approve(known: KnownDevice) -> None:
    check_waits(asked(ASK_VALID - SECOND), NOW)
    with pytest.raises(Rejected) as refused:
        check_waits(known, NOW)
    assert (refused.value.code, refused.value.status) == ("request-stale", 409)


def test_a_signature_is_of_one_key_session_and_challenge() -> None:
    mine, other = Device(), Device()
    good = mine.proof(SESSION, "a")
    check_signature(mine.key, good["signature"], statement(SESSION, "a"))
    for key, signature, signed in (
        (other.key, good["signature"], statement(SESSION, "a")),
        (mine.key, good["signature"], statement(SESSION, "b")),
        (mine.key, good["signature"], statement(OTHER, "a")),
        (mine.key, good["signature"], statement(SESSION, FIRST_CHALLENGE)),
        (mine.key, base64url(bytes(64)), statement(SESSION, "a")),
        (mine.key, base64url(bytes(63)), statement(SESSION, "a")),
        (mine.key, "ä", statement(SESSION, "a")),
        (mine.key, "", statement(SESSION, "a")),
    ):
        with pytest.raises(Rejected) as refused:
            check_signature(key, signature, signed)
        assert (refused.value.code, refused.value.status) == ("signature-outdated", 409)


@pytest.mark.parametrize("key", ["", "AAAA", base64url(bytes(91))])
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(Rejected) as refused:
        check_signature(key, "A" * 86, b"")
    assert (refused.value.code, refused.value.status) == ("device-key-invalid", 422)


def test_the_number_for_people_has_six_digits_and_follows_from_the_key() -> None:
    numbers = {check_number(Device().key) for _ in range(20)}
    assert all(len(number) == 7 and number.replace(" ", "").isdigit() for number in numbers)
    assert len(numbers) > 15
    assert check_number("a") == check_number("a")


def test_a_policy_binds_unless_it_says_otherwise() -> None:
    assert Policy().device_binding
    assert not parse_policy({"device_binding": False}).device_binding
    for wrong in ("no", 0, None):
        with pytest.raises(Rejected, match="device_binding"):
            parse_policy({"device_binding": wrong})
