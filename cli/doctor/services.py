"""Checks over the network: hub, coordinator, node, and whether the coordinator accepts our token."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from cli.connection import connect
from cli.doctor.finding import Finding, broken, ok, unknown, warning
from cli.doctor.place import Address, Place
from shared.api.nodes import NodeOut
from shared.errors import ConfigError, ProctorError, Rejected
from shared.hub_address import version_refused
from shared.hub_checks import certificate_ends_s, hub_tls, tls_named
from shared.hub_login import ClientTls
from shared.sealing import MAX_MESSAGE_BYTES
from shared.secret_file import read_private

ANSWER_S: Final = 3.0
MOST_SKEW_S: Final = 5.0
_INFO_BYTES: Final = 65_536
DAY_S: Final = 86_400.0
SOON_DAYS: Final = 21.0
"""From then on a certificate's end is a warning; the alert rule HubCertificateEnds counts the same."""
_RENEW: Final = (
    "run the playbook site, or: proctor-coordinator hub-certificate, and nats-server --signal reload"
)
_START = "start it: proctorctl up, or its service"


def check_services(place: Place) -> Iterator[Finding]:
    """All network checks; parts that are not configured are left out."""
    if place.hub is not None:
        yield from check_hub(place.hub, place)
    if place.coordinator is not None:
        yield from check_coordinator(place.coordinator)
    if place.edge is not None:
        yield check_edge(place.edge)
    yield from check_token()


def check_hub(address: Address, place: Place) -> Iterator[Finding]:
    """Whether the hub answers, from the first line of its protocol, and how long its certificate is good."""
    try:
        line, ends_s = _first_line(address, _tls_of(place))
    except ConfigError as error:
        yield broken("hub", str(error), "name the file of the hub's CA in ca_file of [nats]")
        return
    except ConnectionRefusedError:
        yield broken("hub", f"nothing listens on {address.host}:{address.port}", _START)
        return
    except OSError as error:
        yield broken("hub", f"{address.host}:{address.port} does not answer: {error}", _START)
        return
    yield _judge_line(line, address)
    if ends_s is not None:
        yield judge_certificate(ends_s, time.time())


def judge_certificate(ends_s: float, now_s: float) -> Finding:
    """The result from when the hub's certificate ends. One that has ended is found by the connection."""
    what, days = "hub's certificate", (ends_s - now_s) / DAY_S
    if days >= SOON_DAYS:
        return ok(what, f"good for {days:.0f} days")
    return warning(what, f"it ends in {max(0.0, days):.1f} days; then nobody reaches the hub", _RENEW)


def _judge_line(line: bytes | None, address: Address) -> Finding:
    if line is None:
        return ok("hub", f"{address.host}:{address.port} asks for a certificate; there is none here to show")
    try:
        return judge_hub(json.loads(line.removeprefix(b"INFO ").split(b"\r\n")[0]), address)
    except (ValueError, TypeError):
        says = f"another program listens on {address.host}:{address.port}"
        return broken("hub", says, "stop it, or give the hub another port")


def _tls_of(place: Place) -> ssl.SSLContext | None:
    own = None
    if place.hub_own is not None and place.hub_own.exists():
        own = ClientTls(own=read_private(place.hub_own).decode("ascii", "replace"), authorities="")
    return hub_tls(place.hub_url, place.hub_ca, own)


def _first_line(address: Address, tls: ssl.SSLContext | None) -> tuple[bytes | None, float | None]:
    """None: the hub wants to see a certificate that this machine does not have. With it, when the hub's own
    ends."""
    with socket.create_connection((address.host, address.port), ANSWER_S) as hub:
        hub.settimeout(ANSWER_S)
        if tls is None:
            return hub.recv(_INFO_BYTES), None
        with tls_named(), tls.wrap_socket(hub, server_hostname=address.host) as private:
            ends_s = certificate_ends_s(private)
            try:
                return private.recv(_INFO_BYTES), ends_s
            except ssl.SSLError as error:
                if "CERTIFICATE_REQUIRED" not in str(error.reason):
                    raise
                return None, ends_s


