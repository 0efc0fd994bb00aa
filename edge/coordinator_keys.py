"""The coordinator's signing keys that count for this node: the one in its settings, and those that follow it.

A key that follows is named by one that counts (`shared.successions`). What the node has learned is kept in a
file of its data folder, for the key in the settings that it began with: with another one there, it begins
anew.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from shared.errors import ConfigError, Corrupt
from shared.messages.message import Message, parse
from shared.sealing import Parcel, parse_signing_public, verify
from shared.secret_file import MAX_BYTES, replace_private
from shared.successions import Succession, followed, mark_of
from shared.writing import writing_under

log = logging.getLogger(__name__)

FILE_NAME: Final = "coordinator-keys.json"
MOST: Final = 8
"""The most keys that count at once; there are two while one follows another."""


class _Kept(Message):
    pinned: str
    counts: Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST)]


class CoordinatorKeys:
    """Checks what the coordinator signs."""

    def __init__(self, pinned: str, folder: Path | None = None) -> None:
        """`pinned`: the key of the settings, `ed25519:…`; `folder`: where what is learned is kept."""
        self._pinned, self._folder = pinned, folder
        self.counts: tuple[str, ...] = _read(folder, pinned)

    @property
    def mark(self) -> str:
        """For the heartbeats: which keys count here."""
        return mark_of(self.counts)

    def verify(self, parcel: Parcel, said: Sequence[Succession] = ()) -> None:
        """Raises `Corrupt` unless a key that counts signed this, or one that follows it by these words."""
        for one in followed(self.counts, said):
            try:
                verify(parcel, parse_signing_public(one))
            except Corrupt:
                continue
            return
        raise Corrupt("the message's signature is not valid")

    def take(self, counts: Sequence[str], said: Sequence[Succession]) -> None:
        """Let these keys count from now on, as far as they follow from those that do. Call it with what
        `verify` has accepted; then `keep`."""
        known = followed(self.counts, said)
        taken = tuple(one for one in counts[:MOST] if one in known)
        if taken and taken != self.counts:
            self.counts = taken
            log.info("other signing keys of the coordinator count now", extra={"count": len(taken)})

    def keep(self) -> None:
        """Write down which keys count. If that fails they count until the node restarts, and the coordinator
        tells them again."""
        if self._folder is None:
            return
        kept = _Kept(pinned=self._pinned, counts=self.counts)
        try:
            with writing_under(self._folder):
                replace_private(self._folder / FILE_NAME, kept.model_dump_json() + "\n")
        except ConfigError as error:
            log.warning("the coordinator's keys are not kept", extra={"error": str(error)})


def _read(folder: Path | None, pinned: str) -> tuple[str, ...]:
    if folder is None:
        return (pinned,)
    try:
        with (folder / FILE_NAME).open("rb") as file:
            kept = parse(_Kept, file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return (pinned,)
    except (OSError, Corrupt) as error:
        log.warning("the kept keys of the coordinator cannot be read", extra={"error": str(error)})
        return (pinned,)
    return kept.counts if kept.pinned == pinned else (pinned,)
