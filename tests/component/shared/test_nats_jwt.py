"""Identities at a real hub that knows only the operator: let in, held to their permissions, taken back."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import nats.errors
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client

from shared import subjects
from shared.events.types import Lane
from shared.nats_config import node_permissions
from shared.nats_jwt import Account, User, account_jwt, operator_jwt, user_jwt
from shared.nats_keys import KeyKind, public_text
from tests.support.eventually import until
from tests.support.nats import identity_hub
from tests.support.ports import reserved_port

NODE, OTHER, GONE = uuid4(), uuid4(), uuid4()
DAY = timedelta(hours=24)


@dataclass
class Realm:
    """An operator with two accounts, and its hub."""

    port: int
    operator: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    system: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    exams: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def exams_jwt(self, revoked: dict[str, datetime] | None = None) -> str:
        account = Account(name="exams", key=self.exams.public_key(), streams=True, revoked=revoked or {})
        return account_jwt(self.operator, account, datetime.now(UTC))

    def settings(self, folder: Path) -> str:
        now_utc = datetime.now(UTC)
        system = Account(name="system", key=self.system.public_key(), streams=False)
        accounts = {
            public_text(KeyKind.ACCOUNT, self.exams.public_key()): self.exams_jwt(),
            public_text(KeyKind.ACCOUNT, system.key): account_jwt(self.operator, system, now_utc),
        }
        return "".join(
            f"{name}: {json.dumps(value)}\n"
            for name, value in {
                "operator": operator_jwt(self.operator, "proctor", system.key, now_utc),
                "system_account": public_text(KeyKind.ACCOUNT, system.key),
                "resolver": {"type": "full", "dir": str(folder / "accounts"), "limit": 100},
                "resolver_preload": accounts,
            }.items()
        )

    @asynccontextmanager
    async def joined(
        self, account: Ed25519PrivateKey, user: User, key: Ed25519PrivateKey | None = None
    ) -> AsyncIterator[tuple[Client, list[str]]]:
        """A connection as this user, and the hub's complaints. `key` is what it proves itself with."""
        text, own = user_jwt(account, user, datetime.now(UTC)), key or KEYS[user.name]
        complaints: list[str] = []

        async def complained(error: Exception) -> None:
            complaints.append(str(error))

        client = Client()
        try:
            await client.connect(
                f"nats://127.0.0.1:{self.port}",
                user_jwt_cb=lambda: bytearray(text.encode()),
                signature_cb=lambda nonce: base64.urlsafe_b64encode(own.sign(nonce.encode())).rstrip(b"="),
                error_cb=complained,
                allow_reconnect=False,
                inbox_prefix=subjects.inbox_prefix(user.name).encode(),
                connect_timeout=20,
            )
            yield client, complaints
        finally:
            with suppress(nats.errors.Error):
                await client.close()


KEYS = {str(name): Ed25519PrivateKey.generate() for name in (NODE, OTHER, GONE, "coordinator", "system")}


def user(name: UUID | str, lifetime: timedelta = DAY) -> User:
    """A node by its id with a node's permissions; anybody else may do everything in its account."""
    permissions = node_permissions(name) if isinstance(name, UUID) else None
    key = KEYS[str(name)].public_key()
    return User(name=str(name), key=key, permissions=permissions, expires_utc=datetime.now(UTC) + lifetime)


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    folder = tmp_path_factory.mktemp("realm")
    made = Realm(reserved_port())
    with identity_hub(folder, made.port, made.settings(folder)):
        yield made


def refused(
    realm: Realm, account: Ed25519PrivateKey, user: User, key: Ed25519PrivateKey | None = None
) -> str:
    """Why the hub does not let this user in."""

    async def scenario() -> str:
        with pytest.raises(nats.errors.Error) as error:
            async with realm.joined(account, user, key):
                pass
        return str(error.value)

    return asyncio.run(scenario())


