"""`proctorctl privacy`: what a person may demand, for data protection officers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.calls import checked
from cli.connection import connect
from cli.render import Format, OutputOption, YesOption, ask_first, write_one, write_rows
from shared.api.privacy import (
    CorrectionRequest,
    DeleteRequest,
    ErasureDecision,
    ErasureOut,
    ExportRequest,
    RequestRefusal,
    SessionCorrectionRequest,
)
from shared.receipts import is_genuine, read_receipt
from shared.sealing import parse_signing_public
from shared.successions import read_successions, trusted
from shared.writing import writing_under

app = typer.Typer(no_args_is_help=True)

CHANGED: Final = 1
"""Exit status for a receipt that is not as it was signed."""
_COLUMNS = ("request_id", "candidate_id", "asked_at", "state", "refusal", "decided_at")
EndRunningOption = Annotated[bool, typer.Option("--end-running", help="End the person's running sessions.")]
ReceiptOption = Annotated[
    Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Where to write the receipt.")
]


@app.command()
def delete(
    candidate: Annotated[str, typer.Argument(metavar="CANDIDATE", help="The candidate_id.")],
    end_running: EndRunningOption = False,
    receipt: ReceiptOption = None,
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Erase everything about a person, for ever. A legal hold stands in the way, with its reason.

    Example:

        proctorctl privacy delete CAND-12345 --receipt cand-12345.json
    """
    ask_first(f"Erase everything about {candidate}, for ever?", yes)
    with connect() as client:
        done = client.privacy.delete(checked(DeleteRequest, candidate_id=candidate, end_running=end_running))
    _write(done, receipt, output)


@app.command()
def correct(
    candidate: Annotated[str, typer.Argument(metavar="CANDIDATE", help="The wrong candidate_id.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The right one.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Correct a person's candidate_id, everywhere and at once. One that another candidate has is refused.

    Example:

        proctorctl privacy correct CAND-12354 CAND-12345
    """
    request = checked(CorrectionRequest, candidate_id=candidate, new_candidate_id=new)
    with connect() as client:
        write_one(client.privacy.correct(request).model_dump(mode="json"), output)


@app.command("correct-session")
def correct_session(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="The wrong exam_session_id.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The right one.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Correct the exam_session_id of a session that is over, everywhere and at once.

    Example:

        proctorctl privacy correct-session SESS-CS110-CAND-12345 SESS-CS101-CAND-12345
    """
    request = checked(SessionCorrectionRequest, exam_session_id=session, new_exam_session_id=new)
    with connect() as client:
        write_one(client.privacy.correct_session(request).model_dump(mode="json"), output)


@app.command()
def export(
    candidate: Annotated[str, typer.Argument(metavar="CANDIDATE", help="The candidate_id.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="The zip to write.")],
    made_for: Annotated[str, typer.Option("--for", help="Who gets it; written in the export.")],
) -> None:
    """Write everything about a person to a zip: JSON, pictures, sound, and a readable page.

    Example:

        proctorctl privacy export CAND-12345 cand-12345.zip --for "the candidate"
    """
    request = checked(ExportRequest, candidate_id=candidate, made_for=made_for)
    with writing_under(file):
        file.touch(mode=0o600)
        file.chmod(0o600)  # also one that others could read before
    with connect() as client:
        size = client.privacy.export(request, file)
    typer.echo(f"{file}: {size} bytes, readable by you alone. It is not encrypted.")


@app.command()
def status(
    candidate: Annotated[str, typer.Argument(metavar="CANDIDATE", help="The candidate_id.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Show what is stored about a person, its consents, the lawful bases, requests and legal holds.

    Example:

        proctorctl privacy status CAND-12345 --output yaml
    """
    with connect() as client:
        write_one(client.privacy.status(candidate).model_dump(mode="json"), output)


@app.command("requests")
def requests_command(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List candidates' requests to be erased, oldest first.

    Example:

        proctorctl privacy requests
    """
    with connect() as client:
        found = client.privacy.requests(limit)
    write_rows([one.model_dump(mode="json") for one in found], _COLUMNS, output)


@app.command()
def grant(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="The request_id.")],
    end_running: EndRunningOption = False,
    receipt: ReceiptOption = None,
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Grant a request: the person is erased, for ever.

    Example:

        proctorctl privacy grant 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70 --receipt receipt.json
    """
    ask_first(f"Erase the person of request {request}, for ever?", yes)
    decision = ErasureDecision(granted=True, end_running=end_running)
    with connect() as client:
        done = client.privacy.decide(request, decision)
    _write(done, receipt, output)


@app.command()
def refuse(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="The request_id.")],
    reason: Annotated[RequestRefusal, typer.Option(help="The reason that the law knows.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Refuse a request, with its reason.

    Example:

        proctorctl privacy refuse 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70 --reason legal-claims
    """
    with connect() as client:
        done = client.privacy.decide(request, ErasureDecision(granted=False, refusal=reason))
    _write(done, None, output)


@app.command()
def receipt(
    erasure: Annotated[str, typer.Argument(metavar="ERASURE", help="The erasure_id.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="The file to write.")],
) -> None:
    """Write the receipt of an erasure to a file, once it is complete.

    Example:

        proctorctl privacy receipt 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a71 receipt.json
    """
    with connect() as client:
        _write(client.privacy.erasure(erasure), file, Format.TABLE)


@app.command("verify-receipt")
def verify_receipt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The receipt.", exists=True, dir_okay=False)],
    signing_key: Annotated[
        str, typer.Option(help="`ed25519:…`, the coordinator's signing key as nodes have it.")
    ] = "",
    successions: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="What `proctor-coordinator rotate-signing status` prints, if another key has signed it.",
        ),
    ] = None,
) -> None:
    """Check a receipt without any connection.

    Exit status 0: it is as the coordinator signed it. 1: it was changed, or another one signed it.

    Example:

        proctorctl privacy verify-receipt receipt.json --signing-key ed25519:Qm9…
    """
    data = file.read_bytes()
    signed = read_receipt(data)
    key = signing_key or signed.signing_key
    said = () if successions is None else read_successions(successions.read_bytes())
    if not any(is_genuine(data, parse_signing_public(one)) for one in trusted(key, said)):
        typer.echo(f"{file} was changed, or was not signed by {key}.")
        raise typer.Exit(CHANGED)
    body = signed.body
    erased = ", ".join(f"{count} {kind}" for kind, count in body.erased.items())
    typer.echo(
        f"{file} is genuine: erasure {body.number}, completed {body.completed_at.isoformat()}: {erased}."
    )
    if not signing_key:
        typer.echo(f"The key is the file's own word: {key}. Give the one you trust with --signing-key.")


def _write(done: ErasureOut, receipt: Path | None, output: Format) -> None:
    shown = {"status": done.status, "erasure_id": done.erasure_id}
    if done.request is not None:
        shown |= done.request.model_dump(mode="json")
    write_one(shown, output)
    if receipt is None:
        return
    if done.receipt is None:
        typer.echo(
            f"The last steps go on; then: proctorctl privacy receipt {done.erasure_id} {receipt}", err=True
        )
        return
    receipt.write_text(done.receipt.model_dump_json(indent=2) + "\n", encoding="utf-8")
