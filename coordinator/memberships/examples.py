"""Examples of the bodies of `shared.api.memberships`, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_NODE: Final = {"node_id": "3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00", "region": "eu-west", "name": "hall 3"}
_LIFETIME: Final = {"begins_at": "2025-12-12T13:55:00Z", "ends_at": "2025-12-13T14:00:00Z"}
_PEM: Final = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQm\n-----END CERTIFICATE-----\n"
_CERTIFICATE: Final = {
    "serial": "42a1c07e55d90b13",
    **_NODE,
    **_LIFETIME,
    "revoked_at": None,
    "revoked_by": None,
}

MEMBERSHIP_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "JoinTokenRequest": {"region": "eu-west", "name": "hall 3"},
        "JoinTokenOut": {
            "token": "pj1.eaqcaiacaqcaiacaqcaiacaqcaiacaqc."
            "4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkq",
            "region": "eu-west",
            "name": "hall 3",
            "expires_at": "2025-12-12T14:15:00Z",
        },
        "AuthorityOut": {
            "ca_certificate": _PEM,
            "signing_key": "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
            "joining_key": "x25519:3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=",
            "signature": "MEUCIQDc2lnbmF0dXJlAiBzaWduYXR1cmU=",
        },
        "MembershipRequest": {"message": "UEUxCgAAAAJ7fQ=="},
        "MembershipOut": {
            **_NODE,
            "certificate": _PEM,
            "hub_jwt": "eyJhbGciOiJlZDI1NTE5LW5rZXkiLCJ0eXAiOiJKV1QifQ.e30.c2ln",
            "hub_url": "tls://hub.example.org:4222",
            "hub_login": "identity",
            **_LIFETIME,
            "authorities": _PEM,
            "handovers": [],
        },
        "HandoverOut": {"ca_certificate": _PEM, "signature": "MEUCIQDc2lnbmF0dXJlAiBzaWduYXR1cmU="},
        "NodeCertificateOut": _CERTIFICATE,
        "NodeCertificatePage": {"items": [_CERTIFICATE], "next_cursor": None},
    }
)
