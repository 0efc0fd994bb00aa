"""Bodies of the REST API about rollouts of networks, and about the versions that exams have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.api.bodies import Request, Response
from shared.fields import Name, Utc
from shared.messages.desired import Label

RolloutStage = Literal["shadow", "canary", "promoted", "aborted"]
"""`shadow`: it sees the same frames as the version in force, and what it finds is only counted. `canary`: it
looks at some exams. `promoted`: it looks at all that begin. `aborted`: the former version does again."""


class RolloutRequest(Request):
    """A version of a network that is to be rolled out."""

    network: Label
    """As name@version. Its weights must be on every node that is to take part."""
    region: Name | None = None
    """Only for the nodes of this region."""


class RolloutDecision(Request):
    """Somebody ends a rollout."""

    reason: Annotated[Name, Field(min_length=1)]


class ComparedEvent(Response):
    """What both versions found of one event in the shadow."""

    event: str
    both: int
    only_old: int
    only_new: int
    sessions_with_fewer: int
    """Sessions in which the new version found fewer than the old."""
    sessions_with_more: int


class RolloutNode(Response):
    """What a node does for a rollout."""

    node_id: str
    region: str
    at_hand: bool
    """Whether its weights are there. Without them the node does not take part."""
    comparing: int
    """Sessions in which it compares both versions now. It does so only with idle capacity."""
    serving: bool
    """Whether it is the node's own version now."""


class RolloutOut(Response):
    rollout_id: str
    task: str
    network: str
    former: str
    """The version that served the task before."""
    region: str | None
    stage: RolloutStage
    looks: int
    """How often the counts were looked at in this stage."""
    reason: str
    """Why it was aborted."""
    waits_for: str
    """What keeps it from going on, in words; empty: only more findings or exams."""
    made_by: str
    began_at: Utc
    stage_since: Utc
    compared: list[ComparedEvent]
    exams_old: int
    """Exams that began with the former version since the canary."""
    exams_new: int
    nodes: list[RolloutNode]
    """Those that are heard and that it is for."""


class ExamNetworksRequest(Request):
    """The versions that are to look at an exam, whatever is rolled out; empty: none is pinned."""

    networks: Annotated[dict[Name, Label], Field(max_length=4)] = {}
    """As name@version, by the manifest's task, such as `head-pose`."""


class ExamNetworksOut(Response):
    """The versions that look at an exam in place of the nodes' own."""

    exam_id: str
    networks: dict[str, str]
    """Pinned, or given by a rollout."""
