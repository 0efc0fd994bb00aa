"""Keeps the node's rating in a file of its data folder, and tells what machine this is."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

from edge.config import UNRATED, EdgeConfig
from edge.fleet.load import CGROUP, allowed_memory_bytes, allowed_processors
from edge.fleet.rating import Conditions, Rating, admitted, objection
from edge.sessions.port import WorkerReport
from shared.errors import Corrupt
from shared.messages.message import parse
from shared.writing import writing_under

log = logging.getLogger(__name__)

FILE_NAME: Final = "rating.json"
MAX_BYTES: Final = 100_000


def conditions_of(config: EdgeConfig, report: WorkerReport) -> Conditions:
    """What a rating of this node depends on. `report`: of a worker whose networks are open."""
    return Conditions(
        machine=machine_words(Path("/proc/cpuinfo")),
        device=report.device,
        level=config.analysis.level_number,
        workers=config.workers.count,
        threads=config.analysis.threads,
        models=dict(report.models),
    )


def machine_words(cpuinfo: Path) -> str:
    """This machine in words, equal for equal machines: processors and memory that this process may use."""
    lines = cpuinfo.read_text("utf-8", errors="replace").splitlines()
    kinds = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    memory_gib = round(allowed_memory_bytes(CGROUP) / 2**30)
    processors = round(allowed_processors(CGROUP), 2)
    return f"{' and '.join(sorted(kinds)) or 'a processor'}, {processors:g} of it, {memory_gib} GiB"


def store_rating(folder: Path, rating: Rating) -> Path:
    """Write the rating for the daemon of this folder, at once and whole. Raises `ConfigError`."""
    path = folder / FILE_NAME
    beside = path.with_suffix(".new")
    with writing_under(path):
        beside.write_text(rating.model_dump_json(indent=2) + "\n", "utf-8")
        os.replace(beside, path)
    return path


def read_rating(folder: Path) -> Rating | None:
    """The stored rating; None without one. Raises `Corrupt` for any other file."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Corrupt(f"it cannot be read: {error.strerror}") from error
    return parse(Rating, data)


def foreseen(config: EdgeConfig) -> int:
    """The most sessions to expect before the networks are open: the files of so many are asked for."""
    try:
        rating = read_rating(config.data_folder)
    except Corrupt:
        rating = None
    return admitted(rating, config.analysis.rating, config.room_for_media, unrated=UNRATED)


def admitted_here(config: EdgeConfig, report: WorkerReport) -> int:
    """The most sessions of this node: its stored rating, if that is believed, and never more than configured.
    Logs which it is and why."""
    try:
        stored = read_rating(config.data_folder)
        reason = "" if stored is None else objection(stored, conditions_of(config, report))
    except Corrupt as error:
        stored, reason = None, str(error)
    rating = None if reason else stored
    sessions = admitted(rating, config.analysis.rating, config.room_for_media, unrated=UNRATED)
    if reason:
        log.warning("the measured rating does not count here", extra={"reason": reason, "count": sessions})
    elif rating is None:
        log.info("this host was not measured; run proctor-edge bench", extra={"count": sessions})
    else:
        log.info("the measured rating counts", extra={"count": sessions})
    return sessions
