"""The coordinator's settings, loaded by `shared.config_file`.

    data_folder = "/var/lib/proctor/coordinator"
    [nats]
    url = "nats://127.0.0.1:4222"
    password_file = "/etc/proctor/nats-coordinator"
    [web]
    public_url = "https://proctor.example.org"
    [[nodes]]
    node_id = "…"
    region = "campus"
    signing_key = "ed25519:…"

Secrets come from files or the environment, never from this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from coordinator.rollouts_section import RolloutsSection
from coordinator.setting_types import (
    AddressPrefix,
    Argument,
    DatabaseUrl,
    IssuerUrl,
    SigningKey,
    WebUrl,
)
from coordinator.storing_sections import AuditSection, BackupSection
from shared.config_file import FilePath, Section
from shared.fields import Name
from shared.hub_address import HubUrl
from shared.ice import IceServer, IceServerSection
from shared.secret_file import read_secret
from shared.tokens import Role
from shared.traces.section import TracesSection
from shared.web_server.connections import LOOPBACK, ConnectionsSection, Port, StatusSection, check_ports
from shared.web_server.tls_section import TlsSection, check_public_url


class KeysSection(Section):
    """Where the master key is: in PROCTOR_MASTER_KEY of the environment, else printed by a command, else in a
    file."""

    master_key_file: FilePath | None = None
    """File of mode 0600 with the master key; by default `master.key` in the data folder."""
    master_key_command: Annotated[tuple[Argument, ...], Field(max_length=50)] = ()
    """Program and arguments that print the master key in base64, as by asking a key service; run without a
    shell, once at each start, for at most 30 s."""
    sealing: Literal["x25519", "hybrid"] = "x25519"
    """What nodes seal to: X25519, or with it ML-KEM-768 against future quantum computers. Nodes of
    an earlier release go on with X25519, and what was sealed to either stays openable."""


class NatsSection(Section):
    """The hub that connects the edge nodes."""

    url: HubUrl = "nats://127.0.0.1:4222"
    """The hub's address without credentials, or those of a cluster's servers, separated by commas. Those of
    other machines begin with tls://."""
    nodes_url: HubUrl | None = None
    """The address by which nodes that join reach the hub; by default `url`."""
    ca_file: FilePath | None = None
    """File of the CA that signed the hub's certificate; by default those that this machine trusts, or with
    login = "identity" this coordinator's own."""
    login: Literal["password", "identity"] = "password"
    """How coordinator and nodes log in: with the users of the hub's own configuration, or with identities
    that this coordinator signs, at a hub that has the output of `proctor-coordinator hub-settings`."""
    user: Name = "coordinator"
    """User name at the hub, if it has users."""
    password_file: FilePath | None = None
    """File with that user's password in its first line, readable only by the coordinator's user; by default
    no password is sent."""
    stream_max_bytes: Annotated[int, Field(ge=16 * 2**20, le=2**50)] = 2**30
    """Above this the stream of alerts drops its oldest; the nodes' outboxes send lost alerts again."""
    stream_max_age_hours: Annotated[int, Field(ge=2, le=8_760)] = 168
    """Older alerts are dropped from the stream."""
    stream_replicas: Literal[1, 3, 5] | None = None
    """Servers of the hub's cluster that keep a copy of the stream; by default 3, or 1 if the hub is a single
    server."""
    stream_placement_tags: Annotated[tuple[Name, ...], Field(max_length=10)] = ()
    """Tags (`server_tags`) that a server must have to keep a copy."""

    @property
    def url_of_nodes(self) -> str:
        """The hub's address for nodes in force."""
        return self.nodes_url or self.url

    def read_password(self) -> str | None:
        """The password, if one is set. Raises `ConfigError` if its file cannot be used."""
        return None if self.password_file is None else read_secret(self.password_file)


class WebSection(Section):
    """The REST API, sockets and pages."""

    host: Name = LOOPBACK
    """Address to listen on."""
    port: Port = 8_000
    """Port to listen on."""
    public_url: WebUrl = "http://127.0.0.1:8000"
    """The URL by which browsers and services reach the coordinator."""
    allowed_origins: Annotated[tuple[WebUrl, ...], Field(max_length=50)] = ()
    """Origins of other pages that may call the API and open sockets; that of `public_url` always may."""
    tls: TlsSection | None = None
    """The certificate with which it speaks TLS 1.3 itself; without it a proxy in front does, or nobody."""
    connections: ConnectionsSection = ConnectionsSection()
    """How many connections may be open, and which proxies are trusted."""

    @model_validator(mode="after")
    def _pages_by_tls(self) -> Self:
        check_public_url(self.public_url, self.tls)
        return self


class IceSection(Section):
    """How candidates' browsers connect to the edge."""

    servers: Annotated[tuple[IceServerSection, ...], Field(max_length=10)] = ()
    """STUN and TURN servers given to them."""

    def read_servers(self) -> tuple[IceServer, ...]:
        """The servers with their passwords. Raises `ConfigError` if a password file cannot be used."""
        return tuple(server.read() for server in self.servers)


