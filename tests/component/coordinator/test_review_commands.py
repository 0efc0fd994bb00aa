"""`proctorctl alerts`, `incidents` and `sessions` as a person types them, against a real coordinator."""

from __future__ import annotations

from pathlib import Path

import yaml

from coordinator.sessions.binding import check_number
from shared.events.types import EventType
from shared.tokens import Role
from tests.support.devices import Device, code_of
from tests.support.exam_site import OnSite, Site
from tests.support.findings import found
from tests.support.reviewers import later
from tests.support.served_site import served
from tests.support.shell import Shell


def test_an_incident_is_found_judged_and_shown_by_commands(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        [incident] = await found(site, (EventType.FACE_MISMATCH, 1.0))
        name = incident["incident_id"]
        async with served(site) as url:
            ann = Shell(site, url, "ann")
            code, table, _ = await ann.run("incidents", "list", "--exam", "EXAM-1")
            assert (code, name[:13] in table, "FACE_MISMATCH" in table) == (0, True, True)
            [alert] = await ann.data("alerts", "list", "--session", "SESS-1", "--class", "identity")
            assert alert["event_type"] == "FACE_MISMATCH"
            code, _, question = await ann.run("review", "dismiss", name, "--reason", "harmless")
            assert (code, "You can undo it for 10 s." in question) == (1, True)  # nobody there to say yes
            assert "Dismiss FACE_MISMATCH of SESS-1 (1 alert)?" in question
            code, _, error = await ann.run("review", "confirm", name, "--alerts", "2", "--yes")
            assert (code, "the incident has new alerts" in error) == (1, True), error
            dismissed = await ann.data("review", "dismiss", name, "--reason", "harmless", "--yes")
            assert dismissed["state"] == "dismissed"
            code, _, error = await ann.run("review", "claim", "a/../b")
            assert code == 1
            code, _, error = await ann.run("review", "confirm", name, "--yes")
            assert (code, error) == (1, "proctorctl: the incident already has a verdict\n")
            code, shown, _ = await ann.run("incidents", "show", name, "-o", "yaml")
            assert [act["by"] for act in yaml.safe_load(shown)["history"]] == ["ann"]
            later(site)
            [rule] = await ann.data("incidents", "precision")
            assert (rule["dismissed"], rule["precision"]) == (1, 0.0)

    on_sqlite(test)


def test_a_verdict_on_one_finding_is_undone_by_commands(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        [incident] = await found(site, (EventType.FACE_MISMATCH, 1.0), (EventType.LEFT_FRAME, 2.0))
        name = incident["incident_id"]
        finding = (await site.get(f"/incidents/{name}")).json()["alerts"][0]["event_id"]
        words = ("review", "dismiss", name, "--reason", "harmless", "--yes")
        async with served(site) as url:
            ann = Shell(site, url, "ann")
            code, _, error = await ann.run(*words, "--finding", "mine")
            assert (code, "findings" in error) == (1, True), error
            assert (await ann.data(*words, "--finding", finding))["state"] == "dismissed"
            assert (await ann.data("review", "undo", name))["state"] == "open"
        acts = (await site.get(f"/incidents/{name}")).json()["history"]
        assert [(act["act"], act["findings"]) for act in acts] == [("dismiss", [finding]), ("undo", [])]

    on_sqlite(test)


def test_a_session_is_watched_and_ended_by_commands(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        async with served(site) as url:
            ann = Shell(site, url, "ann")
            started = await ann.data(
                "sessions", "start", "CAND-1", "EXAM-1", "--session", "SESS-1", "--force"
            )
            assert started["join_url"]
            told = await ann.data("sessions", "message", "SESS-1", "Please look up.")
            assert (told["event_type"], told["told_candidate"]) == ("PROCTOR_MESSAGE", False)
            code, _, error = await ann.run("sessions", "pause", "SESS-1", "--reason", " ")
            assert (code, error.startswith("proctorctl: this cannot be sent: reason")) == (1, True)
            await ann.data("sessions", "terminate", "SESS-1", "--reason", "Another person.", "--yes")
            assert (await ann.data("sessions", "show", "SESS-1"))["status"] == "ended"
            code, table, _ = await ann.run("sessions", "timeline", "SESS-1")
            assert (code, "A proctor ended the session." in table) == (0, True)

    on_sqlite(test)


def test_a_lost_device_is_replaced_by_commands(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        async with served(site) as url:
            ann, mine, other = Shell(site, url, "ann"), Device(), Device()
            names = ("CAND-1", "EXAM-1", "--session", "SESS-1", "--force")
            started = await ann.data("sessions", "start", *names)
            assert started["join_url_expires_at"] == started["session_expires_at"]
            await mine.joined(site, code_of(started))
            made = await ann.data("sessions", "link", "SESS-1")
            assert made["join_url"] != started["join_url"]
            assert made["join_url_expires_at"]
            await other.ask(site, code_of(made))
            number = check_number(other.key)
            code, table, _ = await ann.run("sessions", "devices", "SESS-1")
            assert (code, number in table) == (0, True)
            code, _, error = await ann.run("sessions", "approve-device", "SESS-1", "000 00", "--yes")
            assert (code, "no device of this session shows the number" in error) == (1, True)
            let_in = await ann.data("sessions", "approve-device", "SESS-1", number, "--yes")
            assert (let_in["state"], let_in["approved_by"]) == ("bound", "ann")
            await other.joined(site, code_of(made))

    on_sqlite(test)


def test_without_a_token_the_next_step_is_said(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        shell = Shell(site, "ws://127.0.0.1:9/ws", "ann")
        code, _, error = await shell.run("alerts", "list")
        assert (code, "does not answer" in error) == (1, True)
        shell.environment["PROCTOR_TOKEN"] = ""
        code, _, error = await shell.run("alerts", "list")
        assert (code, "PROCTOR_TOKEN_FILE" in error) == (2, True)

    on_sqlite(test)


def test_a_report_is_written_in_the_form_its_name_asks_for(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        await found(site, (EventType.FACE_MISMATCH, 1.0))
        async with served(site) as url:
            shell = Shell(site, url, "ann")
            for name, begins in {
                "r.json": b"{",
                "r.html": b"<!doctype",
                "r.pdf": b"%PDF-",
                "r.zip": b"PK",
            }.items():
                code, _, err = await shell.run("sessions", "report", "SESS-1", str(tmp_path / name))
                assert code == 0, err
                assert (tmp_path / name).read_bytes().startswith(begins)
            code, _, err = await shell.run("sessions", "report", "SESS-1", str(tmp_path / "r.docx"))
            assert (code, "must end in one of" in err) == (1, True)

    on_sqlite(test)


def test_the_policy_of_a_running_session_is_changed_with_a_reason(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        await site.started()
        policy = tmp_path / "policy.yaml"
        policy.write_text("sensitivity: low\nenrollment_gate: {min_sharpness: null}\n")
        words = ("sessions", "set-policy", "SESS-1", "--policy", str(policy), "-r", "Too strict.", "--yes")
        async with served(site) as url:
            shell = Shell(site, url, "ada", Role.ADMIN)
            changed = await shell.data(*words, "--based-on", "1")
            assert (changed["version"], changed["policy"]["sensitivity"]) == (2, "low")
            assert changed["policy"]["enrollment_gate"]["min_sharpness"] is None
            code, _, err = await shell.run(*words, "--based-on", "1")
            assert (code, "version 2" in err) == (1, True)

    on_sqlite(test)
