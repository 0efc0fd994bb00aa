from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from shared.authorities import (
    Handover,
    authorities_text,
    check_issued_by_one,
    followed,
    name_successor,
    read_authorities,
)
from shared.certificates import ca_certificate, certificate_text, client_certificate
from shared.errors import Corrupt
from shared.node_lifetimes import new_lifetime

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
KEYS = [generate_private_key(SECP256R1()) for _ in range(4)]
CAS = [ca_certificate(key, number + 1, NOW) for number, key in enumerate(KEYS)]
FIRST, SECOND, THIRD, STRANGER = CAS
ROAD = [name_successor(KEYS[0], SECOND), name_successor(KEYS[1], THIRD)]


@pytest.mark.parametrize(
    ("known", "said", "accepted"),
    [
        ([FIRST], [FIRST], [FIRST]),
        ([FIRST], [FIRST, SECOND], [FIRST, SECOND]),
        ([FIRST], [SECOND, FIRST], [SECOND, FIRST]),
        ([FIRST], [THIRD], [THIRD]),
        ([SECOND], [THIRD], [THIRD]),
        ([FIRST], [STRANGER, SECOND], [SECOND]),
        ([FIRST, STRANGER], [STRANGER], [STRANGER]),
    ],
)
def test_who_knows_a_ca_follows_to_the_next(known: list, said: list, accepted: list) -> None:  # type: ignore[type-arg]
    assert followed(known, said, ROAD) == tuple(accepted)


@pytest.mark.parametrize(
    ("known", "said", "road"),
    [
        ([FIRST], [SECOND], []),
        ([FIRST], [STRANGER], ROAD),
        ([THIRD], [SECOND], ROAD),  # nobody goes back
        ([FIRST], [THIRD], ROAD[::-1]),
        ([FIRST], [], ROAD),
        ([], [FIRST], ROAD),
        ([FIRST], [STRANGER], [Handover(STRANGER, ROAD[0].signature)]),
        ([FIRST], [STRANGER], [name_successor(KEYS[3], STRANGER)]),
        ([FIRST], [SECOND], [Handover(SECOND, b"")]),
    ],
)
def test_nobody_follows_to_another_one(known: list, said: list, road: list) -> None:  # type: ignore[type-arg]
    with pytest.raises(Corrupt, match="join again"):
        followed(known, said, road)


def test_a_certificate_is_of_one_of_them() -> None:
    own = KEYS[3].public_key()
    made = client_certificate(KEYS[1], own, "coordinator", serial=9, lifetime=new_lifetime(NOW))
    check_issued_by_one(made, [FIRST, SECOND], own)
    for cas in ([FIRST, THIRD], []):
        with pytest.raises(Corrupt):
            check_issued_by_one(made, cas, own)
    with pytest.raises(Corrupt, match="another key"):
        check_issued_by_one(made, [SECOND], KEYS[0].public_key())


def test_they_are_read_as_they_were_written() -> None:
    assert read_authorities(authorities_text(CAS)) == tuple(CAS)
    for text in ("", "-----BEGIN CERTIFICATE-----\n", certificate_text(FIRST).replace("M", "?")):
        with pytest.raises(Corrupt):
            read_authorities(text)
