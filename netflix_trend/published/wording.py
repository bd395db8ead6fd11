"""Estimates in words, for the community page, the dashboard, the operator's view and the demo.

There is one scale of certainty (`Certainty`) with one legend (`LEGEND`). Published files use other names, such as
`is_signal`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import bidirectional

from netflix_trend.catalogue.keys import plain_title
from netflix_trend.formats import decimal, number, percent
from netflix_trend.language import _, marked, ngettext
from netflix_trend.questions.event_effect.statistics import (
    LARGEST_CHANGE_ERROR,
    LARGEST_EFFECT_ERROR,
    EffectEstimate,
    QuarterEffect,
)
from netflix_trend.questions.question import Needed, Statistic
from netflix_trend.questions.top_shows.movement import ShowMovement
from netflix_trend.questions.top_shows.statistics import AllTimeShow, ShowEstimate, ShowTrend, TopShows
from netflix_trend.questions.volume.statistics import Percentile, Viewing, Volume, VolumeGroup, WeeklyMean, percentile
from netflix_trend.questions.words import answers_of, needed_people

_Z = 1.96
# An interval this wide on each side tells almost nothing about a person's percentile.
_TOO_WIDE = 0.25
# Counts of titles that a page lists with their place.
MAX_LISTED_TITLES = 60
_MAX_TITLE = 60
# Shows that are not clear are listed only to fill a table up to this length.
LISTED_SHOWS = 12


class Certainty(StrEnum):
    """How far chance can explain a number; `LEGEND` explains it in words."""

    CLEAR = marked("clear")
    UNCLEAR = marked("unclear")
    NOISE = marked("noise")

    @property
    def word(self) -> str:
        """The word that people read."""
        return _(self.value)


# Shown through `_`, as `FORGED_LEGEND` is.
LEGEND = {
    Certainty.CLEAR: marked("Chance alone would give this in at most one of twenty such rounds."),
    Certainty.UNCLEAR: marked("The numbers do not decide: it may be so, or it may be chance."),
    Certainty.NOISE: marked("Chance alone explains the number, or there are too few answers. It tells nothing."),
}
FORGED_LEGEND = marked(
    '"Unless 12 forged": it holds unless so many or more of the answers were forged. '
    '"If no answer was forged": one forged answer in a hundred would be enough to change this.'
)


@dataclass(frozen=True)
class Said:
    """A sentence about an estimate, and how certain it is."""

    text: str
    certainty: Certainty


# --- numbers -----------------------------------------------------------------------------------------------------


def group_labels(volume: Volume) -> list[str]:
    """Return `0`, `1-3`, `22+` and so on, one a group."""
    lows = [group.low for group in volume.groups]
    ends = [*(low - 1 for low in lows[1:]), None]
    return [
        f"{low}+" if end is None else f"{low}" if low == end else f"{low}-{end}"
        for low, end in zip(lows, ends, strict=True)
    ]


def shown(show: ShowEstimate) -> float:
    """Return an estimate for display, clipped: the unbiased one may lie outside the valid range."""
    return min(max(show.estimate, show.lower), show.upper)


def heard(statistic: Statistic) -> str:
    """Return how many answers a statistic rests on, of how many participants."""
    return answers_of(statistic.reports, statistic.participants)


def takes_in_words(needed: Needed | None) -> str:
    """Return how many participants a result takes and how many there are; nothing for None."""
    if needed is None:
        return ""
    takes, what = needed_people(needed.needed, needed.part), needed.what
    answers = ngettext("%(num)s answer", "%(num)s answers", needed.answers)
    if needed.participants is None:
        return ngettext(
            "It takes %(takes)s for %(what)s; there is %(num)s answer.",
            "It takes %(takes)s for %(what)s; there are %(num)s answers.",
            needed.answers,
            takes=takes,
            what=what,
        )
    if needed.part == 1:
        return ngettext(
            "It takes %(takes)s for %(what)s; there is %(num)s participant.",
            "It takes %(takes)s for %(what)s; there are %(num)s participants.",
            needed.participants,
            takes=takes,
            what=what,
        )
    return ngettext(
        "It takes %(takes)s for %(what)s; there is %(num)s participant (%(answers)s).",
        "It takes %(takes)s for %(what)s; there are %(num)s participants (%(answers)s).",
        needed.participants,
        takes=takes,
        what=what,
        answers=answers,
    )


def signed(value: float, digits: int) -> str:
    """Return a number with its sign, such as `+0.5`."""
    return f"{'-' if value < 0 else '+'}{decimal(abs(value), digits)}"


def joined(names: Sequence[str], more: int) -> str:
    """Return names and how many more there are."""
    named = ", ".join(names)
    return ngettext("%(names)s and %(num)s more", "%(names)s and %(num)s more", more, names=named) if more else named


# --- top shows ---------------------------------------------------------------------------------------------------


def listed_shows(top_shows: TopShows) -> list[ShowEstimate]:
    """Return the shows worth a row: every clear one, then the next strongest up to LISTED_SHOWS."""
    if not top_shows.reports:
        return []
    clear = sum(show.is_signal for show in top_shows.shows)
    return list(top_shows.shows[: max(clear, min(LISTED_SHOWS, len(top_shows.shows)))])


def show_certainty(show: ShowEstimate | ShowTrend | AllTimeShow) -> Certainty:
    """Return how certain it is that anybody named a show."""
    return Certainty.CLEAR if show.is_signal else Certainty.NOISE


def reading(show: ShowEstimate | ShowTrend | AllTimeShow) -> str:
    """Return in words what an estimate of one round, or a show's share over several, says."""
    forged = None if isinstance(show, ShowTrend) else show.fragile_reports
    if show.is_signal and forged is not None:
        return _("clear, unless %(forged)s forged", forged=number(forged))
    return _reading(show_certainty(show), is_robust=show.is_robust)


