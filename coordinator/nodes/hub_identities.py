"""What the hub knows of the fleet: an operator, its system account, and the one account of all nodes. Pure.

The hub gets this once, as a part of its configuration. Nodes bring what the account says of them, so they are
let in, and expire, without any change at the hub.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.nodes.hub_certificates import tls_settings
from shared.hub_login import ClientTls, HubIdentity
from shared.nats_jwt import Account, User, account_jwt, operator_jwt, user_jwt
from shared.nats_keys import KeyKind, public_text

_NAME: Final = "proctor"
_SYSTEM: Final = "system"
_COORDINATOR: Final = "coordinator"
_ACCOUNTS: Final = 100
"""The most accounts that the hub keeps; there are two."""


def hub_settings(
    operator: Ed25519PrivateKey,
    system: Ed25519PrivateKey,
    account: Ed25519PrivateKey,
    folder: PurePath,
    now_utc: datetime,
    tls_folder: PurePath | None = None,
) -> str:
    """The part of the hub's configuration that replaces users and passwords.

    `folder`: where the hub keeps what it is told of accounts later; `tls_folder`: where its files of
    `hub_certificates` are.
    """
    of_system = Account(name=_SYSTEM, key=system.public_key(), streams=False)
    settings: dict[str, object] = {
        "operator": operator_jwt(operator, _NAME, system.public_key(), now_utc),
        "system_account": public_text(KeyKind.ACCOUNT, system.public_key()),
        "resolver": {"type": "full", "dir": str(folder), "limit": _ACCOUNTS},
        "resolver_preload": {
            public_text(KeyKind.ACCOUNT, of_system.key): account_jwt(operator, of_system, now_utc),
            public_text(KeyKind.ACCOUNT, account.public_key()): fleet_account(operator, account, now_utc),
        },
    }
    if tls_folder is not None:
        settings["tls"] = tls_settings(tls_folder)
    return "".join(f"{name}: {json.dumps(value, indent=2)}\n" for name, value in settings.items())


def fleet_account(
    operator: Ed25519PrivateKey,
    account: Ed25519PrivateKey,
    now_utc: datetime,
    revoked: Mapping[str, datetime] = MappingProxyType({}),
) -> str:
    """What the operator says of the nodes' account. `revoked`: users by public key; their JWTs made until
    then are good no more."""
    said = Account(name=_NAME, key=account.public_key(), streams=True, revoked=revoked)
    return account_jwt(operator, said, now_utc)


def coordinators_identity(
    account: Ed25519PrivateKey, own: Ed25519PrivateKey, tls: ClientTls, now_utc: datetime
) -> HubIdentity:
    """The coordinator as a user who may do everything in this account: of the nodes, or of the system."""
    # Its key is in memory alone, so the user needs no end.
    user = User(name=_COORDINATOR, key=own.public_key(), permissions=None)
    return HubIdentity(user_jwt(account, user, now_utc), own, tls)
