"""Where a server's certificate is, in a daemon's settings."""

from __future__ import annotations

from shared.config_file import FilePath, Section


class TlsSection(Section):
    """The certificate of the server; both files are read again when they change."""

    certificate_file: FilePath
    """File of the certificate and those of the CAs between, PEM. Browsers take only one of a public CA."""
    key_file: FilePath
    """File of its private key, PEM, that only the daemon's user may read."""


def check_public_url(url: str, tls: TlsSection | None) -> None:
    """Check that pages use TLS where the server speaks it. Raises ValueError if they do not."""
    if tls is not None and not url.startswith("https://"):
        raise ValueError("public_url must begin with https://, because the server speaks TLS")