def shows_in_words(shows: Sequence[ShowEstimate | ShowTrend | AllTimeShow]) -> str:
    """Return which shows are clear, at most three by name, and whether the first is ahead."""
    clear = [show for show in shows if show.is_signal]
    if not clear:
        return _("No show is clear yet.")
    names = joined([title_in_text(show.title) for show in clear[:3]], max(0, len(clear) - 3))
    ahead = first_in_words([show for show in clear if isinstance(show, ShowEstimate)])
    said = _("Clear: %(shows)s.", shows=names)
    return f"{said} {ahead}".rstrip()


def title_in_text(title: str) -> str:
    """Return a title for the middle of a sentence: cut, and isolated if it is written from right to left."""
    plain = plain_title(title)
    if len(plain) > _MAX_TITLE:
        plain = f"{plain[: _MAX_TITLE - 1]}…"
    is_turned = any(bidirectional(sign) in ("R", "AL", "AN") for sign in plain)
    # First strong isolate and pop directional isolate, Unicode Standard Annex 9, section 2.4.
    return f"\u2068{plain}\u2069" if is_turned else plain


def first_in_words(shows: Sequence[ShowEstimate]) -> str:
    """Return whether the first of the clear shows, largest first, is clearly ahead of the others.

    That a show is clear proves only that somebody named it. Intervals that do not overlap are more than a difference
    at 95 % needs, which leaves room for looking at several shows.
    """
    if len(shows) < 2:
        return ""
    if shows[0].lower > max(show.upper for show in shows[1:]):
        return _("The first is ahead of the others.")
    return _("Which of them is ahead is unclear.")


def first_place_in_words(top_shows: TopShows) -> str:
    """Return how many forged answers the first place withstands, nothing where no show is clear."""
    if top_shows.forged_first is None or not any(show.is_signal for show in top_shows.shows):
        return ""
    return ngettext(
        "A show that people watched is first, unless %(forged)s or more of the %(num)s answer were forged.",
        "A show that people watched is first, unless %(forged)s or more of the %(num)s answers were forged.",
        top_shows.reports,
        forged=number(top_shows.forged_first),
    )


def moved(show: ShowMovement | None) -> str:
    """Return how a show moved since the week before; None when that was not asked in both weeks."""
    if show is None:
        return _("not asked then")
    if show.direction == "unsure":
        return Certainty.UNCLEAR.word
    values = {
        "points": decimal(abs(100 * show.change), 1),
        "low": signed(100 * show.lower, 1),
        "high": signed(100 * show.upper, 1),
    }
    if show.direction == "up":
        if show.is_robust:
            return _("up %(points)s points, %(low)s to %(high)s", **values)
        return _("up %(points)s points, %(low)s to %(high)s, if no answer was forged", **values)
    if show.is_robust:
        return _("down %(points)s points, %(low)s to %(high)s", **values)
    return _("down %(points)s points, %(low)s to %(high)s, if no answer was forged", **values)


# --- viewing volume ----------------------------------------------------------------------------------------------


def group_certainty(volume: Volume, group: VolumeGroup) -> Certainty:
    """Return how certain it is that a group is not empty."""
    return Certainty.NOISE if volume.is_noise(group) else Certainty.CLEAR


