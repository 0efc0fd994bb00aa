"""What the heartbeat says of the machine: read from a real disk and from a node's own files."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from edge.fleet.ladder import Strain
from edge.fleet.measures import measures_of
from edge.membership import files
from edge.membership.files import Membership
from shared.certificates import ca_certificate, node_certificate
from shared.node_lifetimes import BACKDATED, CERTIFICATE_LIFETIME, new_lifetime
from tests.support.new_node import NewNode

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def joined(folder: Path) -> None:
    node, ca = NewNode(), ec.generate_private_key(ec.SECP256R1())
    lifetime, own = new_lifetime(NOW), node.keys.certificate.public_key()
    certificate = node_certificate(ca, own, node.node_id, serial=7, lifetime=lifetime)
    authorities = (ca_certificate(ca, 1, NOW),)
    files.save(
        folder,
        Membership(authorities=authorities, certificate=certificate, keys=node.keys, hub_jwt="a.b.c"),
    )


def test_a_joined_node_tells_its_load_disk_and_certificate(tmp_path: Path) -> None:
    joined(tmp_path)
    load = {Strain.CPU: 0.5, Strain.MEMORY: -0.001, Strain.LAG: 0.2}
    told = measures_of(load, -1.5, tmp_path, joined=True)
    assert (told.product, told.cpu, told.memory, told.lag_p95_s) == (version("proctor"), 0.5, 0.0, 0.2)
    assert told.disk_free_bytes is not None
    assert told.disk_free_bytes > 0
    assert told.clock_offset_s == -1.5
    assert told.certificate_begins_utc == NOW - BACKDATED
    assert told.certificate_ends_utc == NOW + CERTIFICATE_LIFETIME


def test_what_cannot_be_read_is_unknown_and_no_reason_to_say_nothing(tmp_path: Path) -> None:
    told = measures_of({}, 0.0, tmp_path / "gone", joined=True)
    assert (told.cpu, told.disk_free_bytes, told.certificate_ends_utc) == (None, None, None)
    joined(tmp_path)
    assert measures_of({}, 0.0, tmp_path, joined=False).certificate_ends_utc is None
