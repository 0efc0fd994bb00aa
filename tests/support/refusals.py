"""What a caller is refused with: the status, the code for programs, and the words for people."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Rejected


def refused(status: int, code: str, said: str) -> Any:
    """The block must be refused so, in just these words."""

    def is_so(error: Rejected) -> bool:
        return (error.status, error.code, str(error)) == (status, code, said)

    return pytest.raises(Rejected, check=is_so)