def volume_in_words(volume: Volume) -> str:
    """Return a caveat about a distribution, empty if all of it is reliable."""
    if not volume.is_reliable:
        return _(
            "Noise: %(answers)s are too few, and these shares mostly repeat what was assumed beforehand.",
            answers=heard(volume),
        )
    return "" if volume.is_robust else _("If no answer was forged: one in a hundred could have moved these shares.")


def place_in_words(found: Percentile) -> Said:
    """Return how a week compares with those of the participants."""
    error = _Z * found.standard_error
    if not found.is_reliable or error > _TOO_WIDE:
        text = _("There are too few answers to say how that compares: any number would be noise.")
        return Said(text, Certainty.NOISE)
    below, above = number(round(100 * found.share)), number(round(100 * (1 - found.share)))
    values = {"share": below, "error": number(round(100 * error))}
    if found.share - error > 0.5:
        text = _("That is more than about %(share)s %% of participants, give or take %(error)s (95 %%).", **values)
        return Said(text, Certainty.CLEAR)
    if found.share + error < 0.5:
        text = _(
            "About %(share)s %% of participants, give or take %(error)s (95 %%), started as many or more.",
            **{**values, "share": above},
        )
        return Said(text, Certainty.CLEAR)
    text = _(
        "That is near the middle: more than about %(share)s %% of participants, give or take %(error)s (95 %%). "
        "Whether it is above or below the middle is unclear.",
        **values,
    )
    return Said(text, Certainty.UNCLEAR)


def place_of(volume: Volume, titles: int) -> Said:
    """Return how a week with so many titles compares, in the published distribution; nothing is sent for this."""
    return place_in_words(percentile(volume, titles))


def places(volume: Volume) -> list[tuple[str, Said]]:
    """Return how each number of titles up to MAX_LISTED_TITLES compares, so that everybody can look up their own.

    Neighbouring numbers with the same sentence share a row, such as `12-14`.
    """
    rows: list[tuple[int, int, Said]] = []
    for titles in range(MAX_LISTED_TITLES + 1):
        said = place_of(volume, titles)
        first = rows.pop()[0] if rows and rows[-1][2] == said else titles
        rows.append((first, titles, said))
    return [(f"{first}" if first == last else f"{first}-{last}", said) for first, last, said in rows]


# --- several rounds ----------------------------------------------------------------------------------------------


def mean_certainty(week: WeeklyMean) -> Certainty:
    """Return how certain a week's mean is."""
    return Certainty.CLEAR if week.is_reliable else Certainty.NOISE


def mean_reading(week: WeeklyMean) -> str:
    """Return in words how reliable a week's mean is."""
    return _reading(mean_certainty(week), is_robust=week.is_robust)


def viewing_in_words(viewing: Viewing) -> str:
    """Return whether viewing rises or falls over the rounds."""
    slope = viewing.slope
    if slope is None:
        return _("Whether viewing rises or falls is unclear: fewer than six rounds have answers.")
    values = {"low": signed(slope.lower, 2), "high": signed(slope.upper, 2)}
    if slope.direction == "noise":
        return _("Whether viewing rises or falls is unclear: %(low)s to %(high)s titles a week (95 %%).", **values)
    if slope.direction == "rising":
        if slope.is_robust:
            return _("Viewing is rising: %(low)s to %(high)s titles a week (95 %%).", **values)
        return _("Viewing is rising, if no answer was forged: %(low)s to %(high)s titles a week (95 %%).", **values)
    if slope.is_robust:
        return _("Viewing is falling: %(low)s to %(high)s titles a week (95 %%).", **values)
    return _("Viewing is falling, if no answer was forged: %(low)s to %(high)s titles a week (95 %%).", **values)


def effect_in_words(quarter: QuarterEffect) -> str:
    """Return what the answers of a quarter say about viewing during life events."""
    return estimate_in_words(quarter.effect)


def estimate_in_words(effect: EffectEstimate) -> str:
    """Return what answers say about viewing during life events."""
    change = effect.mean_change
    values = {
        "change": signed(change.estimate, 2),
        "low": signed(change.lower, 2),
        "high": signed(change.upper, 2),
    }
    if not effect.is_reliable:
        said = _(
            "Whether people watched more or less during their events is noise: %(change)s views a week as a mean over "
            "everybody who answered, %(low)s to %(high)s (95 %%).",
            **values,
        )
        return " ".join(filter(None, [said, _effect_takes(effect)]))
    if not effect.is_signal:
        said = _(
            "Whether people watched more or less during their events is unclear: %(change)s views a week as a mean "
            "over everybody who answered, %(low)s to %(high)s (95 %%).",
            **values,
        )
        return " ".join(filter(None, [said, _effect_takes(effect)]))
    return " ".join(filter(None, [_clear_effect(effect, values), _per_event(effect), _forged_effect(effect)]))


