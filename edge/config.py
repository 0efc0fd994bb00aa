"""The daemon's settings, loaded by `shared.config_file`.

`proctor-edge check-config` reads a file exactly as `run` does. The defaults live here and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from models.chain import BestDevice
from models.manifest import Profile
from models.tasks import Task
from shared.config_file import FilePath, Section
from shared.errors import Corrupt
from shared.fields import Name
from shared.hub_address import HubUrl
from shared.ice import IceServer, IceServerSection
from shared.node_settings import LABEL
from shared.ports import LEAST_PORT
from shared.sealing import parse_signing_public
from shared.traces.section import TracesSection
from shared.web_server.connections import LOOPBACK, ConnectionsSection, Port, StatusSection, check_ports
from shared.web_server.tls_section import TlsSection, check_public_url

Origin = Annotated[str, Field(pattern=r"^https?://[^/\s]+$", max_length=200)]
LEVELS = ("L0", "L1", "L2", "L3", "L4")
UNRATED = 8
"""The most sessions of a host that was never measured and whose settings have no number."""
PORTS_PER_SESSION = 4
"""Two transports, twice while a page connects again."""


class CoordinatorSection(Section):
    """The coordinator that may command this node."""

    public_key: str
    """The coordinator's message-signing key, `ed25519:<base64>`; verifies commands and marks."""
    url: Annotated[str, Field(max_length=500)] | None = None
    """The coordinator's address, for a node that has joined: it renews its certificate there."""

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

    url: HubUrl
    """Address without user and password, such as `nats://127.0.0.1:4222`, or those of a cluster's servers,
    separated by commas. Those of other machines begin with tls://."""
    ca_file: FilePath | None = None
    """File of the CA that signed the hub's certificate; by default those that this machine trusts, or for a
    node that logs in with what it was given when it joined, the coordinator's."""
    user: Name | None = None
    """The node's user name at the hub: its node id. By default it logs in with what it was given when it
    joined."""
    password_file: FilePath | None = None
    """File whose first line is that user's password; only the daemon's user may read it."""

    @model_validator(mode="after")
    def _user_with_password(self) -> Self:
        if (self.user is None) is not (self.password_file is None):
            raise ValueError("give both user and password_file, or neither for a node that has joined")
        return self


class WebSection(Section):
    """The address where candidates' pages reach this node."""

    host: Name = LOOPBACK
    """Address to listen on."""
    port: Port = 8090
    """Port to listen on."""
    public_url: Origin = "http://127.0.0.1:8090"
    """Address that pages use (the proxy's, if there is one); base of the signaling and WHIP addresses."""
    allowed_origins: Annotated[tuple[Origin, ...], Field(max_length=32)] = ()
    """Origins whose pages may open a signaling socket."""
    tls: TlsSection | None = None
    """The certificate with which it speaks TLS 1.3 itself; without it a proxy in front does, or nobody."""
    connections: ConnectionsSection = ConnectionsSection()
    """How many connections may be open, and which proxies are trusted."""

    @model_validator(mode="after")
    def _pages_by_tls(self) -> Self:
        check_public_url(self.public_url, self.tls)
        return self


class AnalysisSection(Section):
    """What is analysed, and with which networks."""

    level: Literal["L0", "L1", "L2", "L3", "L4"] = "L1"
    """The best degradation level that this host can serve."""
    steps_down: bool = True
    """Whether an overloaded node takes lower levels by itself and comes back. False: always `level`."""
    profile: Profile = Profile.OPEN
    """Which licences of network weights are allowed."""
    best_device: BestDevice = BestDevice.CUDA
    """The best device that networks may use: tensorrt, cuda or cpu. A network that it cannot take, or that
    this installation has no runtime for, uses the next one. TensorRT takes minutes to start."""
    threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Networks that may run at the same time."""
    rating: Annotated[int, Field(ge=1, le=500)] | None = None
    """The most sessions of this host, if fewer than `proctor-edge bench` has measured; further ones are
    refused. Without it the measured rating counts, or 8 on a host that was not measured."""
    join_window_s: Annotated[float, Field(ge=60, le=14_400)] = 900
    """How long a session keeps its place here while its candidate's page is not connected."""
    weights: dict[Task, Annotated[str, Field(pattern=LABEL, max_length=130)]] = Field(default_factory=dict)
    """The network that is to serve a task, as name@version, such as `head-pose = "fsanet@688590"`. Other
    tasks, and one whose network is not here, have the best that is."""

    @property
    def level_number(self) -> int:
        """The level as a number, as in alerts."""
        return LEVELS.index(self.level)


