"""The outbox: every alert on this node's disk until the coordinator's mark covers it.

SQLite in WAL mode with `synchronous=FULL`: `add` returns after the alert is committed, so a kill -9 directly
after it loses nothing. NATS is the transport, this file is the record. Each lane counts its alerts from 1
within one `outbox_id`; a node that lost its file starts a new outbox.

One connection, one thread: only the thread that opened an `Outbox` may use it (see
`edge.outbound.outbox_thread`). The file is locked while open, so two daemons never share a data folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from edge.outbound.outbox_caps import Caps, Relief, Stock, next_relief
from edge.outbound.outbox_file import opened, translated
from edge.outbound.reserve import Reserve
from shared.bundles import bundled
from shared.errors import Corrupt, Unavailable
from shared.events.types import Lane
from shared.messages.heartbeats import OutboxState


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """One alert ready to send, made for its sequence."""

    alert_id: UUID
    revision: int
    message: bytes
    """The alert's signed and sealed message."""
    evidence: bytes | None
    """The parcels of its pictures, framed; None if it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One alert that is not covered by a mark yet."""

    lane: Lane
    sequence: int
    alert_id: UUID
    revision: int
    message: bytes
    """The bytes to send: with its pictures beside it, unless these were dropped."""


class Outbox:
    """The opened file. Every method may raise `Unavailable` if a read or write fails."""

    def __init__(self, path: Path, caps: Caps) -> None:
        """Open or create the file. A damaged one is set aside with a log line, and a new outbox is started.

        Raises `ConfigError` if the folder cannot be written, another process has the file open, or it belongs
        to another program.
        """
        self._caps = caps
        self._db = opened(path)
        self._reserve = Reserve(path.with_name(f"{path.name}.reserve"))
        self.set_aside = sum(1 for _ in path.parent.glob(f"{path.name}.damaged-*"))
        """Damaged files beside this one, with alerts that may never have been sent."""
        self.outbox_id = self._identity()
        self._alerts, self._pictured, self._size_bytes = self._count()

    def add(self, lane: Lane, seal: Callable[[int], Sealed]) -> int:
        """Commit one alert under the lane's next sequence, which is passed to `seal`, and return it.

        Errors of `seal` pass through and leave the outbox unchanged.
        """
        with suppress(Unavailable):
            return self._add(lane, seal)
        # On a full disk the file may still have room when the log has none.
        self._empty_log()
        return self._add(lane, seal)

    def _add(self, lane: Lane, seal: Callable[[int], Sealed]) -> int:
        with self._transaction():
            (last,) = self._db.execute("SELECT last_sequence FROM lane WHERE name = ?", (lane,)).fetchone()
            alert = seal(last + 1)
            self._db.execute("UPDATE lane SET last_sequence = ? WHERE name = ?", (last + 1, lane))
            self._db.execute(
                "INSERT INTO alert (lane, sequence, alert_id, revision, message, evidence)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (lane, last + 1, str(alert.alert_id), alert.revision, alert.message, alert.evidence),
            )
            self._alerts[lane] += 1
            self._pictured += alert.evidence is not None
            self._size_bytes += len(alert.message) + len(alert.evidence or b"")
            self._relieve()
        return int(last) + 1

    def sequences(self, lane: Lane) -> list[int]:
        """The sequences that wait in a lane, ascending."""
        with translated():
            rows = self._db.execute("SELECT sequence FROM alert WHERE lane = ? ORDER BY sequence", (lane,))
            return [sequence for (sequence,) in rows]

    def messages(self, lane: Lane, sequences: Sequence[int]) -> list[Waiting]:
        """The given alerts that still wait, in the given order."""
        with translated():
            return [found for sequence in sequences if (found := self._message(lane, sequence)) is not None]

    def covered(self, lane: Lane, mark: int) -> int:
        """Delete everything up to a mark and return the number of deleted alerts.

        On a full disk the reserve is released for this. Raises `Corrupt` for a mark beyond the last sequence
        of this outbox.
        """
        with suppress(Unavailable):
            return self._covered(lane, mark)
        self._reserve.give()
        try:
            self._empty_log()
            forgotten = self._covered(lane, mark)
            self._empty_log()
            return forgotten
        finally:
            self._reserve.hold()

    def _empty_log(self) -> None:
        with translated():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _covered(self, lane: Lane, mark: int) -> int:
        with self._transaction():
            (last,) = self._db.execute("SELECT last_sequence FROM lane WHERE name = ?", (lane,)).fetchone()
            if mark > last:
                raise Corrupt("a mark is beyond the last alert of this outbox")
            return self._forget("lane = ? AND sequence <= ?", (lane, mark))

    def states(self) -> tuple[OutboxState, ...]:
        """The state of each lane, for the heartbeat."""
        with translated():
            rows = self._db.execute(
                "SELECT name, last_sequence, dropped, (SELECT min(sequence) FROM alert WHERE lane = name)"
                " FROM lane ORDER BY name"
            ).fetchall()
        return tuple(
            OutboxState(
                outbox_id=self.outbox_id,
                lane=Lane(name),
                last_sequence=last,
                waiting=self._alerts[Lane(name)],
                dropped=dropped,
                first_waiting=last + 1 if first is None else first,
            )
            for name, last, dropped, first in rows
        )

    def close(self) -> None:
        self._db.close()

    def _identity(self) -> UUID:
        with self._transaction():
            self._db.executemany("INSERT OR IGNORE INTO lane (name) VALUES (?)", [(lane,) for lane in Lane])
            row = self._db.execute("SELECT outbox_id FROM outbox").fetchone()
            if row is None:
                row = (str(uuid4()),)
                self._db.execute("INSERT INTO outbox VALUES (?)", row)
        return UUID(row[0])

    def _count(self) -> tuple[dict[Lane, int], int, int]:
        with translated():
            counts = dict(self._db.execute("SELECT lane, count(*) FROM alert GROUP BY lane").fetchall())
            pictured, size_bytes = self._db.execute(
                "SELECT count(evidence), coalesce(sum(length(message) + coalesce(length(evidence), 0)), 0)"
                " FROM alert"
            ).fetchone()
        return {lane: counts.get(lane, 0) for lane in Lane}, pictured, size_bytes

    def _message(self, lane: Lane, sequence: int) -> Waiting | None:
        row = self._db.execute(
            "SELECT alert_id, revision, message, evidence FROM alert WHERE lane = ? AND sequence = ?",
            (lane, sequence),
        ).fetchone()
        if row is None:
            return None
        message = bundled(row[2], row[3])
        return Waiting(lane=lane, sequence=sequence, alert_id=UUID(row[0]), revision=row[1], message=message)

    def _relieve(self) -> None:
        while step := next_relief(
            Stock(alerts=self._alerts, pictured=self._pictured, size_bytes=self._size_bytes), self._caps
        ):
            if step is Relief.DROP_PICTURES:
                self._drop_oldest_pictures()
            else:
                self._drop_oldest(Lane.TECHNICAL if step is Relief.DROP_TECHNICAL else Lane.CONDUCT)

    def _drop_oldest_pictures(self) -> None:
        row, freed = self._db.execute(
            "SELECT row, length(evidence) FROM alert WHERE evidence IS NOT NULL ORDER BY row LIMIT 1"
        ).fetchone()
        self._db.execute("UPDATE alert SET evidence = NULL WHERE row = ?", (row,))
        self._pictured -= 1
        self._size_bytes -= freed

    def _drop_oldest(self, lane: Lane) -> None:
        oldest = "lane = ? AND sequence = (SELECT min(sequence) FROM alert WHERE lane = ?)"
        self._forget(oldest, (lane, lane))
        self._db.execute("UPDATE lane SET dropped = dropped + 1 WHERE name = ?", (lane,))

    def _forget(self, where: str, values: tuple[Lane | int, ...]) -> int:
        gone = self._db.execute(
            f"DELETE FROM alert WHERE {where}"
            " RETURNING lane, evidence IS NOT NULL, length(message) + coalesce(length(evidence), 0)",
            values,
        ).fetchall()
        for lane, had_pictures, size_bytes in gone:
            self._alerts[Lane(lane)] -= 1
            self._pictured -= had_pictures
            self._size_bytes -= size_bytes
        return len(gone)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with translated():
            self._db.execute("BEGIN IMMEDIATE")
        try:
            with translated():
                yield
                self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._alerts, self._pictured, self._size_bytes = self._count()
            raise
