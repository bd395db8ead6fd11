"""The rules about subscriptions that join and operators add, after saying so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.netflix_trend.cli.front_door import lines, place_in, run
from tests.netflix_trend.syftbox.local_interface import configured

RULES = "version: 1\ndefaults:\n  action: block\nrules: []\n"
BOTH = "AGGREGATOR_DATASITE=agg@example.com\nHELPER_DATASITE=helper@example.com\n"


@pytest.fixture
def rules(clone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client with subscriptions whose datasites the settings name; the clone lies elsewhere."""
    data, home = clone.parent / "SyftBox", clone / ".syftbox"
    (data / ".data").mkdir(parents=True)
    (data / "datasites").mkdir()
    home.mkdir()
    configured(
        home, email="ann@example.org", data_dir=str(data), client_url="http://127.0.0.1:1", client_token="secret"
    )
    rules = data / ".data" / "syft.sub.yaml"
    rules.write_text(RULES)
    (clone / ".env").write_text(
        f"MODE=folders\nSYFTBOX_EMAIL=ann@example.org\nDATASITES_DIR={data / 'datasites'}\n{BOTH}"
    )
    monkeypatch.setattr("services.runtime.choose.take_part", lambda _verb: 0)
    monkeypatch.setattr("services.local.__main__.once", lambda: 0)
    return rules


def test_join_adds_the_rules_and_says_which(clone: Path, path: Path, rules: Path) -> None:
    result = run(clone, path, "join")
    assert result.returncode == 0, result.stderr
    assert "allow app_data/netflix_trend/shared/** of agg@example.com" in result.stdout
    assert "secret" not in result.stdout + result.stderr
    assert [line for line in lines(rules) if "datasite" in line] == [
        "    datasite: '*'",
        *["    datasite: 'agg@example.com'"] * 2,
        "    datasite: 'helper@example.com'",
    ]
    before = rules.read_text()
    assert run(clone, path, "join").stdout == ""
    assert rules.read_text() == before


@pytest.mark.parametrize("verb", ["pause", "withdraw"])
def test_other_choices_add_none(clone: Path, path: Path, rules: Path, verb: str) -> None:
    assert run(clone, path, verb).returncode == 0
    assert rules.read_text() == RULES


def test_without_an_aggregator_nothing_is_needed(clone: Path, path: Path, rules: Path) -> None:
    (clone / ".env").write_text((clone / ".env").read_text().replace(BOTH, ""))
    assert run(clone, path, "join").returncode == 0
    assert rules.read_text() == RULES


def test_setup_lets_aggregators_be_found_before_one_is_chosen(clone: Path, path: Path, rules: Path) -> None:
    (clone / ".env").write_text((clone / ".env").read_text().replace(BOTH, ""))
    site = rules.parents[1] / "datasites" / "ann@example.org"
    site.mkdir()
    (site / "syft.pub.yaml").touch()
    words = ("setup", "--aggregator", "agg@example.com", "--export", "later", "--not-yet")
    result = run(clone, path, *words)
    assert result.returncode == 0, result.stderr
    assert "repeat setup in a minute" in " ".join(result.stdout.split())
    paths = [line.strip() for line in lines(rules) if "path" in line]
    assert paths == ["path: 'public/netflix_trend/**'"]
    assert "repeat setup in a minute" not in " ".join(run(clone, path, *words).stdout.split())


@pytest.mark.parametrize("role", ["aggregator", "helper"])
def test_an_operator_that_starts_adds_its_own(clone: Path, path: Path, rules: Path, role: str) -> None:
    result = run(clone, path, role)
    assert "Adding: allow app_data/netflix_trend/" in result.stdout
    assert [line for line in lines(rules) if "datasite" in line] == ["    datasite: '*'"]


def test_a_file_of_another_shape_is_left_alone_and_the_lines_are_said(clone: Path, path: Path, rules: Path) -> None:
    rules.write_text("rules: {}\n")
    result = run(clone, path, "join")
    assert result.returncode == 0
    assert "  - action: allow\n    datasite: 'agg@example.com'\n" in result.stderr
    assert rules.read_text() == "rules: {}\n"


def test_the_client_is_found_by_its_folder_where_no_configuration_is(clone: Path, path: Path, rules: Path) -> None:
    (clone / ".syftbox" / "config.json").unlink()
    client = place_in(clone, path).machine.syftbox
    assert client is not None
    assert (client.generation.key, client.email, client.data_dir) == (
        "go_subscriptions",
        "ann@example.org",
        rules.parents[1],
    )
