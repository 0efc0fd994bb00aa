"""A package index served locally: wheels and source archives written by the test."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping

from tests.support.file_server import FileServer


def make_wheel(
    name: str, version: str, members: Mapping[str, bytes], tag: str = "py3-none-any"
) -> tuple[str, bytes]:
    """File name and bytes of a wheel that holds `members`."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: nothing-there\n"
    wheel = f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in members.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", wheel)
        archive.writestr(f"{info}/RECORD", "")
    return f"{name}-{version}-{tag}.whl", out.getvalue()


def make_sdist(name: str, version: str, members: Mapping[str, bytes], setup: str) -> tuple[str, bytes]:
    """File name and bytes of a source archive whose setup.py is `setup`."""
    metadata = f"Metadata-Version: 1.0\nName: {name}\nVersion: {version}\n".encode()
    rows = {"PKG-INFO": metadata, "setup.py": setup.encode(), **members}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, content in rows.items():
            row = tarfile.TarInfo(f"{name}-{version}/{path}")
            row.size = len(content)
            archive.addfile(row, io.BytesIO(content))
    return f"{name}-{version}.tar.gz", out.getvalue()


def publish(server: FileServer, name: str, *archives: tuple[str, bytes]) -> str:
    """Put the archives of package `name` on the server; the address of the index."""
    links = []
    for filename, content in archives:
        server.files[f"files/{filename}"] = content
        sha256 = hashlib.sha256(content).hexdigest()
        links.append(f'<a href="/files/{filename}#sha256={sha256}">{filename}</a>')
    page = f"simple/{name}/"
    server.files[page] = f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()
    server.types[page] = "text/html"
    return server.address("simple/")
