"""`proctorctl audit`: who read or changed what, and whether the log was touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.connection import connect
from cli.render import Format, OutputOption, write_rows
from shared.audit_check import AuditCheck
from shared.audit_file import Signed, checkpoints_of, signing_key_of, successions_of
from shared.errors import Rejected
from shared.sealing import parse_signing_public
from shared.successions import trusted

app = typer.Typer(no_args_is_help=True)

TOUCHED: Final = 1
"""Exit status for a file with faults."""
_COLUMNS = ("number", "at", "subject", "role", "act", "candidate_id", "exam_session_id", "outcome")


@app.command("list")
def list_command(
    candidate: Annotated[str, typer.Option(help="Only acts that concern this candidate_id.")] = "",
    session: Annotated[str, typer.Option(help="Only acts that concern this exam_session_id.")] = "",
    act: Annotated[str, typer.Option(help="Only this operation, such as `get_session`.")] = "",
    role: Annotated[str, typer.Option(help="Only this role; also `link`, `node`.")] = "",
    since: Annotated[str, typer.Option(help="At this time or later, such as 2026-11-30T08:00:00Z.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The most to list.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List acts, oldest first. An act appears about a second after it was answered.

    Examples:

        proctorctl audit list --candidate CAND-1
        proctorctl audit list --act get_report_pdf --since 2026-11-30T00:00:00Z --output json
    """
    filters = {
        "candidate_id": candidate,
        "exam_session_id": session,
        "act": act,
        "role": role,
        "since": since,
    }
    with connect() as client:
        found = client.record.entries({name: value for name, value in filters.items() if value}, limit)
    write_rows([one.model_dump(mode="json") for one in found], _COLUMNS, output)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.", dir_okay=False)],
    after: Annotated[int, typer.Option(min=0, help="Begin after the entry with this number.")] = 0,
) -> None:
    """Write the log to a file, with its signed checkpoints. Names of staff and addresses are sealed in it.

    Examples:

        proctorctl audit export audit-2026.jsonl
        proctorctl audit export audit-december.jsonl --after 48211
    """
    with connect() as client:
        size = client.record.export(file, after)
    typer.echo(f"{file}: {size} bytes. Check it with `proctorctl audit verify {file}`.")


@app.command()
def checkpoints(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.", dir_okay=False)],
) -> None:
    """Write the signed checkpoints to a file, as the hub has them, which is another place than the database.

    Examples:

        proctorctl audit checkpoints checkpoints.jsonl
        proctorctl audit verify audit-2026.jsonl --earlier checkpoints.jsonl
    """
    with connect() as client:
        size = client.record.checkpoints(file)
    typer.echo(f"{file}: {size} bytes. Hold a log to it with `proctorctl audit verify --earlier {file}`.")


@app.command()
def verify(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Of `audit export`, or archives; several in the order of their entries.",
            exists=True,
            dir_okay=False,
        ),
    ],
    signing_key: Annotated[
        str, typer.Option(help="`ed25519:…`, the coordinator's signing key as nodes have it.")
    ] = "",
    earlier: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="An older file: its checkpoints show what was cut off since."
        ),
    ] = None,
) -> None:
    """Check a log without any connection: names each entry that was changed, dropped or moved.

    Archives and an export that follows them are one log: nothing may be missing between them.

    Exit status 0: nothing was touched. 1: something was.

    Examples:

        proctorctl audit verify audit-2026.jsonl --signing-key ed25519:Qm9…
        proctorctl audit verify audit-december.jsonl --earlier audit-november.jsonl
        proctorctl audit verify audit-archive/TENANT/*.jsonl audit-now.jsonl --signing-key ed25519:Qm9…
    """
    file = files[-1]
    named = signing_key or _own_key(files[0])
    known = _known(earlier)
    # A file has only the keys of before it was written; a later one says what followed them.
    said = [one for path in (*files, *([earlier] if earlier else [])) for one in successions_of(_lines(path))]
    keys = [parse_signing_public(one) for one in trusted(named, said)]
    check = AuditCheck(keys, known)
    check.read(*map(_lines, files))
    if earlier is not None and check.tenant_id not in {one.checkpoint.tenant_id for one in known}:
        raise Rejected(f"{earlier} has no checkpoint of the institution of {file}", code="other-audit-log")
    _report(check, file)
    if not signing_key:
        typer.echo(f"The key is the file's own word: {named}. Give the one you trust with --signing-key.")
    if check.faults:
        raise typer.Exit(TOUCHED)


def _report(check: AuditCheck, file: Path) -> None:
    for fault in check.faults:
        typer.echo(f"FAULT: {fault}")
    if check.unlisted:
        typer.echo(f"FAULT: {check.unlisted} more")
    begins = f" after entry {check.began_after}" if check.began_after else ""
    typer.echo(f"{file}: {check.entries} entries{begins}, {check.checkpoints} signed checkpoints.")
    if check.faults:
        return
    if check.signed_to > check.began_after:
        typer.echo(f"Nothing was changed, dropped or moved up to entry {check.signed_to}.")
    unsigned = check.number - check.signed_to
    if unsigned:
        typer.echo(f"Nothing proves the last {unsigned} entries: they are not signed, or no longer.")


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as lines:
        yield from lines


def _own_key(file: Path) -> str:
    with file.open("rb") as lines:
        key = signing_key_of(lines)
    if key is None:
        raise Rejected(f"{file} does not begin as an audit log does", code="not-an-audit-log")
    return key


def _known(file: Path | None) -> tuple[Signed, ...]:
    if file is None:
        return ()
    with file.open("rb") as lines:
        return checkpoints_of(lines)
