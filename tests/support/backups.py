"""An installation whose backups are made, a key to open them, and empty places to restore into."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlmodel import Session, select

from coordinator.backups.creating import Maker, maker_of
from coordinator.backups.lists import Found, found_at, target_of
from coordinator.backups.manifest import Kind
from coordinator.candidates.tables import Candidate
from coordinator.config import CoordinatorConfig
from coordinator.ground.database import Database
from coordinator.ground.own_keys import load_own_keys
from coordinator.holds.tables import LegalHold
from coordinator.idempotency.tables import KeptAnswer
from coordinator.keys.tables import Key
from coordinator.privacy import erasing_service as erasing
from coordinator.privacy.erasing_service import ErasureOrder
from coordinator.privacy.tables import Erasure
from coordinator.restoring import RestoreWish
from coordinator.storing_sections import BackupSection
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.web_api.parts import Parts
from shared.erasures import Cause
from shared.holds import HeldThing
from shared.sealing import SealingPrivate, sealing_public_text
from shared.tokens import Role
from tests.support.postgres import database_url, run_sql
from tests.support.retained import Rows, sat, stopped_parts

NOW = datetime.now(UTC).replace(microsecond=0)
"""A restore erases what is due at the moment it is done."""
OVER = NOW - timedelta(days=2)
OPENER = X25519PrivateKey.generate()


def backed_up(config: CoordinatorConfig, target: str, **settings: object) -> CoordinatorConfig:
    """The same settings with backups."""
    given = {"target": target, "recipient": sealing_public_text(OPENER.public_key()), **settings}
    return config.model_copy(update={"backup": BackupSection.model_validate(given)})


def maker_for(parts: Parts, target: str, **settings: object) -> Maker:
    """What makes backups of a coordinator, into a folder or bucket."""
    config = backed_up(parts.config, target, **settings)
    return maker_of(config, parts.database, parts.keys)


@dataclass(frozen=True)
class Place:
    """Where something is restored: an empty folder and database."""

    config: CoordinatorConfig
    maker: Maker

    def wish(self, backup_id: str = "", opener: SealingPrivate = OPENER) -> RestoreWish:
        return RestoreWish(
            config=self.config,
            settings=self.maker.settings,
            backup_id=backup_id,
            opener=opener,
            signer=self.maker.keys.signing.public_key(),
        )

    @contextmanager
    def opened(self) -> Iterator[Database]:
        database = Database(self.config.database)
        try:
            yield database
        finally:
            database.close()

    def keys_match(self) -> bool:
        keys = load_own_keys(self.config.data_folder, self.config.master_key_path, None)
        return keys.signing_text == self.maker.keys.signing_text


@contextmanager
def empty_place(maker: Maker, folder: Path, server: Path | None) -> Iterator[Place]:
    """A place of the same kind of database; `server`: PostgreSQL's socket."""
    data, name = folder / f"restored-{uuid4().hex}", f"restored_{uuid4().hex}"
    url = f"sqlite:///{data / 'coordinator.db'}"
    if maker.database.file is None:
        assert server is not None
        run_sql(server, f"CREATE DATABASE {name}")
        url = database_url(server, name)
    try:
        yield Place(maker.config.model_copy(update={"data_folder": data, "database_url": url}), maker)
    finally:
        shutil.rmtree(data, ignore_errors=True)
        if maker.database.file is None:
            assert server is not None
            run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def installation(migrated_url: str, tmp_path: Path) -> Iterator[Parts]:
    made = stopped_parts(migrated_url, tmp_path)
    with made.database.write() as db:
        rows = Rows()
        for number in range(3):
            sat(rows, number, OVER)
        rows.store(db)
        add_secrets(db)
    yield made
    made.database.close()


def hold_on(thing: HeldThing, **named: Any) -> LegalHold:
    """A legal hold that was just placed."""
    place = {"tenant_id": DEFAULT_TENANT_ID, **named}
    return LegalHold(thing=thing, reason_sealed=b"a reason", held_by="dean", held_utc=NOW, **place)


def add_secrets(db: Session) -> None:
    """What no copy may have."""
    for key in db.exec(select(Key)).all():
        key.wrapped = b"half of " + key.id.bytes
        db.add(key)
    db.add(hold_on(HeldThing.EXAM, exam_reference="ALGEBRA"))
    answer = KeptAnswer(
        tenant_id=DEFAULT_TENANT_ID,
        request_hash=b"1",
        body_hash=b"1",
        answer_sealed=b"a kept answer",
        created_utc=NOW,
    )
    db.add(answer)


@pytest.fixture
def maker(installation: Parts, tmp_path: Path) -> Maker:
    return maker_for(installation, str(tmp_path / "backups"))


@pytest.fixture
def place(maker: Maker, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    server = None if maker.database.file is not None else request.getfixturevalue("migrated_postgres")
    with empty_place(maker, tmp_path, server) as made:
        yield made


def found(maker: Maker, kind: Kind = Kind.DATABASE) -> list[Found]:
    return found_at(target_of(maker.settings, kind), kind, maker.keys.signers)


def good(maker: Maker, kind: Kind = Kind.DATABASE) -> list[str]:
    return [one.backup_id for one in found(maker, kind) if one.manifest is not None]


def erase(parts: Parts, reference: str) -> Erasure:
    with parts.database.write() as db:
        person = db.exec(select(Candidate).where(Candidate.reference == reference)).one()
        wish = ErasureOrder(candidate=person, decided_by=Role.DPO, cause=Cause.OFFICER, end_running=True)
        return erasing.decide(db, parts.keys, wish, NOW)
