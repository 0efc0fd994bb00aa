"""Many at once: reviewers on one incident, replicas storing alerts of one session."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from coordinator.arriving.intake import AlertStore
from coordinator.ground.database import Database
from coordinator.reviews import service as reviews
from coordinator.reviews.service import Deed
from coordinator.reviews.states import Act
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.errors import Rejected
from shared.tokens import Claims, Role
from tests.support.desk import KEYRING, NOW, Desk

AT_ONCE = 8


def test_of_eight_who_confirm_at_once_two_count_and_the_others_are_told(desk: Desk) -> None:
    desk.arrive(desk.finding(60, 65))
    [incident] = desk.rows()
    begin = Barrier(AT_ONCE)

    def confirm(number: int) -> str:
        who = Claims(subject=f"proctor-{number}", role=Role.PROCTOR, tenant_id=DEFAULT_TENANT_ID)
        begin.wait()
        try:
            with desk.database.write() as db:
                return reviews.do(db, KEYRING, incident.id, Deed(Act.CONFIRM, who), NOW).incident.state
        except Rejected as error:
            return error.code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = Counter(pool.map(confirm, range(AT_ONCE)))
    assert answers == {"seconding": 1, "confirmed": 1, "already-decided": AT_ONCE - 2}


def test_of_eight_undos_at_once_one_undoes_and_nothing_more_is_taken_back(desk: Desk) -> None:
    desk.arrive(desk.finding(60, 65))
    [incident] = desk.rows()

    def act(who: str, act: Act) -> str:
        claims = Claims(subject=who, role=Role.PROCTOR, tenant_id=DEFAULT_TENANT_ID)
        try:
            with desk.database.write() as db:
                return reviews.do(db, KEYRING, incident.id, Deed(act, claims), NOW).incident.state
        except Rejected as error:
            return error.code

    assert act("bob", Act.CONFIRM) == "seconding"
    [before] = desk.rows()
    assert act("ann", Act.CONFIRM) == "confirmed"
    begin = Barrier(AT_ONCE)

    def undo(_: int) -> str:
        begin.wait()
        return act("ann", Act.UNDO)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = Counter(pool.map(undo, range(AT_ONCE)))
    assert answers == {"seconding": 1, "not-your-verdict": AT_ONCE - 1}
    [after] = desk.rows()
    assert (after.state, after.decided_utc) == ("seconding", None)
    assert after.effective_utc == before.effective_utc


def test_an_undo_and_a_second_confirmation_at_once_leave_one_order(desk: Desk) -> None:
    desk.arrive(desk.finding(60, 65))
    [incident] = desk.rows()

    def act(who: str, act: Act) -> str:
        claims = Claims(subject=who, role=Role.PROCTOR, tenant_id=DEFAULT_TENANT_ID)
        try:
            with desk.database.write() as db:
                return reviews.do(db, KEYRING, incident.id, Deed(act, claims), NOW).incident.state
        except Rejected as error:
            return error.code

    assert act("ann", Act.CONFIRM) == "seconding"
    begin = Barrier(2)

    def at_once(deed: tuple[str, Act]) -> str:
        begin.wait()
        return act(*deed)

    with ThreadPoolExecutor(2) as pool:
        undone, confirmed = pool.map(at_once, [("ann", Act.UNDO), ("bob", Act.CONFIRM)])
    [after] = desk.rows()
    undo_first = ("open", "seconding", "seconding")  # then bob's is the first confirmation
    assert (undone, confirmed, after.state) in (undo_first, ("not-your-verdict", "confirmed", "confirmed"))


def test_replicas_that_store_alerts_of_one_session_at_once_make_one_incident(desk: Desk) -> None:
    alerts = [desk.finding(5.0 * number, 5.0 * number + 4) for number in range(AT_ONCE)]
    deliveries = [desk.delivery(alert) for alert in alerts]
    begin = Barrier(AT_ONCE)

    def take(number: int) -> None:
        database = Database(desk.database.engine.url.render_as_string(hide_password=False))
        begin.wait()
        try:
            AlertStore(database, KEYRING, desk.store.signers).take([deliveries[number]], NOW)
        finally:
            database.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(take, range(AT_ONCE)))
    assert desk.living() == [(0, 5 * (AT_ONCE - 1) + 4, AT_ONCE, 0.7)]
