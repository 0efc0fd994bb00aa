"""Puts what the coordinator gives over the node's own settings, and says what needs a restart."""

from __future__ import annotations

from typing import Any, Final

from pydantic import ValidationError

from edge.config import AnalysisSection, EdgeConfig, WorkersSection
from shared.errors import Rejected
from shared.messages.desired import Desired
from shared.node_settings import read_settings

INVALID: Final = "settings-invalid"


def overlaid(own: EdgeConfig, desired: Desired | None) -> EdgeConfig:
    """The node's own settings with the given ones in their place; None: its own alone.

    Raises `Rejected` that names each setting that is unknown, beyond its bounds, or does not fit the others.
    """
    if desired is None:
        return own
    given = read_settings(dict(desired.settings)).model_dump(exclude_none=True)
    workers = {"count": given.pop("workers")} if "workers" in given else {}
    if desired.weights:
        given["weights"] = {**own.analysis.weights, **desired.weights}
    try:
        sections: dict[str, Any] = {name: getattr(own, name) for name in EdgeConfig.model_fields}
        sections["analysis"] = AnalysisSection.model_validate(own.analysis.model_dump() | given)
        sections["workers"] = WorkersSection.model_validate(own.workers.model_dump() | workers)
        return EdgeConfig.model_validate(sections)
    except ValidationError as error:
        raise Rejected(_told(error), code=INVALID, status=422) from error


def needs_restart(running: EdgeConfig, wanted: EdgeConfig) -> bool:
    """Whether a daemon that runs with `running` needs a restart for `wanted`, whatever its rating."""
    return _fixed(running) != _fixed(wanted)


def _fixed(config: EdgeConfig) -> tuple[object, ...]:
    """What cannot change while the daemon runs."""
    return config.analysis.model_dump(exclude={"rating", "join_window_s"}), config.workers


def _told(error: ValidationError) -> str:
    wrong = error.errors(include_input=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'together'}: {one['msg']}" for one in wrong)
