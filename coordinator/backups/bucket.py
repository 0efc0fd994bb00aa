"""A bucket with backups, at Amazon or any other server that speaks S3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from coordinator.backups.target import READ_BYTES
from coordinator.storing_sections import BucketSection
from shared.errors import ConfigError, Corrupt, Unavailable
from shared.secret_file import read_secret

if TYPE_CHECKING:
    from obstore.store import S3Config

_ANSWERED_S: Final = 60
"""How long one request may take; a large file is written in many."""
_TRIED_S: Final = 30
"""How long what fails for a moment is tried again."""


class Bucket:
    """The files under a prefix of a bucket. One that is not written to its end does not exist there."""

    def __init__(self, name: str, prefix: str, settings: BucketSection) -> None:
        given: S3Config = {"region": settings.region}
        endpoint = settings.endpoint_url or ""
        if endpoint:
            given["endpoint"] = endpoint
        if settings.credentials_file is not None:
            key_id, colon, secret = read_secret(settings.credentials_file).partition(":")
            if not colon:
                raise ConfigError(f"{settings.credentials_file} must have KEY-ID:SECRET in its first line")
            given["access_key_id"], given["secret_access_key"] = key_id, secret
        self._name = name
        self._store = S3Store(
            name,
            prefix=prefix or None,
            config=given,
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=_ANSWERED_S),
                "timeout": timedelta(seconds=_ANSWERED_S),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=_TRIED_S)},
        )

    def sizes(self) -> dict[str, int]:
        try:
            found = [one for some in obstore.list(self._store) for one in some]
        except (BaseError, OSError) as error:
            raise self._unavailable(error) from error
        return {one["path"]: one["size"] for one in found if one["path"].count("/") == 1}

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        try:
            obstore.put(self._store, name, iter(pieces))
        except (BaseError, OSError) as error:
            raise self._unavailable(error) from error

    def read(self, name: str) -> Iterator[bytes]:
        try:
            for piece in obstore.get(self._store, name).stream(min_chunk_size=READ_BYTES):
                yield bytes(piece)
        except FileNotFoundError as error:
            raise Corrupt(f"{name} is missing") from error
        except (BaseError, OSError) as error:
            raise self._unavailable(error) from error

    def remove(self, name: str) -> None:
        try:
            obstore.delete(self._store, name)
        except FileNotFoundError:
            pass
        except (BaseError, OSError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> Unavailable:
        return Unavailable(f"the bucket {self._name} cannot be used: {type(error).__name__}")
