from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import BindParameter, Integer, Uuid, bindparam, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from coordinator import schema
from coordinator.alerts.tables import StoredAlert
from coordinator.enrollments.tables import Enrollment
from coordinator.ground.columns import Row, UtcDateTime
from coordinator.ground.database import Database
from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.tables import Assignment
from coordinator.sessions.tables import ExamSession, JoinCode
from coordinator.tenants import service as tenants
from coordinator.tenants.institutions import INSTALLATION_ID, Institutions
from coordinator.tenants.tables import DEFAULT_TENANT_ID, Tenant
from coordinator.tokens.tables import IssuedToken
from shared.errors import ConfigError
from shared.tokens import Role


def test_migrations_make_exactly_the_tables_of_the_code(empty_database: Database) -> None:
    schema.upgrade(empty_database)
    assert schema.differences(empty_database) == []
    assert schema.current(empty_database) == schema.newest()


def test_a_missing_column_is_noticed(empty_database: Database) -> None:
    schema.upgrade(empty_database)
    with empty_database.write() as db:
        db.connection().execute(text("ALTER TABLE alerts DROP COLUMN severity_score"))
    assert [change[0] for change in schema.differences(empty_database)] == ["add_column"]


def test_migrations_go_down_to_nothing_and_up_again(empty_database: Database) -> None:
    schema.upgrade(empty_database)
    schema.downgrade(empty_database, "base")
    assert inspect(empty_database.engine).get_table_names() == ["alembic_version"]
    schema.upgrade(empty_database)
    assert schema.differences(empty_database) == []


def test_migrating_twice_changes_nothing(empty_database: Database) -> None:
    schema.upgrade(empty_database)
    schema.upgrade(empty_database)
    with empty_database.read() as db:
        assert {tenant.id for tenant in db.exec(select(Tenant))} == {INSTALLATION_ID, DEFAULT_TENANT_ID}


def test_an_unmigrated_database_is_refused_with_the_command_to_run(empty_database: Database) -> None:
    with pytest.raises(ConfigError, match="proctor-coordinator migrate"):
        schema.require_newest(empty_database)
    schema.upgrade(empty_database)
    schema.require_newest(empty_database)


EARLIER = (
    """INSERT INTO nodes (id, tenant_id, region, signing_key, created_utc)
    VALUES (:node, :tenant, 'campus', 'ed25519:', :began)""",
    """INSERT INTO candidates (id, tenant_id, reference, created_utc)
    VALUES (:one, :tenant, 'CAND-1', :began)""",
    """INSERT INTO keys
    (id, tenant_id, candidate_id, kind, retention_class, scope, master_version, created_utc)
    VALUES (:one, :tenant, :one, 'data', 'exam', 'EXAM-1', 1, :began)""",
    """INSERT INTO sessions
    (id, tenant_id, reference, candidate_id, exam_reference, node_id, epoch, seal_key_id, data_key_id,
    policy, policy_version, signaling_url, whip_url, details_sealed, started_utc, expires_utc)
    VALUES (:session, :tenant, 'SESS-1', :one, 'EXAM-1', :node, 4, :one, :one,
    '{}', 1, 'ws:', 'http:', :sealed, :began, :began)""",
    """INSERT INTO alerts
    (id, tenant_id, session_id, revision, event_type, event_class, severity_score,
    onset_utc, raised_utc, node_id, data_key_id, body_sealed, received_utc)
    VALUES (:one, :tenant, :session, 1, 'FACE_NOT_FOUND', 'conduct', 0.5,
    :began, :began, :node, :one, :sealed, :began)""",
    """INSERT INTO alerts
    (id, tenant_id, session_id, revision, event_type, event_class, severity_score,
    onset_utc, raised_utc, data_key_id, body_sealed, received_utc)
    VALUES (:two, :tenant, :session, 1, 'SESSION_STARTED', 'milestone', 0,
    :began, :began, :one, :sealed, :began)""",
)
"""A session of before there were assignments, with an alert of its node and one of the coordinator."""


def test_a_sessions_node_becomes_its_first_assignment_and_again_its_node(empty_database: Database) -> None:
    ids = {name: UUID(int=number) for number, name in enumerate(("node", "next", "session", "one", "two"), 1)}
    began = datetime(2026, 11, 22, 14, tzinfo=UTC)
    later = began + timedelta(minutes=5)
    values = {**ids, "tenant": DEFAULT_TENANT_ID, "began": began, "sealed": b"sealed"}
    types = [bindparam(name, type_=Uuid()) for name in (*ids, "tenant")] + [
        bindparam("began", type_=UtcDateTime())
    ]

    def run(statement: str) -> None:
        used = [one for one in types if f":{one.key}" in statement]
        with empty_database.write() as db:
            db.connection().execute(text(statement).bindparams(*used), values)

    schema.upgrade(empty_database, "0006")
    for statement in EARLIER:
        run(statement)
    schema.upgrade(empty_database)
    with empty_database.write() as db:
        first = db.exec(select(Assignment)).one()
        assert (first.session_id, first.epoch, first.tenant_id) == (ids["session"], 4, DEFAULT_TENANT_ID)
        assert (first.node_id, first.from_utc, first.to_utc) == (ids["node"], began, None)
        assert {row.id: row.epoch for row in db.exec(select(StoredAlert))} == {
            ids["one"]: 4,
            ids["two"]: None,
        }
    run(EARLIER[0].replace(":node", ":next"))
    with empty_database.write() as db:
        assignments.hand_over(db, db.exec(select(Assignment)).one(), ids["next"], later)
    with pytest.raises(IntegrityError), empty_database.write() as db:
        db.add(Assignment(**{**first.model_dump(), "epoch": 6}))  # a session has one current assignment

    schema.downgrade(empty_database, "0006")
    with empty_database.read() as db:
        [row] = db.connection().execute(
            text("SELECT node_id, epoch FROM sessions").columns(node_id=Uuid(), epoch=Integer())
        )
    assert tuple(row) == (ids["next"], 5)
    schema.upgrade(empty_database)
    assert schema.differences(empty_database) == []


