"""`proctorctl tenants`: institutions, for operators; settings of the own institution, for its
administrators."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from cli.calls import checked
from cli.client import Client
from cli.connection import connect
from cli.render import Format, OutputOption, YesOption, ask_first, write_one, write_rows
from shared.api.tenants import AcknowledgementRule, OwnTenantOut, TenantRequest
from shared.consents import Purpose
from shared.errors import Rejected

app = typer.Typer(no_args_is_help=True)

MAX_TENANTS = 10_000
_COLUMNS = ("tenant_id", "name", "created_at", "disabled_at", "disabled_by")
_RULES = ("purpose", "required", "basis", "recorded_by", "recorded_at")

TenantName = Annotated[str, typer.Argument(metavar="TENANT", help="The institution's name or id.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name that no other institution has.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Create an institution.

    Its staff log in through an OpenID Connect issuer of the coordinator's configuration. Or make a token for
    its first administrator on the coordinator's machine: `proctor-coordinator token --tenant NAME --role
    admin`.

    Example:

        proctorctl tenants create "University of the North"
    """
    request = checked(TenantRequest, name=name)
    with connect() as client:
        write_one(client.tenants.create(request).model_dump(mode="json"), output)


@app.command("list")
def list_command(
    limit: Annotated[int, typer.Option(min=1, max=MAX_TENANTS, help="The most to list.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List institutions, oldest first.

    Example:

        proctorctl tenants list
    """
    with connect() as client:
        found = client.tenants.listed(limit)
    write_rows([one.model_dump(mode="json") for one in found], _COLUMNS, output)


@app.command()
def disable(tenant: TenantName, yes: YesOption = False, output: OutputOption = Format.TABLE) -> None:
    """Disable an institution: its tokens become invalid, and it gets no new session or token.

    Running exams continue to their end, but staff can neither see them nor resume a paused one.

    Example:

        proctorctl tenants disable "University of the North" --yes
    """
    ask_first(f"Disable {tenant} and revoke all its tokens?", yes)
    with connect() as client:
        write_one(client.tenants.disable(_id_of(client, tenant)).model_dump(mode="json"), output)


@app.command()
def enable(tenant: TenantName, output: OutputOption = Format.TABLE) -> None:
    """Enable an institution again. Its former tokens stay invalid; make new ones.

    Example:

        proctorctl tenants enable "University of the North"
    """
    with connect() as client:
        write_one(client.tenants.enable(_id_of(client, tenant)).model_dump(mode="json"), output)


@app.command()
def own(output: OutputOption = Format.TABLE) -> None:
    """Show which purposes the candidates of your institution must acknowledge.

    Example:

        proctorctl tenants own
    """
    with connect() as client:
        _write_own(client.tenants.own(), output)


@app.command()
def acknowledgement(
    purpose: Annotated[Purpose, typer.Argument(help="A purpose in the notice of sessions.")],
    basis: Annotated[
        str, typer.Option(help="The lawful basis on which no acknowledgement is required.")
    ] = "",
    required: Annotated[bool, typer.Option("--required", help="Require the acknowledgement again.")] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Set whether candidates of your institution must acknowledge a purpose. By default they must.

    This applies to enrollments and sessions that begin from now on. A withdrawal always counts.

    Examples:

        proctorctl tenants acknowledgement camera-monitoring --basis "Examination regulations, section 12"

        proctorctl tenants acknowledgement camera-monitoring --required
    """
    rule = checked(AcknowledgementRule, required=required, basis=basis or None)
    with connect() as client:
        _write_own(client.tenants.set_acknowledgement(purpose, rule), output)


def _id_of(client: Client, tenant: str) -> str:
    """The id of the institution with this name or id. Raises `Rejected` if no institution has the name."""
    try:
        return str(UUID(tenant))
    except ValueError:
        found = next((one for one in client.tenants.listed(None) if one.name == tenant), None)
    if found is None:
        raise Rejected(f"there is no institution named {tenant}", code="tenant-unknown", status=404)
    return found.tenant_id


def _write_own(found: OwnTenantOut, output: Format) -> None:
    shown = found.model_dump(mode="json")
    if output.for_people:
        write_rows(shown["acknowledgements"], _RULES, output)
    else:
        write_one(shown, output)
