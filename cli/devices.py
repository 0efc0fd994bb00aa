"""`proctorctl sessions link`, `devices`, `approve-device`: help a candidate to return to its session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from cli.calls import checked
from cli.connection import connect
from cli.render import Format, OutputOption, YesOption, ask_first, write_one, write_rows
from shared.api.links import ApproveDeviceRequest, DeviceOut
from shared.errors import Rejected

app = typer.Typer()

_DEVICES = (
    "check_number", "state", "asked_at", "ask_expires_at", "bound_at", "ended_at", "approved_by", "device_id",
)  # fmt: skip

SessionId = Annotated[str, typer.Argument(metavar="SESSION", help="The exam_session_id, or its beginning.")]


@app.command()
def link(session: SessionId, output: OutputOption = Format.TABLE) -> None:
    """Make a new link to a running session. Earlier links stop working; the device in use can continue.

    Example:

        proctorctl sessions link SESS-1
    """
    with connect() as client:
        write_one(client.devices.make_link(session).model_dump(mode="json"), output)


@app.command("devices")
def list_devices(session: SessionId, output: OutputOption = Format.TABLE) -> None:
    """List the devices that have opened a session or have asked to.

    Example:

        proctorctl sessions devices SESS-1
    """
    with connect() as client:
        write_rows(client.devices.listed(session).model_dump(mode="json")["items"], _DEVICES, output)


@app.command("approve-device")
def approve_device(
    session: SessionId,
    device: Annotated[
        str, typer.Argument(metavar="NUMBER", help="The number that the device shows, or its device_id.")
    ],
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Approve a device that has asked. It replaces the one that the session is bound to.

    Example:

        proctorctl sessions approve-device SESS-1 "482 913" --yes
    """
    with connect() as client:
        device_id = _device_id(client.devices.listed(session).items, device)
        ask_first(f"Approve the device {device} for {session}, and disconnect the earlier one?", yes)
        request = checked(ApproveDeviceRequest, device_id=device_id)
        write_one(client.devices.approve(session, request).model_dump(mode="json"), output)


def _device_id(found: Sequence[DeviceOut], wanted: str) -> str:
    number = wanted.replace(" ", "")
    for one in found:
        asks = one.ask_expires_at is not None
        if wanted == one.device_id or (asks and number == one.check_number.replace(" ", "")):
            return one.device_id
    raise Rejected(
        f"no device of this session shows the number {wanted}; see `sessions devices`",
        code="device-unknown",
        status=404,
    )