def test_every_table_carries_its_institution() -> None:
    without = {t.name for t in Row.metadata.tables.values() if "tenant_id" not in t.columns}
    assert without == {"tenants"}


def test_what_was_enrolled_stays_in_force_and_what_was_terminated_stays_so(empty_database: Database) -> None:
    ids = {name: UUID(int=number) for number, name in enumerate(("node", "session", "one", "two"), 1)}
    began = datetime(2026, 11, 22, 14, tzinfo=UTC)
    values = {**ids, "tenant": DEFAULT_TENANT_ID, "began": began, "sealed": b"sealed"}
    types = [bindparam(name, type_=Uuid()) for name in (*ids, "tenant")] + [
        bindparam("began", type_=UtcDateTime())
    ]

    def run(statement: str) -> None:
        used = [one for one in types if f":{one.key}" in statement]
        with empty_database.write() as db:
            db.connection().execute(text(statement).bindparams(*used), values)

    enrolled = """INSERT INTO enrollments
    (id, tenant_id, candidate_id, exam_reference, data_key_id, details_sealed, created_utc)
    VALUES (:one, :tenant, :one, 'EXAM-1', :one, :sealed, :began)"""
    schema.upgrade(empty_database, "0006")
    for statement in (*EARLIER[:4], EARLIER[5].replace("SESSION_STARTED", "PROCTOR_TERMINATE"), enrolled):
        run(statement)
    run("UPDATE sessions SET ended_utc = :began")
    schema.upgrade(empty_database)
    with empty_database.read() as db:
        assert db.exec(select(Enrollment.in_force_utc)).all() == [began]
        assert db.exec(select(ExamSession.terminated_utc)).all() == [began]
    run(enrolled.replace("(:one, :tenant", "(:two, :tenant"))  # one that waits
    schema.downgrade(empty_database, "0013")
    with empty_database.read() as db:
        kept = db.connection().execute(text("SELECT id FROM enrollments").columns(id=Uuid())).scalars().all()
    assert kept == [ids["one"]]  # an older program would take the newest
    schema.upgrade(empty_database)
    assert schema.differences(empty_database) == []


def test_operators_and_disabled_institutions_come_and_go_with_their_revision(
    empty_database: Database,
) -> None:
    now = datetime(2026, 11, 22, 14, tzinfo=UTC)
    schema.upgrade(empty_database)
    with empty_database.write() as db:
        north = tenants.create(db, "North", now)
        tenants.disable(db, north.id, "ops", now)
        for tenant_id in (INSTALLATION_ID, DEFAULT_TENANT_ID):
            db.add(
                IssuedToken(
                    id=tenant_id,
                    tenant_id=tenant_id,
                    subject="x",
                    role=Role.ADMIN,
                    kid="k",
                    issued_by="y",
                    created_utc=now,
                    expires_utc=now,
                )
            )
    schema.downgrade(empty_database, "0015")
    schema.upgrade(empty_database)
    assert schema.differences(empty_database) == []
    with empty_database.read() as db:
        assert [row.id for row in db.exec(select(IssuedToken))] == [DEFAULT_TENANT_ID]
        assert tenants.institutions(db) == Institutions(
            frozenset({INSTALLATION_ID, DEFAULT_TENANT_ID, north.id})
        )
        assert tenants.find(db, north.id).other_bases == {}


@pytest.mark.parametrize("lead", [timedelta(0), timedelta(hours=1)])
def test_links_of_before_work_on_and_exams_begin_when_they_did(
    empty_database: Database, lead: timedelta
) -> None:
    ids = {name: UUID(int=number) for number, name in enumerate(("node", "session", "one"), 1)}
    began = datetime(2026, 11, 22, 14, tzinfo=UTC)
    instants = {"began": began, "expires": began + lead + timedelta(minutes=15)}
    values = {**ids, **instants, "tenant": DEFAULT_TENANT_ID, "sealed": b"sealed"}
    types: list[BindParameter[Any]] = [bindparam(name, type_=Uuid()) for name in (*ids, "tenant")]
    types += [bindparam(name, type_=UtcDateTime()) for name in instants]

    def run(statement: str) -> None:
        used = [one for one in types if f":{one.key}" in statement]
        with empty_database.write() as db:
            db.connection().execute(text(statement).bindparams(*used), values)

    schema.upgrade(empty_database, "0006")
    for statement in EARLIER[:4]:
        run(statement)
    run(
        """INSERT INTO join_codes (id, tenant_id, session_id, code_hash, created_utc, expires_utc, used_utc)
        VALUES (:one, :tenant, :session, :sealed, :began, :expires, :began)"""
    )
    schema.upgrade(empty_database)
    with empty_database.read() as db:
        assert db.exec(select(ExamSession.begins_utc)).all() == [began + lead]
        assert db.exec(select(ExamSession.device)).all() == [0]
        assert db.exec(select(JoinCode.replaced_utc)).all() == [None]
    schema.downgrade(empty_database, "0015")
    with empty_database.read() as db:
        wanted = text("SELECT expires_utc FROM join_codes").columns(expires_utc=UtcDateTime())
        assert db.connection().execute(wanted).scalars().all() == [instants["expires"]]
    schema.upgrade(empty_database)
    assert schema.differences(empty_database) == []
