"""A real PostgreSQL for tests: one throw-away server per test session, on a unix socket."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
import pytest

OWNER: Final = "postgres"
"""`initdb` refuses root; when the tests run as root the server runs as this user."""
START_TIMEOUT_S: Final = 90.0


@contextmanager
def postgres_server() -> Iterator[Path]:
    """The socket folder of a running server that trusts its superuser `postgres`; gone at the end."""
    binaries = _binaries()
    user = _unprivileged_user()
    folder = Path(tempfile.mkdtemp(prefix="proctor-pg-"))
    if user is not None:
        shutil.chown(folder, user)
    process: subprocess.Popen[bytes] | None = None
    try:
        data = folder / "data"
        initdb: list[str | Path] = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            OWNER,
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        subprocess.run(initdb, user=user, cwd=folder, check=True, capture_output=True)
        with (folder / "log").open("wb") as log:
            serve: list[str | Path] = [binaries / "postgres", "-D", data, "-k", folder, "-h", "", "-F"]
            process = subprocess.Popen(serve, user=user, cwd=folder, stdout=log, stderr=log)
        _wait(folder, process)
        yield folder
    finally:
        if process is not None:
            process.terminate()
            process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def database_url(server: Path, name: str) -> str:
    """The SQLAlchemy URL of a database of that server."""
    return f"postgresql+psycopg://{OWNER}@/{name}?host={server}"


def run_sql(server: Path, statement: str) -> None:
    """One statement outside any transaction, such as CREATE DATABASE."""
    with psycopg.connect(host=str(server), user=OWNER, dbname="postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


def copy_database(server: Path, template: str, name: str) -> None:
    """A database of this name, as the template is now."""
    with psycopg.connect(host=str(server), user=OWNER, dbname="postgres", autocommit=True) as connection:
        # Since version 15 the pages are otherwise written one by one, which takes three times as long.
        how = "STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else ""
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {how}".encode())


def _binaries() -> Path:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not folders:
        pytest.skip("PostgreSQL's initdb is missing: install Debian's package postgresql")
    return folders[-1].parent


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(OWNER).pw_name
    except KeyError:
        pytest.skip(f"initdb refuses root and there is no user {OWNER}: install Debian's package postgresql")


def _wait(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            run_sql(folder, "SELECT 1")
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text(errors='replace')}")