class WorkersSection(Section):
    """Where sessions are watched."""

    count: Annotated[int, Field(ge=0, le=64)] = 0
    """Processes beside the node's own that watch sessions, each with its own networks; at most one per
    processor is of use. 0: sessions are watched in the node's own process."""


class MediaSection(Section):
    """How media arrive at this node."""

    ice_servers: Annotated[tuple[IceServerSection, ...], Field(max_length=2)] = ()
    """STUN and TURN servers. Empty on a local network; there is no default server."""
    announced_ip: Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+$", max_length=45)] | None = None
    """An extra address to offer, for example of a router that forwards to this host."""
    private_candidates: bool = True
    """Whether pages may be reached at private addresses, as in exam halls and campus networks. Switch it off
    on a node whose candidates all come over the internet or through TURN."""
    loopback_candidates: bool = False
    """Whether pages may be reached at this host's loopback addresses: for an installation on one machine."""

    first_port: Annotated[int, Field(ge=0, le=65_535)] = 0
    """The first UDP port for media; 0: the system chooses any. For firewalls that open only some ports."""
    last_port: Annotated[int, Field(ge=0, le=65_535)] = 0
    """The last UDP port for media, included."""
    ipv6: bool = True
    """Whether this host's IPv6 addresses are offered."""

    @model_validator(mode="after")
    def _range_of_ports(self) -> Self:
        if (self.first_port, self.last_port) != (
            0,
            0,
        ) and not LEAST_PORT <= self.first_port <= self.last_port:
            raise ValueError(f"first_port must be at least {LEAST_PORT} and at most last_port")
        return self

    def read_ice_servers(self) -> tuple[IceServer, ...]:
        """The servers with their passwords. Raises `ConfigError` when a password file cannot be used."""
        return tuple(server.read() for server in self.ice_servers)


class OutboxSection(Section):
    """How many alerts may wait for the hub, and when they are sent again."""

    max_alerts: Annotated[int, Field(ge=100_000, le=10_000_000)] = 200_000
    """The most alerts kept; at the limit technical ones are deleted first."""
    max_bytes: Annotated[int, Field(ge=2**28, le=2**40)] = 2**31
    """The most bytes of alerts kept; at the limit pictures are deleted first."""
    backlog_jitter_s: Annotated[float, Field(ge=0, le=180)] = 180
    """After an outage the backlog waits a random time up to this, so that nodes do not all send at once."""
    resend_after_s: Annotated[float, Field(ge=0.5, le=300)] = 10
    """An alert that the coordinator has not committed this long after the hub accepted it is sent again."""


class EdgeConfig(Section):
    """All settings of `proctor-edge run`."""

    region: Name
    """The region of this node, for the coordinator's routing."""
    data_folder: FilePath
    """Folder of the node's identity and outbox."""
    coordinator: CoordinatorSection
    nats: NatsSection
    web: WebSection = WebSection()
    status: StatusSection = StatusSection(port=8091)
    """Where health and metrics are served in full."""
    analysis: AnalysisSection = AnalysisSection()
    workers: WorkersSection = WorkersSection()
    media: MediaSection = MediaSection()
    outbox: OutboxSection = OutboxSection()
    traces: TracesSection = TracesSection()

    @property
    def room_for_media(self) -> int | None:
        """For how many sessions there are ports; None: for any number."""
        ports = self.media.last_port - self.media.first_port + 1
        return ports // PORTS_PER_SESSION if self.media.first_port else None

    def signaling_url(self, session: object = "{session_id}") -> str:
        """The WebSocket address of one session's signaling."""
        return f"{self.web.public_url.replace('http', 'ws', 1)}/signal/{session}"

    def whip_url(self, session: object) -> str:
        """The WHIP endpoint of one session."""
        return f"{self.web.public_url}/whip/{session}"

    @model_validator(mode="after")
    def _renewable(self) -> Self:
        if self.nats.user is None and self.coordinator.url is None:
            raise ValueError(
                "coordinator.url is needed, for a node that has joined renews its identity there"
            )
        return self

    @model_validator(mode="after")
    def _affordable(self) -> Self:
        if self.outbox.max_bytes < self.outbox.max_alerts * 1_000:
            raise ValueError("outbox.max_bytes must be at least 1,000 × outbox.max_alerts")
        check_ports(self.web.port, self.status.port)
        ports = self.media.last_port - self.media.first_port + 1
        if self.media.first_port and ports < PORTS_PER_SESSION * (self.analysis.rating or UNRATED):
            raise ValueError(
                "media.first_port to media.last_port must have at least 4 ports for each session of "
                "analysis.rating: two transports, twice while a page connects again"
            )
        return self
