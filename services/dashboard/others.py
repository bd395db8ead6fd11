"""Page `Me and the others`: the aggregator's statistics, read from its datasite, compared with one's own history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from netflix_trend.formats import decimal
from netflix_trend.language import _, ngettext
from netflix_trend.participant.own_effects import THINNED
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import MAX_FILE, RoundStatistics, StatisticsError
from netflix_trend.published.trends import TRENDS, Trends
from netflix_trend.published.withheld import withheld_in_words
from netflix_trend.published.wording import (
    Certainty,
    Said,
    first_place_in_words,
    group_certainty,
    group_labels,
    heard,
    listed_shows,
    mean_certainty,
    mean_reading,
    place_of,
    reading,
    show_certainty,
    show_interval,
    shows_in_words,
    takes_in_words,
    viewing_in_words,
    volume_in_words,
)
from netflix_trend.published.wording import shown as estimate_shown
from netflix_trend.published.world_words import (
    chart_places,
    listed_world,
    share_interval,
    world_certainty,
    world_in_words,
    world_note,
    world_reading,
    world_scale,
)
from netflix_trend.questions.event_effect.statistics import QuarterEffect
from netflix_trend.questions.top_shows.forecast import lacking_for_shows
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.top_shows.world import World
from netflix_trend.questions.volume.statistics import Viewing, Volume
from netflix_trend.settings import Settings
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.refusals import read_once
from netflix_trend.syftbox.shared_files import beginnings_of, read_shared
from services.dashboard import charts
from services.dashboard.charts import Chart, DataTable, data_table
from services.dashboard.history import History
from services.dashboard.participation import CHOOSE
from services.dashboard.text import day, days, number, percent, shown

_ROUNDS = 8


@dataclass(frozen=True)
class OthersPage:
    """What the page shows. problem: why nothing can be compared."""

    problem: str = ""
    statistics: RoundStatistics | None = None
    rounds: tuple[str, ...] = ()
    week: Week | None = None
    place: Said | None = None
    charts: tuple[Chart, ...] = ()
    trend: str = ""

    @property
    def withheld(self) -> Sequence[str]:
        """What the aggregator withholds of the round, in sentences."""
        return withheld_in_words(self.statistics.withheld) if self.statistics else ()

    @property
    def about(self) -> str:
        """Which week it is, and who answered."""
        assert self.statistics is not None and self.week is not None
        return _(
            "%(days)s (week %(week)s): %(participants)s, %(answers)s.",
            days=days(self.week.monday, self.week.sunday),
            week=self.statistics.round,
            participants=ngettext("%(num)s participant", "%(num)s participants", self.statistics.participants),
            answers=ngettext("%(num)s answer", "%(num)s answers", self.statistics.reports),
        )


def read_statistics(settings: Settings, name: str) -> RoundStatistics | None:
    """Return `statistics/<name>.json` of the aggregator, None while there is none. Raises as its readers."""
    data = read_shared(settings, f"statistics/{name}.json", MAX_FILE)
    return None if data is None else read_once(settings, data, _statistics, StatisticsError)


def read_trends(settings: Settings) -> Trends | None:
    """Return the aggregator's trends, None while there are none. Raises as its readers."""
    data = read_shared(settings, TRENDS, MAX_FILE)
    return None if data is None else read_once(settings, data, _trends, StatisticsError)


def effects_together(settings: Settings) -> QuarterEffect | None:
    """Return the statistics about events of the newest quarter; None while there are none."""
    try:
        trends = read_trends(settings)
    except (StatisticsError, UnsafeFile):
        return None
    return trends.effects[0] if trends and trends.effects else None


@lru_cache(maxsize=32)
def _statistics(data: bytes) -> RoundStatistics:
    return RoundStatistics.from_bytes(data)


@lru_cache(maxsize=2)
def _trends(data: bytes) -> Trends:
    return Trends.from_bytes(data)


def others_page(settings: Settings, history: History, wanted: str = "") -> OthersPage:
    """Return the page about a round, by default the newest."""
    try:
        latest = read_statistics(settings, "latest")
        if latest is None:
            nothing = (
                _("Nothing has arrived from the aggregator yet. Is SyftBox running, and have you joined?")
                if settings.has_aggregator
                else _(CHOOSE)
            )
            return OthersPage(_all_withheld(settings) or nothing)
        rounds = _rounds(settings, Week.parse(latest.round))
        statistics = (read_statistics(settings, wanted) if wanted in rounds else None) or latest
        trends = read_trends(settings)
        week = Week.parse(statistics.round)
    except (StatisticsError, UnsafeFile, ValueError) as problem:
        return OthersPage(
            _("What the aggregator published cannot be read: %(problem)s", problem=shown(str(problem), 200))
        )
    mine = history.week(week)
    # In another vocabulary, the same indices are other shows; unless it only has more of them.
    if mine and statistics.vocabulary not in {mine[2], *beginnings_of(settings, mine[2])}:
        mine = (frozenset(), *mine[1:])
    return _page_of(statistics, trends, rounds, week, history, mine)