def judge_hub(info: Mapping[str, Any], address: Address) -> Finding:
    """The result from what the hub reports about itself."""
    if why := version_refused(str(info["version"])):
        return broken("hub", why, "install a newer nats-server: make setup brings one")
    if not info.get("jetstream"):
        return broken("hub", "nats-server runs without JetStream", "start it with JetStream (nats.conf)")
    if int(info.get("max_payload", 0)) < MAX_MESSAGE_BYTES:
        mend = f"set max_payload to {MAX_MESSAGE_BYTES} or more"
        return broken("hub", f"the hub accepts messages of at most {info.get('max_payload')} bytes", mend)
    return ok("hub", f"nats-server {info['version']} on {address.host}:{address.port}")


def check_coordinator(address: Address) -> Iterator[Finding]:
    """Whether the coordinator answers, and whether its clock agrees with ours."""
    try:
        response = httpx.get(f"{address.url}/readyz", timeout=ANSWER_S)
    except httpx.ConnectError:
        yield broken("coordinator", f"nothing listens on {address.host}:{address.port}", _START)
        return
    except httpx.TransportError as error:
        yield broken("coordinator", f"{address.url} does not answer: {error}", _START)
        return
    yield judge_coordinator(response, address)
    yield judge_skew(response.headers.get("date"), datetime.now(UTC))


def judge_coordinator(response: httpx.Response, address: Address) -> Finding:
    """The result from its answer to /readyz."""
    try:
        reasons = [str(reason) for reason in response.json()["reasons"]]
    except (ValueError, KeyError, TypeError):
        says = f"another program answers on {address.host}:{address.port}"
        return broken("coordinator", says, "stop it, or give the coordinator another port")
    if response.status_code != httpx.codes.OK or reasons:
        return broken("coordinator", "; ".join(reasons), "solve these first, and check the coordinator's log")
    return ok("coordinator", f"ready on {address.url}")


def judge_skew(date: str | None, now_utc: datetime) -> Finding:
    """The result from the Date header of a fresh answer."""
    try:
        theirs = parsedate_to_datetime(date or "")
        skew_s = (theirs - now_utc).total_seconds()
    except (ValueError, TypeError):
        return unknown("coordinator's clock", "its answer bears no date")
    if abs(skew_s) > MOST_SKEW_S:
        says = f"the coordinator's clock is {skew_s:+.0f} s from this machine's"
        return broken("coordinator's clock", says, "set both clocks, by NTP")
    return ok("coordinator's clock", "as this machine's")


def check_edge(address: Address) -> Finding:
    """The health the node reports."""
    try:
        response = httpx.get(f"{address.url}/healthz", timeout=ANSWER_S)
        answer = response.json()
        status, reasons = str(answer["status"]), [str(reason) for reason in answer["reasons"]]
    except httpx.ConnectError:
        return broken("edge node", f"nothing listens on {address.host}:{address.port}", _START)
    except httpx.TransportError as error:
        return broken("edge node", f"{address.url} does not answer: {error}", _START)
    except (ValueError, KeyError, TypeError):
        says = f"another program answers on {address.host}:{address.port}"
        return broken("edge node", says, "stop it, or give the node another port")
    if status == "failing":
        return broken("edge node", ", ".join(reasons), "see the node's log")
    if reasons:
        return warning("edge node", ", ".join(reasons), "see the node's log and its /metrics")
    return ok("edge node", f"well, on {address.url}")


def check_token() -> Iterator[Finding]:
    """Check whether our token is accepted, and which nodes the coordinator receives heartbeats from."""
    try:
        with connect() as client:
            nodes = client.fleet.nodes()
    except ConfigError as error:
        yield unknown("token", str(error))
    except Rejected as error:
        mend = "create another: proctor-coordinator token --config … --role admin --subject …"
        yield broken("token", str(error), mend)
    except ProctorError as error:
        yield unknown("token", str(error))
    else:
        yield ok("token", "the coordinator takes it")
        yield from map(judge_node, nodes)


def judge_node(node: NodeOut) -> Finding:
    """What the coordinator says of a node, with its repair."""
    what, texts = f"node {node.node_id}", " ".join(one.text for one in node.why)
    says = f"{node.state}: {texts or f'{node.sessions} sessions'}"
    mend = " ".join(one.fix for one in node.why if one.fix)
    if node.state in ("missing", "joining"):
        return broken(what, says, mend)
    return warning(what, says, mend) if node.state == "degraded" else ok(what, says)
