"""Settings of the nodes that benchmarks measure."""

from __future__ import annotations

from pathlib import Path

from edge.config import EdgeConfig
from tests.support.session_stage import config


def settings_of(folder: Path, *, workers: int = 0, steps_down: bool = False) -> EdgeConfig:
    """A node with its data in `folder` that meets candidates of this host. `workers`: processes that watch;
    0: the node's own."""
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text("secret")
    settings = config()
    return settings.model_copy(
        update={
            "data_folder": folder,
            "nats": settings.nats.model_copy(update={"password_file": password}),
            "media": settings.media.model_copy(update={"loopback_candidates": True}),
            "analysis": settings.analysis.model_copy(update={"steps_down": steps_down}),
            "workers": settings.workers.model_copy(update={"count": workers}),
        }
    )
