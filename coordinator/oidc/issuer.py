"""Verifies one external issuer's tokens against its published keys (OpenID Connect Core 1.0, RFC 7519).

The algorithms are pinned by the configuration, never by the token. Keys are fetched by one request at a time,
while others wait; `cache` decides when.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, Final

import httpx
import jwt
from jwt import PyJWK

from coordinator.config import IssuerSection
from coordinator.oidc.cache import KeyCache
from coordinator.oidc.claims import claims_of
from coordinator.oidc.keys import MAX_KID_CHARS, parse_jwks
from shared.errors import Corrupt, Unavailable
from shared.tokens import LEEWAY_S, Claims, expired, hint, invalid

log = logging.getLogger(__name__)

TIMEOUT_S: Final = 5.0
"""The time limit of a whole fetch."""
MAX_DOCUMENT_BYTES: Final = 262_144
_REQUIRED: Final = ("exp", "iss", "aud", "sub")


class Issuer:
    """One configured issuer; `close` it at the end."""

    def __init__(self, section: IssuerSection) -> None:
        self._section = section
        self._cache = KeyCache()
        self._turn = asyncio.Lock()
        self._http: httpx.AsyncClient | None = None

    async def verify(self, token: str) -> Claims:
        """The claims of a token.

        Raises `Rejected` (401), and `Unavailable` if keys have never been received from the issuer.
        """
        key = await self._key(hint(token).key_id)
        return claims_of(self._section, self._payload(token, key))

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()

    def _payload(self, token: str, key: PyJWK) -> dict[str, Any]:
        if key.algorithm_name not in self._section.algorithms:
            raise invalid()
        try:
            payload: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm_name],
                audience=self._section.audience,
                issuer=self._section.issuer,
                leeway=LEEWAY_S,
                options={"require": list(_REQUIRED)},
            )
        except jwt.ExpiredSignatureError as error:
            raise expired() from error
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
            raise invalid() from error
        return payload

    async def _key(self, kid: str) -> PyJWK:
        if not kid or len(kid) > MAX_KID_CHARS:
            raise invalid()
        if self._cache.wants_fetch(kid, time.monotonic()):
            async with self._turn:
                if self._cache.wants_fetch(kid, time.monotonic()):  # unless another request has just done so
                    await self._fetch()
        now = time.monotonic()
        if not self._cache.usable(now):
            raise Unavailable("the issuer of this token does not answer; try again", code="issuer-away")
        key = self._cache.find(kid, now)
        if key is None:
            raise invalid()
        return key

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                keys = parse_jwks(await self._document())
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, Corrupt) as error:
            self._cache.failed(time.monotonic())
            log.warning(
                "an issuer's keys could not be fetched; the last known keys stay valid",
                extra={"url": self._section.jwks_url, "error": type(error).__name__},
            )
            return
        self._cache.fetched(keys, time.monotonic())

    async def _document(self) -> bytes:
        if self._http is None:
            self._http = httpx.AsyncClient(follow_redirects=False, timeout=TIMEOUT_S)
        async with self._http.stream("GET", self._section.jwks_url) as response:
            if response.status_code != httpx.codes.OK:
                raise Corrupt(f"the issuer answers with status {response.status_code}")
            document = b""
            async for chunk in response.aiter_bytes():
                document += chunk
                if len(document) > MAX_DOCUMENT_BYTES:
                    raise Corrupt("the issuer's answer is too long")
        return document
