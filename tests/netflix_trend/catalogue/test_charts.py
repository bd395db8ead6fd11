"""The charts that an operator keeps, and how their shows meet a vocabulary."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from netflix_trend.catalogue import charts as module
from netflix_trend.catalogue.charts import ChartedShow, Charts, ChartsError, WeeklyChart
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.periods.weeks import Week

W = [Week.parse("2026-W44") + number for number in range(3)]


def chart(week: Week, *titles: str, country: str = "") -> WeeklyChart:
    return WeeklyChart(
        week=str(week), country=country, source="a list", shows=tuple(ChartedShow(title=t) for t in titles)
    )


def test_what_was_read_later_replaces_what_is_about_the_same() -> None:
    old = Charts(weekly=(chart(W[0], "A"), chart(W[1], "B")), popular=(ChartedShow(title="P"),))
    new = Charts(weekly=(chart(W[1], "C"), chart(W[1], "D", country="DE")), watched=(ChartedShow(title="Q"),))
    both = old.with_newer(new)
    assert {week: one.shows[0].title for week, one in both.of_country("").items()} == {W[0]: "A", W[1]: "C"}
    assert {week: one.shows[0].title for week, one in both.of_country("DE").items()} == {W[1]: "D"}
    assert (both.popular[0].title, both.watched[0].title) == ("P", "Q")
    assert Charts.from_bytes(both.to_bytes()) == both
    again = both.with_newer(Charts(popular=(ChartedShow(title="R"),)))
    assert (again.popular[0].title, again.watched[0].title) == ("R", "Q"), "a list of no week replaces the last one"


def test_the_newest_weeks_of_each_country_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_WEEKS", 2)
    many = Charts(weekly=(chart(W[0], "X", country="DE"), *(chart(week, "A") for week in W)))
    kept = Charts().with_newer(many)
    assert list(kept.of_country("")) == W[1:]
    assert list(kept.of_country("DE")) == W[:1]


def test_without_a_setting_the_only_country_counts() -> None:
    assert list(Charts(weekly=(chart(W[0], "X", country="DE"),)).of_country("")) == W[:1]
    two = Charts(weekly=(chart(W[0], "X", country="DE"), chart(W[0], "Y", country="FR")))
    assert two.of_country("") == {}
    assert list(two.of_country("FR")) == W[:1]
    assert two.of_country("AR") == {}


def test_while_there_is_no_chart_of_a_country_the_worlds_counts() -> None:
    world = Charts(weekly=(chart(W[0], "X"),))
    assert list(world.of_country("DE")) == W[:1]
    both = world.with_newer(Charts(weekly=(chart(W[1], "Y", country="DE"),)))
    assert list(both.of_country("DE")) == W[1:2]
    assert list(both.of_country("")) == W[:1]


def test_damaged_charts_are_not_used() -> None:
    with pytest.raises(ChartsError, match="weekly"):
        Charts.from_bytes(b'{"weekly": 5}')
    with pytest.raises(ValidationError, match="two charts of one country"):
        Charts(weekly=(chart(W[0], "A"), chart(W[0], "B")))


def test_a_show_is_found_by_its_other_titles() -> None:
    vocabulary = Vocabulary.build(
        [
            CatalogueTitle(title="La Casa de Papel", kind="series"),
            CatalogueTitle(title="Wednesday", kind="series", aliases=("Merlina",)),
            CatalogueTitle(title="Kill Bill", kind="film"),
        ]
    )
    known = Charts(watched=(ChartedShow(title="Money Heist", views=5, aliases=("La casa de papel",)),))
    assert known.place(ChartedShow(title="MONEY HEIST"), vocabulary) == 0
    assert known.place(ChartedShow(title="merlina"), vocabulary) == 1
    assert known.place(ChartedShow(title="Kill Bill"), vocabulary) is None
    assert Charts().place(ChartedShow(title="Money Heist"), vocabulary) is None
    shows = [ChartedShow(title=title) for title in ("Wednesday", "Squid Game", "squid game", "Money Heist")]
    assert [row.title for row in known.unknown(shows, vocabulary)] == ["Squid Game"]


def test_a_show_that_joins_brings_its_other_titles() -> None:
    known = Charts(watched=(ChartedShow(title="Squid Game", aliases=("오징어 게임",)),))
    vocabulary = Vocabulary.build([CatalogueTitle(title="Wednesday", kind="series")])
    grown = vocabulary.extended(known.unknown([ChartedShow(title="Squid Game")], vocabulary))
    assert (grown.show("오징어 게임"), grown.show("Wednesday")) == (1, 0)
