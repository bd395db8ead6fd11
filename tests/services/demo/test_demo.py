"""The demo: the whole network in one process, and a command that says clearly what it did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netflix_trend import cli
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import Place
from netflix_trend.names import EXAMPLE_AGGREGATOR
from netflix_trend.participant.demo import DemoUnfinished, read_demo
from netflix_trend.periods.weeks import Week
from netflix_trend.published.introduction import INTRODUCTION
from netflix_trend.published.round_list import ROUNDS
from netflix_trend.published.schema import LATEST
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.trends import TRENDS
from netflix_trend.published.wording import effect_in_words
from netflix_trend.questions.top_shows.movement import MOVEMENT
from netflix_trend.settings import SettingsError
from netflix_trend.simulation.population import Population
from services.demo.network import ME, DemoError, Network
from services.demo.one_process import PEOPLE
from services.local.dashboard import demo_settings

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"


def main(arguments: list[str]) -> int:
    """Run `./run.sh demo`."""
    return cli.run(["demo", *arguments], Place(Machine.here()))


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "out"


@pytest.fixture(scope="module")
def printed(output: Path) -> str:
    """One run that the tests of this module look at."""
    import contextlib
    import io

    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        told = ["--mode", "local", "--people", "2500", "--weeks", "2", "--seed", "3", "--output", str(output)]
        assert main(told) == 0
    return " ".join(text.getvalue().split())


def test_the_demo_says_what_was_read(printed: str) -> None:
    assert "150" in printed
    assert "2025-09-04" in printed
    assert "6 trailers and recaps (dropped), 6 blank titles (kept as unknown)" in printed
    assert "only then is every date possible" in printed


def test_the_demo_prints_results_with_intervals_and_your_place(printed: str) -> None:
    assert "Top shows, in people behind" in printed
    assert "95 % interval" in printed
    assert "noise: Chance alone explains the number" in printed
    assert "You started 8 titles in 2026-W46. That is" in printed


def test_the_demo_names_the_page_of_everybody_and_your_dashboard(printed: str, output: Path) -> None:
    public = output / "datasites/aggregator@example.org/public/netflix_trend/index.html"
    assert "How does your own week compare?" in public.read_text()
    assert str(public.resolve()) in printed
    assert f"./run.sh dashboard --demo {output}" in printed


def test_the_output_is_laid_out_like_a_syftbox_workspace(printed: str, output: Path) -> None:
    assert {path.name for path in (output / "datasites").iterdir()} == {ME, EXAMPLE_AGGREGATOR}
    names = {file.name for file in (output / "datasites" / ME / "app_data" / "netflix_trend").iterdir()}
    assert names >= {"manifest.json", "syftperm.yaml", "syft.pub.yaml"}


def test_the_demo_says_what_it_leaves_and_leaves_little(printed: str, output: Path) -> None:
    files = [path for path in output.rglob("*") if path.is_file()]
    assert f"It leaves {len(files)} files in {output}," in printed
    assert len(files) < 2000
    assert sum(path.stat().st_size for path in files) < 60e6


def test_everything_that_is_published_in_a_demo_says_that_people_are_invented(printed: str, output: Path) -> None:
    public = output / "datasites" / EXAMPLE_AGGREGATOR / "public" / "netflix_trend"
    written = [path for path in public.rglob("*.json") if path.name != "schema.json"]
    assert {path.name for path in written} >= {INTRODUCTION, LATEST, TRENDS, MOVEMENT, ROUNDS}
    shared = list((output / "datasites" / EXAMPLE_AGGREGATOR).rglob("shared/statistics/*.json"))
    assert shared
    for path in [*written, *shared]:
        assert json.loads(path.read_bytes())["invented"] is True, path
    pages = list(public.rglob("*.html"))
    assert len(pages) > 2
    for path in pages:
        assert "A demo: the participants are invented" in path.read_text(), path
    assert "A demo: the other 2,500 people are invented, and so is the viewing." in printed


def test_files_of_people_do_not_have_the_field_and_are_read_without_it(printed: str, output: Path) -> None:
    public = output / "datasites" / EXAMPLE_AGGREGATOR / "public" / "netflix_trend"
    found = json.loads((public / LATEST).read_bytes())
    del found["invented"]
    read = RoundStatistics.from_bytes(json.dumps(found).encode())
    assert not read.invented
    assert b"invented" not in read.to_bytes()


@pytest.mark.parametrize("is_mine", [True, False])
@pytest.mark.parametrize("people", [1, 40])
def test_a_demo_says_whose_viewing_it_is(tmp_path: Path, people: int, *, is_mine: bool) -> None:
    network = Network(tmp_path / "out")
    network.prepare()
    with pytest.raises(DemoUnfinished):
        read_demo(network.root)
    (network.root / "private").mkdir()
    network.finish(people, is_mine=is_mine)
    said = read_demo(network.root).sentence
    assert ("The viewing is yours." in said) is is_mine
    assert ("40" in said) is (people == 40)


def test_half_a_demo_is_not_opened_and_the_next_one_replaces_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out"
    few = ["--mode", "local", "--people", "40", "--weeks", "1", "--output", str(output)]
    assert main(few) == 0
    demo_settings(output)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Network, "run", interrupted)
        assert main(few) == 130
    assert "is not complete; ./run.sh demo begins anew" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SettingsError, match=r"only a part of a demo.*run ./run.sh demo again"):
        demo_settings(output)
    assert main(few) == 0
    demo_settings(output)
    assert [path.name for path in tmp_path.iterdir()] == ["out"], "nothing is left beside it"


def test_an_earlier_demo_stays_if_the_file_of_the_next_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    few = ["--mode", "local", "--people", "40", "--weeks", "1", "--output", str(output)]
    assert main(few) == 0
    before = sorted(output.rglob("*"))
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    assert main([str(tmp_path / "bad.csv"), *few]) == 1
    assert main([str(tmp_path / "none.csv"), *few]) == 1
    assert sorted(output.rglob("*")) == before
    demo_settings(output)


def test_no_title_of_mine_is_in_anything_that_left(printed: str, output: Path) -> None:
    mine = output / "datasites" / ME
    left = b"".join(path.read_bytes() for path in (mine / "app_data").rglob("*") if path.is_file())
    assert left
    for title in (b"Garden", b"Nobody Has Heard", b"Wednesday", b"Adolescence"):
        assert title not in left
    assert ME.encode() not in left


def test_the_strongest_simulated_shows_are_found_and_intervals_hold_the_truth(tmp_path: Path) -> None:
    """2,000 people answer top shows in a round: the show ranked first is among the true first three."""
    from netflix_trend.published.statistics import RoundStatistics
    from netflix_trend.simulation.population import person
    from netflix_trend.survey.survey import load_surveys

    network = Network(tmp_path / "out")
    network.prepare()
    sample = Path(__file__).parents[3] / "services" / "demo" / "sample_viewing_history.csv"
    network.import_exports([sample])
    last, people = Week.parse("2026-W46"), 8000
    (statistics,) = network.run(people, 1, 5, last)
    assert statistics.top_shows is not None
    (week,) = Population(people, len(starter_vocabulary()), 5).weeks(1)
    survey = load_surveys((network.root / "aggregator" / "surveys" / f"{last}.json").read_bytes())[0]
    asked = [
        shows
        for number, shows in enumerate(week.shows)
        if (question := survey.question_for(person(number))) and question.name == "top_shows"
    ]
    assert abs(statistics.top_shows.reports - len(asked)) <= 1
    candidates = set(range(50))
    # A person names one of the candidates they watched, so each counts for a fair share.
    named = {show: sum(1 / len(s & candidates) for s in asked if show in s) for show in candidates}
    best = sorted(named, key=lambda show: -named[show])[:3]
    assert statistics.top_shows.shows[0].show in best
    held = [show.lower - 6 <= named[show.show] <= show.upper + 6 for show in statistics.top_shows.shows]
    assert sum(held) / len(held) > 0.9
    assert RoundStatistics.from_bytes(statistics.to_bytes()) == statistics


@pytest.mark.parametrize(
    "arguments",
    [["--people", "0"], ["--people", "x"], ["--weeks", "0"], ["--seed", "-1"], ["--what"]],
)
def test_wrong_options_are_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "Usage: ./run.sh demo" in capsys.readouterr().err


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for option in ("EXPORT", "--people", "--weeks", "--seed", "--output"):
        assert option in text


def test_help_and_readme_say_how_many_people_are_invented(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")

    assert PEOPLE["one"] == PEOPLE["two"]
    assert f"by default {PEOPLE['two']}, in local mode {PEOPLE['local']}" in said
    assert f"your file and {PEOPLE['two']:,} invented people" in readme


def test_a_folder_with_other_files_is_never_emptied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["--output", str(tmp_path)]) == 1
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    assert "--output" in capsys.readouterr().out


def test_a_missing_file_and_an_unusable_one_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "no.csv"), "--output", str(tmp_path / "a")]) == 1
    assert "no such file" in capsys.readouterr().out
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    assert main([str(tmp_path / "bad.csv"), "--output", str(tmp_path / "b")]) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert "row 1" in text
    assert "expected 'Title,Date'" in text


def test_several_files_are_one_person_and_a_bad_one_does_not_matter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.csv").write_text("")
    files = [str(EXPORTS / "en_mdy_us.csv"), str(EXPORTS / "de_dmy_de.csv"), str(tmp_path / "bad.csv")]
    assert main([*files, "--mode", "local", "--people", "50", "--weeks", "1", "--output", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert "the file is empty" in text
    manifests = list((tmp_path / "out" / "datasites" / ME).rglob("manifest.json"))
    if manifests:
        assert json.loads(manifests[0].read_bytes())["schema_version"] == 1


def test_an_earlier_demo_is_replaced(tmp_path: Path) -> None:
    network = Network(tmp_path / "out")
    network.prepare()
    (network.datasites / "old@example.org").mkdir()
    network.prepare()
    assert not (network.datasites / "old@example.org").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(DemoError):
        Network(tmp_path / "other").prepare()


def test_invented_people_have_life_events_and_the_page_shows_their_quarter(tmp_path: Path) -> None:
    network = Network(tmp_path / "out")
    network.prepare()
    network.run(people=1500, weeks=2, seed=2, last=Week.parse("2026-W42"))
    (quarter,) = network.aggregator().trends().effects
    assert quarter.rounds == ("2026-W41", "2026-W42")
    assert quarter.effect.quarter == "2026-Q3"
    assert quarter.effect.reports == pytest.approx(1500 / 4 / 4 * 2, abs=50)
    page = (tmp_path / "out/datasites/aggregator@example.org/public/netflix_trend/index.html").read_text()
    assert "Illness, injuries and other events" in page
    assert "Events that began in 2026-Q3." in page
    assert effect_in_words(quarter).split(":")[0] in page
