"""Settings are written as a person would: what is not changed stays, and no secret is shown or lost."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from pipeline_gui.setting_checks import SettingsInvalid
from pipeline_gui.settings_file import change_settings, with_password, without_password

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\x00"), min_size=1, max_size=12)


def test_what_is_not_changed_stays_with_its_comments(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('# ours\nname = "old" # the name\ncolor = "red"\nspark_kind = "livy"')
    change_settings(path, {"name": 'a "new" \\ one', "color": None, "spark_url": "http://spark:8998"})
    assert path.read_text() == (
        '# ours\nname = "a \\"new\\" \\\\ one"\nspark_kind = "livy"\nspark_url = "http://spark:8998"\n'
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["settings.toml"]


def test_a_value_over_several_lines_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.toml"
    change_settings(path, {"name": "one"})
    path.write_text('name = """\none"""\ncolor = "red"\n')
    change_settings(path, {"name": "two"})
    assert tomllib.loads(path.read_text()) == {"name": "two", "color": "red"}


def test_what_can_not_be_a_setting_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('name = "kept"\n')
    with pytest.raises(SettingsInvalid, match="spark_url"):
        change_settings(path, {"name": "new", "spark_url": "ftp://spark"})
    assert path.read_text() == 'name = "kept"\n'
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsInvalid, match=r"can't be (read|written)"):
        change_settings(tmp_path / "file" / "settings.toml", {"name": "new"})


@given(TEXT)
@pytest.mark.parametrize(
    "url", ["postgresql://ana@db:5432/runs?sslmode=require", "postgresql://db/runs", "host=db user=ana dbname=runs"]
)
def test_a_password_is_put_in_and_taken_out_again(url: str, password: str) -> None:
    whole = with_password(url, password)
    assert conninfo_to_dict(whole)["password"] == password
    assert without_password(whole) == (url, password)
    assert without_password(url) == (url, None)


def test_a_password_in_the_query_is_one() -> None:
    assert without_password("postgresql://ana@db/runs?password=s&x=1") == ("postgresql://ana@db/runs?x=1", "s")
