"""Wrong join codes, counted apart from right ones. Decides only; `now` is an argument.

Behind one address may be a whole exam hall, so its wrong codes must not shut out the right ones. They are
counted for each address and the beginning of the code: a page that tries the same dead link again and again
is stopped before the database is asked, and no other link is.
"""

from __future__ import annotations

from typing import Final

from coordinator.web_api.rates import too_many_requests
from shared.rates import Buckets

PREFIX_CHARS: Final = 4
"""Two random codes share so many first characters with a probability of 1 in 16 million."""


def check_may_try(failures: Buckets, address: str, code: str, now: float) -> None:
    """Raises `Rejected` (429) when similar codes from this address have failed too often."""
    wait_s = failures.spent(_key(address, code), now)
    if wait_s > 0.0:
        raise too_many_requests(wait_s)


def note_failure(failures: Buckets, address: str, code: str, now: float) -> None:
    """Count a code that matches no session."""
    failures.wait_s(_key(address, code), now)


def _key(address: str, code: str) -> str:
    return f"{code[:PREFIX_CHARS]} {address}"
