"""Reading lock files and pip's configuration."""

from pathlib import Path

import pytest

from models.sources.registry import choose_archive, pip_index
from shared.errors import Corrupt

SHA = "ab" * 32


def lock(rows: str) -> str:
    return f'lock-version = "1.0"\n[[packages]]\nname = "carrier"\nversion = "1.0"\n{rows}\n'


def row(place: str) -> str:
    return f'{{ {place}, size = 7, hashes = {{ sha256 = "{SHA}" }} }}'


def test_a_wheel_is_preferred_to_the_source_and_any_platform_to_one() -> None:
    wheels = ", ".join(
        row(f'url = "https://index.example/{name}"')
        for name in ("c-1-cp311-macosx_arm64.whl", "c-1-cp311-manylinux_x86_64.whl", "c-1-py3-none-any.whl")
    )
    source = row('url = "https://index.example/c-1.tar.gz"')
    archive = choose_archive(lock(f"wheels = [{wheels}]\nsdist = {source}"), "c==1")
    assert (archive.name, archive.sha256, archive.size_bytes) == ("c-1-py3-none-any.whl", SHA, 7)
    assert archive.url == "https://index.example/c-1-py3-none-any.whl"


def test_an_index_that_is_a_folder_gives_a_path() -> None:
    archive = choose_archive(lock("sdist = " + row('url = "file:///srv/my%20index/c-1.tar.gz"')), "c==1")
    assert archive.path == Path("/srv/my index/c-1.tar.gz")
    assert archive.url == ""


@pytest.mark.parametrize("text", ["", "[[", lock(""), lock('sdist = { url = "https://x.example/c.tar.gz" }')])
def test_an_answer_that_cannot_be_read_is_corrupt(text: str) -> None:
    with pytest.raises(Corrupt, match="c==1"):
        choose_archive(text, "c==1")


def test_the_environment_is_stronger_than_pips_files(tmp_path: Path) -> None:
    config = tmp_path / "pip" / "pip.conf"
    config.parent.mkdir()
    config.write_text("[global]\nindex-url = https://file.example/simple\n")
    from_file = {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    assert pip_index(from_file) == "https://file.example/simple"
    assert pip_index(from_file | {"PIP_INDEX_URL": "https://env.example"}) == "https://env.example"


def test_a_broken_pip_file_is_passed_over(tmp_path: Path) -> None:
    broken, good = tmp_path / "broken.conf", tmp_path / "pip" / "pip.conf"
    broken.write_text("no section")
    good.parent.mkdir()
    good.write_text("[install]\nindex_url = https://good.example\n")
    environment = {"PIP_CONFIG_FILE": str(broken), "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    assert pip_index(environment) == "https://good.example"
