"""`make soak` asks the properties for many more examples: `--hypothesis-profile soak`."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("soak", max_examples=5_000, deadline=None)
