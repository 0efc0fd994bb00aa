"""The CAs that a fleet accepts: one, or two while one takes over from the other. Pure.

The CA that gives way names its successor with its own key (`name_successor`). So who knows a CA can follow
from one to the next, however long it was away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from shared.certificates import certificate_text, check_issued, check_said_by, read_certificate, sign_as_ca
from shared.errors import Corrupt

MAX_HANDOVERS: Final = 100
_CONTEXT: Final = b"proctor-edge ca handover v1\x00"
_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----\n.+?\n-----END CERTIFICATE-----\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Handover:
    """A CA, and the signature of the one before it."""

    successor: Certificate
    signature: bytes


def name_successor(former: EllipticCurvePrivateKey, successor: Certificate) -> Handover:
    """Name the CA that follows, signed by the one before."""
    return Handover(successor, sign_as_ca(former, _CONTEXT, successor.public_bytes(Encoding.DER)))


def followed(
    known: Sequence[Certificate], said: Sequence[Certificate], handovers: Iterable[Handover]
) -> tuple[Certificate, ...]:
    """The CAs of `said` that are known, or that follow from a known one by a chain of handovers.

    Raises `Corrupt` if there is none.
    """
    trusted = list(known)
    for handover in handovers:
        if handover.successor not in trusted and any(_named(ca, handover) for ca in trusted):
            trusted.append(handover.successor)
    if not (found := tuple(ca for ca in said if ca in trusted)):
        raise Corrupt("the coordinator has another CA than before; join again with a new token")
    return found


def check_issued_by_one(
    certificate: Certificate, authorities: Iterable[Certificate], key: EllipticCurvePublicKey
) -> None:
    """Check that one of these CAs signed the certificate for this key. Raises `Corrupt` if not."""
    refusal = Corrupt("there is no CA that could have signed the certificate")
    for ca in authorities:
        try:
            check_issued(certificate, ca, key)
        except Corrupt as error:
            refusal = error
        else:
            return
    raise refusal


def read_authorities(pem: str) -> tuple[Certificate, ...]:
    """Certificates of CAs from their text. Raises `Corrupt` if there is none."""
    found = tuple(read_certificate(part) for part in _PEM.findall(pem))
    if not found:
        raise Corrupt("there is no certificate of a CA")
    return found


def authorities_text(authorities: Iterable[Certificate]) -> str:
    """Certificates of CAs as PEM."""
    return "".join(map(certificate_text, authorities))


def _named(ca: Certificate, handover: Handover) -> bool:
    try:
        check_said_by(ca, _CONTEXT, handover.successor.public_bytes(Encoding.DER), handover.signature)
    except Corrupt:
        return False
    return True
