"""People without folders say what everybody says, and the aggregator publishes the same, byte for byte."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from netflix_trend.names import EXAMPLE_AGGREGATOR
from netflix_trend.periods.weeks import Week
from netflix_trend.published.introduction import INTRODUCTION
from netflix_trend.simulation.population import person, seeded_randomness, watched
from netflix_trend.survey.survey import load_surveys
from netflix_trend.syftbox.permissions import PERMISSION_FILES
from services.aggregator.collect import RoundReleases, RoundReports
from services.demo.network import Network
from services.demo.plain import PagesOnce, PlainPeople, together

LAST = Week.parse("2026-W42")


def published(root: Path, publishers: int, people: int, weeks: int, seed: int) -> dict[str, bytes]:
    """Play weeks and return all files of the aggregator's datasite but its rules, which name addresses."""
    network = Network(root, publishers=publishers)
    network.prepare()
    network.run(people, weeks, seed, LAST)
    site = network.datasites / EXAMPLE_AGGREGATOR
    files = (path for path in site.rglob("*") if path.is_file() and path.name not in PERMISSION_FILES)
    return {str(path.relative_to(site)): path.read_bytes() for path in files}


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_published_does_not_depend_on_who_has_folders(tmp_path: Path, seed: int) -> None:
    everybody = published(tmp_path / "all", 120, 120, 5, seed)
    assert len([name for name in everybody if "shared/statistics/2026" in name]) == 5
    for some in (0, 30):
        assert published(tmp_path / str(some), some, 120, 5, seed) == everybody


def test_pages_that_are_written_once_are_those_of_writing_them_after_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = published(tmp_path / "once", 30, 120, 5, 1)
    assert len([name for name in once if name.startswith("public/") and name.endswith(".html")]) > 5
    monkeypatch.setattr(PagesOnce, "wait_with_pages", lambda _: None)
    assert published(tmp_path / "each", 30, 120, 5, 1) == once


def test_without_pages_the_same_is_published_for_participants(tmp_path: Path) -> None:
    network = Network(tmp_path / "out", publishers=30, has_pages=False)
    network.prepare()
    network.run(120, 2, 1, LAST)
    site = network.datasites / EXAMPLE_AGGREGATOR
    whole = published(tmp_path / "whole", 30, 120, 2, 1)
    assert [path.name for path in (site / "public" / "netflix_trend").iterdir() if "syft" not in path.name] == [
        INTRODUCTION
    ]
    for week in (LAST, LAST - 1):
        name = f"app_data/netflix_trend/shared/statistics/{week}.json"
        assert (site / name).read_bytes() == whole[name]


def test_folders_are_made_for_publishers_only(tmp_path: Path) -> None:
    published(tmp_path / "out", 30, 120, 4, 1)
    assert len(list((tmp_path / "out" / "datasites").glob("person*"))) == 30
    assert len(list((tmp_path / "out" / "people").iterdir())) == 30


def test_who_is_asked_is_counted_once_for_everybody_who_has_joined(tmp_path: Path) -> None:
    published(tmp_path / "out", 0, 8, 1, 1)
    (survey,) = load_surveys((tmp_path / "out" / "aggregator" / "surveys" / f"{LAST}.json").read_bytes())
    people = PlainPeople()
    for number in range(40):
        people.answer(person(number), survey, watched(frozenset({1}), 3), seeded_randomness(number))
        if number in {5, 20, 39}:
            asked = Counter(question.name for n in range(number + 1) if (question := survey.question_for(person(n))))
            releases = people.read(survey)
            assert releases.found.asked == asked
            assert releases.found.participants == asked.total() == len(people.joined)
            assert releases.count().reports == asked
    assert 0 < len(people.joined) < 40


def test_two_groups_are_added_up(tmp_path: Path) -> None:
    published(tmp_path / "out", 0, 8, 1, 1)
    (survey,) = load_surveys((tmp_path / "out" / "aggregator" / "surveys" / f"{LAST}.json").read_bytes())
    one = RoundReports(
        survey, 3, Counter(a=2), refused=Counter(size=1), waiting=1, refusals=[("x@example.org", "size")]
    )
    other = RoundReports(survey, 4, Counter(a=1, b=1), refused=Counter(size=2), waiting=5)
    both = together(RoundReleases(one, {"a": b"12"}), RoundReleases(other, {"a": b"3", "b": b"4"}))
    assert both.payloads == {"a": b"123", "b": b"4"}
    assert both.found == RoundReports(
        survey, 7, Counter(a=3, b=1), refused=Counter(size=3), waiting=6, refusals=[("x@example.org", "size")]
    )
