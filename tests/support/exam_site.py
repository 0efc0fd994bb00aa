"""A whole coordinator in this process with one fake node beside it: real database, nats-server and keys."""

from __future__ import annotations

import asyncio
import base64
import io
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from PIL import Image

from coordinator.app import create_app
from coordinator.arriving import parked_service as parked
from coordinator.config import (
    CoordinatorConfig,
    DeliveriesSection,
    KeysSection,
    NatsSection,
    NodeSection,
    WebSection,
)
from coordinator.ground.own_keys import make_own_keys
from coordinator.sessions import sweeping
from coordinator.tenants.institutions import INSTALLATION_ID
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.web_api.health import create_status
from coordinator.web_api.parts import Parts
from shared.sealing import signing_public_text
from shared.tokens import Claims, Role, issue
from shared.web_server.connections import StatusSection
from tests.support.eventually import cancelled, until
from tests.support.fake_node import FakeNode, beat_until_known, fake_node
from tests.support.nats import RunningServer, nats_server
from tests.support.ports import reserved_port

AD_HOC = {"candidate_id": "CAND-1", "exam_id": "EXAM-1", "allow_unregistered": True}
"""A request for a session of an exam that nobody has made, as staff may send it."""
PUBLIC_URL = "http://127.0.0.1:8000"
ACKNOWLEDGED = {"text_version": "2026-11"}
"""What a candidate has acknowledged on a page of its institution."""
HEARD_EVERY_S = 0.5
A_DAY_S = 86_400.0
NODE_ID = uuid4()
NODE_KEY = Ed25519PrivateKey.generate()


@dataclass
class Site:
    """What a test works with."""

    app: FastAPI
    http: httpx.AsyncClient
    node: FakeNode
    stop_hub: Callable[[], None]
    home: UUID = DEFAULT_TENANT_ID
    """The institution whose people ask, unless a test says otherwise."""
    issues_utc: datetime | None = None
    """When tokens are issued; None: now. One issued after its key was retired is refused."""

    @property
    def status(self) -> httpx.AsyncClient:
        """What monitoring reaches: the status port."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(create_status(self.app, parked.notes)), base_url="http://status"
        )

    @property
    def parts(self) -> Parts:
        parts: Parts = self.app.state.parts
        return parts

    def token(
        self,
        role: Role = Role.ADMIN,
        subject: str = "someone",
        *,
        session_id: UUID | None = None,
        tenant_id: UUID | None = None,
        lifetime: timedelta = timedelta(minutes=10),
    ) -> str:
        home = INSTALLATION_ID if role is Role.OPERATOR else self.home
        claims = Claims(subject=subject, role=role, tenant_id=tenant_id or home, session_id=session_id)
        keys = self.parts.keys
        return issue(
            claims,
            keys.token,
            key_id=keys.token_key_id,
            now_utc=self.issues_utc or datetime.now(UTC),
            lifetime=lifetime,
        )

    def bearer(self, role: Role = Role.ADMIN, subject: str = "someone", **more: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, subject, **more)}"}

    def of(self, tenant_id: UUID) -> Site:
        """The same coordinator, asked by the people of another institution."""
        return replace(self, home=tenant_id)

    async def institution(self, name: str = "another institution") -> UUID:
        """A new institution beside the default one; its id."""
        made = await self.post("/tenants", {"name": name}, headers=self.bearer(Role.OPERATOR))
        assert made.status_code == 201, made.text
        return UUID(made.json()["tenant_id"])

    def at(self, now_utc: datetime) -> None:
        """Let the coordinator's decisions be made at another instant from now on."""
        self.parts.utc_now = lambda: now_utc

    def stop_clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on no rate fills, however long the test takes."""
        now = self.parts.clock()
        monkeypatch.setattr(Parts, "clock", lambda parts: now)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """POST under /api/v1, as an administrator unless `headers` say otherwise."""
        options.setdefault("headers", self.bearer())
        return await self.http.post(f"/api/v1{path}", json={} if body is None else body, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """GET under /api/v1, as an administrator unless `headers` say otherwise."""
        options.setdefault("headers", self.bearer())
        return await self.http.get(f"/api/v1{path}", **options)

    async def started(
        self, reference: str = "SESS-1", candidate: str = "CAND-1", **more: Any
    ) -> dict[str, Any]:
        """A running session whose candidate was informed elsewhere, whether or not exam and candidate are
        known; the answer of session/start."""
        named = {"exam_session_id": reference, "candidate_id": candidate, "exam_id": "EXAM-1"}
        given = {"acknowledged": ACKNOWLEDGED, "allow_unregistered": True}
        body: dict[str, Any] = {**named, **given, **more}
        response = await self.post("/session/start", body)
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer


Test = Callable[[Site], Awaitable[None]]
OnSite = Callable[[Test], None]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningServer]:
    """A nats-server that knows the fake node."""
    folder = tmp_path / "nats"
    folder.mkdir()
    with nats_server(folder, [NODE_ID]) as server:
        yield server


@pytest.fixture
def on_site(migrated_url: str, hub: RunningServer, tmp_path: Path) -> OnSite:
    """Runs an async test on a site of its own, on SQLite and then on PostgreSQL."""
    return lambda test: asyncio.run(_run(test, migrated_url, hub, tmp_path))


@pytest.fixture
def on_sqlite(migrated_sqlite: Path, hub: RunningServer, tmp_path: Path) -> OnSite:
    """The same on SQLite alone, for tests whose answers come before any database."""
    path = tmp_path / "coordinator.db"
    shutil.copyfile(migrated_sqlite, path)
    return lambda test: asyncio.run(_run(test, f"sqlite:///{path}", hub, tmp_path))


@pytest.fixture
def rounds_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """On sites of this test no round over the running sessions begins by itself, however long the test takes:
    the test runs them. What follows a node's start goes on."""
    monkeypatch.setattr(sweeping, "INTERVAL_S", A_DAY_S)


