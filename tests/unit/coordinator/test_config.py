from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from coordinator.config import CoordinatorConfig
from coordinator.storing_sections import BackupSection
from shared.hybrid import new_hybrid
from shared.sealing import new_sealing_key, sealing_public_text, signing_public_text

NODE = {
    "node_id": str(UUID(int=1)),
    "region": "local",
    "signing_key": signing_public_text(Ed25519PrivateKey.generate().public_key()),
}


def test_the_data_folder_alone_is_enough() -> None:
    config = CoordinatorConfig.model_validate({"data_folder": "/srv/proctor"})
    assert config.database == "sqlite:////srv/proctor/coordinator.db"
    assert str(config.master_key_path) == "/srv/proctor/master.key"


TLS = {"certificate_file": "own.pem", "key_file": "own.key"}


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"nats": {"urll": "x"}}, "nats.urll"),
        ({"nats": {"url": "nats://user:secret@host:4222"}}, "nats.url"),
        ({"nats": {"url": "nats://hub.example.org:4222"}}, "nats.url"),
        ({"nats": {"stream_max_bytes": 1}}, "nats.stream_max_bytes"),
        ({"nats": {"stream_replicas": 2}}, "nats.stream_replicas"),
        ({"nats": {"stream_placement_tags": [""]}}, "nats.stream_placement_tags.0"),
        ({"web": {"port": 0}}, "web.port"),
        ({"web": {"public_url": "ftp://x"}}, "web.public_url"),
        ({"web": {"tls": {"certificate_file": "web.pem"}}}, "web.tls.key_file"),
        ({"web": {"tls": {"certificate_file": "web.pem", "key_file": "web.key"}}}, "web"),
        ({"web": {"connections": {"in_all": 99}}}, "web.connections.in_all"),
        ({"web": {"connections": {"per_address": 0}}}, "web.connections.per_address"),
        ({"web": {"connections": {"trusted_proxies": ["*"]}}}, "web.connections.trusted_proxies.0"),
        ({"status": {"port": 70_000}}, "status.port"),
        ({"status": {"port": 8_000}}, ""),
        ({"deliveries": {"grpc": {"port": 8_000, "tls": TLS}}}, ""),
        ({"deliveries": {"grpc": {"port": 8_001, "tls": TLS}}}, ""),
        ({"deliveries": {"grpc": {}}}, "deliveries.grpc.tls"),
        ({"web": {"allowed_origins": ["https://x/"]}}, "web.allowed_origins.0"),
        ({"database_url": "mysql://x"}, "database_url"),
        ({"database_url": "sqlite:///relative.db"}, "database_url"),
        ({"database_url": "postgresql+psycopg://proctor:sesame@db/proctor"}, "database_url"),
        ({"database_url": "postgresql+psycopg://proctor@db/proctor?password=sesame"}, "database_url"),
        ({"nodes": [NODE | {"signing_key": "ed25519:short"}]}, "nodes.0.signing_key"),
        ({"nodes": [NODE | {"node_id": "one"}]}, "nodes.0.node_id"),
        ({"nodes": [NODE, NODE]}, ""),
    ],
)
def test_what_is_wrong_is_refused_by_its_path(wrong: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CoordinatorConfig.model_validate({"data_folder": "/srv"} | wrong)
    assert [".".join(map(str, e["loc"])) for e in refused.value.errors()] == [place]


def test_a_database_may_name_the_file_of_its_password() -> None:
    url = "postgresql+psycopg://proctor@db:5432/proctor?passfile=/etc/proctor/pgpass"
    assert CoordinatorConfig.model_validate({"data_folder": "/srv", "database_url": url}).database == url


def test_every_setting_is_explained() -> None:
    sections = [
        CoordinatorConfig.model_json_schema(),
        *CoordinatorConfig.model_json_schema()["$defs"].values(),
    ]
    own = [section for section in sections if section["title"].endswith(("Section", "Config"))]
    assert len(own) >= 6
    nested = ("keys", "nats", "web", "ice", "faces", "nodes", "deliveries", "privacy", "traces", "audit")
    unexplained = [
        (section["title"], name)
        for section in own
        for name, field in section["properties"].items()
        if "description" not in field and name not in nested
    ]
    assert unexplained == []


def test_backups_are_sealed_to_a_key_and_lie_in_a_folder_or_a_bucket() -> None:
    key = sealing_public_text(new_sealing_key().public_key())
    good = BackupSection(target="s3://exams/proctor/", recipient=key)
    assert (good.target, good.every_hours, good.keep_days) == ("s3://exams/proctor", 6, 30)
    hybrid = sealing_public_text(new_hybrid().public_key())
    assert BackupSection(target="/srv/backups", recipient=hybrid).recipient == hybrid
    for wrong in (
        {"target": "backups"},
        {"target": "s3://"},
        {"target": "s3://exams?x=y"},
        {"recipient": "x25519:AAAA"},
        {"recipient": "mlkem768-x25519:AAAA"},
        {"hub_files": ["/etc/nats/a.conf", "/srv/a.conf"]},
        {"every_hours": 25},
        {"every_hours": 0},
        {"keep_days": 0},
        {"keep_days": 366},
    ):
        with pytest.raises(ValidationError):
            BackupSection.model_validate({"target": "/srv/backups", "recipient": key, **wrong})
