"""Backups: of the database, and of the keyring apart; sealed to a key whose private half is elsewhere.

    manifest    what a backup says of itself, signed (pure)
    planning    which backups are due, which stay and which go (pure)
    releases    whether a backup's release is one that this program may read (pure)
    generation  what a backup of the keyring holds, as lines (pure)
    service     wrapped keys as rows, and back
    since_service  what was withdrawn, corrected or revoked since the oldest copy
    target      a folder with backups          bucket     the same in a bucket that speaks S3
    copying     SQLite and PostgreSQL as streams
    lists       the backups at a target, and whether they are good
    opening     opens them, fills an empty database
    keyring_backup  the last one of the keyring, as a restore reads it
    unfinished  the mark that a restore goes on
    creating    makes them
    running     makes them by themselves, in the coordinator that leads

A backup of the database has everything but the persons' wrapped keys, the reasons of legal holds, the names
in notices that are not delivered yet, and kept answers. All but the answers come back with the backup of the
keyring, which is written again with each backup, at each erasure before its receipt, within minutes after any
other key was destroyed, and within seconds after a hold or a key of the coordinator's own has changed, a
notice was noted or delivered, or somebody has withdrawn a consent, or corrected or revoked something; those
of before are removed. So what was erased opens in no backup, however old, even for who has the private key
and the master key; and a restore, which erases what is due, knows of holds that were placed since the copy.
Identifiers of an institution stand clear inside a backup's seal, until it expires or is restored.

The templates are copied with the database, every six hours, not by themselves: one can be opened and used
only together with its candidate, consents and key, and a part would have to be merged with another part.

`coordinator.restoring` restores.
"""
