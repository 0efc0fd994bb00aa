"""A STUN or TURN server, as a value and as a section of settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from shared.config_file import FilePath, Section
from shared.fields import Name
from shared.secret_file import read_secret


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server, ready for use."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = field(default=None, repr=False)


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

    @model_validator(mode="before")
    @classmethod
    def _holds_no_secret(cls, data: Any) -> Any:
        if isinstance(data, dict) and "credential" in data:
            raise ValueError(
                "a credential must not be in the settings: write it to a file of mode 600 and set "
                "credential_file to its path"
            )
        return data

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.username is None) is not (self.credential_file is None):
            raise ValueError("username and credential_file go together")
        return self

    def read(self) -> IceServer:
        """The server with its password. Raises `ConfigError` when the password file cannot be used."""
        credential = None if self.credential_file is None else read_secret(self.credential_file)
        return IceServer(self.urls, self.username, credential)
