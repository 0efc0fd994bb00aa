"""The coordinator and the token that `proctorctl` uses: from the environment, never the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cli.client import Client
from shared.errors import ConfigError
from shared.secret_file import read_secret

URL_VARIABLE: Final = "PROCTOR_URL"
TOKEN_VARIABLE: Final = "PROCTOR_TOKEN"
TOKEN_FILE_VARIABLE: Final = "PROCTOR_TOKEN_FILE"
DEFAULT_URL: Final = "http://127.0.0.1:8000"


def connect(environment: Mapping[str, str] | None = None) -> Client:
    """A client for the coordinator of `PROCTOR_URL` with the token of `PROCTOR_TOKEN` or the file named by
    `PROCTOR_TOKEN_FILE`. Raises `ConfigError` if there is no token, or if the address is not valid."""
    environment = os.environ if environment is None else environment
    return Client(_address(environment.get(URL_VARIABLE, DEFAULT_URL)), _token(environment))


def _address(text: str) -> str:
    """The coordinator's address, without the last slash."""
    scheme, found, rest = text.strip().partition("://")
    if not found:
        raise ConfigError(f"{URL_VARIABLE}: {text!r} has no scheme; write https://{text.strip()}")
    if scheme.lower() not in ("http", "https"):
        raise ConfigError(f"{URL_VARIABLE}: {scheme}:// is not supported; write https:// or http://")
    try:
        host = urlsplit(text).hostname
    except ValueError:
        host = None
    if not host:
        raise ConfigError(f"{URL_VARIABLE}: {text!r} has no host; write https://HOST:PORT")
    return f"{scheme}://{rest}".rstrip("/")


def _token(environment: Mapping[str, str]) -> str:
    if token := environment.get(TOKEN_VARIABLE, "").strip():
        return token
    if not (path := environment.get(TOKEN_FILE_VARIABLE)):
        raise ConfigError(
            f"no token: set {TOKEN_FILE_VARIABLE} to a file with one "
            "(`proctorctl up` keeps an administrator's in secrets/admin.token of its data folder)"
        )
    try:
        token = read_secret(Path(path))
    except ConfigError as error:
        raise ConfigError(f"{TOKEN_FILE_VARIABLE}: {error}") from error
    if not token.isascii():
        raise ConfigError(f"{TOKEN_FILE_VARIABLE}: {path} contains no token")
    return token
