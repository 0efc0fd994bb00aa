"""A whole fleet of programs: coordinators on one PostgreSQL, a hub, nodes with simulated pages, and what can
happen to each of them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from coordinator import serving
from coordinator.config import CoordinatorConfig, NodeSection
from coordinator.ground.own_keys import OwnKeys, make_own_keys
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from edge.config import EdgeConfig
from edge.node_identity import Identity
from shared.sealing import signing_public_text
from shared.tokens import Claims, Role, issue
from tests.support.cut_link import CutLink, socket_link, tcp_link
from tests.support.edge_daemon import made_identity
from tests.support.eventually import cancelled
from tests.support.exam_site import ACKNOWLEDGED, site_config
from tests.support.faults import Fault, Kind
from tests.support.fleet_node import SIMULATED, serve as serve_simulated
from tests.support.fleet_pages import Air, Page
from tests.support.forks import FORKS
from tests.support.mortal import Mortal
from tests.support.nats import RunningServer, nats_server, node_password
from tests.support.ports import reserved_port
from tests.support.postgres import database_url

NODES: Final = 3
COORDINATORS: Final = 2
ASKED_S: Final = 15.0
TENDED_EVERY_S: Final = 0.5
AGAIN: Final = frozenset({429, 500, 502, 503})
SOCKET: Final = ".s.PGSQL.5432"
POLICY: Final[Mapping[str, Any]] = {
    "rules": {"FACE_NOT_FOUND": {"hold_s": 1, "clear_s": 0.8}},
    "features": {"audio_monitoring": False, "face_verification": False},
}
PROGRAM: Final = (Kind.KILL, Kind.FREEZE)
LINK: Final = (Kind.CUT,)

Act = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault can strike: how each kind begins, and how it ends."""

    acts: Mapping[Kind, tuple[Act, Act]]
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    tend: Act | None = None
    """Begins a program again that has ended by itself."""


@dataclass
class Fleet:
    """What a test works with."""

    places: dict[str, Place]
    nodes: dict[str, Path]
    """Folders by node id."""
    coordinators: tuple[str, ...]
    """Their addresses."""
    http: httpx.AsyncClient
    air: Air
    pages: dict[str, Page] = field(default_factory=dict)
    """By exam_session_id."""
    answers: Counter[int] = field(default_factory=Counter)
    """Of pages' questions for their nodes, by status; 0: nobody answered."""

    async def suffer(self, faults: Sequence[Fault], say: Callable[[str], None]) -> None:
        """All these faults, each at its time."""
        began_at = asyncio.get_running_loop().time()
        tending = asyncio.create_task(self._tend())
        async with asyncio.TaskGroup() as tasks:
            for fault in faults:
                late_s = began_at + fault.begins_s - asyncio.get_running_loop().time()
                await asyncio.sleep(max(0.0, late_s))
                say(str(fault))
                tasks.create_task(self._strike(fault))
        await cancelled(tending)
        for place in self.places.values():
            if place.tend is not None:
                await asyncio.to_thread(place.tend)

    async def _tend(self) -> None:
        while True:
            for place in self.places.values():
                if place.tend is not None and not place.busy.locked():
                    async with place.busy:
                        await asyncio.to_thread(place.tend)
            await asyncio.sleep(TENDED_EVERY_S)

    async def _strike(self, fault: Fault) -> None:
        place = self.places[fault.place]
        begin, end = place.acts[fault.kind]
        async with place.busy:
            await _done(fault.kind, begin)
            await asyncio.sleep(fault.lasts_s)
            await _done(fault.kind, end)

    async def ask(self, method: str, path: str, token: str | None = None, body: Any = None) -> httpx.Response:
        """Ask the coordinators, one after the other, until one answers. Raises `httpx.HTTPError`."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        error: httpx.HTTPError = httpx.HTTPError("there are no coordinators")
        for url in random.sample(self.coordinators, len(self.coordinators)):
            try:
                return await self.http.request(method, f"{url}/api/v1{path}", headers=headers, json=body)
            except httpx.HTTPError as gone:
                error = gone
        raise error

    async def told(self, method: str, path: str) -> dict[str, Any]:
        """The answer of a coordinator, however long none of them gives one."""
        while True:
            try:
                answer = await self.ask(method, path)
            except httpx.HTTPError:
                continue
            if answer.is_success:
                body: dict[str, Any] = answer.json()
                return body
            assert answer.status_code in AGAIN, answer.text
            await asyncio.sleep(1.0)

    async def sit(self, number: int) -> None:
        """A candidate begins its exam, and its page goes on for as long as it can."""
        name = f"SESS-{number}"
        body = {
            "exam_session_id": name,
            "candidate_id": f"{SIMULATED}{number}",
            "exam_id": "EXAM-1",
            "acknowledged": ACKNOWLEDGED,
            "allow_unregistered": True,
            "policy": POLICY,
        }
        answer = await self.ask("POST", "/session/start", body=body)
        assert answer.status_code == 201, answer.text
        given = answer.json()
        token = given["session_token"]

        async def ask_route(failed: int) -> str | None:
            try:
                route = await self.ask("GET", f"/session/{name}/route?failed={failed}", token)
            except httpx.HTTPError:
                self.answers[0] += 1
                return None
            self.answers[route.status_code] += 1
            url: str | None = route.json().get("signaling_url") if route.is_success else None
            return url

        self.pages[name] = Page(number, given["signaling_url"], token, self.air, ask_route)


@asynccontextmanager
async def fleet(
    folder: Path, postgres: Path, database: str, serve: Callable[[EdgeConfig], None] = serve_simulated
) -> AsyncIterator[Fleet]:
    """`postgres`: the socket folder of a server with this migrated database; `serve`: a node's program."""
    FORKS.set_forkserver_preload(["coordinator.serving", "tests.support.fleet_node"])
    identities = [made_identity(folder / f"node{number}") for number in range(NODES)]
    (hub_folder := folder / "nats").mkdir()
    async with AsyncExitStack() as stack:
        hub = stack.enter_context(nats_server(hub_folder, [one.node_id for one in identities]))
        places = {"hub": Place({Kind.KILL: (hub.kill, hub.start), Kind.FREEZE: (hub.freeze, hub.thaw)})}
        site = _Site(folder, hub, identities, postgres, database, serve, stack, places, Air())
        coordinators = [await site.coordinator(number) for number in range(COORDINATORS)]
        for number, identity in enumerate(identities):
            await site.node(number, identity)
        loop = asyncio.get_running_loop()
        air, _ = await loop.create_datagram_endpoint(lambda: site.air, local_addr=("127.0.0.1", 0))
        stack.callback(air.close)
        http = await stack.enter_async_context(
            httpx.AsyncClient(timeout=ASKED_S, headers={"Authorization": f"Bearer {site.staff()}"})
        )
        nodes = {str(one.node_id): folder / f"node{number}" for number, one in enumerate(identities)}
        yield Fleet(places, nodes, tuple(coordinators), http, site.air)


