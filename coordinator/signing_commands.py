"""The command of `proctor-coordinator` by which another signing key takes over from the one in force."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import typer

from coordinator.config import CoordinatorConfig
from coordinator.ground.database import Database
from coordinator.ground.own_keys import OwnKeys
from coordinator.ground.signing_files import SigningStep, take_signing_step
from coordinator.hub_commands import ConfigFile, own_keys_of
from coordinator.tenants.institutions import INSTALLATION_ID
from shared.config_file import load
from shared.errors import ConfigError
from shared.writing import writing_under

HEARD_WITHIN: Final = timedelta(minutes=15)
"""A node that was not heard for longer learns everything when it is back."""


class Said(StrEnum):
    """A step, or the question how far it is."""

    STATUS = "status"
    PREPARE = "prepare"
    SWITCH = "switch"
    RETIRE = "retire"


def rotate_signing(
    config: ConfigFile,
    step: Annotated[Said, typer.Argument(help="prepare, then switch, then retire; or status.")],
    force: Annotated[
        bool, typer.Option(help="Also if nodes have not said yet that they know of the last step.")
    ] = False,
) -> None:
    """Let another key sign commands, receipts, checkpoints and backups, in three steps; exams go on, and
    nothing is restarted.

    prepare makes it, and nodes learn it by the word of the one in force. switch lets it sign. retire lets the
    word of the former one count no more. Nodes are told within seconds; switch and retire are refused until
    all that were heard lately have said that they know; one that is away for long learns it when it is back.
    If there are several machines, copy the files `signing*` of the data folder to the others after each step.
    What former keys have signed stays good for who knows any of the keys: `status` prints which one follows
    which.

    Example: proctor-coordinator rotate-signing prepare --config coordinator.toml
    """
    from coordinator import schema  # with Alembic and every table, as in `token`

    settings, now_utc = load(config, CoordinatorConfig), datetime.now(UTC)
    keys, database = own_keys_of(settings), Database(settings.database)
    try:
        schema.require_newest(database)
        if step is Said.STATUS:
            _tell(keys, database, now_utc)
            return
        if step is not Said.PREPARE and not force:
            _require_known(keys, database, now_utc)
        with writing_under(settings.data_folder):
            take_signing_step(settings.data_folder, keys.keyring, SigningStep(step), now_utc)
        _note(database, step, now_utc)
    finally:
        database.close()
    done = own_keys_of(settings)
    following = {
        Said.PREPARE: "nodes learn the next key now; then switch",
        Said.SWITCH: f"{done.signing_text} signs from now on; publish it; then retire the former one",
        Said.RETIRE: "now make a backup",
    }
    typer.echo(f"done; {following[step]}")


def _tell(keys: OwnKeys, database: Database, now_utc: datetime) -> None:
    signing = keys.signing_keys.current
    said = {
        "signs": keys.signing_text,
        "counts": list(signing.counts),
        "next_step": str(signing.next_step),
        "nodes_to_learn": _unknowing(keys, database, now_utc) if signing.successions else [],
        "successions": [one.model_dump(mode="json") for one in signing.successions],
    }
    typer.echo(json.dumps(said, indent=2))


def _require_known(keys: OwnKeys, database: Database, now_utc: datetime) -> None:
    waiting = _unknowing(keys, database, now_utc)
    if waiting and keys.signing_keys.current.successions:
        raise ConfigError(
            f"{len(waiting)} nodes do not know yet which keys count, such as {waiting[0]}; nodes learn it "
            "within seconds while a coordinator runs. One with an older program never does: update it, or "
            "lose it with --force"
        )


def _unknowing(keys: OwnKeys, database: Database, now_utc: datetime) -> list[str]:
    from coordinator.nodes import service as nodes

    marks = keys.signing_keys.current.marks
    with database.read() as db:
        return [str(node.id) for node in nodes.without_keys(db, marks, now_utc - HEARD_WITHIN)]


def _note(database: Database, step: Said, now_utc: datetime) -> None:
    from coordinator.audit import service as audit

    with database.write() as db:
        audit.write_own(db, INSTALLATION_ID, f"{step}_signing_key", 1, now_utc)
