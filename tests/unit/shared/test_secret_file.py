"""Files that hold a secret: what is read of them, and which are refused."""

from pathlib import Path

import pytest

from shared.errors import ConfigError
from shared.secret_file import MAX_BYTES, read_private, read_secret


def written(folder: Path, data: bytes, mode: int = 0o600) -> Path:
    path = folder / "password"
    path.touch(mode=0o600)
    path.write_bytes(data)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("data", [b"open sesame", b"open sesame \n", b"open sesame\nwhat for: the hub\n"])
def test_a_secret_is_the_first_line_of_a_file_of_ones_own(tmp_path: Path, data: bytes) -> None:
    assert read_secret(written(tmp_path, data)) == "open sesame"


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o644, 0o610])
def test_one_that_others_may_open_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, b"x\n", mode)
    with pytest.raises(ConfigError, match=rf"\(mode {mode:o}\); run: chmod 600 {path}"):
        read_secret(path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (b"  \nsecond line\n", "empty"),
        (b"\xff\n", "not text"),
        (b"x" * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_what_is_no_secret_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_secret(written(tmp_path, data))


def test_a_file_that_is_not_there_or_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no file .*absent"):
        read_secret(tmp_path / "absent")
    with pytest.raises(ConfigError, match="make one"):
        read_private(tmp_path / "absent", missing="make one")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_secret(tmp_path)


def test_no_refusal_repeats_the_secret(tmp_path: Path) -> None:
    for data, mode in ((b"sesame\n", 0o644), (b"\nsesame\n", 0o600), (b"sesame\xff", 0o600)):
        with pytest.raises(ConfigError) as refusal:
            read_secret(written(tmp_path, data, mode))
        assert "sesame" not in str(refusal.value)
