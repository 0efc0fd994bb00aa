"""`proctorctl exams`: exams and the versions of their policies, at the coordinator."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli import rollouts
from cli.calls import checked
from cli.connection import connect
from cli.policies import policy_data, read_policy
from cli.render import Format, OutputOption, write_data, write_one, write_rows
from shared.api.exams import ExamChange, ExamRequest, PolicyRequest

app = typer.Typer(no_args_is_help=True)

_EXAMS = ("exam_id", "title", "opens_at", "closes_at", "policy_version")
_VERSIONS = ("version", "created_at", "changed_by", "reason")
_CHANGES = ("path", "before", "after")

ExamId = Annotated[str, typer.Argument(metavar="EXAM", help="The exam_id.")]
OpensOption = Annotated[datetime | None, typer.Option(help="When it opens, in UTC.")]
ClosesOption = Annotated[datetime | None, typer.Option(help="When it closes, in UTC.")]
Version = Annotated[int, typer.Argument(min=1, help="A version.")]
PolicyOption = Annotated[Path | None, typer.Option(help="A policy, JSON or YAML.")]
RegionOption = Annotated[str | None, typer.Option(help="The region whose nodes come first for its sessions.")]
LimitOption = Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")]


@app.command("list")
def list_command(limit: LimitOption = 100, output: OutputOption = Format.TABLE) -> None:
    """List exams, newest first.

    Example:

        proctorctl exams list -o json
    """
    with connect() as client:
        write_rows([one.model_dump(mode="json") for one in client.exams.listed(limit)], _EXAMS, output)


@app.command()
def show(exam: ExamId, output: OutputOption = Format.TABLE) -> None:
    """Show an exam.

    Example:

        proctorctl exams show EXAM-CS101
    """
    with connect() as client:
        write_one(client.exams.one(exam).model_dump(mode="json"), output)


@app.command()
def create(
    exam: ExamId,
    title: Annotated[str, typer.Option(help="The title shown to candidates.")],
    opens: OpensOption = None,
    closes: ClosesOption = None,
    region: RegionOption = None,
    policy: PolicyOption = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Create an exam with version 1 of its policy; without a file, the default policy.

    Example:

        proctorctl exams create EXAM-CS101 --title "Computer Science 101" --policy exam.yaml
    """
    request = checked(
        ExamRequest,
        exam_id=exam,
        title=title,
        opens_at=_utc(opens),
        closes_at=_utc(closes),
        region=region,
        policy=_policy_data(policy) if policy else {},
    )
    with connect() as client:
        write_one(client.exams.create(request).model_dump(mode="json"), output)


@app.command()
def change(
    exam: ExamId,
    title: Annotated[str | None, typer.Option(help="The title shown to candidates.")] = None,
    opens: OpensOption = None,
    closes: ClosesOption = None,
    region: Annotated[
        str | None, typer.Option(help='The region whose nodes come first; "": none does.')
    ] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Change an exam's title, window or region; other fields stay. Running sessions keep their times.

    Examples:

        proctorctl exams change EXAM-CS101 --closes 2026-12-01T12:00:00
        proctorctl exams change EXAM-CS101 --region ""
    """
    with connect() as client:
        now = client.exams.one(exam)
        request = checked(
            ExamChange,
            title=title or now.title,
            opens_at=_utc(opens) or now.opens_at,
            closes_at=_utc(closes) or now.closes_at,
            region=now.region if region is None else region or None,
            metadata=now.metadata,
        )
        write_one(client.exams.change(exam, request).model_dump(mode="json"), output)


@app.command()
def policy(
    exam: ExamId,
    version: Annotated[
        int | None, typer.Option(min=1, help="A version; without it, the one in force.")
    ] = None,
    output: OutputOption = Format.YAML,
) -> None:
    """Show a version of an exam's policy, ready to edit and pass to `set-policy`.

    Example:

        proctorctl exams policy EXAM-CS101 > exam.yaml
    """
    with connect() as client:
        found = client.exams.policy(exam, version)
    write_data(found.policy, Format.YAML if output.for_people else output)


@app.command("set-policy")
def set_policy(
    exam: ExamId,
    policy: Annotated[Path, typer.Argument(metavar="POLICY", help="A policy, JSON or YAML.")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="The reason; shown with the version.")],
    based_on: Annotated[
        int | None, typer.Option(min=1, help="Refuse if a newer version than this one exists.")
    ] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Put a new version in force for sessions that start from now on.

    Example:

        proctorctl exams set-policy EXAM-CS101 exam.yaml -r "Too many false alerts." --based-on 1
    """
    request = checked(PolicyRequest, policy=_policy_data(policy), reason=reason, based_on=based_on)
    with connect() as client:
        made = client.exams.add_policy(exam, request).model_dump(mode="json")
    write_one(made if not output.for_people else {name: made[name] for name in _VERSIONS}, output)


@app.command()
def history(exam: ExamId, limit: LimitOption = 100, output: OutputOption = Format.TABLE) -> None:
    """List who changed the policy, when and why, newest version first.

    Example:

        proctorctl exams history EXAM-CS101
    """
    with connect() as client:
        found = client.exams.policy_versions(exam, limit)
    write_rows([one.model_dump(mode="json") for one in found], _VERSIONS, output)


@app.command()
def diff(exam: ExamId, before: Version, after: Version, output: OutputOption = Format.TABLE) -> None:
    """Show the differences in force between two versions.

    Example:

        proctorctl exams diff EXAM-CS101 1 2
    """
    with connect() as client:
        found = client.exams.policy_diff(exam, before, after).model_dump(mode="json")
    write_rows(found["changes"], _CHANGES, output)


app.command()(rollouts.pin)


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(tzinfo=UTC)


def _policy_data(path: Path) -> object:
    return policy_data(read_policy(path))
