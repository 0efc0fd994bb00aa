"""The settings of what is kept elsewhere: archives of the audit log, and backups."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from coordinator.setting_types import BackupTarget, IssuerUrl, Recipient
from shared.config_file import FilePath, Section
from shared.fields import Name

LEAST_AUDIT_DAYS: Final = 184
"""Half a year, whichever months it has: what the EU AI Act asks of logs, art. 19 and 26(6)."""


class BucketSection(Section):
    """Where the buckets of backups are, if any target is one."""

    endpoint_url: IssuerUrl | None = None
    """The server that speaks S3; by default Amazon's own of the region."""
    region: Name = "us-east-1"
    """The region of the buckets."""
    credentials_file: FilePath | None = None
    """File of mode 0600 with `KEY-ID:SECRET` in its first line; by default what the environment has
    (AWS_ACCESS_KEY_ID and others, or the machine's own role)."""


class BackupSection(Section):
    """Backups, sealed to a key whose private half is elsewhere."""

    target: BackupTarget
    """A folder, or `s3://BUCKET/PREFIX`; the same for every coordinator on the database."""
    recipient: Recipient
    """`x25519:…` or `mlkem768-x25519:…`, printed by `proctorctl backup recipient`. What is sealed to it can
    be opened only with the private half, which must not be on this machine."""
    keyring_target: BackupTarget | None = None
    """Where the keyring is written, of which only the last one may remain: a folder or bucket without
    versions, snapshots or copies of its own. By default `keyring` under the target."""
    every_hours: Annotated[int, Field(ge=1, le=24)] = 6
    """How often the database, and with it the templates, is copied."""
    keep_days: Annotated[int, Field(ge=1, le=365)] = 30
    """For how long the last backup of each day is kept; those of the last 24 hours all are."""
    hub_files: Annotated[tuple[FilePath, ...], Field(max_length=20)] = ()
    """Files of the hub's configuration that the keyring's backup has as well, such as `nats-server.conf`;
    each has another name. What the hub stores is not copied: it only transports."""
    bucket: BucketSection = BucketSection()
    """How buckets are reached, if a target is one."""

    @model_validator(mode="after")
    def _hub_files_by_name(self) -> Self:
        if len({file.name for file in self.hub_files}) != len(self.hub_files):
            raise ValueError("hub_files: two have one name")
        return self


class AuditSection(Section):
    """The audit log."""

    keep_days: Annotated[int, Field(ge=LEAST_AUDIT_DAYS, le=3_650)] = 365
    """After so many days an entry goes into an archive, at most a day later; never before half a year."""
    archive: BackupTarget | None = None
    """Where archives are written: a folder, or `s3://BUCKET/PREFIX`; the same for every coordinator on the
    database. By default the folder `audit-archive` in the data folder. They are never deleted by
    themselves, and `proctorctl audit verify` checks them. Names of staff are sealed in them."""
    bucket: BucketSection = BucketSection()
    """How the bucket is reached, if it is one."""
