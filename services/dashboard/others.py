"""Page `Me and the others`: what the aggregator published, read from its datasite, against the own history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from netflix_trend.participant.own_effects import THINNED
from netflix_trend.periods.weeks import Week
from netflix_trend.published.effect_statistics import QuarterEffect
from netflix_trend.published.statistics import (
    LARGEST_FILE,
    Percentile,
    RoundStatistics,
    StatisticsError,
    TopShows,
    Volume,
    percentile,
)
from netflix_trend.published.trends import TRENDS, Trends, Viewing
from netflix_trend.published.wording import first_in_words, group_labels, needed_in_words, reading
from netflix_trend.settings import Settings
from netflix_trend.storage.files import UnsafeFile, read_stranger
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.shared_files import shared_path
from services.dashboard import charts
from services.dashboard.charts import Chart, data_table
from services.dashboard.history import History
from services.dashboard.text import counted, day, number, percent, shown

_Z = 1.96
# An interval that reaches this far to each side says next to nothing about a place.
_TOO_WIDE = 0.25
_ROWS = 12
_ROUNDS = 8


@dataclass(frozen=True)
class Answer:
    """A sentence, and whether it is one about noise only."""

    text: str
    is_noise: bool = False


@dataclass(frozen=True)
class OthersPage:
    """What the page shows. problem: why there is nothing to compare with."""

    problem: str = ""
    statistics: RoundStatistics | None = None
    rounds: tuple[str, ...] = ()
    week: Week | None = None
    place: Answer | None = None
    charts: tuple[Chart, ...] = ()
    trend: str = ""


def read_statistics(settings: Settings, name: str) -> RoundStatistics | None:
    """Return `statistics/<name>.json` of the aggregator, None while there is none. Raises as its readers."""
    data = _read(settings, f"statistics/{name}.json")
    return None if data is None else _statistics(data)


def read_trends(settings: Settings) -> Trends | None:
    """Return the aggregator's trends, None while there are none. Raises as its readers."""
    data = _read(settings, TRENDS)
    return None if data is None else _trends(data)


def effects_together(settings: Settings) -> QuarterEffect | None:
    """Return what participants report together about the newest quarter's events, None while nothing can be read."""
    try:
        trends = read_trends(settings)
    except (StatisticsError, UnsafeFile):
        return None
    return trends.effects[0] if trends and trends.effects else None


def _read(settings: Settings, name: str) -> bytes | None:
    try:
        place = f"{settings.aggregator_datasite}/{shared_path(name)}"
        return read_stranger(settings.datasites_dir, place, LARGEST_FILE)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=32)
def _statistics(data: bytes) -> RoundStatistics:
    return RoundStatistics.from_bytes(data)


@lru_cache(maxsize=2)
def _trends(data: bytes) -> Trends:
    return Trends.from_bytes(data)


def others_page(settings: Settings, history: History, wanted: str = "") -> OthersPage:
    """Return the page about a round, the newest one unless another is wanted."""
    try:
        latest = read_statistics(settings, "latest")
        if latest is None:
            return OthersPage("Nothing has arrived from the aggregator yet. Is SyftBox running, and have you joined?")
        rounds = _rounds(settings, Week.parse(latest.round))
        statistics = (read_statistics(settings, wanted) if wanted in rounds else None) or latest
        trends = read_trends(settings)
        week = Week.parse(statistics.round)
    except (StatisticsError, UnsafeFile, ValueError) as problem:
        return OthersPage(f"What the aggregator published cannot be read: {shown(str(problem), 200)}")
    mine = history.week(week)
    titles = mine[1] if mine else None
    # Places in another vocabulary are other shows.
    shows = mine[0] if mine and mine[2] == statistics.vocabulary else frozenset()
    made = []
    place = None
    if statistics.volume is not None and statistics.volume.reports:
        place = my_place(statistics.volume, titles, week)
        made.append(_volume_chart(statistics.volume, titles))
    if statistics.top_shows is not None and statistics.top_shows.reports:
        made.append(_shows_chart(statistics.top_shows, shows))
    if trends is not None and trends.viewing is not None and trends.viewing.weeks:
        made.append(_trend_chart(trends, history))
    return OthersPage("", statistics, rounds, week, place, tuple(made))


def _rounds(settings: Settings, newest: Week) -> tuple[str, ...]:
    folder = Datasite(settings.datasites_dir, settings.aggregator_datasite).app_data / "shared" / "statistics"
    weeks = (str(newest - age) for age in range(_ROUNDS))
    return tuple(week for week in weeks if (folder / f"{week}.json").is_file())


def my_place(volume: Volume, titles: int | None, week: Week) -> Answer:
    """Return where my week lies among everybody's, in words, and honestly where it cannot be told."""
    if titles is None:
        return Answer(
            f"Your exports do not cover this week, which ended on {day(week.sunday)}. Download a new one to see your "
            "place.",
            is_noise=True,
        )
    began = f"You started {counted(titles, 'title')} in this week."
    found = percentile(volume, titles)
    return Answer(f"{began} {place_in_words(found)[0]}", place_in_words(found)[1])


def place_in_words(found: Percentile) -> tuple[str, bool]:
    """Return a sentence about a place in the distribution, and whether it says that nothing can be told."""
    error = _Z * found.standard_error
    give = f"give or take {100 * error:.0f}"
    if not found.is_reliable or error > _TOO_WIDE:
        return "We cannot tell how that compares: with so few answers everything is noise.", True
    if found.share - error > 0.5:
        return f"That is more than about {percent(found.share)} of participants, {give}.", False
    if found.share + error < 0.5:
        return f"About {percent(1 - found.share)} of participants, {give}, started as many or more.", False
    return (
        f"That is near the middle: more than about {percent(found.share)} of participants, {give}. Whether it is above "
        "or below the middle, we cannot tell.",
        True,
    )


