"""Short ids: the beginning of an id stands for it as long as only one begins so. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from shared.errors import Rejected

SHORT_CHARS: Final = 13
"""The least of a short id that tables show: of an id with a time (UUIDv7, RFC 9562) the millisecond, of a
random one 48 bits."""
SHOWN: Final = 5
"""Ids that a refusal names."""
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_whole(text: str) -> bool:
    """Whether a text is a complete id of ours."""
    return _ID.fullmatch(text) is not None


def shortened(ids: Sequence[str]) -> list[str]:
    """Each of these ids so far that no other one of them begins so; what is no id of ours stays whole."""
    whole = {one for one in ids if is_whole(one)}
    chars = SHORT_CHARS
    while len({one[:chars] for one in whole}) < len(whole):
        chars += 1
    return [one[:chars] if one in whole else one for one in ids]


def the_one(text: str, kind: str, ids: Collection[str]) -> str:
    """The only one of these ids that begins with the text, or is it. Raises `Rejected` (404, 409)."""
    if text in ids:
        return text
    found = sorted(one for one in ids if one.startswith(text))
    if len(found) == 1:
        return found[0]
    if not found:
        raise Rejected(f"no {kind} begins with {text}", code=f"{kind}-unknown", status=404)
    named = "".join(f"\n  {one}" for one in found[:SHOWN]) + ("\n  …" if len(found) > SHOWN else "")
    raise Rejected(f"several {kind}s begin with {text}:{named}", code="id-ambiguous", status=409)
