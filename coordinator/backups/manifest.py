"""The manifest of a backup: its contents and origin, signed by the coordinator that made it. Pure.

A manifest is written after everything else of its backup: without one a backup is not finished, and is
nothing. It names each sealed file with its length and hash, so a backup can be checked without the key that
opens it.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.canonical import canonical_json, parse_json
from shared.errors import Corrupt
from shared.fields import Utc
from shared.sealing import Signs, parse_signing_public, signing_public_text
from shared.successions import Succession, followed

NAME: Final = "manifest.json"
MAX_BYTES: Final = 65_536
_CONTEXT: Final = b"proctor-edge backup v1\x00"
_WORD: Final = r"^[A-Za-z0-9][A-Za-z0-9._:+/=-]*$"
Word = Annotated[str, Field(max_length=200, pattern=_WORD)]


class Kind(StrEnum):
    """What a backup holds."""

    DATABASE = "database"
    """Every row, without the persons' keys and without what the master key alone opens."""
    KEYRING = "keyring"
    """The persons' keys, the coordinator's own ones and the journal of erasures, as they are now."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SealedFile(_Said):
    """One sealed file of a backup."""

    name: Word
    size_bytes: int
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(_Said):
    """One backup."""

    format: Literal[1] = 1
    kind: Kind
    backup_id: Word
    made_utc: Utc
    release: Word
    """Of the program that made it."""
    revision: Word
    """Of the database's tables."""
    dialect: Literal["sqlite", "postgresql"]
    recipient: Annotated[str, Field(max_length=2_000, pattern=_WORD)]
    """The public key to which it is sealed."""
    master_ids: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    """The ids of the master keys that its coordinator held, the one that wrapped first; empty in a backup of
    before."""
    destroyed_keys: int = 0
    """How many keys of persons had been destroyed, in a backup of the keyring."""
    rest: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    """The hash of what else changes in a backup of the keyring: own key files, legal holds, notices."""
    files: Annotated[tuple[SealedFile, ...], Field(max_length=20)]

    def about(self, name: str) -> bytes:
        """The context that the seal of one of its files is bound to."""
        return about(self.kind, self.backup_id, name)

    def text(self, key: Signs, successions: Sequence[Succession] = ()) -> bytes:
        """The signed manifest as the bytes of its file, with the keys that the signing one follows, for those
        who know one of them."""
        said = self.model_dump(mode="json")
        signature = key.sign(_CONTEXT + canonical_json(said))
        file: dict[str, Any] = {"manifest": said, "signature": base64.b64encode(signature).decode("ascii")}
        if successions:
            file["successions"] = [one.model_dump(mode="json") for one in successions]
        return canonical_json(file)


def about(kind: Kind, backup_id: str, name: str) -> bytes:
    """The context that the seal of a backup's file is bound to."""
    return f"{kind}/{backup_id}/{name}".encode()


def read_manifest(data: bytes, keys: Collection[Ed25519PublicKey]) -> Manifest:
    """Read a manifest. Raises `Corrupt` for anything else, and if neither one of these keys nor one that
    follows them has signed it."""
    try:
        found = parse_json(data)
        said, signature = found["manifest"], base64.b64decode(found["signature"], validate=True)
        signers = _signers(keys, found.get("successions", []))
    except (Corrupt, KeyError, TypeError, ValueError) as error:
        raise Corrupt("its manifest cannot be read") from error
    if not any(_is_signed(key, signature, _CONTEXT + canonical_json(said)) for key in signers):
        raise Corrupt("it was changed, or another coordinator made it")
    try:
        return Manifest.model_validate(said)
    except ValidationError as error:
        # It is signed, so nobody changed it.
        raise Corrupt("a newer release made it; use that release, or a later one") from error


def _signers(keys: Collection[Ed25519PublicKey], said: Any) -> list[Ed25519PublicKey]:
    successions = [Succession.model_validate(one) for one in said]
    names = followed(map(signing_public_text, keys), successions)
    return [parse_signing_public(one) for one in names]


def _is_signed(key: Ed25519PublicKey, signature: bytes, said: bytes) -> bool:
    try:
        key.verify(signature, said)
    except InvalidSignature:
        return False
    return True