def _all_withheld(settings: Settings) -> str:
    """Return what is withheld of the newest round with any answers, in sentences; empty without one."""
    site = Datasite(settings.datasites_dir, settings.aggregator_datasite)
    for path in sorted((site.app_data / "shared" / "statistics").glob("[0-9]*.json"), reverse=True)[:_ROUNDS]:
        statistics = read_statistics(settings, path.stem)
        if statistics is not None and statistics.withheld:
            week = _("week %(round)s", round=statistics.round)
            return " ".join([f"{week[:1].upper()}{week[1:]}.", *withheld_in_words(statistics.withheld)])
    return ""


def _page_of(
    statistics: RoundStatistics,
    trends: Trends | None,
    rounds: tuple[str, ...],
    week: Week,
    history: History,
    mine: tuple[frozenset[int], int, str] | None,
) -> OthersPage:
    """Return the page. mine: shows, number of titles and vocabulary of the person's own week."""
    shows, titles = (mine[0], mine[1]) if mine else (frozenset[int](), None)
    made = []
    place = None
    if statistics.volume is not None and statistics.volume.reports:
        place = my_place(statistics.volume, titles, week)
        made.append(_volume_chart(statistics.volume, titles))
    if statistics.top_shows is not None and statistics.top_shows.reports:
        made.append(_shows_chart(statistics.top_shows, shows))
        if statistics.top_shows.world is not None:
            made.append(_world_chart(statistics.top_shows.world, statistics.top_shows))
    if trends is not None and trends.viewing is not None and trends.viewing.weeks:
        made.append(_trend_chart(trends, history))
    return OthersPage("", statistics, rounds, week, place, tuple(made))


def _rounds(settings: Settings, newest: Week) -> tuple[str, ...]:
    folder = Datasite(settings.datasites_dir, settings.aggregator_datasite).app_data / "shared" / "statistics"
    weeks = (str(newest - age) for age in range(_ROUNDS))
    return tuple(week for week in weeks if (folder / f"{week}.json").is_file())


def my_place(volume: Volume, titles: int | None, week: Week) -> Said:
    """Return how my week compares with everybody's, in words."""
    if titles is None:
        return Said(
            _(
                "Your exports do not cover this week, which ended on %(sunday)s. Download a new one to see your place.",
                sunday=day(week.sunday),
            ),
            Certainty.NOISE,
        )
    said = place_of(volume, titles)
    mine = ngettext("You started %(num)s title in this week.", "You started %(num)s titles in this week.", titles)
    return Said(f"{mine} {said.text}", said.certainty)


def _volume_chart(volume: Volume, titles: int | None) -> Chart:
    labels, groups = group_labels(volume), volume.groups
    mine = -1 if titles is None else max(place for place, group in enumerate(groups) if group.low <= titles)
    colors = [
        "@mine" if place == mine else charts.BY_CERTAINTY[group_certainty(volume, group)]
        for place, group in enumerate(groups)
    ]
    shares = [round(100 * group.share, 1) for group in groups]
    intervals = [(round(100 * group.lower, 1), round(100 * group.upper, 1)) for group in groups]
    marks = [_("Columns with a broken outline are noise.")] if "@noise" in colors else []
    lead = " ".join([_("Percent of participants by titles started."), *marks])
    you = _("you")
    return Chart(
        "volume",
        _("How much everybody watched"),
        " ".join([lead, _("The thin lines are 95 % intervals.")]),
        _(
            "Share of participants by number of titles started, from %(volume)s, with 95 percent intervals.",
            volume=heard(volume),
        ),
        charts.columns_with_intervals(
            [f"{label}\n{you}" if place == mine else label for place, label in enumerate(labels)],
            _("% of participants"),
            shares,
            intervals,
            colors,
        ),
        _volume_table(volume, mine),
        volume_in_words(volume),
    )


def _volume_table(volume: Volume, mine: int) -> DataTable:
    """Return a row for each group. mine: the place of my group, -1 if it is unknown."""
    rows = [
        (
            _("%(group)s (you)", group=label) if place == mine else label,
            group_certainty(volume, group).word,
            percent(group.share, 1),
            _("%(lower)s to %(upper)s", lower=percent(group.lower, 1), upper=percent(group.upper, 1)),
        )
        for place, (label, group) in enumerate(zip(group_labels(volume), volume.groups, strict=True))
    ]
    # The reading comes first, because the other columns are off the screen of a phone.
    columns = {
        "titles": _("Titles started"),
        "reading": _("Reading"),
        "share": _("Share"),
        "interval": _("95 % interval"),
    }
    certainties = [group_certainty(volume, group) for group in volume.groups]
    return data_table(_("Participants by titles started in the week"), columns, rows, certainties)


