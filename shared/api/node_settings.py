"""Bodies of the REST API about settings that are given to nodes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.api.bodies import Request, Response
from shared.fields import Name, Utc
from shared.messages.desired import Label
from shared.node_settings import MOST_NAMED, NodeSettings

SettingsState = Literal["none", "unknown", "untold", "pending", "trial", "applied", "refused", "rolled-back"]
"""What became of what a node is to have. `none`: nothing was given to it. `unknown`: its program is older and
knows of no settings. `untold`: it has not read this version yet. `pending`: it waits until the node is empty,
because a restart is needed. `trial`: in force for one minute to three, then `applied`, or `rolled-back`
because the node was not well with it. `refused`: it cannot be obeyed there."""


class SettingsRequest(Request):
    """What the named nodes are to have in place of what their own files say. It replaces what was given to
    the same nodes before; empty: nothing is given to them any more."""

    settings: NodeSettings = NodeSettings()
    weights: Annotated[dict[Name, Label], Field(max_length=MOST_NAMED)] = {}
    """The network that is to serve a task, as name@version, by the task's name, such as `head-pose`. Its
    weights must be on the node."""
    reason: Name | None = None
    """Shown to whoever looks at it."""


class GivenSettingsOut(Response):
    """What is given to some nodes."""

    version: int
    """Counts up with every change, whoever it is for."""
    scope: Literal["all", "region", "node"]
    target: str
    """The region, or the node's id; empty for all."""
    settings: NodeSettings
    weights: dict[str, str]
    reason: str | None
    made_by: str
    made_at: Utc


class NodeSettingsOut(Response):
    """What one node is to have, and what it says of it."""

    node_id: str
    version: int | None
    """None: nothing was ever given to it."""
    settings: NodeSettings
    weights: dict[str, str]
    origins: dict[str, Literal["all", "region", "node"]]
    """For whom each setting and each task's network was given."""
    state: SettingsState
    """`unknown`: the node's program is older and knows of no settings. `untold`: it has not read this version
    yet. `pending`: it waits until the node is empty, because a restart is needed. `trial`: in force for one
    minute to three, then `applied`, or `rolled-back` because the node was not well with it. `refused`: it
    cannot be obeyed there."""
    reason: str
    """Why it was refused or rolled back, or what it waits for."""
    reported_version: int | None
    """The last one that the node has read. None: it was not heard, or knows of none."""
    version_in_force: int | None
    """0: its own file alone."""
