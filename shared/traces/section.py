"""Where a daemon sends traces, in its settings."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from shared.config_file import FilePath, Section
from shared.hub_address import on_this_machine
from shared.secret_file import read_secret


def _collector_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise ValueError("must be an http or https address without credentials or query")
    if parts.scheme == "http" and not on_this_machine(text):
        raise ValueError("must begin with https:// unless the collector is on this machine")
    return text


class TracesSection(Section):
    """Traces of alerts for an OpenTelemetry collector. They have no names, events or pictures."""

    url: Annotated[str, Field(max_length=500), AfterValidator(_collector_url)] | None = None
    """Address of the collector, OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; by default no traces
    are made."""
    authorization_file: FilePath | None = None
    """File whose first line is sent as the `Authorization` header; only the daemon's user may read it."""

    @model_validator(mode="after")
    def _used(self) -> Self:
        if self.authorization_file is not None and self.url is None:
            raise ValueError("authorization_file needs a url")
        return self

    def read_headers(self) -> dict[str, str]:
        """The headers of every request. Raises `ConfigError` when the file cannot be used."""
        return (
            {} if self.authorization_file is None else {"Authorization": read_secret(self.authorization_file)}
        )
