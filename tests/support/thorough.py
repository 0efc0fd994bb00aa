"""How long the tests that could go on for ever do go on.

`make test` asks for a little of them, `make soak` and `make chaos` (PROCTOR_THOROUGH=1) for much more.
What is left to chance is drawn from one seed; `make chaos SEED=7` draws otherwise.
"""

from __future__ import annotations

import os
from typing import Final

SEED: Final = int(os.environ.get("PROCTOR_SEED") or 20261122)


def rounds(usual: int, thorough: int) -> int:
    """How often to do it."""
    return thorough if os.environ.get("PROCTOR_THOROUGH") else usual
