from __future__ import annotations

import base64
from pathlib import Path

import pytest

from coordinator.ground.own_keys import load_own_keys, make_own_keys
from shared.certificates import check_issued, private_text
from shared.errors import ConfigError

FLEET = ("ca.key", "ca.pem", "joining.key", "account.key", "operator.key", "system.key")
"""What lets nodes join."""
MASTER_TEXT = base64.b64encode(bytes(range(32))).decode()


def test_init_makes_files_that_only_their_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "coordinator"
    made = make_own_keys(folder, None)
    names = ("master.key", "signing.key", "token.key", *FLEET)
    modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    assert modes == dict.fromkeys(names, 0o600)
    loaded = load_own_keys(folder, folder / "master.key", None)
    assert (loaded.signing_text, loaded.token_text) == (made.signing_text, made.token_text)
    assert made.signing_text != made.token_text
    assert loaded.fleet.certificate == made.fleet.certificate
    check_issued(made.fleet.certificate, made.fleet.certificate, made.fleet.ca.public_key())


def test_init_a_second_time_keeps_everything(tmp_path: Path) -> None:
    first = make_own_keys(tmp_path, None)
    files = {file: file.read_bytes() for file in tmp_path.iterdir()}
    assert make_own_keys(tmp_path, None).signing_text == first.signing_text
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == files


def test_a_master_key_of_the_environment_leaves_no_file(tmp_path: Path) -> None:
    made = make_own_keys(tmp_path, MASTER_TEXT)
    assert not (tmp_path / "master.key").exists()
    assert load_own_keys(tmp_path, tmp_path / "master.key", MASTER_TEXT).signing_text == made.signing_text


def test_private_halves_do_not_lie_in_the_files(tmp_path: Path) -> None:
    made = make_own_keys(tmp_path, MASTER_TEXT)
    wrapped = base64.b64decode((tmp_path / "signing.key").read_bytes())
    assert made.signing.private_bytes_raw() not in wrapped
    assert private_text(made.fleet.ca).encode() not in base64.b64decode((tmp_path / "ca.key").read_bytes())


def test_a_master_key_open_to_others_is_refused(tmp_path: Path) -> None:
    make_own_keys(tmp_path, None)
    (tmp_path / "master.key").chmod(0o640)
    with pytest.raises(ConfigError, match=r"mode 640.*chmod 600"):
        load_own_keys(tmp_path, tmp_path / "master.key", None)


def test_another_master_key_is_named_as_the_trouble(tmp_path: Path) -> None:
    make_own_keys(tmp_path, None)
    with pytest.raises(ConfigError, match=r"signing\.key is damaged or was not created with this master key"):
        load_own_keys(tmp_path, tmp_path / "master.key", MASTER_TEXT)


def test_swapped_key_files_are_refused(tmp_path: Path) -> None:
    make_own_keys(tmp_path, None)
    signing, token = (tmp_path / "signing.key"), (tmp_path / "token.key")
    one, other = signing.read_bytes(), token.read_bytes()
    signing.write_bytes(other)
    token.write_bytes(one)
    with pytest.raises(ConfigError, match="not created with"):
        load_own_keys(tmp_path, tmp_path / "master.key", None)


@pytest.mark.parametrize("text", ["", "not base64!", base64.b64encode(bytes(31)).decode()])
def test_a_master_key_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        make_own_keys(tmp_path, text)


def test_missing_keys_say_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="proctor-coordinator init"):
        load_own_keys(tmp_path, tmp_path / "master.key", None)


@pytest.mark.parametrize("name", FLEET)
def test_an_installation_of_before_gets_what_it_lacks_and_says_so_until_then(
    tmp_path: Path, name: str
) -> None:
    made = make_own_keys(tmp_path, None)
    (tmp_path / name).unlink()
    with pytest.raises(ConfigError, match=rf"no key .*{name}; `proctor-coordinator init` creates it"):
        load_own_keys(tmp_path, tmp_path / "master.key", None)
    for lost in FLEET:
        (tmp_path / lost).unlink(missing_ok=True)
    assert make_own_keys(tmp_path, None).signing_text == made.signing_text


def test_a_certificate_of_another_ca_is_refused(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    make_own_keys(ours, None)
    make_own_keys(theirs, None)
    (ours / "ca.pem").write_bytes((theirs / "ca.pem").read_bytes())
    with pytest.raises(ConfigError, match=r"ca\.pem is damaged"):
        load_own_keys(ours, ours / "master.key", None)
