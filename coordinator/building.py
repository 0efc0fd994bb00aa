"""Builds the parts of a coordinator from its configuration: keys, database, hub, tokens, lead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coordinator.audit import service as audit
from coordinator.backups.creating import maker_of, write_keyring
from coordinator.config import CoordinatorConfig, NatsSection
from coordinator.ground.database import WAIT_S, Database
from coordinator.ground.ids import uuid7
from coordinator.ground.leadership import Leadership
from coordinator.ground.leading import Lead
from coordinator.ground.master_following import Following
from coordinator.ground.master_keys import given_text, is_given
from coordinator.ground.master_users import MasterUsers
from coordinator.ground.own_keys import OwnKeys, load_own_keys
from coordinator.ground.turns import Turns
from coordinator.keys import masters_service as masters
from coordinator.live.tickets import Tickets, ticket_key
from coordinator.nodes.alert_stream import CALLER, AlertStream, StateStream
from coordinator.nodes.checkpoint_stream import CheckpointStream
from coordinator.nodes.commands import Commander
from coordinator.nodes.fleet import Fleet
from coordinator.nodes.hub_account import HubAccount, own_login
from coordinator.nodes.stream import StreamSettings
from coordinator.oidc.issuer import Issuer
from coordinator.sessions import service as sessions
from coordinator.tokens import service as tokens
from coordinator.tokens.validity import Validity
from coordinator.tokens.verifier import Verifier
from coordinator.web_api.metrics import Metrics
from coordinator.web_api.parts import Parts
from shared.errors import ConfigError
from shared.hub_caller import HubAddress
from shared.hub_link import HubLink
from shared.hub_login import ByIdentity, Password
from shared.traces.opening import traces_of


def build(config: CoordinatorConfig, metrics: Metrics) -> Parts:
    """The parts of a coordinator, not yet connected. Raises `ConfigError`."""
    given, hybrid = given_text(config.keys.master_key_command), config.keys.sealing == "hybrid"
    keys = load_own_keys(config.data_folder, config.master_key_path, given, hybrid=hybrid)
    nats = config.nats
    address = HubAddress(url=nats.url, login=_hub_login(nats, keys), ca_file=nats.ca_file)
    settings = StreamSettings(
        max_bytes=nats.stream_max_bytes,
        max_age_s=nats.stream_max_age_hours * 3600.0,
        replicas=nats.stream_replicas,
        placement_tags=nats.stream_placement_tags,
    )
    hub, fleet = HubLink(address, CALLER), Fleet()
    signers: dict[UUID, Ed25519PublicKey] = {}
    database = Database(config.database, Turns(WAIT_S).one)
    return Parts(
        config=config,
        ice_servers=config.ice.read_servers(),
        database=database,
        keys=keys,
        hub=hub,
        hub_account=HubAccount(keys.fleet, nats.url, nats.ca_file) if nats.login == "identity" else None,
        alert_stream=AlertStream(hub, settings),
        state_stream=StateStream(hub, settings),
        checkpoint_stream=CheckpointStream(hub, settings),
        fleet=fleet,
        signers=signers,
        commander=Commander(hub, fleet, signers, keys.signing_keys, hybrid=hybrid),
        metrics=metrics,
        verifier=Verifier(
            Validity(keys.token_key_id, keys.token.public_key()), lambda: _validity(database, keys)
        ),
        issuers={section.issuer: Issuer(section) for section in config.issuers},
        check_session=sessions.check_token,
        write_down=lambda db, present, now_utc: audit.write(db, keys.keyring, present, 200, now_utc),
        tickets=Tickets(ticket_key(keys.token)),
        lead=Lead(Leadership(database), lambda: hub.connected),
        keep_keyring=_keep_keyring(config, database, keys),
        traces=traces_of(config.traces, "proctor-coordinator", str(uuid7())),
    )


def following_masters(parts: Parts) -> Following:
    """What keeps these parts' master keys as their file has them."""

    def refused(key_id: bytes) -> bool:
        with parts.database.read() as db:
            return masters.is_refused(db, key_id)

    given = is_given(parts.config.keys.master_key_command)
    file = None if given else parts.config.master_key_path
    return Following(parts.keys.keyring, file, MasterUsers(parts.database), refused)


def require_own_database(parts: Parts) -> None:
    """Raises `ConfigError` if none of the master keys opens what the database has."""
    with parts.database.read() as db:
        if masters.is_of_others(db, parts.keys.keyring):
            raise ConfigError(
                "the database was written with another master key: give this coordinator the key files of "
                "the others on it, or bring its own back from a backup"
            )


def _hub_login(nats: NatsSection, keys: OwnKeys) -> Password | ByIdentity:
    if nats.login == "password":
        return Password(nats.user, nats.read_password())
    return own_login(keys.fleet, keys.fleet.account)


def _keep_keyring(config: CoordinatorConfig, database: Database, keys: OwnKeys) -> Callable[[], None] | None:
    if config.backup is None:
        return None
    maker = maker_of(config, database, keys)

    def keep() -> None:
        write_keyring(maker, datetime.now(UTC))

    return keep


async def _validity(database: Database, keys: OwnKeys) -> Validity:
    def read() -> Validity:
        with database.read() as db:
            return tokens.validity(db, keys, datetime.now(UTC))

    return await asyncio.to_thread(read)