async def _run(test: Test, database_url: str, hub: RunningServer, folder: Path) -> None:
    async with asyncio.timeout(240), exam_site(database_url, hub, folder) as site:
        await test(site)


@asynccontextmanager
async def exam_site(
    database_url: str,
    hub: RunningServer,
    folder: Path,
    public_url: str = PUBLIC_URL,
    beside: tuple[NodeSection, ...] = (),
    sealing: Literal["x25519", "hybrid"] = "x25519",
    deliveries: DeliveriesSection | None = None,
) -> AsyncIterator[Site]:
    """The coordinator with its background work running and its node online. `beside`: more nodes that it
    accepts. `sealing`: what nodes seal to. `deliveries`: how institutions' systems are told."""
    config = site_config(database_url, hub, folder, public_url=public_url)
    sealed = KeysSection(sealing=sealing)
    config = config.model_copy(update={"nodes": (*config.nodes, *beside), "keys": sealed})
    if deliveries is not None:
        config = config.model_copy(update={"deliveries": deliveries})
    keys = make_own_keys(config.data_folder, None)
    app = create_app(config)
    async with fake_node(hub, NODE_ID, NODE_KEY) as node, app.router.lifespan_context(app):
        node.commander = keys.signing.public_key()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=public_url) as http:
            site = Site(app, http, node, hub.stop)
            await until(lambda: site.parts.hub.connected, "the coordinator connects to the hub")
            await beat_until_known(node, lambda: bool(site.parts.fleet.online(site.parts.clock())))
            heard = asyncio.create_task(stay_heard(site.parts, NODE_ID))
            try:
                yield site
            finally:
                await cancelled(heard)


async def stay_heard(parts: Parts, node_id: UUID) -> None:
    """Let a node's last heartbeat be as if just heard: on a busy machine a test takes longer than a node
    may be silent. The node says only what the test lets it say."""
    while True:
        await asyncio.sleep(HEARD_EVERY_S)
        if (last := parts.fleet.state(node_id)) is not None:
            parts.fleet._states[node_id] = replace(last, heard_at=parts.clock())


def site_config(database_url: str, hub: RunningServer, folder: Path, **web: Any) -> CoordinatorConfig:
    password = folder / "nats-password"
    password.touch(mode=0o600)
    password.write_text(hub.password)
    node = NodeSection(
        node_id=NODE_ID, region="campus", signing_key=signing_public_text(NODE_KEY.public_key())
    )
    return CoordinatorConfig(
        status=StatusSection(port=reserved_port()),
        data_folder=folder / "coordinator",
        database_url=database_url,
        nats=NatsSection(url=hub.url, user=hub.user, password_file=password, stream_max_bytes=16 * 2**20),
        web=WebSection(**{"public_url": PUBLIC_URL} | web),
        nodes=(node,),
    )


def picture_base64(width: int = 320, height: int = 240, shade: int = 120) -> str:
    """A plain grey JPEG in base64; what the fake node sees on it is the test's to say."""
    out = io.BytesIO()
    Image.new("L", (width, height), shade).save(out, "JPEG")
    return base64.b64encode(out.getvalue()).decode("ascii")


def enroll_body(*pictures: str, candidate: str = "CAND-1") -> dict[str, Any]:
    """A request to enroll."""
    images = [
        {
            "image_base64": picture,
            "capture_timestamp": "2025-12-12T10:30:00Z",
            "device_info": {"camera_resolution": "1920x1080", "browser": "Chrome/120.0", "os": "Windows 10"},
        }
        for picture in pictures or (picture_base64(),)
    ]
    return {
        "candidate_id": candidate,
        "exam_id": "EXAM-1",
        "images": images,
        "acknowledged": ACKNOWLEDGED,
        "metadata": {"enrollment_location": "home", "ip_address": "192.168.1.100"},
    }