def _volume_chart(volume: Volume, titles: int | None) -> Chart:
    labels, groups = group_labels(volume), volume.groups
    mine = -1 if titles is None else max(place for place, group in enumerate(groups) if group.low <= titles)
    noise = [volume.is_noise(group) for group in groups]
    colors = ["@mine" if place == mine else "@noise" if noise[place] else "@bar" for place in range(len(groups))]
    shares = [round(100 * group.share, 1) for group in groups]
    intervals = [(round(100 * group.lower, 1), round(100 * group.upper, 1)) for group in groups]
    rows = [
        (
            label + (" (you)" if place == mine else ""),
            "cannot be told from nobody" if noise[place] else "told from noise",
            percent(group.share, 1),
            f"{percent(group.lower, 1)} to {percent(group.upper, 1)}",
        )
        for place, (label, group) in enumerate(zip(labels, groups, strict=True))
    ]
    # The reading comes early: on a phone the columns after it are scrolled to.
    columns = {"titles": "Titles started", "reading": "Reading", "share": "Share", "interval": "95 % interval"}
    marks = [*(["Blue is you."] if mine >= 0 else []), *(["Grey is only noise."] if "@noise" in colors else [])]
    lead = " ".join(["Percent of participants by titles started.", *marks])
    return Chart(
        "volume",
        "How much everybody watched",
        f"{lead} The thin lines are 95 % intervals.",
        f"Share of participants by number of titles started, from {volume.reports} answers, with 95 percent intervals.",
        charts.columns_with_intervals(labels, "% of participants", shares, intervals, colors),
        data_table("Participants by titles started in the week", columns, rows),
        _trust(volume),
    )


def _trust(volume: Volume) -> str:
    """Return what to mind with a distribution."""
    if not volume.is_reliable:
        return "These shares are only noise around what was assumed beforehand: there are too few answers."
    return "" if volume.is_robust else "If no answer was forged: one forged answer in a hundred could have moved these."


def _shows_chart(top_shows: TopShows, mine: frozenset[int]) -> Chart:
    signals = sum(show.is_signal for show in top_shows.shows)
    listed = top_shows.shows[: max(signals, min(_ROWS, len(top_shows.shows)))]
    best = [min(max(show.estimate, show.lower), show.upper) for show in listed]
    rows = [
        (
            shown(show.title),
            reading(show),
            number(round(value)),
            f"{show.lower:,.0f} to {show.upper:,.0f}",
            "yes" if show.show in mine else "",
        )
        for show, value in zip(listed, best, strict=True)
    ]
    columns = dict(zip("abcde", ("Show", "Reading", "People", "95 % interval", "You watched it"), strict=True))
    base = f"In people, of {top_shows.reports:,} asked."
    if signals:
        order = first_in_words([show for show in top_shows.shows if show.is_signal])
        lead = f"{counted(signals, 'show')} can be told from noise. {order} {base}".replace("  ", " ")
    else:
        needed = (
            f" The first one would need {needed_in_words(top_shows.reports_needed)}."
            if top_shows.reports_needed
            else ""
        )
        lead = f"All of this is noise: {counted(top_shows.reports, 'answer')} are too few.{needed} {base}"
    return Chart(
        "others_shows",
        "Top shows of the week",
        lead,
        f"Estimated people who named a show, of {top_shows.reports} who were asked, with 95 percent intervals. {lead}",
        charts.rows(
            [show.title for show in listed],
            "people",
            [round(value, 1) for value in best],
            colors=["@bar" if show.is_signal else "@noise" for show in listed],
            intervals=[(show.lower, show.upper) for show in listed],
        ),
        data_table(f"People who named a show, of {top_shows.reports:,} asked", columns, rows),
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
            f"{one.mean:.1f}",
            f"{one.lower:.1f} to {one.upper:.1f}",
            "noise" if not one.is_reliable else "" if one.is_robust else "if no answer was forged",
            "–" if titles is None else number(titles),
        )
        for one, titles in zip(weeks, my_titles, strict=True)
    ]
    columns = dict(zip("abcde", ("Week", "Mean of the others", "95 % interval", "Reading", "You"), strict=True))
    sentence = trends.viewing.sentence
    return Chart(
        "trend",
        "Over the weeks",
        sentence,
        f"Mean titles a participant started, by week, with 95 percent intervals, and mine. {sentence}",
        charts.lines(
            [one.round[5:] for one in weeks],
            ("you", my_titles),
            (
                "mean of the others",
                [round(one.mean, 2) if one.is_reliable else None for one in weeks],
                [(one.lower, one.upper) if one.is_reliable else None for one in weeks],
            ),
        ),
        data_table("Titles started a week", columns, rows),
        _gaps(trends.viewing, my_titles, history.is_thinned()),
    )


def _gaps(viewing: Viewing, mine: Sequence[float | None], is_thinned: bool) -> str:
    """Return why marks are absent, and why my older ones are too low."""
    said = []
    if not all(one.is_reliable for one in viewing.weeks):
        said.append("Weeks without a mark of the others had too few answers to say anything.")
    if any(titles is None for titles in mine):
        said.append("Weeks without a mark of yours are not in your exports.")
    if is_thinned and any(titles is not None for titles in mine):
        said.append(THINNED)
    return " ".join(said)