class IssuerSection(Section):
    """An OpenID Connect issuer whose tokens are accepted in addition to our own."""

    issuer: IssuerUrl
    """Its `iss`, exactly."""
    jwks_url: IssuerUrl
    """The URL of its keys; https, or http on this machine."""
    audience: Name
    """The `aud` of its tokens for this coordinator."""
    algorithms: Annotated[frozenset[Literal["RS256", "EdDSA"]], Field(min_length=1)]
    """The algorithms it signs with; no others are accepted."""
    role_claim: Name = "roles"
    """The claim with the bearer's permissions: a word or a list of words."""
    roles: Annotated[dict[Name, Role], Field(min_length=1, max_length=50)]
    """Our role for each word; if several match, the first one listed here applies. An operator belongs to no
    institution."""
    tenant: UUID | None = None
    """The institution of all its bearers …"""
    tenant_claim: Name | None = None
    """… or the claim that names the institution,"""
    tenants: Annotated[dict[Name, UUID], Field(max_length=1_000)] = {}
    """and the institution for each value of that claim; a token with any other value is refused."""

    @model_validator(mode="after")
    def _one_way_to_a_tenant(self) -> Self:
        if (self.tenant is None) is (self.tenant_claim is None):
            raise ValueError("either tenant or tenant_claim must be given")
        if self.tenant_claim is not None and not self.tenants:
            raise ValueError("tenants: give the institution for each value of tenant_claim")
        return self


class FacesSection(Section):
    """How long enrollments are valid, and whether faces may be searched."""

    valid_days: Annotated[int, Field(ge=1, le=3_650)] = 365
    """How long an enrollment is valid, because faces change. Then the candidate enrolls again."""
    impersonation_search: bool = False
    """Whether an administrator may compare one candidate's face with all others (1:N). This is a separate
    purpose: switch it on only if the institution has a lawful basis for it."""


class GrpcSection(Section):
    """The port where programs of institutions follow what is told."""

    host: Name = LOOPBACK
    """Address to listen on."""
    port: Port = 8_002
    """Port to listen on."""
    tls: TlsSection
    """The server's certificate; those of the programs are entered with `proctorctl destinations create`."""


class DeliveriesSection(Section):
    """Deliveries to institutions' own systems."""

    loopback: bool = False
    """Whether destinations may be on this machine, also with http://, for trying things out. Any
    administrator of an institution can then reach what listens here: not for production."""
    kafka: bool = False
    """Whether destinations may be Kafka clusters. Addresses of brokers are checked as those of webhooks, but
    the Kafka library then resolves the names anew by itself: where a name must not lead inside even for a
    moment, let a firewall see to it."""
    grpc: GrpcSection | None = None
    """Programs of institutions can follow if this is set."""


class PrivacySection(Section):
    """Erasure of persons."""

    erasure_journal: FilePath | None = None
    """File to which every erasure is written, by random ids alone. Keep it outside of the backups of the
    database: a database that was restored from one erases at its start again who is in the file. Each of
    several coordinators has a file of its own, and keeps it complete."""


class NodeSection(Section):
    """One known edge node."""

    node_id: UUID
    """As `proctor-edge identity` prints it."""
    region: Name
    """The region of the node."""
    signing_key: SigningKey
    """`ed25519:…`, printed by the same command."""


class RegionSection(Section):
    """Where candidates with some addresses are: nodes of that region get their sessions first."""

    prefix: AddressPrefix
    """Addresses, such as `10.7.0.0/16`; the longest prefix that contains an address counts."""
    region: Name
    """A region of nodes."""


class CoordinatorConfig(Section):
    """All settings."""

    data_folder: FilePath
    """Folder for the keys and, by default, the database."""
    database_url: DatabaseUrl | None = None
    """SQLAlchemy URL without a password; the password is in a PostgreSQL password file
    (`?passfile=/its/path`). By default `coordinator.db` in the data folder."""
    keys: KeysSection = KeysSection()
    nats: NatsSection = NatsSection()
    web: WebSection = WebSection()
    status: StatusSection = StatusSection(port=8_001)
    """Where health and metrics are served in full."""
    ice: IceSection = IceSection()
    issuers: Annotated[tuple[IssuerSection, ...], Field(max_length=10)] = ()
    """Issuers whose tokens are accepted in addition to our own."""
    faces: FacesSection = FacesSection()
    deliveries: DeliveriesSection = DeliveriesSection()
    privacy: PrivacySection = PrivacySection()
    audit: AuditSection = AuditSection()
    rollouts: RolloutsSection = RolloutsSection()
    """How new versions of networks are tried."""
    backup: BackupSection | None = None
    """Backups are made by themselves if this is set."""
    traces: TracesSection = TracesSection()
    nodes: Annotated[tuple[NodeSection, ...], Field(max_length=1_000)] = ()
    regions: Annotated[tuple[RegionSection, ...], Field(max_length=1_000)] = ()
    """By candidates' addresses; a request that names a region does not need them."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({node.node_id for node in self.nodes}) != len(self.nodes):
            raise ValueError("nodes: a node_id is listed twice")
        if len({section.issuer for section in self.issuers}) != len(self.issuers):
            raise ValueError("issuers: an issuer is listed twice")
        if len({section.prefix for section in self.regions}) != len(self.regions):
            raise ValueError("regions: a prefix is listed twice")
        check_ports(self.web.port, self.status.port)
        grpc = self.deliveries.grpc
        if grpc is not None and grpc.port in (self.web.port, self.status.port):
            raise ValueError("deliveries.grpc.port must differ from the other ports")
        return self

    @property
    def database(self) -> str:
        """The database's URL in force."""
        return self.database_url or f"sqlite:///{self.data_folder / 'coordinator.db'}"

    @property
    def master_key_path(self) -> Path:
        """The master key's file in force."""
        return self.keys.master_key_file or self.data_folder / "master.key"

    @property
    def sqlite_file(self) -> Path | None:
        """The database's file; None if it is in PostgreSQL."""
        text = self.database
        return Path(text.removeprefix("sqlite:///")) if text.startswith("sqlite") else None
