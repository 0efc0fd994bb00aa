"""The settings of a node that its coordinator may give it, with their bounds. Pure.

A node has all its settings from its own file; what is given here counts instead. Addresses, ports, secrets
and licences are not here: they belong to the machine and to whoever answers for it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import Rejected

MAX_WHOLE: Final = 2**53 - 1
"""The largest whole number that canonical JSON can say."""
Scalar = (
    bool
    | Annotated[int, Field(ge=-MAX_WHOLE, le=MAX_WHOLE)]
    | Annotated[float, Field(allow_inf_nan=False)]
    | Annotated[str, Field(max_length=200)]
)
"""A setting's value as it crosses between programs."""
LABEL: Final = r"^[a-z0-9]+(?:[.-][a-z0-9]+)*@[a-z0-9]+(?:[.-][a-z0-9]+)*$"
"""A network as alerts name it: name@version."""
MOST_NAMED: Final = 64
"""The most settings, and the most tasks with a network, of one order."""


class NodeSettings(BaseModel):
    """What may be given; None: as the node's own file says."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rating: Annotated[int, Field(ge=1, le=500)] | None = None
    """The most sessions of the node. Fewer count at once; more than at its start need a restart."""
    join_window_s: Annotated[float, Field(ge=60, le=14_400)] | None = None
    """How long a session keeps its place while its candidate's page is not connected. Counts at once."""
    level: Literal["L0", "L1", "L2", "L3", "L4"] | None = None
    """The best degradation level. Needs a restart, as all that follow."""
    steps_down: bool | None = None
    """Whether an overloaded node takes lower levels by itself."""
    best_device: Literal["tensorrt", "cuda", "cpu"] | None = None
    """The best device that networks may use."""
    threads: Annotated[int, Field(ge=1, le=64)] | None = None
    """Networks that may run at the same time."""
    workers: Annotated[int, Field(ge=0, le=64)] | None = None
    """Processes beside the node's own that watch sessions."""


def read_settings(given: dict[str, Any]) -> NodeSettings:
    """Read given settings. Raises `Rejected` (422, "settings-invalid") that names each wrong one."""
    try:
        return NodeSettings.model_validate(given)
    except ValidationError as error:
        wrong = [(".".join(map(str, one["loc"][:1])), one) for one in error.errors(include_input=False)]
        told = "; ".join(f"{name}: {_said(one)}" for name, one in wrong)
        raise Rejected(told, code="settings-invalid", status=422) from error


def _said(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return f"is not a setting that can be given; there are {', '.join(NodeSettings.model_fields)}"
    text: str = error["msg"]
    return text[:1].lower() + text[1:]
