"""Makes foreign text safe to show within our own: on a terminal, in a cell, in a document.

Characters that control a terminal, break a line or reverse the reading order are shown as escapes. Letters of
all languages stay, also the joiners that some of them need. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CONTROLS: Final = (*range(0x20), *range(0x7F, 0xA0))
"""C0, DEL and C1 of Unicode."""
TURNING: Final = (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Separators of lines and paragraphs; embeddings, overrides and isolates of UAX 9 (text direction)."""
_SHOWN: Final[Mapping[int, str]] = MappingProxyType(
    {
        **{code: f"\\x{code:02x}" for code in CONTROLS},
        **{code: f"\\u{code:04x}" for code in TURNING},
        ord("\n"): " ¶ ",
        ord("\t"): " ",
    }
)


def plain(text: str) -> str:
    """The text on one line, without control characters."""
    return text.replace("\r\n", "\n").translate(_SHOWN)
