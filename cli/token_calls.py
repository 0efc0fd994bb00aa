"""The part of the client for access tokens and the keys that sign them."""

from __future__ import annotations

from cli.calls import Calls, path_of
from shared.api.tokens import TokenKeyOut, TokenOut, TokenPage, TokenRequest, TokenResponse


class TokenCalls:
    """Calls about access tokens and the keys that sign them, over a client's connection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def listed(self, subject: str, most: int) -> list[TokenOut]:
        """The tokens that expire first."""
        return self._calls.pages(path_of("tokens"), TokenPage, most, {"subject": subject} if subject else {})

    def create(self, request: TokenRequest) -> TokenResponse:
        return self._calls.one("POST", path_of("tokens"), TokenResponse, body=request)

    def revoke(self, token_id: str) -> None:
        self._calls.send("DELETE", path_of("tokens", token_id))

    def signing_keys(self) -> list[TokenKeyOut]:
        return self._calls.rows(path_of("token-keys"), TokenKeyOut)

    def rotate_key(self) -> TokenKeyOut:
        return self._calls.one("POST", path_of("token-keys"), TokenKeyOut)

    def revoke_key(self, key_id: str) -> None:
        self._calls.send("DELETE", path_of("token-keys", key_id))
