"""Tells the hub which nodes are revoked, so that it closes and refuses their connections.

The hub may have lost what it was told, so it is told again with each new connection. Here is also how the
coordinator logs in at a hub without users.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509 import random_serial_number

from coordinator.ground.fleet_keys import FleetKeys
from coordinator.nodes.hub_certificates import Issuer, coordinators_tls
from coordinator.nodes.hub_identities import coordinators_identity, fleet_account
from shared.canonical import parse_json
from shared.errors import Corrupt, Unavailable
from shared.hub_caller import Caller, HubAddress
from shared.hub_link import HubLink
from shared.hub_login import ByIdentity, HubIdentity

log = logging.getLogger(__name__)

_UPDATE: Final = "$SYS.REQ.CLAIMS.UPDATE"
_ANSWERED_WITHIN_S: Final = 5.0
_CALLER: Final = Caller(
    name="coordinator, for accounts",
    inbox_of="coordinator-system",
    handled_at_once=1,
    handled_of_one=1,
    pending_messages=16,
    pending_bytes=2**20,
)


@dataclass(frozen=True, slots=True)
class _Told:
    """What was sent to the hub, and on which connection."""

    connected_since: float | None
    revoked: Mapping[str, datetime]


class HubAccount:
    """The account of all nodes at the hub, while `link` runs."""

    def __init__(self, keys: FleetKeys, url: str, ca_file: Path | None) -> None:
        """Raises `ConfigError` if the CA's file cannot be used."""
        address = HubAddress(url=url, login=own_login(keys, keys.system), ca_file=ca_file)
        self.link = HubLink(address, _CALLER)
        self._keys = keys
        self._told: _Told | None = None

    async def tell(self, revoked: Mapping[str, datetime], now_utc: datetime) -> None:
        """Make the hub refuse these users, by public key: their JWTs made up to that instant. Does nothing if
        the hub knows already; while it is away, the next call tells it."""
        new = _Told(self.link.connected_since, dict(revoked))
        if not self.link.connected or new == self._told:
            return
        update = fleet_account(self._keys.operator, self._keys.account, now_utc, revoked)
        try:
            answer = await self.link.request(_UPDATE, update.encode("ascii"), timeout_s=_ANSWERED_WITHIN_S)
            _check_taken(answer)
        except (Unavailable, Corrupt) as error:
            log.warning(
                "the hub is not told which nodes are revoked; trying again", extra={"error": str(error)}
            )
            return
        self._told = new


def own_login(keys: FleetKeys, account: Ed25519PrivateKey) -> ByIdentity:
    """How the coordinator logs in as a user of this account. Its keys are in memory alone."""
    user, own = Ed25519PrivateKey.generate(), generate_private_key(SECP256R1())

    def read() -> HubIdentity:
        now_utc = datetime.now(UTC)
        issuer = Issuer(keys.ca, keys.authorities)
        tls = coordinators_tls(issuer, own, random_serial_number(), now_utc)
        return coordinators_identity(account, user, tls, now_utc)

    return ByIdentity(read)


def _check_taken(answer: bytes) -> None:
    said = parse_json(answer)
    if not isinstance(said, dict) or said.get("data", {}).get("code") != 200:
        raise Corrupt("the hub refuses the account's update; does it have this coordinator's hub-settings?")
