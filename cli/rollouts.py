"""`proctorctl models rollout` and `exams pin`: a new version of a network, given to exams step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from cli.calls import checked
from cli.connection import connect
from cli.render import Format, OutputOption, write_data, write_lines, write_rows
from models.manifest import load_manifest
from shared.api.rollouts import (
    ComparedEvent,
    ExamNetworksRequest,
    RolloutDecision,
    RolloutNode,
    RolloutOut,
    RolloutRequest,
)
from shared.errors import Rejected

_ROLLOUTS: Final = ("network", "former", "region", "stage", "stage_since", "reason")
_ENDS: Final = {"abort": ("shadow", "canary", "promoted"), "promote": ("shadow", "canary")}
"""The stages at which somebody may end a rollout so."""


def rollout(
    what: Annotated[str, typer.Argument(metavar="NAME@VERSION|status|abort|promote")],
    region: Annotated[str, typer.Option(help="Only for the nodes of this region.")] = "",
    reason: Annotated[str, typer.Option(help="Why it is aborted or promoted.")] = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Roll out a version of a network, look how far it is, take it back, or give it to all at once.

    At first it sees the same frames as the version in force and tells nobody what it finds (shadow). If both
    find alike, it looks at a tenth of the exams, each as a whole (canary), and then at all (promoted). If
    they differ by more than chance explains, it is taken back. Bring its weights to the nodes first, with
    `proctorctl models fetch --name NAME` there.

    Examples:

        proctorctl models rollout scrfd-2.5g@1 --region eu-west

        proctorctl models rollout status

        proctorctl models rollout abort --reason "proctors see too many alerts"
    """
    with connect() as client:
        if what == "status":
            _write_all(client.rollouts.listed(), output)
        elif what in _ENDS:
            decision = checked(RolloutDecision, reason=reason)
            one = _to_end(client.rollouts.listed(), what)
            end = client.rollouts.abort if what == "abort" else client.rollouts.promote
            _write(end(one.rollout_id, decision), output)
        else:
            given = {"region": region} if region else {}
            _write(client.rollouts.begin(checked(RolloutRequest, network=what, **given)), output)


def pin(
    exam: Annotated[str, typer.Argument(metavar="EXAM", help="The exam_id.")],
    networks: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME@VERSION]...", help="Versions; none: none is pinned.")
    ] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Have these versions of networks look at an exam, whatever is rolled out.

    They replace those pinned before. Its sessions start only on nodes that have their weights.

    Example:

        proctorctl exams pin EXAM-CS101 fsanet@688590
    """
    tasks = {entry.label: entry.task.value for entry in load_manifest().entries}
    if unknown := [label for label in networks or () if label not in tasks]:
        raise Rejected(
            f"there is no {', '.join(unknown)}: see `proctorctl models list`",
            code="network-unknown",
            status=422,
        )
    request = checked(ExamNetworksRequest, networks={tasks[label]: label for label in networks or ()})
    with connect() as client:
        pinned = client.rollouts.pin(exam, request)
    if output.for_people:
        write_lines([("exam", pinned.exam_id), *pinned.networks.items()])
    else:
        write_data(pinned.model_dump(mode="json"), output)


def _to_end(rows: Sequence[RolloutOut], what: str) -> RolloutOut:
    """The rollout that goes on, else the last one: a word that is typed twice ends no earlier one."""
    going = [row for row in rows if row.stage in _ENDS["promote"]]
    for row in going or rows[:1]:
        if row.stage in _ENDS[what]:
            return row
    raise Rejected(f"there is no rollout to {what}", code="rollout-unknown", status=404)


def _write_all(rows: Sequence[RolloutOut], output: Format) -> None:
    if not output.for_people:
        write_data([row.model_dump(mode="json", exclude_none=True) for row in rows], output)
        return
    going = [row for row in rows if row.stage in _ENDS["promote"]]
    for row in going:
        _write(row, output)
    write_rows([row.model_dump(mode="json") for row in rows], _ROLLOUTS, output)


def _write(row: RolloutOut, output: Format) -> None:
    if not output.for_people:
        write_data(row.model_dump(mode="json", exclude_none=True), output)
        return
    lines = [
        ("network", f"{row.network} in place of {row.former}"),
        ("region", row.region or "all"),
        ("stage", row.stage),
        ("reason", row.reason),
        ("waits for", row.waits_for),
        ("exams", _exams(row)),
        *((one.event, _agreement(one)) for one in row.compared),
        *((f"node {one.node_id}", _part(one)) for one in row.nodes),
    ]
    write_lines([(name, text) for name, text in lines if text])


def _exams(row: RolloutOut) -> str:
    began = row.exams_new + row.exams_old
    return f"{row.exams_new} with it, {row.exams_old} without" if began else ""


def _agreement(one: ComparedEvent) -> str:
    return f"{one.both} by both, {one.only_old} by the old alone, {one.only_new} by the new alone"


def _part(one: RolloutNode) -> str:
    if not one.at_hand:
        return "has no weights of it and takes no part"
    return "serves it" if one.serving else f"compares it in {one.comparing} sessions"
