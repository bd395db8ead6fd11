"""No difference between two published versions of a statistic shows the answers of fewer than ten people, and none
shows one answer when a round has closed.
"""

from __future__ import annotations

import base64
import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from pytest import LogCaptureFixture

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.simulation.population import seeded_randomness, watched
from netflix_trend.survey.survey import Survey
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.answers import Answers, are_apart, next_version, packed, unpacked
from services.aggregator.batches import Batch, is_due
from services.aggregator.collect import RoundReports
from services.aggregator.estimation import estimate_round
from services.aggregator.memory import Memory
from services.aggregator.overview import read_overview
from services.aggregator.rounds import Aggregator
from tests.services.aggregator.people import AGGREGATOR, asked, publish_as

WEEK = Week.parse("2026-W46")
TODAY = WEEK.sunday + timedelta(days=1)
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture(scope="module", autouse=True)
def _few_draws() -> Iterator[None]:
    """Intervals of volume from few draws: no test here looks at them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("netflix_trend.questions.volume.estimation._DRAWS", 50)
        yield


@pytest.mark.parametrize(
    ("published", "today", "changed", "smallest", "due"),
    [
        (None, TODAY, 9, 10, False),
        (None, TODAY, 10, 10, True),
        (TODAY, TODAY, 100, 10, False),
        (TODAY, TOMORROW, 9, 10, False),
        (TODAY, TOMORROW, 10, 10, True),
        (TOMORROW, TODAY, 100, 10, False),
        (TODAY, TODAY, 1, 1, True),
        (TODAY, TOMORROW, 0, 1, False),
    ],
)
def test_statistics_change_once_a_day_and_only_with_enough_answers(
    published: date | None, today: date, changed: int, smallest: int, *, due: bool
) -> None:
    assert is_due(published, today, changed, smallest) is due


def answers(text: str) -> Answers:
    """One answer for each letter."""
    return Answers.of(text.encode(), 1)


@pytest.mark.parametrize(
    ("versions", "now", "following", "why"),
    [
        ([""], "ab", "", "too few for the first version"),
        ([""], "abc", "abc", "enough for the first version"),
        (["", "abc"], "abcd", "abc", "one came"),
        (["", "abc"], "ab", "abc", "one went"),
        (["", "abc"], "abx", "abc", "one was replaced"),
        (["", "abc"], "abcdef", "abcdef", "three came"),
        (["", "abcdef"], "abc", "abc", "three went"),
        (["", "abc"], "bcdef", "abcdef", "three came; whoever went alone stays"),
        (["", "abcdef"], "defx", "def", "three went; whoever came alone waits"),
        (["", "aaa"], "aaaaa", "aaa", "equal answers are answers, too"),
        (["", "abcdef"], "", "", "all went"),
        (["", "abcdef", ""], "abcdefg", "abcdef", "all came back, and one more: an earlier version shows nothing new"),
        (
            ["", "abc", "abcdefg"],
            "abcg",
            "abc",
            "what is there differs by one from the first version, which is shown again",
        ),
    ],
)
def test_the_next_version_shows_no_single_answer(versions: Sequence[str], now: str, following: str, why: str) -> None:
    assert next_version([answers(one) for one in versions], answers(now), 3) == answers(following), why


def counted(some: Answers) -> Counter[bytes]:
    return Counter(dict(zip(some.distinct(), some.counts.tolist(), strict=True)))


def next_by_counting(versions: list[Counter[bytes]], now: Counter[bytes], smallest: int) -> Counter[bytes]:
    """Return what `next_version` does, in Python's own multisets."""

    def apart(one: Counter[bytes], other: Counter[bytes]) -> bool:
        return all(size == 0 or size >= smallest for size in ((one - other).total(), (other - one).total()))

    last = versions[-1]
    fresh = [one for one in (now, last | now, last & now) if all(apart(one, each) for each in versions)]
    return min([last, *fresh, *versions[:-1]], key=lambda one: (one - now).total() + (now - one).total())


@pytest.mark.parametrize("size", [1, 3, 8, 16])
def test_answers_are_packed_sorted_and_come_back_whole(size: int) -> None:
    """Also where they begin and end with zeros, which texts of numpy lose one by one."""
    generator = random.Random(size)
    some = [bytes(generator.choice((0, 0, 1, 127, 128, 255)) for _ in range(size)) for _ in range(500)]
    some += [bytes(size), b"\xff" * size]
    found = Answers.of(b"".join(some), size)
    assert counted(found) == Counter(some)
    assert found.total() == len(some)
    assert found.distinct() == sorted(set(some))
    assert packed(found) == base64.b64encode(b"".join(sorted(some))).decode()
    assert unpacked(packed(found), size) == found
    assert unpacked("", size).total() == 0
    for text in ("!", "AA==" if size > 1 else "A"):
        with pytest.raises(ValueError, match=r"."):
            unpacked(text, size)


