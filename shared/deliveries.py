"""The vocabulary of deliveries to an institution's own systems: what is told, and which details may leave."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class DestinationKind(StrEnum):
    """How a destination is reached."""

    WEBHOOK = "webhook"
    """POST over HTTPS, signed as Standard Webhooks says."""
    KAFKA = "kafka"
    """Records of a topic of the institution's Kafka cluster."""
    GRPC = "grpc"
    """The institution's program calls `proctor.deliveries.v1.Deliveries` and follows."""


SENT_TO: Final = frozenset({DestinationKind.WEBHOOK, DestinationKind.KAFKA})
"""To these the coordinator sends by itself; the others come and take."""


class DeliveryKind(StrEnum):
    """What is told; the `type` of its body."""

    ALERT_RAISED = "alert.raised"
    ALERT_CLEARED = "alert.cleared"
    """The same alert again, with its end; the higher revision counts."""
    VERDICT_GIVEN = "verdict.given"
    """People's decision on an incident, once it can no longer be undone."""
    VERDICT_WITHDRAWN = "verdict.withdrawn"
    """A decision was taken back; the incident is open again."""
    PERSON_ERASED = "person.erased"
    """A person was erased here: the receiver must erase what it got about this session. Told whatever the
    destination's filter says, to every destination that got something."""
    PERSON_CORRECTED = "person.corrected"
    """A person's candidate_id was corrected here. Told whatever the filter says, to every destination that
    gets candidate_ids and got something about this session."""
    SESSION_CORRECTED = "session.corrected"
    """A session's exam_session_id was corrected here. Told whatever the filter says, to every destination
    that got something about it."""


NOTICES: Final = frozenset(
    {DeliveryKind.PERSON_ERASED, DeliveryKind.PERSON_CORRECTED, DeliveryKind.SESSION_CORRECTED}
)
"""What is told whatever a destination wants; the names in it are kept until it is delivered, but no longer
than anything is told."""


class DeliveryDetail(StrEnum):
    """A part of a body that leaves only to destinations that ask for it."""

    EXPLANATION = "explanation"
    EVIDENCE = "evidence"
    """Values against thresholds, without any picture."""
    METADATA = "metadata"
    """Node, networks, device."""
    CANDIDATE = "candidate"
    """The institution's candidate_id."""
    PICTURE = "picture"
    """The small picture of the onset."""
    REVIEWER = "reviewer"
    """Who gave a verdict."""
    TEXT = "text"
    """The reviewer's words."""


USUAL_DETAILS: Final = (DeliveryDetail.EXPLANATION, DeliveryDetail.EVIDENCE, DeliveryDetail.METADATA)
"""What leaves unless a destination says otherwise: no pictures, no names."""
