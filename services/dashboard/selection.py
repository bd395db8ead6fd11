"""What a person chose on a page about their own viewing: days, profile and device, kept in the address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from netflix_trend.history.opened import Choice, Viewer
from netflix_trend.language import gettext as _
from services.dashboard.choosing import mark_of_name
from services.dashboard.history import History, Span
from services.dashboard.text import day, device_in_words, shown

# Of the years that are offered as ranges.
_MAX_YEARS = 6


@dataclass(frozen=True)
class Range:
    """A range of days. name: of a preset, or `own`."""

    name: str
    first: date
    last: date


@dataclass(frozen=True)
class Option:
    """Something to choose. value: what the address says."""

    value: str
    label: str


@dataclass(frozen=True)
class Chip:
    """A filter that is on. address: of the page without it."""

    label: str
    address: str


@dataclass(frozen=True)
class Who:
    """Whose rows a page is about. options: what can be chosen, nothing where there is no choice. value: the chosen one,
    as the address says it, empty for all. viewer: the same, None for all. label: what it is called.
    """

    options: tuple[Option, ...]
    value: str = ""
    viewer: Viewer | None = None
    label: str = ""

    @property
    def kept(self) -> dict[str, str]:
        """What addresses of other pages say about it."""
        return {"profile": self.value} if self.value else {}

    def chip(self, path: str) -> Chip | None:
        """Return the filter of a page, None where it is off."""
        return Chip(profile_words(self.label), path) if self.value else None


def who(history: History, arguments: Mapping[str, str]) -> Who:
    """Return whose rows a request chose; what is unknown, such as a profile that is gone, is not chosen."""
    viewers = viewer_options(history.viewers())
    one = _option(arguments.get("profile", ""), viewers)
    return Who(tuple(viewers), one.value, viewers.get(one), one.label)


def profile_words(label: str) -> str:
    """Return what the filter by a profile is called."""
    return _("Profile: %(name)s", name=label)


@dataclass(frozen=True)
class Selection:
    """The rows of a page. viewers, devices: what can be chosen, nothing where there is no choice. kept: what links of
    the page keep in their address. others: the part of it that is not about rows, such as the words of a search.
    """

    path: str
    span: Span
    range: Range
    presets: tuple[Option, ...]
    choice: Choice
    viewers: tuple[Option, ...]
    devices: tuple[Option, ...]
    kept: Mapping[str, str]
    others: Mapping[str, str]

    @property
    def profile(self) -> str:
        """The value of the chosen profile, empty for all."""
        return self.kept.get("profile", "")

    @property
    def device(self) -> str:
        """The value of the chosen device, empty for all."""
        return self.kept.get("device", "")

    @property
    def rows_only(self) -> dict[str, str]:
        """What the address says about rows: for a link to another page."""
        return {name: value for name, value in self.kept.items() if name not in self.others}

    @property
    def who_only(self) -> dict[str, str]:
        """What the address says about profile and device, and not about days: another page may show other days."""
        return {name: value for name, value in self.kept.items() if name in ("profile", "device")}

    def address(self, **changes: str) -> str:
        """Return the address of this page with changes; an empty value is left out."""
        return address(self.path, {**self.kept, **changes})

    def preset(self, name: str) -> str:
        """Return the address of this page with a range."""
        days = {"from": "", "to": "", "range": name}
        return self.address(**days, page="")

    @property
    def chips(self) -> tuple[Chip, ...]:
        """The filters that are on."""
        found = []
        if {"from", "range"} & self.kept.keys():
            words = _("%(first)s to %(last)s", first=day(self.range.first), last=day(self.range.last))
            found.append(Chip(words, self.preset("")))
        for name, options, said in (
            ("profile", self.viewers, profile_words),
            ("device", self.devices, _device_words),
        ):
            label = next((one.label for one in options if one.value == self.kept.get(name)), None)
            if label is not None:
                found.append(Chip(said(label), self.address(**{name: "", "page": ""})))
        return tuple(found)


def address(path: str, arguments: Mapping[str, str]) -> str:
    """Return an address on these pages; an empty value is left out."""
    query = urlencode({name: value for name, value in arguments.items() if value})
    return f"{path}?{query}" if query else path


def selection(
    history: History, arguments: Mapping[str, str], path: str, *, default: str = "year", others: Sequence[str] = ()
) -> Selection | None:
    """Return what a request chose; None while nothing was imported.

    default: the range without a choice. others: arguments that links keep and that choose no rows. What is unknown,
    such as a profile that is gone, is not chosen.
    """
    span = history.span()
    if span is None:
        return None
    days = chosen_range(arguments, span, default)
    kept = {name: arguments[name][:200] for name in others if arguments.get(name)}
    other = dict(kept)
    if days.name == "own":
        kept |= {"from": days.first.isoformat(), "to": days.last.isoformat()}
    elif days.name != default:
        kept["range"] = days.name
    chosen = who(history, arguments)
    devices = {Option(shown(name, 100), device_in_words(name)): name for name in history.devices()}
    device = devices.get(_option(arguments.get("device", ""), devices))
    kept |= chosen.kept
    if device is not None:
        kept["device"] = arguments["device"]
    return Selection(
        path=path,
        span=span,
        range=days,
        presets=tuple(Option(name, label) for name, label in presets(span)),
        choice=Choice(days.first, days.last, chosen.viewer, device)
        if days.name != "all"
        else Choice(viewer=chosen.viewer, device=device),
        viewers=chosen.options,
        devices=tuple(devices) if len(devices) > 1 else (),
        kept=kept,
        others=other,
    )


def _device_words(label: str) -> str:
    return _("Device: %(name)s", name=label)


def _option(value: str, options: Mapping[Option, object]) -> Option:
    return next((option for option in options if option.value == value), Option("", ""))


def presets(span: Span) -> tuple[tuple[str, str], ...]:
    """Return the ranges to choose with one click: a name and what it is called."""
    years = [str(year) for year in range(span.last.year, span.first.year - 1, -1)][:_MAX_YEARS]
    return (("year", _("Last 12 months")), *((year, year) for year in years), ("all", _("All")))


def chosen_range(arguments: Mapping[str, str], span: Span, default: str = "year") -> Range:
    """Return the range of a request: a preset, or one or two days. Anything else means the default one."""
    first, last = (_day(arguments.get(name, "")) for name in ("from", "to"))
    first, last = first or (last and min(span.first, last)), last or (first and max(span.last, first))
    if first and last and first <= last:
        same = (_preset(name, span) for name in (default, *(name for name, _label in presets(span))))
        return next((one for one in same if one and (one.first, one.last) == (first, last)), Range("own", first, last))
    return _preset(arguments.get("range", ""), span) or _preset(default, span) or Range("all", span.first, span.last)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _preset(name: str, span: Span) -> Range | None:
    if name == "all":
        return Range("all", span.first, span.last)
    if name == "year":
        # Counted from the last view, because exports are often months old.
        return Range("year", max(span.first, span.last - timedelta(days=364)), span.last)
    if name.isdecimal() and len(name) == 4 and span.first.year <= int(name) <= span.last.year:
        return Range(name, date(int(name), 1, 1), date(int(name), 12, 31))
    return None


def viewer_options(viewers: Sequence[Viewer]) -> dict[Option, Viewer]:
    """Return whose rows can be chosen; nothing where all rows are one viewer's."""
    stored = {viewer.stored for viewer in viewers}
    # All rows of the only stored profile are chosen when nothing is.
    offered = [viewer for viewer in viewers if viewer.netflix is not None or len(stored) > 1]
    values = [
        viewer.stored if viewer.netflix is None else f"{viewer.stored}/{mark_of_name(viewer.netflix)}"
        for viewer in offered
    ]
    return dict(zip(map(Option, values, viewer_labels(offered)), offered, strict=True))


def viewer_labels(viewers: Sequence[Viewer]) -> list[str]:
    """Return what viewers are called: the Netflix profile, or the stored profile; both where one alone is ambiguous."""
    names = Counter(viewer.netflix for viewer in viewers)
    several = {viewer.stored for viewer in viewers if viewer.netflix is not None}
    labels = []
    for viewer in viewers:
        stored = shown(viewer.stored, 60)
        if viewer.netflix is None:
            labels.append(_("%(name)s, all of them", name=stored) if viewer.stored in several else stored)
            continue
        name = shown(viewer.netflix, 60) or _("without a name")
        labels.append(f"{name} ({stored})" if names[viewer.netflix] > 1 else name)
    return labels