def test_a_node_is_let_in_by_its_key_and_does_what_a_node_does(realm: Realm) -> None:
    async def scenario() -> None:
        async with (
            realm.joined(realm.exams, user("coordinator")) as (centre, _),
            realm.joined(realm.exams, user(NODE)) as (node, complaints),
        ):
            await centre.jetstream().add_stream(
                name=subjects.ALERT_STREAM, subjects=[subjects.ALERT_SUBJECTS]
            )
            stored = await node.request(subjects.alert(NODE, Lane.CONDUCT), b"sealed", timeout=30)
            assert json.loads(stored.data)["stream"] == subjects.ALERT_STREAM

            async def answer(message: object) -> None:
                await message.respond(b"done")  # type: ignore[attr-defined]

            await node.subscribe(subjects.commands(NODE), cb=answer)
            # Its own message comes back only after the hub has read the subscription before.
            await node.subscribe(f"{subjects.inbox_prefix(NODE)}.x", cb=answer)
            assert (await _asked(centre, subjects.command(NODE, "start"))) == b"done"
            assert complaints == []

    asyncio.run(scenario())


async def _asked(client: Client, subject: str) -> bytes:
    """The answer, as soon as somebody listens."""
    found: list[bytes] = []

    async def answered() -> bool:
        with suppress(nats.errors.NoRespondersError):
            found.append((await client.request(subject, b"", timeout=30)).data)
        return bool(found)

    await until(answered, "the node listens")
    return found[0]


def test_every_foreign_subject_is_refused(realm: Realm) -> None:
    async def scenario() -> None:
        async with realm.joined(realm.exams, user(NODE)) as (node, complaints):

            async def spy(message: object) -> None:
                raise AssertionError(message)

            foreign = [
                subjects.alert(OTHER, Lane.CONDUCT),
                subjects.heartbeat(OTHER),
                subjects.command(OTHER, "end"),
                subjects.command(NODE, "end"),
                subjects.mark(NODE),
                "$JS.API.STREAM.LIST",
                "$JS.API.STREAM.PURGE.ALERTS",
                "$SYS.REQ.SERVER.PING",
                f"{subjects.inbox_prefix(OTHER)}.x",
            ]
            listened: Sequence[str] = (
                subjects.commands(OTHER),
                subjects.mark(OTHER),
                f"{subjects.inbox_prefix(OTHER)}.>",
                "edge.>",
                "$SYS.>",
                "_INBOX.>",
            )
            for subject in foreign:
                await node.publish(subject, b"forged")
            for subject in listened:
                await node.subscribe(subject, cb=spy)
            await until(lambda: len(set(complaints)) == len(foreign) + len(listened), "every one is refused")
            assert all("permissions violation" in one.lower() for one in complaints)

    asyncio.run(scenario())


def test_who_has_not_the_key_or_not_the_accounts_word_is_not_let_in(realm: Realm) -> None:
    stranger = Ed25519PrivateKey.generate()
    assert "Authorization Violation" in refused(realm, realm.exams, user(NODE), key=stranger)
    assert "Authorization Violation" in refused(realm, stranger, user(NODE))
    assert "Authorization Violation" in refused(realm, realm.operator, user(NODE))


def test_whose_time_is_over_is_not_let_in(realm: Realm) -> None:
    said = refused(realm, realm.exams, user(NODE, -timedelta(seconds=10)))
    assert "Authorization Violation" in said or "expired" in said.lower()


def test_who_is_taken_back_is_cut_off_and_never_comes_again_and_the_others_stay(realm: Realm) -> None:
    async def scenario() -> None:
        async with (
            realm.joined(realm.exams, user(GONE)) as (node, _),
            realm.joined(realm.exams, user(OTHER)) as (other, _),
            realm.joined(realm.system, user("system")) as (system, _),
        ):
            assert node.is_connected
            gone = public_text(KeyKind.USER, KEYS[str(GONE)].public_key())
            update = realm.exams_jwt({gone: datetime.now(UTC) + timedelta(minutes=5)})
            answer = json.loads(
                (await system.request("$SYS.REQ.CLAIMS.UPDATE", update.encode(), timeout=30)).data
            )
            assert answer["data"]["code"] == 200
            await until(lambda: node.is_closed, "it is cut off")
            assert other.is_connected
        said = await asyncio.to_thread(refused, realm, realm.exams, user(GONE))
        assert "Authorization Violation" in said or "revoked" in said.lower()
        async with realm.joined(realm.exams, user(OTHER)) as (other, _):
            assert other.is_connected

    asyncio.run(scenario())
