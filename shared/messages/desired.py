"""What a node is to have: settings and networks that the coordinator gives it, and what it says of them."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field

from shared.canonical import canonical_json
from shared.fields import Name, Text
from shared.messages.message import Message
from shared.node_settings import LABEL, MOST_NAMED, Scalar

Standing = Literal["none", "pending", "trial", "applied", "refused", "rolled-back"]
"""Of the last order: there was none; it waits until the node is empty; it is in force and on trial; it has
proved itself; it cannot be obeyed; or it did no good, and what was before is in force again."""
Label = Annotated[str, Field(pattern=LABEL, max_length=130)]


class Desired(Message):
    """The body of `configure`: all that a node is to have in place of what its own file says.

    The settings are `shared.node_settings.NodeSettings`; the node checks them, because its program may know
    others than the coordinator's.
    """

    version: Annotated[int, Field(ge=1, le=2**53 - 1)]
    settings: Annotated[dict[Name, Scalar], Field(max_length=MOST_NAMED)] = Field(default_factory=dict)
    weights: Annotated[dict[Name, Label], Field(max_length=MOST_NAMED)] = Field(default_factory=dict)
    """The network that is to serve a task; of the other tasks the best one at hand."""

    @property
    def digest(self) -> str:
        """A hash of the order: after a restored database two orders may have the same version."""
        return sha256(canonical_json(self.model_dump(mode="json"))).hexdigest()


class Configured(Message):
    """The answer: the order is noted. Heartbeats say what becomes of it."""

    version: Annotated[int, Field(ge=1)]


class DesiredReport(Message):
    """What became of the last order, in heartbeats."""

    version: Annotated[int, Field(ge=0)] = 0
    """The last one that was read; 0: there was none."""
    digest: Annotated[str, Field(max_length=64)] = ""
    """Of that order; empty: there was none."""
    standing: Standing = "none"
    reason: Text = ""
    """Why it was refused or rolled back, or what it waits for."""
    in_force: Annotated[int, Field(ge=0)] = 0
    """The version that counts now; 0: the node's own file alone."""
