"""Throw-away databases for benchmarks: a file of SQLite, a server of PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from tests.support.postgres import database_url, postgres_server, run_sql


@contextmanager
def _sqlite() -> Iterator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory(prefix="proctor-bench-") as name:
        yield f"sqlite:///{name}/coordinator.db", Path(name)


@contextmanager
def _postgres() -> Iterator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory(prefix="proctor-bench-") as name, postgres_server() as server:
        run_sql(server, "CREATE DATABASE bench")
        yield database_url(server, "bench"), Path(name)


DATABASES: Final[Mapping[str, Callable[[], AbstractContextManager[tuple[str, Path]]]]] = {
    "SQLite": _sqlite,
    "PostgreSQL": _postgres,
}
"""Of each, the URL of an empty database and an empty folder beside it. PostgreSQL raises pytest's `Skipped`
where it is not installed."""
