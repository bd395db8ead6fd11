"""A group's year in words, for the community page, the dashboard and the picture to share."""

from __future__ import annotations

from collections.abc import Sequence

from netflix_trend.formats import days, decimal, number, percent
from netflix_trend.language import _, ngettext
from netflix_trend.periods.weeks import Week
from netflix_trend.published.wording import Certainty, joined, signed, title_in_text
from netflix_trend.published.world_words import times_in_words
from netflix_trend.published.year import YearStatistics, YearViewing
from netflix_trend.questions.top_shows.statistics import AllTimeShow
from netflix_trend.questions.top_shows.year import ShowChange, ShowChanges, YearWorld, YearWorldShow


def group_name(name: str, aggregator: str) -> str:
    """Return what a group is called: its own name, else that of its aggregator's address."""
    return name or _("The group of %(aggregator)s", aggregator=aggregator)


def span_in_words(rounds: Sequence[str]) -> str:
    """Return the days of rounds, oldest first, such as `9 to 15 November 2026`. Raises IndexError without rounds."""
    return days(Week.parse(rounds[0]).monday, Week.parse(rounds[-1]).sunday)


def basis_in_words(year: YearStatistics) -> str:
    """Return which weeks a year rests on, and how many people and answers."""
    weeks = ngettext(
        "%(num)s week with answers, %(days)s.",
        "%(num)s weeks with answers, %(days)s.",
        len(year.rounds),
        days=span_in_words(year.rounds),
    )
    people = ngettext(
        "Up to %(num)s participant gave %(answers)s answers.",
        "Up to %(num)s participants gave %(answers)s answers.",
        year.participants,
        answers=number(year.reports),
    )
    return f"{weeks} {people}"


def clear_shows(year: YearStatistics) -> list[AllTimeShow]:
    """Return the shows that are clear over the year, largest first."""
    return [show for show in year.shows.shows if show.is_signal] if year.shows else []


def clear_in_words(year: YearStatistics) -> str:
    """Return how many shows are clear over the year."""
    found = len(clear_shows(year))
    if not found:
        return _("No show is clear over the year yet.")
    return ngettext("%(num)s show is clear over the year.", "%(num)s shows are clear over the year.", found)


def mean_in_words(viewing: YearViewing) -> str:
    """Return mean viewing of the year with its interval."""
    return _(
        "A participant started %(mean)s titles a week on average, %(low)s to %(high)s (95 %%).",
        mean=decimal(viewing.mean, 1),
        low=decimal(viewing.lower, 1),
        high=decimal(viewing.upper, 1),
    )


def mean_change_in_words(viewing: YearViewing) -> str:
    """Return whether people watched more or less in the second half of the weeks."""
    change = viewing.change
    if change is None:
        return _("Whether viewing changed over the year is unclear: fewer than eight weeks have answers.")
    values = {"low": signed(change.lower, 1), "high": signed(change.upper, 1)}
    if change.direction == "up":
        return _(
            "People watched more in the second half of these weeks: %(low)s to %(high)s titles a week (95 %%).",
            **values,
        )
    if change.direction == "down":
        return _(
            "People watched less in the second half of these weeks: %(low)s to %(high)s titles a week (95 %%).",
            **values,
        )
    return _(
        "Whether people watched more or less in the second half of these weeks is unclear: %(low)s to %(high)s titles "
        "a week (95 %%).",
        **values,
    )


def clear_changes(changes: ShowChanges | None) -> list[ShowChange]:
    """Return the shows whose share clearly changed, largest change first."""
    return [show for show in changes.shows if show.direction != "unclear"] if changes else []


def changes_in_words(year: YearStatistics) -> str:
    """Return which shows rose or fell between the halves of the year."""
    if year.changes is None:
        return _("Whether any show rose or fell is unclear: fewer than eight weeks have answers.")
    found = clear_changes(year.changes)
    if not found:
        return _("Whether any show rose or fell from the first to the second half of these weeks is unclear.")
    said = []
    if rose := [show for show in found if show.direction == "up"]:
        said.append(_("Rose in the second half: %(shows)s.", shows=_named(rose)))
    if fell := [show for show in found if show.direction == "down"]:
        said.append(_("Fell in the second half: %(shows)s.", shows=_named(fell)))
    return " ".join(said)


def change_reading(show: ShowChange) -> str:
    """Return by how many points a show's share changed, or that it is unclear."""
    values = {"low": signed(100 * show.lower, 1), "high": signed(100 * show.upper, 1)}
    if show.direction == "unclear":
        return _("unclear: %(low)s to %(high)s points", **values)
    return _("clear: %(low)s to %(high)s points", **values)


def year_world_in_words(world: YearWorld) -> str:
    """Return which shows were watched more or less here than the public charts say."""
    said = []
    if more := [show for show in world.shows if show.verdict == "more"]:
        said.append(_("Watched more here than in the world: %(shows)s.", shows=_compared(more)))
    if less := [show for show in world.shows if show.verdict == "less"]:
        said.append(_("Watched less here than in the world: %(shows)s.", shows=_compared(less)))
    return " ".join(said) or _("No show was watched clearly more or less here than in the world.")


def factor_in_words(show: YearWorldShow) -> str:
    """Return how many times as much a show was watched here as in the world."""
    return times_in_words(show.factor, show.lower, show.upper)


def factor_reading(show: YearWorldShow) -> str:
    """Return whether a show differs from the charts, and how many times as much it was watched here."""
    if show.verdict == "unclear":
        return Certainty.UNCLEAR.word
    return _("clear: %(times)s", times=factor_in_words(show))


def share_in_words(show: AllTimeShow) -> str:
    """Return a show's share of the year's answers."""
    return percent(min(max(show.share, show.share_lower), show.share_upper), 1)


def listed_factors(world: YearWorld, most: int) -> list[YearWorldShow]:
    """Return the shows worth a row: every clear one, then those known most exactly, up to `most`; largest first."""
    clear = sum(show.verdict != "unclear" for show in world.shows)
    listed = [show for show in world.shows[: max(clear, most)] if show.factor is not None]
    return sorted(listed, key=lambda show: -(show.factor or 0.0))


def together_in_words() -> list[str]:
    """Return what the year's intervals hold for: all numbers of a list together, not each by itself."""
    return [
        _(
            "A show is clear if its number is larger than noise alone would give for any of all shows that were asked "
            "about, in one of twenty such years."
        ),
        _("Changes of shows hold together: some show is wrongly called changed in one of twenty such years at most."),
        _("So do the comparisons with the world. The change of viewing is one more comparison, with 95 % by itself."),
        _("Nothing here was asked for the year: it follows from the numbers of its weeks, which are public already."),
    ]


def _named(shows: Sequence[ShowChange]) -> str:
    values = (
        _(
            "%(show)s (%(low)s to %(high)s points)",
            show=title_in_text(show.title),
            low=signed(100 * show.lower, 1),
            high=signed(100 * show.upper, 1),
        )
        for show in shows[:3]
    )
    return joined(list(values), max(0, len(shows) - 3))


def _compared(shows: Sequence[YearWorldShow]) -> str:
    named = [f"{title_in_text(show.title)} ({factor_in_words(show)})" for show in shows[:3]]
    return joined(named, max(0, len(shows) - 3))
