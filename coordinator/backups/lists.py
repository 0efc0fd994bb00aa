"""Lists the backups at a target, and checks whether each is good."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coordinator.backups.manifest import MAX_BYTES, NAME, Kind, Manifest, read_manifest
from coordinator.backups.planning import KnownBackup
from coordinator.backups.target import Folder, Target
from coordinator.storing_sections import BackupSection, BucketSection
from shared.errors import Corrupt

_INSTANT: Final = "%Y-%m-%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Found:
    """A backup at a target."""

    backup_id: str
    made_utc: datetime
    size_bytes: int
    manifest: Manifest | None
    """None: it is not good."""
    why: str
    """Why it is not good."""

    @property
    def known(self) -> KnownBackup:
        return KnownBackup(self.backup_id, self.made_utc, self.manifest is not None)


def new_id(now_utc: datetime, chance: str) -> str:
    """The id of a backup: the time of its begin, and a random part."""
    return f"{now_utc.astimezone(UTC).strftime(_INSTANT)}-{chance}"


def target_of(settings: BackupSection, kind: Kind) -> Target:
    """Where backups of a kind lie. Raises `ConfigError`."""
    if kind is Kind.KEYRING and settings.keyring_target is not None:
        place = settings.keyring_target
    else:
        place = f"{settings.target}/{kind}"
    return place_of(place, settings.bucket)


def place_of(place: str, bucket: BucketSection) -> Target:
    """A folder or bucket by its setting. Raises `ConfigError`."""
    if place.startswith("s3://"):
        from coordinator.backups.bucket import Bucket  # its library is loaded where it is needed

        parts = urlsplit(place)
        return Bucket(parts.netloc, parts.path.strip("/"), bucket)
    return Folder(Path(place))


def found_at(target: Target, kind: Kind, keys: Collection[Ed25519PublicKey]) -> list[Found]:
    """All backups of a kind, newest first."""
    files: dict[str, dict[str, int]] = defaultdict(dict)
    for name, size in target.sizes().items():
        backup_id, _, file = name.partition("/")
        files[backup_id][file] = size
    found = [_judged(target, kind, keys, one, sizes) for one, sizes in files.items()]
    return sorted(found, key=lambda one: (one.made_utc, one.backup_id), reverse=True)


def _judged(
    target: Target, kind: Kind, keys: Collection[Ed25519PublicKey], backup_id: str, sizes: dict[str, int]
) -> Found:
    began, total = _began(backup_id), sum(sizes.values())
    if NAME not in sizes:
        return Found(backup_id, began, total, None, "it was not finished")
    try:
        manifest = read_manifest(_short(target.read(f"{backup_id}/{NAME}")), keys)
        if (manifest.kind, manifest.backup_id) != (kind, backup_id):
            raise Corrupt("its manifest belongs to another backup")
        for file in manifest.files:
            if sizes.get(file.name) != file.size_bytes:
                raise Corrupt(f"{file.name} is missing or has another length")
    except Corrupt as error:
        return Found(backup_id, began, total, None, str(error))
    return Found(backup_id, manifest.made_utc, total, manifest, "")


def _short(pieces: Iterator[bytes]) -> bytes:
    data = b""
    for piece in pieces:
        data += piece
        if len(data) > MAX_BYTES:
            raise Corrupt("its manifest is too long")
    return data


def _began(backup_id: str) -> datetime:
    """When a backup without a manifest began, from its id; the earliest time for any other id."""
    try:
        return datetime.strptime(backup_id.rpartition("-")[0], _INSTANT).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
