from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.node_identity import FILE_NAME, load, load_or_make
from shared.errors import ConfigError


def test_an_identity_is_made_once_and_stays(tmp_path: Path) -> None:
    made = load_or_make(tmp_path / "data")
    again = load_or_make(tmp_path / "data")
    assert (again.node_id, again.signing_public, again.sealing_public) == (
        made.node_id,
        made.signing_public,
        made.sealing_public,
    )


def test_only_its_owner_can_read_it_and_nothing_half_made_lies_beside_it(tmp_path: Path) -> None:
    load_or_make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_two_makers_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(load_or_make, [tmp_path] * 8))
    assert len({identity.signing_public for identity in made}) == 1


def test_its_public_texts_say_which_key_is_which(tmp_path: Path) -> None:
    identity = load_or_make(tmp_path)
    assert identity.signing_public.startswith("ed25519:")
    assert identity.sealing_public.startswith("x25519:")


def test_without_one_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="proctor-edge identity"):
        load(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"node_id": 1}', '{"node_id":"x"}'])
def test_a_damaged_one_is_never_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="damaged"):
        load_or_make(tmp_path)
    assert path.read_text() == content


def test_one_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load_or_make(tmp_path)
    (tmp_path / FILE_NAME).chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        load(tmp_path)
