"""Kafka topics and programs that follow, over REST and with `proctorctl`."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import grpc
import pytest

from coordinator.config import DeliveriesSection, GrpcSection
from coordinator.following import serving
from shared.events.types import EventType
from shared.secret_file import replace_private
from shared.tokens import Role
from shared.web_server.tls_section import TlsSection
from tests.support.eventually import until
from tests.support.exam_site import OnSite, Site, exam_site
from tests.support.findings import found
from tests.support.follower import desk_at, office
from tests.support.kafka_cluster import kafka_cluster
from tests.support.nats import RunningServer
from tests.support.own_certificates import own_certificate
from tests.support.ports import reserved_port
from tests.support.reviewers import code
from tests.support.served_site import served
from tests.support.shell import Shell
from tests.support.sink import sink

PEM: Final = own_certificate().certificate
SERVED: Final = GrpcSection(tls=TlsSection(certificate_file=Path("/no.pem"), key_file=Path("/no.key")))
ALL_KINDS: Final = DeliveriesSection(loopback=True, kafka=True, grpc=SERVED)
TOPIC: Final = {"servers": ["k1.example.org:9093"], "topic": "exams"}


def allow(site: Site, section: DeliveriesSection = ALL_KINDS) -> None:
    """As the settings have it."""
    site.parts.config = site.parts.config.model_copy(update={"deliveries": section})


def path_of(refused: Any) -> str:
    return str(refused.json()["errors"][0]["path"])


def test_what_the_settings_do_not_allow_cannot_be_made(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        for how, why in (({"kafka": TOPIC}, "kafka-off"), ({"grpc": {"certificate": PEM}}, "grpc-off")):
            assert code(await site.post("/destinations", {"name": "lake", **how})) == (409, why)
        allow(site, DeliveriesSection(kafka=True))
        for server in ("10.0.0.7:9093", "127.0.0.1:9093", "[fd00:ec2::254]:9093"):
            refused = await site.post(
                "/destinations", {"name": "lake", "kafka": TOPIC | {"servers": [server]}}
            )
            assert (code(refused), path_of(refused)) == ((422, "invalid-request"), "body.kafka.servers")
        clear = {"name": "lake", "kafka": TOPIC | {"tls": False}}
        assert code(await site.post("/destinations", clear)) == (422, "invalid-request")
        assert (await site.get("/destinations")).json() == []

    on_sqlite(test)


def test_what_makes_no_sense_is_refused_when_it_is_entered(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        allow(site)
        grpc = {"certificate": PEM}
        for how in (
            {},
            {"kafka": TOPIC, "grpc": grpc},
            {"kafka": TOPIC | {"servers": []}},
            {"kafka": TOPIC | {"servers": ["k1.example.org"]}},
            {"kafka": TOPIC | {"topic": "a/b"}},
            {"kafka": TOPIC | {"servers": [f"{'k' * 250}:1", f"{'l' * 250}:1"]}},
            {"kafka": TOPIC | {"login": {"username": "u", "password": ""}}},
            {"kafka": TOPIC | {"login": {"mechanism": "GSSAPI", "username": "u", "password": "p"}}},
            {"grpc": {"certificate": "x"}},
            {"grpc": {"certificate": PEM[:200]}},
            {"grpc": {"certificate": PEM + PEM}},
            {"grpc": {"certificate": PEM + own_certificate().key}},
        ):
            refused = await site.post("/destinations", {"name": "lake", **how})
            assert code(refused) == (422, "invalid-request"), how
        site.at(datetime.now(UTC) + timedelta(days=2))
        late = {"headers": site.bearer()}
        refused = await site.post("/destinations", {"name": "desk", "grpc": grpc}, **late)
        assert (code(refused), path_of(refused)) == ((422, "invalid-request"), "body.grpc.certificate")
        assert "expired" in refused.text

    on_sqlite(test)


def test_an_administrator_makes_a_topic_and_never_sees_its_password_again(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        allow(site)
        login = {"username": "proctor-user", "password": "a-word-of-nobody"}
        key = {"headers": site.bearer() | {"Idempotency-Key": "once"}}
        body = {"name": "lake", "kafka": TOPIC | {"login": login}}
        made, again = [await site.post("/destinations", body, **key) for _ in range(2)]
        assert (made.status_code, again.json()) == (201, made.json())
        shown = made.json()
        assert (shown["kind"], shown["url"]) == ("kafka", "kafka+tls://k1.example.org:9093/exams")
        home = f"/destinations/{shown['destination_id']}"
        for answer in (made, await site.get(home), await site.get("/destinations")):
            assert "proctor-user" not in answer.text
            assert "a-word-of-nobody" not in answer.text
        secret = await site.post(f"/webhooks/{shown['destination_id']}/secret", {})
        assert code(secret) == (409, "other-kind")
        assert code(await site.post(f"{home}/certificate", {"certificate": PEM})) == (409, "other-kind")
        theirs = {"headers": site.bearer(tenant_id=await site.institution())}
        assert code(await site.get(home, **theirs)) == (404, "destination-unknown")

    on_site(test)


def test_a_program_gets_another_certificate_and_its_own_alone(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        allow(site)
        made = (await site.post("/destinations", {"name": "desk", "grpc": {"certificate": PEM}})).json()
        home = f"/destinations/{made['destination_id']}"
        assert (made["kind"], made["url"]) == ("grpc", "")
        tested = (await site.post(f"{home}/test")).json()
        assert (tested["delivered"], tested["error"]) == (False, "not-followed")
        taken = await site.post("/destinations", {"name": "other", "grpc": {"certificate": PEM}})
        assert code(taken) == (409, "certificate-known")
        assert code(await site.post(f"{home}/certificate", {"certificate": PEM})) == (
            409,
            "certificate-known",
        )
        new = {"certificate": own_certificate().certificate, "overlap_hours": 1}
        theirs = {"headers": site.bearer(tenant_id=await site.institution())}
        assert code(await site.post(f"{home}/certificate", new, **theirs)) == (404, "destination-unknown")
        rotated = await site.post(f"{home}/certificate", new)
        assert rotated.status_code == 201
        assert rotated.json()["former_secret_until"] is not None
        removed = await site.http.delete(f"/api/v1{home}", headers=site.bearer())
        assert removed.status_code == 204
        again = await site.post("/destinations", {"name": "desk", "grpc": {"certificate": PEM}})
        assert again.status_code == 201, "its certificate is free again"

    on_site(test)


def test_a_coordinator_serves_grpc_where_the_settings_say_so(
    migrated_sqlite: Path, hub: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "LOOK_EVERY_S", 0.05)
    coordinator, own = own_certificate("coordinator"), own_certificate()
    certificate_file, key_file = coordinator.in_files(tmp_path)
    tls = TlsSection(certificate_file=certificate_file, key_file=key_file)
    port = reserved_port()
    section = DeliveriesSection(grpc=GrpcSection(port=port, tls=tls))
    path = tmp_path / "coordinator.db"
    shutil.copyfile(migrated_sqlite, path)

    async def test() -> None:
        async with exam_site(f"sqlite:///{path}", hub, tmp_path, deliveries=section) as site:
            made = {"name": "desk", "grpc": {"certificate": own.certificate}}
            assert (await site.post("/destinations", made)).status_code == 201
            await found(site, (EventType.FACE_MISMATCH, 1.0))

            async def told() -> bool:  # refused until its certificate is known
                with suppress(grpc.aio.AioRpcError):
                    async with desk_at(port, coordinator, own) as desk:
                        return bool(await desk.some(1))
                return False

            await until(told, "the program is told")

    asyncio.run(test())


def _of(taken: Sequence[Any], delivery_id: str) -> list[str]:
    """The bodies of one delivery."""
    return [got.text for got in taken if got.parcel_id == delivery_id]


def test_proctorctl_makes_destinations_of_every_kind_and_each_is_told(
    on_sqlite: OnSite, tmp_path: Path
) -> None:
    async def test(site: Site) -> None:
        allow(site)
        own, new = own_certificate(), own_certificate()
        pem, other, login = tmp_path / "desk.pem", tmp_path / "new.pem", tmp_path / "login"
        pem.write_text(own.certificate)
        other.write_text(new.certificate)
        replace_private(login, "SCRAM-SHA-256:proctor:word:with:colons\n")
        async with (
            served(site) as url,
            sink() as receiver,
            kafka_cluster() as cluster,
            office(site.parts, tmp_path) as port,
        ):
            shell = Shell(site, url, "alice", Role.ADMIN)
            create = ("destinations", "create")
            hook = await shell.data(*create, "office", "--kind", "webhook", "--url", receiver.url)
            assert hook["secret"].startswith("whsec_")
            lake = await shell.data(*create, "lake", "--kind", "kafka", "--url", str(cluster.place))
            assert lake["url"] == str(cluster.place)
            desk = await shell.data(*create, "desk", "--kind", "grpc", "--certificate", str(pem))
            far = "kafka+tls://k1.example.org:9093/exams"
            with_login = ("--kind", "kafka", "--url", far, "--login", str(login), "--class", "conduct")
            kept = await shell.data(*create, "far", *with_login)
            assert kept["filter"]["event_classes"] == ["conduct"]
            assert (await shell.data("destinations", "test", "lake"))["delivered"] is True
            assert (await shell.run("destinations", "test", "desk"))[0] == 1
            await port.serving.refresh()
            await found(site, (EventType.FACE_MISMATCH, 1.0))
            async with port.desk(own) as program:
                [told] = await program.some(1)
            for others in (receiver.taken, cluster.taken):
                await until(partial(_of, others, told.delivery_id), "the same is told")
                assert _of(others, told.delivery_id) == [told.body]
            rotated = await shell.data("destinations", "rotate-certificate", "desk", str(other))
            assert rotated["destination_id"] == desk["destination_id"]
            listed = await shell.data("destinations", "list")
            assert [one["kind"] for one in listed] == ["webhook", "kafka", "grpc", "kafka"]
            for wrong in (
                ("--kind", "kafka", "--url", "https://x/y"),
                ("--kind", "grpc"),
                ("--kind", "webhook"),
            ):
                status, _, err = await shell.run(*create, "wrong", *wrong)
                assert (status, "Traceback" in err) == (1, False), err

    on_sqlite(test)
