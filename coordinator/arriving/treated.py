"""Says how a message is treated, and how long one that cannot be judged yet waits. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from coordinator.alerts.stored import Stored
from shared.alerts import AlertHeader

LATER_DELAYS_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""The number and the delays of redeliveries before a message that cannot be judged is parked, or one of an
unknown assignment is left to its outbox."""
KEYRING_DELAY_S: Final = 2.0
"""The delay of redelivery if our own keyring cannot open a message; repeated for ever, so that nothing is
lost."""


class Post(Protocol):
    """A message of a node: fetched from the stream, or one that was parked."""

    @property
    def subject(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def delivered(self) -> int:
        """How often it was delivered so far, including this time."""


class Treatment(StrEnum):
    """How one message is treated."""

    STORED = "stored"
    REPEATED = "repeated"
    """It was already stored."""
    REFUSED = "refused"
    """Authentic but never an alert: recorded, its sequence is settled."""
    PARKED = "parked"
    """Kept whole until an operator has it judged again; its sequence is settled."""
    LOGGED = "logged"
    """Logged features, stored or known already; they have no sequence."""
    LEFT_OUT = "left-out"
    """Logged features that are not stored: a gap, which their export names."""
    FORGED = "forged"
    LATER = "later"
    GIVEN_BACK = "given-back"
    """Not judged and no longer kept in the stream: no mark covers it, so its outbox sends it again."""


SETTLED: Final = (Treatment.STORED, Treatment.REPEATED, Treatment.REFUSED, Treatment.PARKED)
JUDGED: Final = (Treatment.STORED, Treatment.REPEATED, Treatment.REFUSED)
"""The treatments after which a parked message is no longer needed."""


@dataclass(frozen=True, slots=True)
class Treated:
    """One message and how it was treated."""

    post: Post
    treatment: Treatment
    reason: str = ""
    header: AlertHeader | None = None
    stored: Stored | None = None
    delay_s: float = 0.0
    pictures: tuple[str, ...] = ()
    """The counts for its pictures."""

    @property
    def settled(self) -> bool:
        """Whether its sequence is settled."""
        return self.treatment in SETTLED


def later_delay_s(post: Post) -> float | None:
    """The redelivery delay of a message that cannot be judged yet; None: it has come often enough."""
    if post.delivered > len(LATER_DELAYS_S):
        return None
    return LATER_DELAYS_S[post.delivered - 1]
