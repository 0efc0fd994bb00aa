"""The coordinator's settings, as `shared.config_file` loads them.

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

Secrets come from files and the environment, never from here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from shared.config_file import FilePath, Section
from shared.errors import Corrupt
from shared.fields import Name
from shared.ice import IceServer, IceServerSection
from shared.sealing import parse_signing_public
from shared.secret_file import read_secret
from shared.tokens import Role
from shared.web_server.connections import LOOPBACK, ConnectionsSection, Port, StatusSection, check_ports


def _web_url(text: str) -> str:
    if not text.startswith(("http://", "https://")) or text.endswith("/"):
        raise ValueError("must begin with http:// or https:// and not end with /")
    return text


def _signing_key(text: str) -> str:
    try:
        parse_signing_public(text)
    except Corrupt as error:
        raise ValueError(str(error)) from error
    return text


def _database_url(text: str) -> str:
    if not text.startswith(("sqlite:////", "postgresql+psycopg://")):
        raise ValueError("must begin with sqlite://// (an absolute path) or postgresql+psycopg://")
    parts = urlsplit(text)
    if parts.password is not None or "password=" in parts.query:
        raise ValueError(
            "a password may not stand here: write it into a PostgreSQL password file of mode 600 and name "
            "that file at the end of the URL as ?passfile=/its/path"
        )
    return text


def _issuer_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1"):
        return text
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.fragment:
        raise ValueError("must begin with https:// and hold neither credentials nor a fragment")
    return text


IssuerUrl = Annotated[str, Field(max_length=500), AfterValidator(_issuer_url)]
WebUrl = Annotated[str, Field(max_length=500), AfterValidator(_web_url)]


class KeysSection(Section):
    """Where the master key is."""

    master_key_file: FilePath | None = None
    """File of mode 0600 with the master key; left out: `master.key` in the data folder, unless the
    environment gives the key as PROCTOR_MASTER_KEY."""


class NatsSection(Section):
    """The hub that edge nodes are reached through."""

    url: Annotated[str, Field(pattern=r"^(nats|tls)://[^\s@]+$", max_length=500)] = "nats://127.0.0.1:4222"
    """Without credentials."""
    user: Name = "coordinator"
    """User name at the hub."""
    password_file: FilePath | None = None
    """File whose first line is that user's password, readable by the coordinator's user alone; left out: none
    is sent."""
    stream_max_bytes: Annotated[int, Field(ge=16 * 2**20, le=2**50)] = 2**30
    """The stream of alerts drops its oldest beyond this; the nodes' outboxes send again what was lost."""
    stream_max_age_hours: Annotated[int, Field(ge=2, le=8_760)] = 168
    """… and whatever is older."""

    def read_password(self) -> str | None:
        """The password, if one is set. Raises `ConfigError` when its file cannot be used."""
        return None if self.password_file is None else read_secret(self.password_file)


class WebSection(Section):
    """The REST API, sockets and pages."""

    host: Name = LOOPBACK
    """Address to listen on."""
    port: Port = 8_000
    """Port to listen on."""
    public_url: WebUrl = "http://127.0.0.1:8000"
    """How browsers and services reach the coordinator."""
    allowed_origins: Annotated[tuple[WebUrl, ...], Field(max_length=50)] = ()
    """Origins of other pages that may call the API and open sockets; the public one always may."""
    connections: ConnectionsSection = ConnectionsSection()
    """How many are open at once, and which proxies are believed."""


class IceSection(Section):
    """How candidates' browsers find a way to the edge."""

    servers: Annotated[tuple[IceServerSection, ...], Field(max_length=10)] = ()
    """STUN and TURN servers handed to them."""

    def read_servers(self) -> tuple[IceServer, ...]:
        """The servers with their passwords. Raises `ConfigError` when a file of one cannot be used."""
        return tuple(server.read() for server in self.servers)


class IssuerSection(Section):
    """An OpenID Connect issuer whose tokens are good here, beside our own."""

    issuer: IssuerUrl
    """Its `iss`, exactly."""
    jwks_url: IssuerUrl
    """Where its keys are; https, or http on this machine itself."""
    audience: Name
    """The `aud` that its tokens for this coordinator carry."""
    algorithms: Annotated[frozenset[Literal["RS256", "EdDSA"]], Field(min_length=1)]
    """What it signs with; nothing else is accepted."""
    role_claim: Name = "roles"
    """The claim that names what a bearer may do: a word or a list of words."""
    roles: Annotated[dict[Name, Role], Field(min_length=1, max_length=50)]
    """Our role for each word; of several the first one written here counts."""
    tenant: UUID | None = None
    """The institution all of its bearers belong to …"""
    tenant_claim: Name | None = None
    """… or the claim that names it,"""
    tenants: Annotated[dict[Name, UUID], Field(max_length=1_000)] = {}
    """and the institution of each word there."""

    @model_validator(mode="after")
    def _one_way_to_a_tenant(self) -> Self:
        if (self.tenant is None) is (self.tenant_claim is None):
            raise ValueError("either tenant or tenant_claim must be given")
        if self.tenant_claim is not None and not self.tenants:
            raise ValueError("tenants: the words of tenant_claim need their institutions")
        return self


class FacesSection(Section):
    """How long faces count, and whether they are searched for."""

    valid_days: Annotated[int, Field(ge=1, le=3_650)] = 365
    """An enrollment counts for so long: faces change. The candidate then enrolls again."""
    impersonation_search: bool = False
    """Whether an administrator may search one candidate's face among all others (1:N). A purpose of its own:
    switch it on only where the institution has a lawful basis for it."""


class NodeSection(Section):
    """One edge node that may speak."""

    node_id: UUID
    """As `proctor-edge identity` prints it."""
    region: Name
    """Where it stands."""
    signing_key: Annotated[str, AfterValidator(_signing_key)]
    """`ed25519:…`, printed beside it."""


class CoordinatorConfig(Section):
    """Everything that can be set."""

    data_folder: FilePath
    """Folder of the keys and, by default, the database."""
    database_url: Annotated[str, AfterValidator(_database_url)] | None = None
    """SQLAlchemy URL without a password, which stands in a PostgreSQL password file (`?passfile=/its/path`);
    left out: `coordinator.db` in the data folder."""
    keys: KeysSection = KeysSection()
    nats: NatsSection = NatsSection()
    web: WebSection = WebSection()
    status: StatusSection = StatusSection(port=8_001)
    """Where health and metrics are told in full."""
    ice: IceSection = IceSection()
    issuers: Annotated[tuple[IssuerSection, ...], Field(max_length=10)] = ()
    """Whose tokens are good here beside our own."""
    faces: FacesSection = FacesSection()
    nodes: Annotated[tuple[NodeSection, ...], Field(max_length=1_000)] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({node.node_id for node in self.nodes}) != len(self.nodes):
            raise ValueError("nodes: a node_id stands twice")
        if len({section.issuer for section in self.issuers}) != len(self.issuers):
            raise ValueError("issuers: an issuer stands twice")
        check_ports(self.web.port, self.status.port)
        return self

    @property
    def database(self) -> str:
        """The database's URL in force."""
        return self.database_url or f"sqlite:///{self.data_folder / 'coordinator.db'}"

    @property
    def master_key_path(self) -> Path:
        """The master key's file in force."""
        return self.keys.master_key_file or self.data_folder / "master.key"