def test_all_versions_of_a_random_history_are_apart_and_as_near_as_that_allows() -> None:
    generator = random.Random(1)
    published, missed = 0, 0
    for _ in range(60):
        versions, now = [answers("")], Counter[str]()
        for _ in range(40):
            for letter in generator.choices("abcdefgh", k=generator.randrange(4)):
                now[letter] = max(0, now[letter] + generator.choice((1, 1, -1)))
            there = answers("".join(now.elements()))
            following = next_version(versions, there, 4)
            assert counted(following) == next_by_counting(list(map(counted, versions)), counted(there), 4)
            if following != versions[-1]:
                versions.append(following)
            missed += following != there
        published += len(versions) - 1
        for one, other in combinations(map(counted, versions), 2):
            for side in ((one - other).total(), (other - one).total()):
                assert side == 0 or side >= 4
    assert published > 60
    assert missed > 60


def made(root: Path) -> Aggregator:
    (root / "datasites").mkdir(parents=True, exist_ok=True)
    site = Datasite(root / "datasites", AGGREGATOR)
    return Aggregator(site, root / "own", starter_vocabulary(), durable=False, smallest_answers=1)


def come(root: Path, survey: Survey, emails: Sequence[str], seed: int = 1) -> None:
    randbelow = seeded_randomness(seed)
    for number, email in enumerate(emails):
        publish_as(root, email, survey, watched(frozenset({number % 20}), number % 25), randbelow)


def go(root: Path, emails: Sequence[str]) -> None:
    for email in emails:
        shutil.rmtree(root / "datasites" / email)


def seen(here: Aggregator) -> dict[str, bytes]:
    """Everything that others may read. Who may read it names those who take part, which is no secret."""
    return {
        str(path.relative_to(here.site.root)): path.read_bytes()
        for folder in (here.shared, here.site.public)
        for path in folder.rglob("*")
        if path.is_file() and (folder != here.shared or not path.name.startswith("syft"))
    }


def published(here: Aggregator, week: Week = WEEK) -> RoundStatistics:
    return RoundStatistics.from_bytes((here.shared / "statistics" / f"{week}.json").read_bytes())


def one_more(root: Path, survey: Survey) -> None:
    come(root, survey, asked(survey, "volume", 13)[12:], seed=2)


def one_less(root: Path, survey: Survey) -> None:
    go(root, asked(survey, "volume", 1))


def one_withdrawn(root: Path, survey: Survey) -> None:
    site = Datasite(root / "datasites", asked(survey, "volume", 1)[0])
    site.publish({}, AGGREGATOR, durable=False)


def one_replaced(root: Path, survey: Survey) -> None:
    one_less(root, survey)
    shutil.rmtree(root / "people" / asked(survey, "volume", 1)[0])
    come(root, survey, asked(survey, "volume", 1), seed=77)


def one_of_another_question(root: Path, survey: Survey) -> None:
    come(root, survey, asked(survey, "top_shows", 1))


def one_damaged(root: Path, survey: Survey) -> None:
    site = Datasite(root / "datasites", asked(survey, "volume", 1)[0])
    (site.app_data / "releases" / f"{survey.round}.json").write_bytes(b"damaged")


@dataclass(frozen=True)
class Beginning:
    """A network in which twelve people answered, and that was published."""

    here: Aggregator
    survey: Survey

    def copied(self, root: Path) -> Aggregator:
        shutil.copytree(self.here.own.parent, root, dirs_exist_ok=True)
        return replace(made(root), memory=replace(self.here.memory, rounds=dict(self.here.memory.rounds)))


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> Beginning:
    root = tmp_path_factory.mktemp("twelve")
    here = made(root)
    survey = here.ask(TODAY)[-1]
    come(root, survey, asked(survey, "volume", 12))
    here.run(TODAY)
    assert published(here).volume.reports == 12
    return Beginning(here, survey)


@pytest.mark.parametrize(
    "happens", [one_more, one_less, one_withdrawn, one_replaced, one_of_another_question, one_damaged]
)
def test_networks_that_differ_by_one_person_look_the_same_until_ten_more_answers_and_a_day(
    tmp_path: Path, twelve: Beginning, happens: Callable[[Path, Survey], None]
) -> None:
    """Every file that anybody else may read is compared, byte by byte."""
    before, other = seen(twelve.here), twelve.copied(tmp_path)
    happens(tmp_path, twelve.survey)
    for day in (TODAY, TOMORROW):
        other.run(day)
        assert seen(other) == before, day
    overviews = [read_overview(one.own) for one in (twelve.here, other)]
    is_told = overviews[0].rounds != overviews[1].rounds  # type: ignore[union-attr]
    assert is_told or happens is one_replaced, "the operator sees at once how many answers there are"

    come(tmp_path, twelve.survey, asked(twelve.survey, "volume", 24)[13:], seed=3)
    other.run(TODAY)
    assert seen(other) == before, "enough, but on the same day"
    other.run(TOMORROW)
    # An answer that came may equal the one that went: then neither is seen to change.
    assert published(other).volume.reports >= 22
    assert seen(other) != before


