"""Where backups lie: a folder, and a bucket of a real server that speaks S3."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from moto.server import ThreadedMotoServer

from coordinator.backups.bucket import Bucket
from coordinator.backups.creating import create
from coordinator.backups.manifest import NAME, Kind
from coordinator.backups.target import Folder, Target
from coordinator.restoring import restore
from coordinator.storing_sections import BucketSection
from coordinator.web_api.parts import Parts
from shared.errors import ConfigError, Corrupt, Unavailable
from tests.support.backups import NOW, empty_place, found, good, maker_for
from tests.support.eventually import PATIENCE_S

PIECE = os.urandom(1_048_576)
LONG = [PIECE] * 6
"""Longer than one part of an upload in parts."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of this machine with one bucket."""
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    assert httpx.put(f"http://{host}:{port}/exams", timeout=PATIENCE_S).status_code == 200
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def settings(server: str, tmp_path: Path) -> BucketSection:
    secret = tmp_path / "bucket"
    secret.touch(mode=0o600)
    secret.write_text("key-id:secret\n")
    return BucketSection(endpoint_url=server, credentials_file=secret)


@pytest.fixture(params=["folder", "bucket"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    if request.param == "folder":
        return Folder(tmp_path / "backups" / "database")
    return Bucket("exams", uuid4().hex, request.getfixturevalue("settings"))


def test_a_file_is_whole_or_not_there(target: Target) -> None:
    assert target.sizes() == {}
    target.write("one/database", LONG)
    target.write("one/empty", [])
    target.write(f"one/{NAME}", [b"{", b"}"])
    assert target.sizes() == {"one/database": len(PIECE) * 6, "one/empty": 0, f"one/{NAME}": 2}
    assert b"".join(target.read("one/database")) == b"".join(LONG)
    assert b"".join(target.read(f"one/{NAME}")) == b"{}"

    def fails() -> Iterator[bytes]:
        yield from LONG
        raise Unavailable("the database does not answer")

    with pytest.raises(Unavailable, match="the database"):
        target.write("two/database", fails())
    assert [one for one in target.sizes() if one.startswith("two")] == []
    with pytest.raises(Corrupt, match="two/database is missing"):
        list(target.read("two/database"))
    for name in ("one/database", "one/database", "one/empty", f"one/{NAME}", "two/database"):
        target.remove(name)
    assert target.sizes() == {}


def test_a_bucket_restores_as_a_folder_does(
    installation: Parts, settings: BucketSection, tmp_path: Path
) -> None:
    maker = maker_for(installation, f"s3://exams/{uuid4().hex}/", bucket=settings)
    made = create(maker, NOW)
    create(maker, NOW)
    assert len(good(maker)) == 2
    assert len(found(maker, Kind.KEYRING)) == 1
    with empty_place(maker, tmp_path, None) as place:
        assert restore(place.wish(made.backup_id), NOW).manifest == made
        assert place.keys_match()


def test_a_bucket_that_is_not_there_says_so(settings: BucketSection, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="the bucket other cannot be used"):
        Bucket("other", "", settings).sizes()
    assert settings.credentials_file is not None
    settings.credentials_file.write_text("secret")
    with pytest.raises(ConfigError, match="KEY-ID:SECRET"):
        Bucket("exams", "", settings)


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """For what is the same on every database."""
    return sqlite_url
