"""The mirror: a folder of copies of weights under the manifest's paths, or its http(s) address."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

from models.manifest import Mirror, Source
from shared.errors import ConfigError


def is_address(mirror: str) -> bool:
    """Whether the mirror is reached over the network."""
    return mirror.startswith(("http://", "https://"))


def check_mirror(mirror: str) -> None:
    """Raises ConfigError for a missing folder or an invalid address."""
    if is_address(mirror):
        _check_address(mirror)
    elif mirror and not Path(mirror).expanduser().is_dir():
        raise ConfigError(
            f"the mirror folder {mirror} does not exist: correct or unset PROCTOR_WEIGHTS_MIRROR"
        )


def _check_address(mirror: str) -> None:
    try:
        parts = urlsplit(mirror)
        # Reading the port parses it.
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named:
        raise ConfigError(
            f"{mirror} is not a valid address of a mirror: correct or unset PROCTOR_WEIGHTS_MIRROR"
        )


def may_give(mirror: str, source: Source) -> bool:
    """Whether the mirror has `source`: certain for a folder, possible for an address."""
    if not mirror or not isinstance(source, Mirror):
        return False
    return is_address(mirror) or mirror_path(mirror, source).is_file()


def mirror_path(mirror: str, source: Mirror) -> Path:
    """The path in a mirror folder."""
    return Path(mirror).expanduser() / source.mirror


def mirror_url(mirror: str, source: Mirror) -> str:
    """The address at a mirror."""
    return f"{mirror.rstrip('/')}/{quote(source.mirror)}"
