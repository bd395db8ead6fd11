"""The verb setup: by prompts and by options, from nothing to taking part, and never done without an aggregator."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from dotenv import dotenv_values

from netflix_trend import cli
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.offers import list_aggregators
from netflix_trend.history.household import read_answers
from netflix_trend.participant.choices import read_choices
from netflix_trend.published.introduction import IntroducedOperator
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.syftbox.aggregators import MOST_READ, FoundAggregators
from tests.netflix_trend.cli.front_door import ROOT, Said, as_it_was, fake_docker, lines, place_in, run
from tests.netflix_trend.cli.test_mode import STOPPED
from tests.netflix_trend.syftbox.test_aggregators import introduce
from tests.waiting import wait_for

ME, CLUB, DUO, HELPER = "ann@example.com", "club@example.com", "duo@example.com", "helper@example.com"
HISTORY = "Title,Date\n" + "".join(f'"Dark: Season 1: Part {day}","2026-11-{day:02}"\n' for day in range(1, 25))
ACTIVITY = ROOT / "tests" / "fixtures" / "exports" / "ViewingActivity.csv"
FIRST = IntroducedOperator(role="aggregator", datasite=DUO, key="ab" * 32)
SECOND = IntroducedOperator(role="helper", datasite=HELPER, key="cd" * 32)


@pytest.fixture
def datasites(tmp_path: Path) -> Path:
    """A SyftBox with two aggregators: one in local mode, one with a helper."""
    folder = tmp_path / "SyftBox" / "datasites"
    (folder / ME).mkdir(parents=True)
    (folder / ME / "syftperm.yaml").touch()
    introduce(folder, CLUB, name="Our cinema club")
    introduce(folder, DUO, mode="two", odds=None, rho=(1079, 10_000), operators=(FIRST, SECOND))
    return folder


@pytest.fixture
def export(tmp_path: Path) -> Path:
    file = tmp_path / "NetflixViewingHistory.csv"
    file.write_text(HISTORY)
    return file


def of_syftbox(datasites: Path) -> dict[str, str]:
    """What SyftBox says when it starts an app."""
    config = datasites.parent / "config.json"
    config.write_bytes(canonical_json({"email": ME, "data_dir": str(datasites.parent)}))
    return {"SYFTBOX_CLIENT_CONFIG_PATH": str(config)}


def machine(clone: Path, path: Path, environment: dict[str, str]) -> Machine:
    return place_in(clone, path, **environment).machine


def kept(clone: Path, path: Path, environment: dict[str, str]) -> dict[str, str | None]:
    return dotenv_values(machine(clone, path, environment).env_file)


def prompted(
    monkeypatch: pytest.MonkeyPatch, clone: Path, path: Path, lines: list[str], *options: str, **environment: str
) -> Result:
    """Run setup as somebody who types these lines."""
    monkeypatch.setattr("netflix_trend.cli.asking.has_terminal", lambda: True)
    with as_it_was():
        place = place_in(clone, path, **environment)
        text = "".join(f"{line}\n" for line in lines)
        return CliRunner().invoke(
            cli.cli, ["setup", *options], obj=place, input=text, env={"COLUMNS": os.environ.get("COLUMNS", "80")}
        )


def words(result: Result | Said) -> str:
    return " ".join((result.output if isinstance(result, Result) else result.stdout).split())


def test_from_nothing_to_taking_part_by_prompts(
    clone: Path, path: Path, datasites: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = of_syftbox(datasites)
    result = prompted(monkeypatch, clone, path, ["1", str(export), "y"], **environment)
    assert result.exit_code == 0, result.output
    said = words(result)
    assert f"1) {CLUB}, which calls itself “Our cinema club” It asks about viewing volume." in said
    assert f"helper {HELPER}, key: {SECOND.words}" in said
    assert "24 views" in said
    assert "You joined. Your machine answers what it is asked, within your limits." in said
    order = [said.index(step) for step in ("1. SyftBox", ME, "2. The agg", "3. Your viewing", "Last: taking", "next")]
    assert order == sorted(order)
    here = machine(clone, path, environment)
    assert kept(clone, path, environment)["AGGREGATOR_DATASITE"] == CLUB
    assert read_choices(here.folder("PRIVATE_DIR")).participation == "joined"
    assert "the aggregator's survey has not arrived yet" in said, "the publisher has followed at once"


def test_by_options_nothing_is_asked(clone: Path, path: Path, datasites: Path, export: Path) -> None:
    environment = of_syftbox(datasites)
    options = ("--aggregator", DUO, "--yes", "--export", str(export), "--take-part")
    result = run(clone, path, "setup", *options, **environment)
    assert result.returncode == 0, result.stderr
    found = kept(clone, path, environment)
    assert (found["AGGREGATOR_DATASITE"], found["AGGREGATOR_KEY"]) == (DUO, FIRST.key)
    assert (found["HELPER_DATASITE"], found["HELPER_KEY"]) == (HELPER, SECOND.key)
    again = run(clone, path, "setup", **environment)
    assert again.returncode == 0, again.stderr
    assert "You take part." in words(again)
    assert f"{DUO} (chosen)" in words(again)
    assert kept(clone, path, environment) == found, "repeating changes nothing"
    other = run(clone, path, "setup", "--aggregator", CLUB, **environment)
    assert other.returncode == 0, other.stderr
    now = kept(clone, path, environment)
    assert (now["AGGREGATOR_DATASITE"], now["AGGREGATOR_KEY"], now["HELPER_DATASITE"]) == (CLUB, "", "")


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ((), ("--aggregator ADDRESS", "--export FILE", "--take-part or --not-yet")),
        (("--aggregator", CLUB), ("--export FILE", "--take-part or --not-yet")),
        (("--aggregator", CLUB, "--export", "later"), ("--take-part or --not-yet",)),
    ],
)
def test_without_a_terminal_it_says_which_options_are_missing(
    clone: Path, path: Path, datasites: Path, options: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    result = run(clone, path, "setup", *options, **of_syftbox(datasites))
    assert result.returncode == 1
    assert result.stderr.endswith(
        f"{', '.join((*missing[:1], *missing[1:]))}\n".replace("FILE,", "FILE (or drop, or later),")
    )
    assert f"1) {CLUB}" in result.stdout, "to choose from"
    assert not machine(clone, path, of_syftbox(datasites)).env_file.exists(), "nothing was changed"


@pytest.mark.parametrize(
    ("datasites", "said"), [(0, "no datasites"), (1, "in 1 datasite on"), (2, "in 2 datasites on")]
)
def test_where_nobody_introduces_itself_it_says_where_it_looked(
    capsys: pytest.CaptureFixture[str], datasites: int, said: str
) -> None:
    list_aggregators(FoundAggregators({}, {}, datasites=datasites), own="me@example.org", chosen="")
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("is_asked", [True, False])
def test_keys_that_were_not_compared_are_not_taken(
    clone: Path, path: Path, datasites: Path, monkeypatch: pytest.MonkeyPatch, is_asked: bool
) -> None:
    environment = of_syftbox(datasites)
    if is_asked:
        result = prompted(monkeypatch, clone, path, ["2", "n"], **environment)
        code, said = result.exit_code, words(result)
    else:
        outcome = run(clone, path, "setup", "--aggregator", DUO, "--export", "later", "--not-yet", **environment)
        code, said = outcome.returncode, words(outcome) + outcome.stderr
    assert code == 1
    assert "The words of the keys came over SyftBox itself" in said
    assert FIRST.words in said
    assert FIRST.key not in said
    assert "othing was changed" in said
    assert not machine(clone, path, environment).env_file.exists()


def test_a_key_that_changes_later_is_asked_about_again(clone: Path, path: Path, datasites: Path) -> None:
    environment, more = of_syftbox(datasites), ("--export", "later", "--not-yet")
    assert run(clone, path, "setup", "--aggregator", DUO, "--yes", *more, **environment).returncode == 0
    file = datasites / DUO / "public" / "netflix_trend" / "index.json"
    for forged in (file.read_text().replace("ab" * 32, "ef" * 32), introduce(datasites / "x", DUO).read_text()):
        file.write_text(forged)
        result = run(clone, path, "setup", "--aggregator", DUO, *more, **environment)
        assert result.returncode == 1
        assert "your settings name other keys" in words(result)
        assert kept(clone, path, environment)["AGGREGATOR_KEY"] == FIRST.key


def test_without_an_aggregator_it_is_never_done(
    clone: Path, path: Path, datasites: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = of_syftbox(datasites)
    result = prompted(monkeypatch, clone, path, ["", str(export)], **environment)
    assert result.exit_code == 0, result.output
    said = words(result)
    assert "Not done yet: without an aggregator nothing leaves this machine." in said
    assert "tries everything" not in said, "with an address of one's own a run answers nobody"
    assert "Take part now?" not in said
    assert read_choices(machine(clone, path, environment).folder("PRIVATE_DIR")).participation == "undecided"
    refused = prompted(monkeypatch, clone, path, ["later", "later"], "--take-part", **environment)
    assert refused.exit_code == 1
    assert "no aggregator to take part with" in words(refused)


def test_who_does_not_take_part_yet_publishes_nothing_by_the_next_run(
    clone: Path, path: Path, datasites: Path, export: Path
) -> None:
    """JOIN in .env would not answer for somebody who has just said: not yet."""
    environment = of_syftbox(datasites)
    result = run(clone, path, "setup", "--aggregator", CLUB, "--export", str(export), "--not-yet", **environment)
    assert result.returncode == 0, result.stderr
    assert "To take part: ./run.sh join" in words(result)
    assert "nothing is published before ./run.sh join" in run(clone, path, "once", **environment).stdout
    assert not (datasites / ME / "app_data").exists()


def test_answers_that_cannot_be_understood_are_asked_again(
    clone: Path, path: Path, datasites: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = of_syftbox(datasites)
    lines = ["9", "nobody", "1", "/no/such.csv", str(export), "n"]
    result = prompted(monkeypatch, clone, path, lines, **environment)
    assert result.exit_code == 0, result.output
    said = words(result)
    assert said.count("expected an e-mail address") == 2
    assert "/no/such.csv: no such file" in said


@pytest.mark.parametrize(("answer", "only"), [("2", ["Bob"]), ("bob", ["Bob"]), ("all", ["Ann", "Bob"])])
def test_of_several_netflix_profiles_one_is_chosen_and_kept_for_later_files(
    clone: Path,
    path: Path,
    datasites: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    only: list[str],
) -> None:
    environment, file = of_syftbox(datasites), two_people(tmp_path)
    result = prompted(monkeypatch, clone, path, ["1", str(file), answer, "n"], **environment)
    assert result.exit_code == 0, result.output
    assert "1) Ann (1 row) 2) Bob (1 row)" in words(result)
    assert ("1 view of 1 file" if only == ["Bob"] else "2 views of 1 file") in words(result)
    assert whose_viewing(clone, path, environment) == only


def test_without_a_terminal_the_profile_is_an_option(clone: Path, path: Path, datasites: Path, tmp_path: Path) -> None:
    environment, file = of_syftbox(datasites), two_people(tmp_path)
    options = ("--aggregator", CLUB, "--export", str(file), "--not-yet")
    result = run(clone, path, "setup", *options, **environment)
    assert result.returncode == 1
    assert "--profile NAME, or all" in result.stderr
    assert run(clone, path, "setup", *options, "--profile", "Ann", **environment).returncode == 0
    assert whose_viewing(clone, path, environment) == ["Ann"]
    assert run(clone, path, "setup", *options, "--profile", "all", **environment).returncode == 0
    assert whose_viewing(clone, path, environment) == ["Ann", "Bob"]


def whose_viewing(clone: Path, path: Path, environment: dict[str, str]) -> list[str]:
    """Return the Netflix profiles that were kept, sorted."""
    private = machine(clone, path, environment).folder("PRIVATE_DIR")
    return sorted(read_answers(private, [])["me"])


def two_people(folder: Path) -> Path:
    head = ACTIVITY.read_text().splitlines()[0]
    rows = [f'{name},2026-11-0{day} 20:00:00,00:40:00,,"Dark: Season 1: Secrets",,TV,00:40:00,00:40:00,DE (Germany)'
            for day, name in enumerate(("Ann", "Bob"), 1)]  # fmt: skip
    file = folder / "ViewingActivity.csv"
    file.write_text("\n".join([head, *rows, ""]))
    return file


def test_outside_of_syftbox_address_and_folder_are_asked(
    clone: Path, path: Path, datasites: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [ME, "/no/folder", str(datasites), CLUB, "drop", "n"]
    result = prompted(monkeypatch, clone, path, lines)
    assert result.exit_code == 0, result.output
    found = kept(clone, path, {})
    assert (found["SYFTBOX_EMAIL"], found["DATASITES_DIR"]) == (ME, str(datasites))
    assert found["AGGREGATOR_DATASITE"] == CLUB
    assert "Not done yet: there is no export." in words(result)
    assert (clone / "drop").is_dir()


def test_outside_of_syftbox_address_and_folder_are_options(clone: Path, path: Path, datasites: Path) -> None:
    outside = ("--email", "Ann@Example.com", "--datasites", str(datasites))
    result = run(clone, path, "setup", *outside, "--aggregator", CLUB, "--export", "later", "--not-yet")
    assert result.returncode == 0, result.stderr
    assert f"{ME}, datasites in {datasites} (as set in .env)" in words(result)
    found = kept(clone, path, {})
    assert (found["SYFTBOX_EMAIL"], found["DATASITES_DIR"]) == (ME, str(datasites))
    wrong = run(clone, path, "setup", "--email", "nobody", "--datasites", str(datasites))
    assert wrong.returncode == 2
    assert "expected an e-mail address" in wrong.stderr


def test_an_address_without_an_introduction_is_taken_and_explained(clone: Path, path: Path, datasites: Path) -> None:
    environment = of_syftbox(datasites)
    options = ("--aggregator", "quiet@example.com", "--export", "later", "--not-yet")
    result = run(clone, path, "setup", *options, **environment)
    assert result.returncode == 0, result.stderr
    assert "quiet@example.com has not introduced itself on this machine" in words(result)
    assert kept(clone, path, environment)["AGGREGATOR_DATASITE"] == "quiet@example.com"


def test_many_datasites_do_not_hide_the_keys_of_an_aggregator(clone: Path, path: Path, datasites: Path) -> None:
    for number in range(MOST_READ + 1):
        place = datasites / f"a{number}@example.com" / "public" / "netflix_trend"
        place.mkdir(parents=True)
        (place / "index.json").touch()
    environment = of_syftbox(datasites)
    options = ("--aggregator", DUO, "--yes", "--export", "later", "--not-yet")
    result = run(clone, path, "setup", *options, **environment)
    assert result.returncode == 0, result.stderr
    assert kept(clone, path, environment)["AGGREGATOR_KEY"] == FIRST.key
    assert "has not introduced itself" not in words(result)


def test_one_trusted_operator_is_against_the_usual_limits(clone: Path, path: Path, datasites: Path) -> None:
    solo = IntroducedOperator(role="aggregator", datasite="solo@example.com", key="12" * 32)
    introduce(datasites, "solo@example.com", mode="one", odds=None, rho=(1079, 10_000), operators=(solo,))
    options = ("--aggregator", "solo@example.com", "--yes", "--export", "later", "--not-yet")
    result = run(clone, path, "setup", *options, **of_syftbox(datasites))
    assert result.returncode == 0, result.stderr
    assert "add one to LIMIT_MODES in .env" in words(result)


def test_an_own_address_and_a_variable_that_would_win_are_refused(clone: Path, path: Path, datasites: Path) -> None:
    options = ("--export", "later", "--not-yet")
    own = run(clone, path, "setup", "--aggregator", ME, *options, **of_syftbox(datasites))
    assert own.returncode == 1
    assert "that is your own address" in own.stderr
    outside: dict[str, Any] = {"SYFTBOX_EMAIL": ME, "DATASITES_DIR": str(datasites)}
    held = run(clone, path, "setup", "--aggregator", CLUB, *options, AGGREGATOR_DATASITE=DUO, **outside)
    assert held.returncode == 1
    assert "AGGREGATOR_DATASITE in the environment would take precedence" in held.stderr


def test_a_datasite_that_lost_its_rules_is_repaired_after_a_yes(
    clone: Path, path: Path, datasites: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, rules = of_syftbox(datasites), datasites / ME / "syftperm.yaml"
    rules.unlink()
    options = ("--aggregator", CLUB, "--export", str(export), "--take-part")
    first = run(clone, path, "setup", *options, **environment)
    assert "permission file is missing in your datasite" in words(first)
    assert not rules.exists()
    assert "./run.sh setup --repair writes the file" in run(clone, path, "once", **environment).stdout
    declined = prompted(monkeypatch, clone, path, ["n", "", "", ""], **environment)
    assert "Nothing was written." in words(declined)
    assert not rules.exists()
    monkeypatch.undo()
    repaired = run(clone, path, "setup", "--repair", **environment)
    assert repaired.returncode == 0, repaired.stderr
    assert ME in rules.read_text()
    assert "Nothing to repair" in run(clone, path, "setup", "--repair", **environment).stdout


def test_a_datasite_that_is_not_there_is_left_to_syftbox(clone: Path, path: Path, datasites: Path) -> None:
    (datasites / ME / "syftperm.yaml").unlink()
    (datasites / ME).rmdir()
    result = run(clone, path, "setup", "--repair", **of_syftbox(datasites))
    assert result.returncode == 1
    assert "SyftBox: it makes the folder itself" in words(result)
    assert not (datasites / ME).exists()


@pytest.mark.parametrize("columns", ["24", "60", "200"])
def test_lines_fit_the_terminal(
    clone: Path, path: Path, datasites: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    result = prompted(monkeypatch, clone, path, ["", ""], **of_syftbox(datasites))
    assert result.exit_code == 0, result.output
    assert SECOND.words in result.output, "in one piece, to select and compare"
    lines = (line for line in result.output.splitlines() if ".csv" not in line)
    text = [line for line in lines if line.startswith("   ") and not set(line) & set("@/-[")]
    assert len(text) > 5
    assert max(map(len, text)) <= int(columns)
    assert max(map(len, text)) > min(int(columns), 100) - 15


def test_a_terminal_is_asked(clone: Path, path: Path, datasites: Path) -> None:
    """Through a real terminal: who types gets prompts, without any option."""
    code = (
        "import os; from pathlib import Path; from netflix_trend import cli;"
        "from netflix_trend.cli.machine import Machine; from netflix_trend.cli.mode import Place;"
        f"raise SystemExit(cli.run(['setup'], Place(Machine(Path({str(clone)!r}), dict(os.environ)))))"
    )
    environment = {"PATH": str(path), "HOME": str(clone), "PYTHONPATH": str(ROOT), **of_syftbox(datasites)}
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-c", code], environment)
    seen = b""

    def shows(text: bytes) -> bool:
        nonlocal seen
        while text not in seen:
            seen += os.read(terminal, 4096)
        return True

    try:
        for question, answer in ((b"[later]", b"1"), (b"later [later]", b"later"), (b"Take part now?", b"n")):
            assert shows(question)
            seen = b""
            os.write(terminal, answer + b"\n")
        assert shows(b"./run.sh join")
        assert wait_for(lambda: os.waitpid(child, os.WNOHANG) != (0, 0), "the end of setup")
    finally:
        os.close(terminal)
    assert kept(clone, path, of_syftbox(datasites))["AGGREGATOR_DATASITE"] == CLUB


def test_who_joined_a_trial_is_asked_again(clone: Path, path: Path, datasites: Path, export: Path) -> None:
    """They agreed to answer nobody in particular; the first aggregator is not answered for that."""
    for words_ in (("import", str(export)), ("join",)):
        assert run(clone, path, *words_).returncode == 0
    private = machine(clone, path, {}).folder("PRIVATE_DIR")
    assert read_choices(private).participation == "joined"
    outside = ("--email", ME, "--datasites", str(datasites), "--aggregator", CLUB)
    result = run(clone, path, "setup", *outside, "--not-yet")
    assert result.returncode == 0, result.stderr
    assert "To take part: ./run.sh join" in words(result)
    assert read_choices(private).participation == "undecided"


def test_with_docker_the_services_get_the_file_and_the_choice(
    clone: Path, path: Path, datasites: Path, export: Path
) -> None:
    fake_docker(path, STOPPED)
    options = ("--email", ME, "--datasites", str(datasites), "--aggregator", CLUB, "--profile", "Ann")
    result = run(clone, path, "setup", *options, "--export", str(export), "--take-part")
    assert result.returncode == 0, result.stderr
    assert (clone / "drop" / export.name).read_text() == HISTORY
    assert (clone / "drop" / f".{export.name}.options").read_text() == "only=Ann\ncopy=yes\n"
    runs = [line for line in lines(clone / "docker.log") if line.startswith("compose run") and "prepare" not in line]
    assert runs == [
        "compose run --rm --no-deps --no-TTY processor python -m netflix_trend join",
        "compose run --rm --no-deps --no-TTY publisher python -m netflix_trend look",
    ]
    found = kept(clone, path, {})
    assert (found["MODE"], found["AGGREGATOR_DATASITE"]) == ("containers", CLUB)
    assert "The services must run with these settings: ./run.sh up" in words(result)
