"""Keeps the node's orders in a file of its data folder, so that they outlive the daemon."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from edge.desired.course import KeptOrders
from shared.errors import Corrupt
from shared.messages.message import parse
from shared.secret_file import MAX_BYTES, replace_private
from shared.writing import writing_under

log = logging.getLogger(__name__)

FILE_NAME: Final = "desired.json"


def read_kept(folder: Path) -> KeptOrders:
    """The stored orders; none without a readable file, because the coordinator sends them again."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            return parse(KeptOrders, file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return KeptOrders()
    except (OSError, Corrupt) as error:
        text = "the given settings cannot be read; the node's own file counts"
        log.warning(text, extra={"error": str(error)})
        return KeptOrders()


def write_kept(folder: Path, kept: KeptOrders) -> None:
    """Replace the stored orders in one step. Raises `ConfigError`."""
    with writing_under(folder / FILE_NAME):
        replace_private(folder / FILE_NAME, kept.model_dump_json(ensure_ascii=True) + "\n")
