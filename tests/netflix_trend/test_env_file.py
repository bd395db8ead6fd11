"""The file .env: one value changes, everything else stays byte by byte, and both readers understand it."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotenv import dotenv_values

from netflix_trend.env_file import EnvFileError, set_values, with_values

ROOT = Path(__file__).parents[2]
OWN = """# My settings
export SYFTBOX_EMAIL="ann@example.com"  # mine

#LIMIT_ODDS=3
  LIMIT_ODDS = 8 # as it came
AGGREGATOR_DATASITE=old@example.com
NOTE='several
lines'
AGGREGATOR_DATASITE=newer@example.com
#PRIVATE_DIR=./private
TZ=
"""


def test_only_the_line_that_counts_changes() -> None:
    changed = with_values(OWN, {"AGGREGATOR_DATASITE": "club@example.com"})
    assert changed == OWN.replace("newer@example.com", "club@example.com")


def test_export_and_quotes_and_comments_stay() -> None:
    changed = with_values(OWN, {"SYFTBOX_EMAIL": "eve@example.com", "LIMIT_ODDS": "3"})
    assert 'export SYFTBOX_EMAIL="eve@example.com"' in changed
    assert "LIMIT_ODDS=3 # as it came\n" in changed
    assert "#LIMIT_ODDS=3\n" in changed
    assert changed.startswith("# My settings\n")


def test_a_value_of_several_lines_is_one_value() -> None:
    changed = with_values(OWN, {"NOTE": "short"})
    assert "NOTE='short'\nAGGREGATOR_DATASITE=newer" in changed
    assert "lines'" not in changed


def test_a_name_in_a_comment_is_set_behind_it_and_others_at_the_end() -> None:
    changed = with_values(OWN, {"PRIVATE_DIR": "./mine", "MODE": "folders", "HELPER_KEY": ""})
    assert "#PRIVATE_DIR=./private\nPRIVATE_DIR=./mine\nTZ=" in changed
    assert changed.endswith("TZ=\nMODE=folders\n")
    assert "HELPER_KEY" not in changed


def test_what_is_already_so_changes_nothing() -> None:
    same = {"SYFTBOX_EMAIL": "ann@example.com", "LIMIT_ODDS": "8", "TZ": "", "NOTE": "several\nlines"}
    assert with_values(OWN, same) == OWN


def test_a_file_without_a_last_line_end_gets_one_first() -> None:
    assert with_values("A=1", {"B": "2"}) == "A=1\nB=2\n"
    assert with_values("", {"B": "2"}) == "B=2\n"
    assert with_values("A=1\r\nB=2\r\n", {"A": "3"}) == "A=3\r\nB=2\r\n"


@pytest.mark.parametrize(
    "before", ["", "NAME=", "NAME=x", "NAME='x'", 'NAME="x"', "export NAME=x", "#NAME=x", "NAME=x # c"]
)
@pytest.mark.parametrize(
    "value", ["me@example.org", "a b", "Anna's", "50 # not a comment", "$HOME/x", 'say "x"', "~/drop", "é", "a;b", ""]
)
def test_the_reader_gets_what_was_written(tmp_path: Path, before: str, value: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"FIRST=1\n{before}\nLAST=2\n")
    set_values(file, {"NAME": value})
    found = dotenv_values(file, interpolate=True)
    assert (found.get("NAME") or "") == value
    assert (found["FIRST"], found["LAST"]) == ("1", "2")


@pytest.mark.parametrize("value", ["two\nlines", "bell\x07", "'$'", "'\\", "\u202e"])
def test_what_two_readers_would_read_differently_is_refused(value: str) -> None:
    with pytest.raises(EnvFileError, match="NAME"):
        with_values("", {"NAME": value})
    with pytest.raises(EnvFileError, match="name of a setting"):
        with_values("", {"A B": "x"})


def test_the_whole_example_stays_but_for_one_line() -> None:
    text = (ROOT / ".env.example").read_text()
    changed = with_values(text, {"AGGREGATOR_DATASITE": "club@example.com"})
    differing = [pair for pair in zip(text.splitlines(), changed.splitlines(), strict=True) if pair[0] != pair[1]]
    assert differing == [("AGGREGATOR_DATASITE=aggregator@example.org", "AGGREGATOR_DATASITE=club@example.com")]


def test_permissions_and_a_link_stay(tmp_path: Path) -> None:
    real = tmp_path / "real.env"
    real.write_text("A=1\n")
    real.chmod(0o640)
    (tmp_path / ".env").symlink_to(real)
    set_values(tmp_path / ".env", {"A": "2"})
    assert (tmp_path / ".env").is_symlink()
    assert real.read_text() == "A=2\n"
    assert real.stat().st_mode & 0o777 == 0o640
    new = tmp_path / "new" / ".env"
    set_values(new, {"A": "1"})
    assert new.stat().st_mode & 0o077 == 0


def test_a_file_that_is_not_text_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"A=\xff\n")
    with pytest.raises(EnvFileError, match="UTF-8"):
        set_values(file, {"A": "1"})
    assert file.read_bytes() == b"A=\xff\n"
    assert list(tmp_path.iterdir()) == [file]