def test_below_ten_answers_a_statistic_appears_when_its_round_has_closed_and_one_answer_never_does(
    tmp_path: Path,
) -> None:
    here = made(tmp_path)
    survey = here.ask(TODAY)[-1]
    come(tmp_path, survey, [*asked(survey, "volume", 9), *asked(survey, "top_shows", 1)])
    empty = seen(here)
    here.run(TODAY + timedelta(weeks=4) - timedelta(days=1))
    assert published(here).reports == 0
    assert "There are no results yet" in empty["public/netflix_trend/index.html"].decode()
    assert seen(here)["public/netflix_trend/index.html"] == empty["public/netflix_trend/index.html"]
    here.run(TODAY + timedelta(weeks=4))
    assert (published(here).volume.reports, published(here).top_shows.reports) == (9, 0)


@pytest.mark.parametrize(("late", "counted"), [(1, 12), (2, 14)])
def test_a_closed_round_is_published_once_more_unless_that_shows_one_answer(
    tmp_path: Path, late: int, counted: int
) -> None:
    here = made(tmp_path)
    survey = here.ask(TODAY)[-1]
    people = asked(survey, "volume", 20)
    closed = TODAY + timedelta(weeks=4)
    come(tmp_path, survey, people[:12])
    here.run(TODAY)
    come(tmp_path, survey, people[12 : 12 + late])
    here.run(closed - timedelta(days=1))
    assert published(here).volume.reports == 12
    here.run(closed)
    assert published(here).volume.reports == counted
    come(tmp_path, survey, people[12 + late :])
    here.run(closed + timedelta(days=1))
    assert published(here).volume.reports == counted, "only once"


def test_a_statistic_stays_as_it_is_when_another_one_of_the_round_changes(tmp_path: Path) -> None:
    here = made(tmp_path)
    survey = here.ask(TODAY)[-1]
    come(tmp_path, survey, asked(survey, "volume", 10))
    here.run(TODAY)
    before = published(here)
    come(tmp_path, survey, [*asked(survey, "top_shows", 10), asked(survey, "volume", 11)[10]])
    here.run(TOMORROW)
    after = published(here)
    assert before.top_shows.reports == 0
    assert after.volume == before.volume.of_participants(21, before.volume.part)
    assert (after.top_shows.reports, after.reports) == (10, 20)


