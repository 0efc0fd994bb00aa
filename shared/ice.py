"""A STUN or TURN server, as a value and as a section of settings.

A TURN server's password may be fixed, or be made for each session from a secret that only this program and
the server know (coturn: `use-auth-secret`). A made one works until the session ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.config_file import FilePath, Section
from shared.fields import Name
from shared.secret_file import read_secret


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server. With a `secret` it is ready for use only after `for_session`."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    """Makes time-limited passwords; never leaves this program."""


AFTER_END_S: Final = 600
"""How long made passwords work after a session's end, because clocks differ."""


def for_session(
    servers: Iterable[IceServer], session_id: UUID, expires_utc: datetime
) -> tuple[IceServer, ...]:
    """The servers with the passwords of one session, which work until it ends. Pure."""
    until = int(expires_utc.timestamp()) + AFTER_END_S
    return tuple(_with_password(server, f"{until}:{session_id}") for server in servers)


def _with_password(server: IceServer, username: str) -> IceServer:
    if server.secret is None:
        return server
    # The server knows this form (draft-uberti-behave-turn-rest); it fixes SHA-1, here as an HMAC.
    digest = hmac.digest(server.secret.encode(), username.encode(), hashlib.sha1)
    return replace(server, username=username, credential=base64.b64encode(digest).decode(), secret=None)


class IceServerSection(Section):
    """One STUN or TURN server."""

    urls: Annotated[
        tuple[Annotated[str, Field(pattern=r"^(stun|turn)s?:", max_length=200)], ...],
        Field(min_length=1, max_length=4),
    ]
    """Addresses, such as `turn:turn.example.org:3478`."""
    username: Name | None = None
    """User of a TURN server."""
    credential_file: FilePath | None = None
    """File whose first line is that user's password; only the program's user may read it."""
    secret_file: FilePath | None = None
    """Instead of a user: file whose first line is the secret that the TURN server shares with this program
    (coturn's `static-auth-secret`). A password is then made from it for each session, valid until its end."""

    @model_validator(mode="before")
    @classmethod
    def _holds_no_secret(cls, data: Any) -> Any:
        for name in ("credential", "secret"):
            if isinstance(data, dict) and name in data:
                raise ValueError(
                    f"a {name} must not be in the settings: write it to a file of mode 600 and set "
                    f"{name}_file to its path"
                )
        return data

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.username is None) is not (self.credential_file is None):
            raise ValueError("username and credential_file go together")
        if self.secret_file is not None and self.username is not None:
            raise ValueError("secret_file makes user and password for each session: leave out username")
        return self

    def read(self) -> IceServer:
        """The server with its password or secret. Raises `ConfigError` when its file cannot be used."""
        credential = None if self.credential_file is None else read_secret(self.credential_file)
        secret = None if self.secret_file is None else read_secret(self.secret_file)
        return IceServer(self.urls, self.username, credential, secret)