def _clear_effect(effect: EffectEstimate, values: dict[str, str]) -> str:
    doubted = not (effect.is_robust or effect.fragile_reports)
    if effect.mean_change.estimate > 0:
        if doubted:
            return _(
                "People watched more during their events than before, if no answer was forged: %(change)s views a week "
                "as a mean over everybody who answered, %(low)s to %(high)s (95 %%).",
                **values,
            )
        return _(
            "People watched more during their events than before: %(change)s views a week as a mean over everybody who "
            "answered, %(low)s to %(high)s (95 %%).",
            **values,
        )
    if doubted:
        return _(
            "People watched less during their events than before, if no answer was forged: %(change)s views a week as "
            "a mean over everybody who answered, %(low)s to %(high)s (95 %%).",
            **values,
        )
    return _(
        "People watched less during their events than before: %(change)s views a week as a mean over everybody who "
        "answered, %(low)s to %(high)s (95 %%).",
        **values,
    )


def _effect_takes(effect: EffectEstimate) -> str:
    if not effect.reports_needed or effect.reports >= effect.reports_needed:
        return ""
    return _(
        "It takes %(takes)s in a quarter; there are %(answers)s.",
        takes=needed_people(effect.reports_needed, effect.part),
        answers=heard(effect),
    )


def effect_note_in_words(quarter: QuarterEffect) -> str:
    """Return what an effect of life events rests on, and when it is exact enough."""
    effect = quarter.effect
    values = {
        "answers": heard(effect),
        "rounds": ", ".join(quarter.rounds),
        "error": decimal(effect.mean_change.standard_error, 2),
    }
    if effect.per_event is not None:
        return _(
            "From %(answers)s in %(rounds)s; everybody answers. How many people had an event is estimated, too. "
            "Standard error of the mean over everybody: %(error)s views a week; of the change per event: %(each)s. It "
            "is noise until that is at most %(largest)s.",
            **values,
            each=decimal(effect.per_event.standard_error, 1),
            largest=number(LARGEST_EFFECT_ERROR),
        )
    return _(
        "From %(answers)s in %(rounds)s; one person answers once a quarter. People without an event count as no "
        "change; how many have one is not asked. Standard error of the mean over everybody: %(error)s views a week. It "
        "is noise until that is at most %(largest)s.",
        **values,
        largest=number(LARGEST_CHANGE_ERROR),
    )


def _per_event(effect: EffectEstimate) -> str:
    """Return how many people had an event and how viewing changed for each, where operators sum; else nothing."""
    share, each = effect.event_share, effect.per_event
    if share is None or each is None:
        return ""
    error = _Z * (effect.event_share_error or 0.0)
    low, high = (100 * min(1.0, max(0.0, share + step)) for step in (-error, error))
    return _(
        "%(low)s to %(high)s %% of people had an event; that is %(fewest)s to %(most)s views a week for each of them.",
        low=number(round(low)),
        high=number(round(high)),
        fewest=signed(each.lower, 1),
        most=signed(each.upper, 1),
    )


def _forged_effect(effect: EffectEstimate) -> str:
    if effect.fragile_reports is None:
        return ""
    return _(
        "This holds unless %(forged)s or more of the %(answers)s answers were forged.",
        forged=number(effect.fragile_reports),
        answers=number(effect.reports),
    )


def show_interval(show: ShowEstimate) -> str:
    """Return the interval of the number of people who named a show; where it begins at nobody, its upper end alone."""
    low, high = number(round(show.lower)), number(round(show.upper))
    return _("up to %(high)s", high=high) if low == "0" else _("%(low)s to %(high)s", low=low, high=high)


def share_of_answers(lower: float, upper: float) -> str:
    """Return the interval of a share of answers, in percent; where it begins at nobody, its upper end alone."""
    if round(100 * lower, 1) <= 0:
        return _("up to %(high)s", high=percent(upper, 1))
    return _("%(low)s to %(high)s", low=decimal(100 * lower, 1), high=percent(upper, 1))


def _reading(certainty: Certainty, *, is_robust: bool) -> str:
    return _("clear, if no answer was forged") if certainty is Certainty.CLEAR and not is_robust else certainty.word
