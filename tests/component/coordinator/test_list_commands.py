"""`proctorctl` lists, watched lists, enrollments and completion, as typed, against a real coordinator."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from shared.events.types import EventType
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site, enroll_body, picture_base64
from tests.support.findings import ended_alert, found
from tests.support.node_answers import failing_picture, good_picture
from tests.support.served_site import served
from tests.support.shell import MAIN, Shell


def test_the_wall_and_the_queue_are_lists(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await found(site, (EventType.FACE_MISMATCH, 1.0))
        await site.started("SESS-2", "CAND-2")
        async with served(site) as url:
            ann = Shell(site, url, "ann")
            wall = await ann.data("sessions", "list", "--state", "active")
            assert [one["session_id"] for one in wall] == ["SESS-1", "SESS-2"]  # the worst first
            assert (await ann.data("sessions", "show", "SESS-2"))["session_id"] == "SESS-2"
            code, _, error = await ann.run("sessions", "end", "SESS", "--yes")
            assert (code, "several sessions begin with SESS" in error) == (1, True)
            [waiting] = await ann.data("review", "queue", "--exam", "EXAM-1")
            assert waiting["state"] == "open"
            name = waiting["incident_id"]
            shown = (await ann.run("review", "queue"))[1].split()
            assert [word for word in shown if name.startswith(word)] == [name[:13]]
            commented = await ann.data("review", "comment", name[:13], "-t", "Look at the second minute.")
            assert commented["state"] == "open"
            await ann.data("review", "dismiss", name, "--reason", "harmless", "--yes")
            assert await ann.data("review", "queue") == []
            code, text, _ = await ann.run("incidents", "list", "-o", "yaml")
            assert (code, [one["incident_id"] for one in yaml.safe_load(text)]) == (0, [name])

    on_sqlite(test)


def test_a_watched_list_says_what_comes_and_ends_well_on_ctrl_c(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await found(site, (EventType.FACE_MISMATCH, 1.0))
        async with served(site) as url:
            ann = Shell(site, url, "ann")
            watching = await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-c",
                    MAIN,
                    "alerts",
                    "list",
                    "--class",
                    "identity",
                    "--watch",
                    "-o",
                    "json",
                ),
                env=ann.environment,
                stdout=asyncio.subprocess.PIPE,
            )
            assert watching.stdout is not None
            first = json.loads(await watching.stdout.readline())
            later = ended_alert(site, EventType.FACE_MISMATCH, 61.0)
            await site.node.publish(later, site.node.obeyed.newest, 2)
            second = json.loads(await watching.stdout.readline())
            assert second["event_id"] == str(later.event_id) != first["event_id"]
            watching.send_signal(signal.SIGINT)
            rest, _ = await watching.communicate()
            assert (watching.returncode, rest) == (0, b"")

    on_sqlite(test)


def test_a_face_is_enrolled_shown_and_erased(on_sqlite: OnSite, tmp_path: Path) -> None:
    pictures = [tmp_path / name for name in ("front.jpg", "dark.jpg")]
    for path, shade in zip(pictures, (120, 30), strict=True):
        path.write_bytes(base64.b64decode(picture_base64(shade=shade)))

    async def test(site: Site) -> None:
        seen = [good_picture(), failing_picture("brightness", 30.0, "40 to 220", "Switch a light on.")]
        site.node.enroll = lambda jpeg: seen.pop(0)
        async with served(site) as url:
            office = Shell(site, url, "office", Role.ADMIN)
            add = ("enroll", "add", "CAND-1", "EXAM-1", *map(str, pictures))
            code, _, error = await office.run(*add)
            assert (code, "has not acknowledged identity-verification" in " ".join(error.split())) == (
                1,
                True,
            )
            code, _, error = await office.run(*add, "--on-paper")
            assert (code, "needs --acknowledged" in " ".join(error.split())) == (2, True)
            await site.node.beat()  # the refusals took their time
            code, said, error = await office.run(*add, "--acknowledged", "notice-3", "--on-paper")
            assert code == 0, error
            assert (code, "partial" in said, "Switch a light on." in said) == (0, True, True)
            shown = await office.data("enroll", "show", "CAND-1")
            assert [one["selected"] for one in shown["embeddings"]] == [True]
            [listed] = await office.data("enroll", "list", "--exam", "EXAM-1")
            assert (listed["candidate_id"], listed["enrollment_id"]) == ("CAND-1", shown["enrollment_id"])
            assert await office.data("enroll", "list", "--exam", "EXAM-2") == []
            code, _, question = await office.run("enroll", "erase", "CAND-1")
            assert (code, "cannot be undone" in question) == (1, True)
            assert (await office.run("enroll", "erase", "CAND-1", "--yes"))[0] == 0
            code, _, error = await office.run("enroll", "show", "CAND-1")
            assert (code, error.startswith("proctorctl: ")) == (1, True)
            code, _, error = await office.run("enroll", "add", "CAND-1", "EXAM-1", "nothing.jpg")
            assert (code, "nothing.jpg cannot be read" in error) == (2, True)

    on_sqlite(test)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("in", {"incidents"}),
        ("rev", {"review"}),
        ("sessions l", {"list", "link"}),
        ("alerts list --w", {"--watch"}),
    ],
)
def test_the_shell_completes_commands(typed: str, offered: set[str]) -> None:
    program = Path(sys.executable).with_name("proctorctl")
    words = f"proctorctl {typed}"
    asked = {
        "_PROCTORCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    done = subprocess.run([program], env=os.environ | asked, capture_output=True, text=True, timeout=60)
    assert set(done.stdout.split()) == offered, done.stderr


def test_a_face_that_waits_is_listed_and_decided(on_sqlite: OnSite, tmp_path: Path) -> None:
    picture = tmp_path / "front.jpg"
    picture.write_bytes(base64.b64decode(picture_base64()))

    async def test(site: Site) -> None:
        faces = [good_picture(struct.pack("<2f", *one)) for one in ((1.0, 0.0), (0.0, 1.0), (0.0, 1.0))]
        site.node.enroll = lambda jpeg: faces.pop(0)
        async with served(site) as url:
            office = Shell(site, url, "office", Role.ADMIN)
            assert (await site.post("/enroll", enroll_body())).is_success
            await site.node.beat()  # each command takes its time
            code, said, error = await office.run("enroll", "add", "CAND-1", "EXAM-1", str(picture))
            assert (code, "pending" in said, error) == (0, True, "")
            [row] = await office.data("enroll", "pending")
            code, said, _ = await office.run("enroll", "refuse", row["enrollment_id"], "-r", "Somebody else.")
            assert (code, "refused" in said) == (0, True)
            assert await office.data("enroll", "pending") == []
            await site.node.beat()
            await office.run("enroll", "add", "CAND-1", "EXAM-1", str(picture))
            [row] = await office.data("enroll", "pending")
            reason = ("--reason", "Seen with the card.")
            assert (await office.run("enroll", "accept", row["enrollment_id"], *reason))[0] == 0
            assert (await office.data("enroll", "show", "CAND-1"))["enrollment_id"] == row["enrollment_id"]
            code, _, error = await office.run("enroll", "accept", row["enrollment_id"], *reason)
            assert (code, "already been decided" in error) == (1, True)

    on_sqlite(test)


def test_candidates_of_a_file_are_enrolled_and_started_once(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        for name in ("CAND-7", "CAND-8"):
            folder = tmp_path / "faces" / name
            folder.mkdir(parents=True)
            (folder / "front.jpg").write_bytes(base64.b64decode(picture_base64()))
        table = tmp_path / "candidates.csv"
        table.write_text("candidate_id,exam_id\nCAND-7,EXAM-1\nCAND-8,EXAM-1\nCAND-9,EXAM-1\n")
        async with served(site) as url:
            office = Shell(site, url, "office", Role.ADMIN)
            enroll = ("enroll", "add", "--from", str(tmp_path / "faces"), "--exam", "EXAM-1")
            start = ("sessions", "start", "--from", str(table))
            code, _, said = await office.run(*enroll, "--acknowledged", "notice-1")
            assert (code, said.split(";")[0]) == (0, "2 of 2 rows: 2 enrolled"), said
            assert "2 exists" in (await office.run(*enroll, "--acknowledged", "notice-1"))[2]
            await office.data("exams", "create", "EXAM-1", "--title", "CS 101")
            code, _, said = await office.run(*start)
            assert (code, said.split(";")[0]) == (1, "3 of 3 rows: 2 started, 1 refused"), said
            first = (tmp_path / "candidates.results.csv").read_text()
            assert first.count("/join#") == 2, first
            code, _, said = await office.run(*start, "--force")
            assert (code, said.split(";")[0]) == (0, "3 of 3 rows: 2 exists, 1 started"), said
            again = (tmp_path / "candidates.results.csv").read_text()
            assert again.splitlines()[:3] == first.splitlines()[:3]
            code, _, said = await office.run(*start, "--force")
            assert (code, said.split(";")[0]) == (0, "3 of 3 rows: 3 exists")
            assert (await office.run("sessions", "start"))[0] == 2

    on_sqlite(test)