@dataclass
class _Site:
    """Starts the programs."""

    folder: Path
    hub: RunningServer
    identities: Sequence[Identity]
    postgres: Path
    database: str
    serve: Callable[[EdgeConfig], None]
    stack: AsyncExitStack
    places: dict[str, Place]
    air: Air
    keys: OwnKeys | None = None

    async def coordinator(self, number: int) -> str:
        """One coordinator, with links to the hub and the database that can be cut; its address."""
        way = self.folder / f"way{number}"
        way.mkdir()
        to_database = await self.stack.enter_async_context(socket_link(way / SOCKET, self.postgres / SOCKET))
        to_hub, hub_url = await self._hub_link()
        own: CoordinatorConfig = site_config(
            database_url(way, self.database), self.hub, self.folder, port=reserved_port()
        )
        sections = tuple(
            NodeSection(node_id=one.node_id, region="test", signing_key=one.signing_public)
            for one in self.identities
        )
        nats = own.nats.model_copy(update={"url": hub_url})
        own = own.model_copy(update={"nodes": sections, "nats": nats})
        if self.keys is None:
            self.keys = make_own_keys(own.data_folder, None)
        name = f"coordinator{number}"
        await self._program(name, Mortal(own.web.port, self.folder / f"{name}.log", serving.run, own))
        self.places[f"{name}-hub"] = _cuttable(to_hub)
        self.places[f"{name}-database"] = _cuttable(to_database)
        return f"http://127.0.0.1:{own.web.port}"

    async def node(self, number: int, identity: Identity) -> None:
        """One node, with a link to the hub that can be cut, and a way to its pages."""
        assert self.keys is not None
        folder, port = self.folder / f"node{number}", reserved_port()
        to_hub, hub_url = await self._hub_link()
        password = folder / "password"
        password.touch(mode=0o600)
        password.write_text(node_password(identity.node_id))
        config = EdgeConfig.model_validate(
            {
                "region": "test",
                "data_folder": folder,
                "coordinator": {"public_key": signing_public_text(self.keys.signing.public_key())},
                "nats": {"url": hub_url, "user": str(identity.node_id), "password_file": password},
                "web": {"port": port, "public_url": f"http://127.0.0.1:{port}"},
                "status": {"port": reserved_port()},
                "outbox": {"backlog_jitter_s": 0, "resend_after_s": 2},
                "analysis": {"rating": 40, "steps_down": False},
            }
        )
        name = f"node{number}"
        await self._program(name, Mortal(port, folder / "edge.log", self.serve, config))
        self.places[f"{name}-hub"] = _cuttable(to_hub)
        cut = self.air.cut
        self.places[f"{name}-pages"] = Place({Kind.CUT: (lambda: cut.add(port), lambda: cut.discard(port))})

    async def _program(self, name: str, program: Mortal) -> None:
        await asyncio.to_thread(program.start)
        self.stack.callback(program.kill)
        self.places[name] = Place(
            {Kind.KILL: (program.kill, program.start), Kind.FREEZE: (program.freeze, program.thaw)},
            tend=program.tend,
        )

    async def _hub_link(self) -> tuple[CutLink, str]:
        port = reserved_port()
        link = await self.stack.enter_async_context(tcp_link(port, self.hub.port))
        return link, f"nats://127.0.0.1:{port}"

    def staff(self) -> str:
        """A token of an administrator."""
        assert self.keys is not None
        who = Claims(subject="platform", role=Role.ADMIN, tenant_id=DEFAULT_TENANT_ID)
        hours = timedelta(hours=2)
        now = datetime.now(UTC)
        return issue(who, self.keys.token, key_id=self.keys.token_key_id, now_utc=now, lifetime=hours)


async def _done(kind: Kind, act: Act) -> None:
    if kind is Kind.CUT:
        act()
    else:
        await asyncio.to_thread(act)  # a program takes its time to come and go


def _cuttable(link: CutLink) -> Place:
    return Place({Kind.CUT: (link.cut, link.mend)})
