"""Whose token `proctorctl` sends, and which files it takes none from."""

from pathlib import Path

import pytest

from cli.connection import connect
from shared.errors import ConfigError


def kept(folder: Path, data: bytes, mode: int = 0o600) -> dict[str, str]:
    path = folder / "token"
    path.write_bytes(data)
    path.chmod(mode)
    return {"PROCTOR_TOKEN_FILE": str(path)}


def refusal(environment: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as refused:
        connect(environment)
    return str(refused.value)


def test_a_token_in_a_file_of_ones_own_is_enough(tmp_path: Path) -> None:
    connect(kept(tmp_path, b"abc.def.ghi\n"))


def test_a_token_file_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    environment = kept(tmp_path, b"abc.def.ghi\n", 0o644)
    said = refusal(environment)
    assert said.startswith("PROCTOR_TOKEN_FILE: ")
    assert said.endswith(f"run: chmod 600 {tmp_path / 'token'}")


@pytest.mark.parametrize(("data", "said"), [(b"", "is empty"), ("ä".encode(), "contains no token")])
def test_a_file_without_a_token_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in refusal(kept(tmp_path, data))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ftp://exams.example.org", "PROCTOR_URL: ftp:// is not supported; write https:// or http://"),
        ("exams.example.org", "'exams.example.org' has no scheme; write https://exams.example.org"),
        ("127.0.0.1:8000", "'127.0.0.1:8000' has no scheme; write https://127.0.0.1:8000"),
        ("", "PROCTOR_URL: '' has no scheme"),
        ("http://", "'http://' has no host"),
        ("https://[", "'https://[' has no host"),
    ],
)
def test_an_address_that_is_none_is_refused_with_what_is_wrong(
    tmp_path: Path, address: str, said: str
) -> None:
    assert said in refusal(kept(tmp_path, b"abc") | {"PROCTOR_URL": address})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_token_file_of_a_group_is_refused_as_well(tmp_path: Path, mode: int) -> None:
    assert "chmod 600" in refusal(kept(tmp_path, b"abc", mode))


def test_without_any_the_next_step_is_said() -> None:
    assert "PROCTOR_TOKEN_FILE" in refusal({})
