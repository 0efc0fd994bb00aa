"""Keeps the node's orders in a file of its data folder, so that they outlive the daemon."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from edge.desired.course import Kept
from shared.errors import Corrupt
from shared.messages.message import parse
from shared.secret_file import MAX_BYTES, replace_private
from shared.writing import writing_under

log = logging.getLogger(__name__)

FILE_NAME: Final = "desired.json"


def read_kept(folder: Path) -> Kept:
    """The orders of before; none where there is no file, or one that cannot be read: then the coordinator
    sends them again."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            return parse(Kept, file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return Kept()
    except (OSError, Corrupt) as error:
        text = "the given settings cannot be read; the node's own file counts"
        log.warning(text, extra={"error": str(error)})
        return Kept()


def write_kept(folder: Path, kept: Kept) -> None:
    """Write the orders in one step over those of before. Raises `ConfigError`."""
    with writing_under(folder / FILE_NAME):
        replace_private(folder / FILE_NAME, kept.model_dump_json(ensure_ascii=True) + "\n")
