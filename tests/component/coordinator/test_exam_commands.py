"""`proctorctl exams`, `accommodations` and `tokens` as a person types them, against a real coordinator."""

from datetime import UTC, datetime
from pathlib import Path

import yaml

from coordinator.audit import chaining
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.served_site import served
from tests.support.shell import Shell


def test_an_exam_is_made_and_its_policy_edited_by_commands(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        async with served(site) as url:
            ann = Shell(site, url, "ann", Role.ADMIN)
            made = await ann.data("exams", "create", "EXAM-1", "--title", "CS 101", "--region", "north")
            assert (made["policy_version"], made["opens_at"], made["region"]) == (1, None, "north")
            changed = await ann.data("exams", "change", "EXAM-1", "--closes", "2099-12-01T12:00:00")
            assert (changed["title"], changed["closes_at"]) == ("CS 101", "2099-12-01T12:00:00.000Z")
            assert changed["region"] == "north"
            assert (await ann.data("exams", "change", "EXAM-1", "--region", ""))["region"] is None
            await chaining.round_of(site.parts, datetime.now(UTC))
            noted = await ann.data("audit", "list", "--act", "change_exam")
            assert [(one["subject"], one["outcome"]) for one in noted] == [("ann", "done")] * 2
            code, text, _ = await ann.run("exams", "policy", "EXAM-1")
            file = tmp_path / "exam.yaml"
            file.write_text(yaml.safe_dump(yaml.safe_load(text) | {"mismatch_checks": 9}))
            edit = ("exams", "set-policy", "EXAM-1", str(file), "--reason", "Calmer.", "--based-on", "1")
            assert (await ann.data(*edit))["version"] == 2
            code, _, error = await ann.run(*edit)
            assert (code, "version 2 is in force" in error) == (1, True)
            [change] = await ann.data("exams", "diff", "EXAM-1", "1", "2")
            assert (change["path"], change["after"]) == ("mismatch_checks", 9)
            code, table, _ = await ann.run("exams", "history", "EXAM-1")
            assert (code, "Calmer." in table, "ann" in table) == (0, True, True)
            code, table, _ = await ann.run("exams", "list")
            assert (code, "EXAM-1" in table) == (0, True)

    on_sqlite(test)


def test_an_accommodation_is_agreed_and_taken_back_by_commands(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        async with served(site) as url:
            ann = Shell(site, url, "ann", Role.ADMIN)
            await ann.data("exams", "create", "EXAM-1", "--title", "CS 101")
            agree = ("accommodations", "set", "CAND-1", "EXAM-1")
            code, _, error = await ann.run(*agree, "--extra-minutes", "30")
            assert (code, "there is no candidate with this id" in error) == (1, True)
            agreed = await ann.data(*agree, "--mute", "GAZE_OFF_SCREEN", "--extra-minutes", "30", "--force")
            assert (agreed["extra_minutes"], agreed["accommodation"]["muted"]) == (30, ["GAZE_OFF_SCREEN"])
            code, _, error = await ann.run(*agree, "--mute", "CAMERA_BLOCKED")
            assert (code, "only events of conduct and identity" in error) == (1, True)
            [listed] = await ann.data("accommodations", "list", "EXAM-1")
            assert listed == await ann.data("accommodations", "show", "CAND-1", "EXAM-1")
            code, _, said = await ann.run("accommodations", "withdraw", "EXAM-1", "CAND-1", "--yes")
            assert "write CANDIDATE EXAM" in said  # of earlier releases
            assert (code, await ann.data("accommodations", "list", "EXAM-1")) == (0, [])

    on_sqlite(test)


def test_tokens_and_keys_are_dealt_with_by_commands(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        async with served(site) as url:
            ann = Shell(site, url, "ann", Role.ADMIN)
            made = await ann.data("tokens", "create", "platform", "--role", "system")
            bearer = {"Authorization": f"Bearer {made['token']}"}
            assert (await site.get("/exams", headers=bearer)).status_code == 200
            code, _, question = await ann.run("tokens", "revoke", made["token_id"])
            assert (code, "cannot be undone" in question) == (1, True)
            assert (await ann.run("tokens", "revoke", made["token_id"], "--yes"))[0] == 0
            assert (await site.get("/exams", headers=bearer)).status_code == 401
            [row] = await ann.data("tokens", "list", "--subject", "platform")
            assert row["revoked_at"]
            rotated = await ann.data("tokens", "rotate")
            old, new = await ann.data("tokens", "keys")
            assert (old["status"], new["key_id"]) == ("retired", rotated["key_id"])
            assert (await ann.run("tokens", "revoke-key", old["key_id"], "--yes"))[0] == 0
            code, _, error = await ann.run("tokens", "list")
            assert (code, "not valid" in error) == (1, True)  # ann's own token was of that key

    on_sqlite(test)
