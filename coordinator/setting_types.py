"""The types of the coordinator's settings: which texts are taken, and what is said of others."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from shared.errors import Corrupt
from shared.sealing import parse_sealing_public, parse_signing_public


def _prefix(text: str) -> str:
    return str(ip_network(text))


def _web_url(text: str) -> str:
    if not text.startswith(("http://", "https://")) or text.endswith("/"):
        raise ValueError("must begin with http:// or https:// and must not end with /")
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
            "a password is not allowed here: write it to a PostgreSQL password file of mode 600 and name "
            "that file at the end of the URL as ?passfile=/its/path"
        )
    return text


def _issuer_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1"):
        return text
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.fragment:
        raise ValueError("must begin with https:// and must not contain credentials or a fragment")
    return text


def _backup_target(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme == "s3" and parts.netloc and not parts.query and not parts.fragment:
        return text.rstrip("/")
    if not text.startswith("/"):
        raise ValueError("must be an absolute path or s3://BUCKET/PREFIX")
    return text


def _recipient(text: str) -> str:
    try:
        parse_sealing_public(text)
    except Corrupt as error:
        raise ValueError(str(error)) from error
    return text


Argument = Annotated[str, Field(min_length=1, max_length=4_096)]
IssuerUrl = Annotated[str, Field(max_length=500), AfterValidator(_issuer_url)]
WebUrl = Annotated[str, Field(max_length=500), AfterValidator(_web_url)]
AddressPrefix = Annotated[str, AfterValidator(_prefix)]
SigningKey = Annotated[str, AfterValidator(_signing_key)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
BackupTarget = Annotated[str, AfterValidator(_backup_target)]
Recipient = Annotated[str, AfterValidator(_recipient)]
