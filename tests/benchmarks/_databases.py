"""The databases that the coordinator is measured on, each empty and beside it on the same disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.postgres import database_url, postgres_server, run_sql


@contextmanager
def sqlite() -> Iterator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory(prefix="proctor-bench-") as name:
        yield f"sqlite:///{name}/coordinator.db", Path(name)


@contextmanager
def postgresql() -> Iterator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory(prefix="proctor-bench-") as name, postgres_server() as server:
        run_sql(server, "CREATE DATABASE bench")
        yield database_url(server, "bench"), Path(name)


DATABASES: Final = {"SQLite": sqlite, "PostgreSQL": postgresql}