def _shows_chart(top_shows: TopShows, mine: frozenset[int]) -> Chart:
    listed = listed_shows(top_shows)
    best = [estimate_shown(show) for show in listed]
    ranks = chart_places(top_shows)
    rows = [
        (
            shown(show.title),
            reading(show),
            number(round(value)),
            show_interval(show),
            (_("chart %(place)s", place=ranks[show.show]) if show.show in ranks else "") if ranks else None,
            _("yes") if show.show in mine else "",
        )
        for show, value in zip(listed, best, strict=True)
    ]
    heads = (_("Show"), _("Reading"), _("People"), _("95 % interval"), _("Public chart"), _("You watched it"))
    columns = dict(zip("abcdef", heads, strict=True))
    base = _("In people, of those behind %(top_shows)s.", top_shows=heard(top_shows))
    lead = " ".join(
        filter(
            None,
            [
                shows_in_words(listed),
                first_place_in_words(top_shows),
                takes_in_words(lacking_for_shows(top_shows)),
                base,
            ],
        )
    )
    return Chart(
        "others_shows",
        _("Top shows of the week"),
        lead,
        _(
            "Estimated people who named a show, from %(top_shows)s, with 95 percent intervals. %(lead)s",
            top_shows=heard(top_shows),
            lead=lead,
        ),
        charts.rows(
            [show.title for show in listed],
            _("people"),
            [round(value, 1) for value in best],
            colors=[charts.BY_CERTAINTY[show_certainty(show)] for show in listed],
            intervals=[(show.lower, show.upper) for show in listed],
        ),
        data_table(
            _("People who named a show, from %(top_shows)s", top_shows=heard(top_shows)),
            columns,
            rows,
            [show_certainty(show) for show in listed],
        ),
        size="tall",
    )


def _world_chart(world: World, top_shows: TopShows) -> Chart:
    listed = listed_world(world)
    rows = [
        (
            shown(show.title),
            world_reading(world, show),
            str(show.rank),
            None if show.world is None else percent(show.world, 1),
            share_interval(show),
        )
        for show in listed
    ]
    heads = (_("Show"), _("Reading"), _("Place in the chart"), _("World"), _("Here"))
    # The scale of a share of everything would leave nothing to see of the others.
    edge = world_scale(listed)

    def drawn(share: float) -> float:
        return round(100 * min(share, edge), 1)

    said = world_in_words(world)
    lines = (
        _("Lines: here; one that reaches the edge goes on.")
        if world.states_order_only
        else _("Bars: the world. Lines: here; one that reaches the edge goes on.")
    )
    return Chart(
        "world",
        _("Here against the world"),
        f"{said} {lines}",
        _("Share of each show in the public chart, and its interval among participants. %(said)s", said=said),
        charts.rows(
            [show.title for show in listed],
            _("% of the chart's views"),
            [round(100 * (show.world or 0), 1) for show in listed],
            colors=["@world"] * len(listed),
            intervals=[(drawn(show.lower), drawn(show.upper)) for show in listed],
            edge=drawn(edge),
        ),
        data_table(
            _("Here against the world"),
            dict(zip("abcde", heads, strict=True)),
            rows,
            [world_certainty(show) for show in listed],
        ),
        world_note(world, top_shows),
        size="tall",
    )


def _trend_chart(trends: Trends, history: History) -> Chart:
    assert trends.viewing is not None
    weeks, own = trends.viewing.weeks, history.weekly()
    span = history.span()
    my_titles: list[float | None] = []
    for one in weeks:
        week = Week.parse(one.round)
        is_covered = span is not None and span.first <= week.sunday <= span.covered
        my_titles.append(own.get(week, 0) if is_covered else None)
    rows = [
        (
            one.round,
            decimal(one.mean, 1),
            _("%(lower)s to %(upper)s", lower=decimal(one.lower, 1), upper=decimal(one.upper, 1)),
            mean_reading(one),
            "–" if titles is None else number(titles),
        )
        for one, titles in zip(weeks, my_titles, strict=True)
    ]
    columns = dict(
        zip("abcde", (_("Week"), _("Mean of the others"), _("95 % interval"), _("Reading"), _("You")), strict=True)
    )
    sentence = viewing_in_words(trends.viewing)
    return Chart(
        "trend",
        _("Over the weeks"),
        sentence,
        _(
            "Mean titles a participant started, by week, with 95 percent intervals, and mine. %(sentence)s",
            sentence=sentence,
        ),
        charts.lines(
            [one.round[5:] for one in weeks],
            (_("you"), my_titles),
            (
                _("mean of the others"),
                [round(one.mean, 2) if one.is_reliable else None for one in weeks],
                [(one.lower, one.upper) if one.is_reliable else None for one in weeks],
            ),
        ),
        data_table(
            _("Titles started a week"),
            columns,
            rows,
            [mean_certainty(one) for one in weeks],
        ),
        _gaps(trends.viewing, my_titles, history.is_thinned()),
    )


def _gaps(viewing: Viewing, mine: Sequence[float | None], is_thinned: bool) -> str:
    """Return why marks are missing, and why my older ones are too low."""
    said = []
    if not all(one.is_reliable for one in viewing.weeks):
        said.append(_("Weeks without a mark of the others had too few answers to say anything."))
    if any(titles is None for titles in mine):
        said.append(_("Weeks without a mark of yours are not in your exports."))
    if is_thinned and any(titles is not None for titles in mine):
        said.append(_(THINNED))
    return " ".join(said)
