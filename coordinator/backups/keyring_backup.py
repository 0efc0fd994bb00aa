"""Reads the last backup of the keyring: what a restore needs of it before the keys of persons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coordinator.backups import opening
from coordinator.backups.generation import Erased, HoldRow, HubFile, Notice, OwnFile, RowNow
from coordinator.backups.lists import found_at, target_of
from coordinator.backups.manifest import Kind, Manifest
from coordinator.ground.signing_files import STATE_FILE, successions_in
from coordinator.storing_sections import BackupSection
from shared.erasures import JournalEntry, read_journal
from shared.errors import ConfigError
from shared.sealing import SealingPrivate, parse_signing_public, signing_public_text
from shared.successions import trusted


@dataclass(frozen=True, slots=True)
class KeyringBackup:
    """The content of the last backup of the keyring, without the keys of persons."""

    manifest: Manifest
    files: tuple[OwnFile, ...]
    hub_files: tuple[HubFile, ...]
    signers: tuple[Ed25519PublicKey, ...]
    """The signing keys of its coordinator."""
    journal: tuple[JournalEntry, ...]
    holds: tuple[HoldRow, ...]
    notices: tuple[Notice, ...]
    rows: tuple[RowNow, ...]
    """Of what was withdrawn, corrected or revoked."""


def read_keyring(settings: BackupSection, opener: SealingPrivate, signer: Ed25519PublicKey) -> KeyringBackup:
    """The newest backup of the keyring, read to its end. `signer`: of the coordinator that made it.

    Raises `ConfigError` if there is none, `Corrupt` for one that was changed, `Unavailable` while its place
    cannot be reached.
    """
    target = target_of(settings, Kind.KEYRING)
    found = found_at(target, Kind.KEYRING, [signer])
    manifest = next((one.manifest for one in found if one.manifest is not None), None)
    if manifest is None:
        raise ConfigError("there is no good backup of the keyring; without it nothing can be opened")
    files, hub, lines, held, told, rows = [], [], [], [], [], []
    for item in opening.keyring_items(target, manifest, opener):
        match item:
            case OwnFile():
                files.append(item)
            case HubFile():
                hub.append(item)
            case Erased(line):
                lines.append(line.encode())
            case HoldRow():
                held.append(item)
            case Notice():
                told.append(item)
            case RowNow():
                rows.append(item)
    signers = _signers(signer, files)
    return KeyringBackup(
        manifest=manifest,
        files=tuple(files),
        hub_files=tuple(hub),
        signers=signers,
        journal=tuple(read_journal(lines, signers)),
        holds=tuple(held),
        notices=tuple(told),
        rows=tuple(rows),
    )


def _signers(pinned: Ed25519PublicKey, files: Sequence[OwnFile]) -> tuple[Ed25519PublicKey, ...]:
    """The key that is known, and those that follow it or that it follows by the word of the backup's own
    files."""
    said = next((successions_in(one.data) for one in files if one.name == STATE_FILE), ())
    return tuple(parse_signing_public(one) for one in trusted(signing_public_text(pinned), said))
