"""A candidate's device as the page makes it: a key pair that stays, and signatures with it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from coordinator.sessions.binding import statement

if TYPE_CHECKING:  # what only looks at keys needs no web
    import httpx

    from tests.support.exam_site import Site


def base64url(data: bytes) -> str:
    """Without padding, as browsers' pages write it."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass(slots=True)
class Device:
    """One browser's key."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def key(self) -> str:
        public = self.private.public_key()
        return base64url(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def proof(self, session: UUID | str, challenge: str) -> dict[str, str]:
        """What the page sends to open a session."""
        signed = self.private.sign(statement(UUID(str(session)), challenge), ec.ECDSA(SHA256()))
        r, s = decode_dss_signature(signed)
        return {
            "key": self.key,
            "signature": base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big")),
        }

    async def look(self, site: Site, code: str) -> dict[str, Any]:
        """What a link says to this device."""
        answer = await site.post("/join/look", {"code": code, "device_key": self.key}, headers={})
        assert answer.status_code == 200, answer.text
        seen: dict[str, Any] = answer.json()
        return seen

    async def open(self, site: Site, code: str) -> httpx.Response:
        """Look and open, as a page does."""
        seen = await self.look(site, code)
        proof = self.proof(seen["session_uuid"], seen["challenge"] or "none")
        return await site.post("/join", {"code": code, "device": proof}, headers={})

    async def joined(self, site: Site, code: str) -> dict[str, Any]:
        """The same where it must succeed."""
        answer = await self.open(site, code)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    async def ask(self, site: Site, code: str) -> httpx.Response:
        """Ask to take the place of the bound device."""
        return await site.post("/join/ask", {"code": code, "device_key": self.key}, headers={})


def code_of(answer: dict[str, Any]) -> str:
    """The code of an answer with a link."""
    return str(answer["join_url"]).partition("#")[2]
