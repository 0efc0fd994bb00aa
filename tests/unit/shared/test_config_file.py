"""Settings out of a TOML file: paths, what is refused, and how that is said."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from shared.config_file import FilePath, Section, load
from shared.errors import ConfigError


class Lamp(Section):
    """One lamp."""

    watts: Annotated[int, Field(ge=1, le=100)] = 5
    key_file: FilePath | None = None


class House(Section):
    """Settings with sections in every form that the programs use."""

    folder: FilePath
    porch: Lamp = Lamp()
    lamps: Annotated[tuple[Lamp, ...], Field(max_length=3)] = ()
    attic: Lamp | None = None


def written(folder: Path, text: str) -> Path:
    path = folder / "house.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(written(folder, text), House)
    return str(refused.value).splitlines()


def test_relative_paths_are_taken_from_the_files_folder_at_every_depth(tmp_path: Path) -> None:
    text = 'folder = "data"\nporch.key_file = "keys/porch"\n[[lamps]]\nkey_file = "/run/lamp"\n'
    house = load(written(tmp_path, text), House)
    assert house.folder == tmp_path / "data"
    assert house.porch.key_file == tmp_path / "keys" / "porch"
    assert house.lamps == (Lamp(key_file=Path("/run/lamp")),)
    assert house.attic is None


def test_the_folder_is_the_files_own_whatever_link_leads_to_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.toml").symlink_to(written(tmp_path / "real", 'folder = "data"\n'))
    assert load(tmp_path / "link.toml", House).folder == tmp_path / "real" / "data"


def test_settings_that_a_program_makes_keep_their_paths() -> None:
    assert House(folder=Path("data")).folder == Path("data")


def test_every_problem_has_a_line_of_its_own_with_the_path_of_its_field(tmp_path: Path) -> None:
    text = "porch.watts = 0\n[[lamps]]\n[[lamps]]\nwatts = 'much'\n"
    first, *problems = refusal(tmp_path, text)
    assert first == f"{tmp_path / 'house.toml'} is refused:"
    assert [problem.split(": ")[0] for problem in problems] == [
        "  folder",
        "  porch.watts",
        "  lamps.1.watts",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("foldr = 1", "  foldr: is not a setting; did you mean folder?"),
        ("[porch]\nwat = 1", "  porch.wat: is not a setting; did you mean watts?"),
        ("[[lamps]]\nkeyfile = 1", "  lamps.0.keyfile: is not a setting; did you mean key_file?"),
        ("[attic]\ncolour = 1", "  attic.colour: is not a setting; there are: watts, key_file"),
    ],
)
def test_an_unknown_setting_is_refused_with_what_may_be_meant(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path, text)


@pytest.mark.parametrize("text", ["folder = ", "\x00", "[porch"])
def test_what_is_no_toml_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"house\.toml is not TOML"):
        load(written(tmp_path, text), House)


def test_a_file_in_other_letters_and_a_missing_one_are_named(tmp_path: Path) -> None:
    (tmp_path / "house.toml").write_bytes(b"folder = '\xe4'\n")
    with pytest.raises(ConfigError, match="is not TOML"):
        load(tmp_path / "house.toml", House)
    with pytest.raises(ConfigError, match=r"absent\.toml cannot be read: No such file"):
        load(tmp_path / "absent.toml", House)


def test_no_refusal_repeats_a_value(tmp_path: Path) -> None:
    lines = refusal(tmp_path, "folder = 'f'\nporch = 'sesame'\nattic.watts = 'sesame'\nsesam = 'sesame'\n")
    assert len(lines) == 4
    assert "sesame" not in "\n".join(lines)
    with pytest.raises(ValidationError) as error:
        Lamp.model_validate({"watts": "sesame"})
    assert "sesame" not in str(error.value)
