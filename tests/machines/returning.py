"""The coordinator's machine is wiped, and comes back from its backup; who was erased since stays erased."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Final

from tests.machines.installation import CENTRE, Installation
from tests.machines.steps import Steps, Wrong

TARGET: Final = "/srv/proctor-backups"
KEYS: Final = (
    "runuser -u proctor-coordinator -- /opt/proctor/coordinator/current/bin/proctor-coordinator init"
    " --data /var/lib/proctor/coordinator"
)


def restored(three: Installation, steps: Steps) -> None:
    """Backup, erasure, wipe, restore."""
    exam = three.exam
    with steps.step("backup, and then a person is erased") as step:
        three.site.run("backup")
        before = _alerts(three, "eve")
        if not _known(three, "ada"):
            raise Wrong("ada sat an exam, and is not known")
        erased = exam.ask("privacy", "delete", "ada", "--yes", "--end-running", as_officer=True)
        step.note(f"eve has {len(before)} alerts; ada: {erased['status']}")
    with steps.step("the coordinator's machine wiped, and an empty one booted"):
        signing_key = json.loads(three.centre.run(KEYS))["signing_key"]
        kept = three.folder / "kept"
        _copy(f"{three.centre.root}{TARGET}", str(kept))
        three.centre.shut_down()
        centre = three.boot(CENTRE)
        # Users get other numbers there than on the machine that made the backup.
        centre.run("useradd --system somebody && useradd --system somebody-else")
        _copy(str(kept), f"{centre.root}{TARGET}")
    with steps.step("restore") as step:
        keys = {"restore_private_key": str(three.folder / "backup.key"), "restore_signing_key": signing_key}
        step.note(f"{three.site.run('restore', '-e', json.dumps(keys))} changes")
    with steps.step("what is there again") as step:
        after = _alerts(three, "eve")
        if not before or after != before:
            raise Wrong(f"of {len(before)} alerts {len(after)} are there, not the same")
        if _known(three, "ada"):
            raise Wrong("an erased person is there again")
        step.note(f"all {len(after)} alerts of eve, and nothing of ada; the dean's token is still good")
    with steps.step("site once more after the restore"):
        three.site.run_unchanged("site")


def _alerts(three: Installation, candidate: str) -> list[dict[str, Any]]:
    """What staff see of a candidate's exams."""
    sessions = three.exam.ask("sessions", "list", "--candidate", candidate)
    timelines = (three.exam.ask("sessions", "timeline", one["session_id"]) for one in sessions)
    return [alert for timeline in timelines for alert in timeline["items"]]


def _known(three: Installation, candidate: str) -> bool:
    """Whether anything of a person is there for staff to see."""
    if _alerts(three, candidate):
        return True
    try:
        three.exam.ask("privacy", "status", candidate, as_officer=True)
    except Wrong:
        return False
    return True


def _copy(source: str, target: str) -> None:
    subprocess.run(["cp", "--archive", "--no-target-directory", source, target], check=True)
