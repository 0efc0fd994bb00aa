"""The daemon's settings, as `shared.config_file` loads them.

`proctor-edge check-config` reads a file exactly as `run` does. The defaults live here and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from models.manifest import Profile
from shared.config_file import FilePath, Section
from shared.errors import Corrupt
from shared.fields import Name
from shared.ice import IceServer, IceServerSection
from shared.sealing import parse_signing_public

Port = Annotated[int, Field(ge=1, le=65_535)]
Origin = Annotated[str, Field(pattern=r"^https?://[^/\s]+$", max_length=200)]
LEVELS = ("L0", "L1", "L2", "L3", "L4")


class CoordinatorSection(Section):
    """Who may command this node."""

    public_key: str
    """The coordinator's message-signing key, `ed25519:<base64>`; verifies commands and marks."""

    @field_validator("public_key")
    @classmethod
    def _is_a_key(cls, text: str) -> str:
        try:
            parse_signing_public(text)
        except Corrupt as error:
            raise ValueError(str(error)) from error
        return text


class NatsSection(Section):
    """The hub that carries alerts and commands."""

    url: Annotated[str, Field(pattern=r"^(nats|tls)://[^/\s@]+$", max_length=200)]
    """Address without user or password, such as `nats://127.0.0.1:4222`."""
    user: Name
    """The user the hub knows this node by: its node id."""
    password_file: FilePath
    """File whose first line is the password; readable by the daemon's user alone."""


class WebSection(Section):
    """Where candidates' pages reach this node."""

    host: Name = "127.0.0.1"
    """Address to listen on."""
    port: Port = 8090
    """Port to listen on."""
    public_url: Origin = "http://127.0.0.1:8090"
    """How pages reach it, through whatever stands in front; base of the signaling and WHIP addresses."""
    allowed_origins: Annotated[tuple[Origin, ...], Field(max_length=32)] = ()
    """Origins whose pages may open a signaling socket."""


class AnalysisSection(Section):
    """How much is looked at, with what."""

    level: Literal["L0", "L1", "L2", "L3", "L4"] = "L1"
    """The best level of the degradation ladder this host is meant for."""
    profile: Profile = Profile.OPEN
    """Which licences of network weights may be used."""
    threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Networks that may run at the same moment."""
    rating: Annotated[int, Field(ge=1, le=500)] = 8
    """Sessions this host takes; above it, admission refuses."""

    @property
    def level_number(self) -> int:
        """The level as the number that stands on alerts."""
        return LEVELS.index(self.level)


class MediaSection(Section):
    """How media reach this node."""

    ice_servers: Annotated[tuple[IceServerSection, ...], Field(max_length=2)] = ()
    """Empty on a local network; no server is ever assumed."""
    announced_ip: Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+$", max_length=45)] | None = None
    """Address to offer besides the host's own, where a router forwards to it."""

    def read_ice_servers(self) -> tuple[IceServer, ...]:
        """The servers with their passwords. Raises `ConfigError` when a file of one cannot be used."""
        return tuple(server.read() for server in self.ice_servers)


class OutboxSection(Section):
    """How much waits for the hub, and how it is sent again."""

    max_alerts: Annotated[int, Field(ge=100_000, le=10_000_000)] = 200_000
    """Alerts kept at most; at the cap technical ones go first."""
    max_bytes: Annotated[int, Field(ge=2**28, le=2**40)] = 2**31
    """Bytes of alerts kept at most; at the cap pictures go first."""
    backlog_jitter_s: Annotated[float, Field(ge=0, le=180)] = 180
    """After an outage the backlog waits a random time up to this, so that a fleet does not return at once."""
    resend_after_s: Annotated[float, Field(ge=0.5, le=300)] = 10
    """An alert the coordinator has not committed this long after the hub took it is sent again."""


class EdgeConfig(Section):
    """Everything `proctor-edge run` is told."""

    region: Name
    """Where this node stands, as the coordinator's routing knows it."""
    data_folder: FilePath
    """Identity and outbox live here."""
    coordinator: CoordinatorSection
    nats: NatsSection
    web: WebSection = WebSection()
    analysis: AnalysisSection = AnalysisSection()
    media: MediaSection = MediaSection()
    outbox: OutboxSection = OutboxSection()

    def signaling_url(self, session: object = "{session_id}") -> str:
        """The WebSocket address of one session's signaling."""
        return f"{self.web.public_url.replace('http', 'ws', 1)}/signal/{session}"

    def whip_url(self, session: object) -> str:
        """The WHIP endpoint of one session."""
        return f"{self.web.public_url}/whip/{session}"

    @model_validator(mode="after")
    def _affordable(self) -> Self:
        if self.outbox.max_bytes < self.outbox.max_alerts * 1_000:
            raise ValueError("outbox.max_bytes leaves less than 1,000 bytes for each of outbox.max_alerts")
        return self