@pytest.mark.slow
def test_over_a_fortnight_no_two_versions_differ_by_fewer_than_ten_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People come, go and come back in random order. The histograms that the estimators were given are compared."""
    histograms: dict[bytes, list[int]] = {}

    def watching(found: RoundReports, vocabulary: Vocabulary) -> RoundStatistics:
        statistics = estimate_round(found, vocabulary)
        histograms[statistics.to_bytes()] = found.counts["volume"].tolist()
        return statistics

    monkeypatch.setattr("services.aggregator.batches.estimate_round", watching)
    generator = random.Random(1)
    here = replace(made(tmp_path), automatic=False)
    survey = here.ask(TODAY)[-1]
    away = [*asked(survey, "volume", 60), *asked(survey, "top_shows", 30)]
    (here.own / "participants.txt").write_text("\n".join(away))
    there: list[str] = []
    versions: list[bytes] = []
    days: list[date] = []
    for day in (TODAY + timedelta(days=number) for number in range(14)):
        for _ in range(2):
            for _ in range(generator.randrange(10)):
                arrives = bool(away) and (not there or generator.random() < 0.8)
                source, target = (away, there) if arrives else (there, away)
                target.append(source.pop(generator.randrange(len(source))))
                if arrives:
                    come(tmp_path, survey, target[-1:], seed=generator.randrange(1000))
                else:
                    go(tmp_path, target[-1:])
            files = seen(here)
            here.run(day)
            data = published(here).to_bytes()
            if not versions or data != versions[-1]:
                versions.append(data)
                days.append(day)
            elif day.weekday() != TODAY.weekday():  # on that day the next round is asked
                assert seen(here) == files
    assert len(versions) >= 4
    assert len(set(days[1:])) == len(days) - 1, "once a day"
    for one, other in combinations(versions, 2):
        changes = [new - old for old, new in zip(histograms[one], histograms[other], strict=True)]
        for side in (sum(n for n in changes if n > 0), -sum(n for n in changes if n < 0)):
            assert side == 0 or side >= 10
    record = Batch.model_validate_json((here.own / "batches" / f"{WEEK}.json").read_bytes())
    for question in survey.questions:
        assert all(are_apart(*both, 10) for both in combinations(record.answers(question), 2))


def test_a_crash_between_record_and_statistics_publishes_what_was_recorded(tmp_path: Path) -> None:
    here = made(tmp_path)
    survey = here.ask(TODAY)[-1]
    come(tmp_path, survey, asked(survey, "volume", 10))
    here.run(TODAY)
    before = seen(here)
    (here.own / "statistics" / f"{WEEK}.json").unlink()
    come(tmp_path, survey, asked(survey, "volume", 25)[10:])
    again = replace(here, memory=Memory())
    again.run(TODAY)
    assert seen(again) == before
    again.run(TOMORROW)
    assert published(again).volume.reports == 25


def of_another(field: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        record[field] = value

    return change


def with_answers(*versions: str) -> Callable[[dict[str, Any]], None]:
    """Replace the versions of the answers about volume."""
    return lambda record: record["versions"].update(volume=versions)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(None, id="lost"),
        pytest.param(dict[str, Any].clear, id="empty"),
        pytest.param(of_another("survey", "0" * 32), id="another survey"),
        pytest.param(of_another("versions", {"astrology": [""]}), id="another question"),
        pytest.param(with_answers("A"), id="no base64"),
        pytest.param(with_answers("", "/w=="), id="no answer of the mechanism"),
        pytest.param(with_answers(), id="no version"),
    ],
)
def test_a_lost_record_is_known_again_while_the_answers_are_the_published_ones(
    tmp_path: Path, damage: Callable[[dict[str, Any]], None] | None
) -> None:
    here = made(tmp_path)
    survey = here.ask(TODAY)[-1]
    come(tmp_path, survey, asked(survey, "volume", 10))
    here.run(TODAY)
    before = seen(here)
    path = here.own / "batches" / f"{WEEK}.json"
    record = json.loads(path.read_bytes())
    path.unlink()
    if damage:
        damage(record)
        path.write_text(json.dumps(record))
    again = replace(here, memory=Memory())
    again.run(TOMORROW)
    assert seen(again) == before
    come(tmp_path, survey, asked(survey, "volume", 25)[10:])
    again.run(TOMORROW)
    assert published(again).volume.reports == 25


def test_after_a_lost_record_one_answer_that_is_left_is_not_published(tmp_path: Path) -> None:
    here = made(tmp_path)
    survey = here.ask(TODAY)[-1]
    people = asked(survey, "volume", 11)
    come(tmp_path, survey, people)
    here.run(TODAY)
    shutil.rmtree(here.own / "batches")
    again = replace(here, memory=Memory())
    again.run(TOMORROW)
    go(tmp_path, people[:10])
    again.run(TOMORROW + timedelta(days=1))
    assert published(again).volume.reports == 0, "as before the first version, and not one"


def test_after_a_lost_record_a_statistic_of_other_answers_stays_as_it_is(
    tmp_path: Path, caplog: LogCaptureFixture
) -> None:
    here = made(tmp_path)
    survey = here.ask(TODAY)[-1]
    come(tmp_path, survey, asked(survey, "volume", 10))
    here.run(TODAY)
    before = published(here)
    shutil.rmtree(here.own / "batches")
    come(tmp_path, survey, [*asked(survey, "volume", 40)[11:], *asked(survey, "top_shows", 12)])
    again = replace(here, memory=Memory())
    again.run(TOMORROW)
    after = published(again)
    assert after.volume == before.volume
    assert "question=volume stays as it is" in caplog.text
    assert (after.top_shows.reports, after.reports) == (12, 22), "nothing was published of this question"


def test_an_aggregator_that_lost_its_folder_keeps_what_is_published(tmp_path: Path) -> None:
    here = made(tmp_path)
    survey = here.ask(TODAY)[-1]
    come(tmp_path, survey, asked(survey, "volume", 10))
    here.run(TODAY)
    before = seen(here)
    shutil.rmtree(here.own)
    come(tmp_path, survey, asked(survey, "volume", 25)[10:])
    again = replace(here, memory=Memory())
    again.run(TOMORROW)
    assert seen(again) == before


def test_records_of_rounds_that_are_over_are_deleted(tmp_path: Path) -> None:
    here = made(tmp_path)
    survey = here.ask(TODAY)[-1]
    come(tmp_path, survey, asked(survey, "volume", 10))
    here.run(TODAY)
    assert (here.own / "batches" / f"{WEEK}.json").exists()
    here.run(TODAY + timedelta(weeks=4))
    assert (here.own / "batches" / f"{WEEK}.json").exists()
    here.run(TODAY + timedelta(weeks=5))
    assert not (here.own / "batches" / f"{WEEK}.json").exists()
    assert published(here).volume.reports == 10
