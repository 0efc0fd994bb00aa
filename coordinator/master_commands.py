"""Commands of `proctor-coordinator` by which another master key takes over from the one in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from coordinator.config import CoordinatorConfig
from coordinator.ground.database import Database
from coordinator.ground.key_files import is_wrapped_now, rewrap
from coordinator.ground.keyring import Keyring
from coordinator.ground.master_keys import LocalMaster, is_given, masters_in, text_of
from coordinator.ground.master_steps import MasterStep, due
from coordinator.ground.master_users import MasterUsers
from coordinator.ground.own_keys import wrapped_files
from coordinator.ground.sealed_fields import new_key
from coordinator.hub_commands import ConfigFile, own_keys_of
from coordinator.tenants.institutions import INSTALLATION_ID
from shared.config_file import load
from shared.errors import ConfigError
from shared.secret_file import replace_private
from shared.writing import writing_under


@dataclass(frozen=True, slots=True)
class _Place:
    """The installation whose master key changes."""

    settings: CoordinatorConfig
    keyring: Keyring
    database: Database


def rotate_master(
    config: ConfigFile,
    step: Annotated[MasterStep, typer.Argument(help="prepare, switch, rewrap, finish; status; or next.")],
    keep: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="finish: write the former keys there, for earlier backups."),
    ] = None,
    former: Annotated[
        str, typer.Option(metavar="KEY-ID", help="next: the key to replace, as status names it.")
    ] = "",
) -> None:
    """Let another master key take over, in four steps; exams go on, and nothing is restarted.

    prepare makes it: from then on both open. switch lets it wrap. rewrap wraps again what the former one has
    wrapped; it may be ended and begun again. finish takes the former one away. Running coordinators follow
    their key's file within seconds. Each step says what it waits for. If there are several machines, take
    each step at all of them before the next, after prepare with a copy of the key's file. status tells what
    is left. next takes what is due until the key of this id is replaced, also after a break; repeat it until
    it says so.

    Example: proctor-coordinator rotate-master prepare --config coordinator.toml
    """
    from coordinator import schema  # with Alembic and every table, as in `token`

    settings = load(config, CoordinatorConfig)
    place = _Place(settings, own_keys_of(settings).keyring, Database(settings.database))
    try:
        schema.require_newest(place.database)
        match step:
            case MasterStep.STATUS:
                _tell(place)
            case MasterStep.PREPARE:
                _prepare(place)
            case MasterStep.SWITCH:
                _switch(place)
            case MasterStep.REWRAP:
                _rewrap(place)
            case MasterStep.FINISH:
                _finish(place, keep)
            case MasterStep.NEXT:
                _take_next(place, former, keep)
    finally:
        place.database.close()


def _take_next(place: _Place, former: str, keep: Path | None) -> None:
    match due([key.key_id.hex() for key in place.keyring.masters.held], former):
        case MasterStep.PREPARE:
            _prepare(place)
        case MasterStep.SWITCH:
            _switch(place)
        case None:
            _require_replaced(place, former)
            typer.echo(f"{former} is replaced")
        case _:
            _rewrap(place)
            _finish(place, keep)
            typer.echo(f"{former} is replaced")


def _require_replaced(place: _Place, former: str) -> None:
    from coordinator.keys import masters_service as masters

    try:
        key_id = bytes.fromhex(former)
    except ValueError:
        key_id = b""
    with place.database.read() as db:
        if not masters.is_refused(db, key_id):
            raise ConfigError(f"there is no master key {former!r}; --former takes what status names")


def _tell(place: _Place) -> None:
    first, *others = place.keyring.masters.held
    typer.echo(f"wraps: {first.key_id.hex()}")
    for other in others:
        typer.echo(f"opens: {other.key_id.hex()}")
    for name, count in _left(place):
        typer.echo(f"{name}: {count} to wrap again" if count else f"{name}: done")


def _prepare(place: _Place) -> None:
    held = _held_in_file(place)
    if len(held) > 1:
        raise ConfigError("there are several master keys already; go on with switch, or rewrap and finish")
    _write(place, [*held, LocalMaster(new_key())])
    typer.echo("done: both master keys open; copy the key's file to other coordinators, then switch")


def _switch(place: _Place) -> None:
    held = _held_in_file(place)
    if len(held) != 2:
        raise ConfigError("there is no second master key; prepare makes one")
    former, following = held
    _require_unused(place, (former.key_id,))
    _write(place, [following, former])
    typer.echo(f"done: {following.key_id.hex()} wraps from now on; now rewrap")


def _rewrap(place: _Place) -> None:
    if len(place.keyring.masters.held) == 1:
        raise ConfigError("there is only one master key; prepare makes another one")
    for name, done, unreadable in _rewrapped(place):
        typer.echo(f"{name}: {done} wrapped again")
        if unreadable:
            typer.echo(f"{name}: {unreadable} that no master key opens stay as they are")
    if not place.database.scrub():
        typer.echo("the database's log still has former values; it is emptied later")
    typer.echo("done; now finish")


def _finish(place: _Place, keep: Path | None) -> None:
    from coordinator.audit import service as audit
    from coordinator.keys import masters_service as masters

    held = place.keyring.masters.held
    if len(held) == 1:
        raise ConfigError("there is only one master key; there is nothing to finish")
    first, *former = (key.key_id for key in held)
    in_file = None if is_given(place.settings.keys.master_key_command) else _held_in_file(place)
    if keep is not None and keep.exists():
        raise ConfigError(f"{keep} is there already; name another file for the former key")
    _require_all_follow(place, first, former)
    with place.database.write() as db:
        masters.refuse(db, former, datetime.now(UTC))
    # One that began between the question and the refusal is seen now; whoever begins later is refused.
    _require_all_follow(place, first, former)
    again = [f"{name}: {done}" for name, done, _ in _rewrapped(place) if done]
    if again:
        typer.echo("wrapped again just now: " + ", ".join(again))
    if keep is not None and in_file is not None:
        with writing_under(keep.parent):
            replace_private(keep, text_of(in_file[1:]))
    with place.database.write() as db:
        audit.write_own(db, INSTALLATION_ID, "replace_master_key", len(former), datetime.now(UTC))
    place.database.scrub()
    if in_file is None:
        typer.echo("done; now take the former key away from where the keys are given, and restart")
        return
    _write(place, in_file[:1])
    typer.echo("done; now make a backup, since earlier ones need the former key")


def _require_all_follow(place: _Place, first: bytes, former: list[bytes]) -> None:
    for other in former:
        _require_unused(place, (other,))
        _require_unused(place, (other, first))


def _require_unused(place: _Place, use: tuple[bytes, ...]) -> None:
    if MasterUsers(place.database).used(use):
        raise ConfigError(
            f"a running coordinator still uses {' and '.join(key_id.hex() for key_id in use)}: it follows "
            "its key's file within seconds, but what it has begun may last a minute; try again then"
        )


def _held_in_file(place: _Place) -> list[LocalMaster]:
    if is_given(place.settings.keys.master_key_command):
        raise ConfigError(
            "the master key is not in a file: put the other key behind it where it is given, with a space "
            "between, and restart every coordinator; then put the other one first, and restart; then rewrap"
        )
    return masters_in(place.settings.master_key_path)


def _write(place: _Place, held: list[LocalMaster]) -> None:
    path = place.settings.master_key_path
    with writing_under(path.parent):
        replace_private(path, text_of(held))


def _left(place: _Place) -> Iterator[tuple[str, int]]:
    from coordinator.keys import masters_service as masters

    for where in masters.WRAPPED:
        with place.database.read() as db:
            yield where.name, masters.left(db, place.keyring, where)
    files = wrapped_files(place.settings.data_folder)
    yield "files", sum(not is_wrapped_now(path, place.keyring) for path in files)


def _rewrapped(place: _Place) -> Iterator[tuple[str, int, int]]:
    """Wraps everything again; of each place its name, how many values were, and how many cannot be."""
    from coordinator.keys import masters_service as masters

    for where in masters.WRAPPED:
        done, unreadable, after = 0, 0, None
        while True:
            with place.database.write() as db:
                batch = masters.rewrap(db, place.keyring, where, after)
            if batch.last is None:
                break
            done, unreadable, after = done + batch.rewrapped, unreadable + batch.unreadable, batch.last
        yield where.name, done, unreadable
    files = wrapped_files(place.settings.data_folder)
    yield "files", sum(rewrap(path, place.keyring) for path in files), 0
