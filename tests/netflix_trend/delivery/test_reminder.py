"""The monthly reminder, against the grammar of RFC 5545."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from netflix_trend.delivery.downloads import NETFLIX_PAGE
from netflix_trend.delivery.reminder import as_text, folded, reminder

# 3.1: contentline = name *(";" param) ":" value, without parameters in quotes.
LINE = re.compile(
    r"(?P<name>[A-Za-z0-9-]+)(?P<parameters>(?:;[A-Za-z0-9-]+=[^\";:,\x00-\x1f]+)*):(?P<value>[^\x00-\x1f]*)"
)
# 3.3.11: backslashes only before these; no other semicolon or comma.
TEXT = re.compile(r"(?:[^\\;,\x00-\x1f]|\\[\\;,nN])*")
# 3.6.1 and 3.6.6: required properties, and those that may occur once.
REQUIRED = {
    "VCALENDAR": {"PRODID", "VERSION"},
    "VEVENT": {"UID", "DTSTAMP", "DTSTART"},
    "VALARM": {"ACTION", "DESCRIPTION", "TRIGGER"},
}
ALLOWED = {
    "VCALENDAR": REQUIRED["VCALENDAR"] | {"CALSCALE", "METHOD"},
    "VEVENT": REQUIRED["VEVENT"] | {"RRULE", "SUMMARY", "DESCRIPTION", "URL", "TRANSP"},
    "VALARM": REQUIRED["VALARM"] | {"DURATION", "REPEAT"},
}
INSIDE = {"VCALENDAR": {"VEVENT"}, "VEVENT": {"VALARM"}, "VALARM": set[str]()}


@dataclass
class Component:
    """A component: properties with their parameters and values, and components in it."""

    name: str
    properties: dict[str, tuple[str, str]] = field(default_factory=dict)
    inside: list[Component] = field(default_factory=list)


def parsed(data: bytes) -> Component:
    assert data.endswith(b"\r\n")
    lines = data.split(b"\r\n")[:-1]
    assert all(b"\n" not in line and b"\r" not in line for line in lines), "lines end with CRLF only"
    assert max(len(line) for line in lines) <= 75, "octets, without the line break"
    text = "\r\n".join(line.decode("utf-8") for line in lines)
    root = Component("")
    open_ones = [root]
    for line in text.replace("\r\n ", "").split("\r\n"):
        match = LINE.fullmatch(line)
        assert match, line
        name, value = match["name"].upper(), match["value"]
        if name == "BEGIN":
            new = Component(value)
            open_ones[-1].inside.append(new)
            open_ones.append(new)
        elif name == "END":
            assert open_ones.pop().name == value
        else:
            assert name not in open_ones[-1].properties, "each occurs once"
            open_ones[-1].properties[name] = (match["parameters"], value)
    assert open_ones == [root]
    (calendar,) = root.inside
    return calendar


def check(component: Component) -> None:
    assert REQUIRED[component.name] <= set(component.properties) <= ALLOWED[component.name]
    for name in {"SUMMARY", "DESCRIPTION", "PRODID"} & set(component.properties):
        assert TEXT.fullmatch(component.properties[name][1]), name
    for one in component.inside:
        assert one.name in INSIDE[component.name]
        check(one)


def test_the_calendar_follows_the_grammar() -> None:
    calendar = parsed(reminder())
    assert calendar.name == "VCALENDAR"
    check(calendar)
    assert calendar.properties["VERSION"] == ("", "2.0")


def test_it_reminds_every_month_in_the_morning_of_the_first_day() -> None:
    (event,) = parsed(reminder()).inside
    parameters, value = event.properties["DTSTART"]
    assert parameters == ";VALUE=DATE"
    assert date.fromisoformat(value).day == 1
    assert event.properties["RRULE"] == ("", "FREQ=MONTHLY")
    assert event.properties["URL"] == ("", NETFLIX_PAGE)
    assert datetime.strptime(event.properties["DTSTAMP"][1], "%Y%m%dT%H%M%S%z"), "in UTC"
    assert str(UUID(event.properties["UID"][1])) == event.properties["UID"][1]
    (alarm,) = event.inside
    assert alarm.properties["ACTION"] == ("", "DISPLAY")
    assert alarm.properties["TRIGGER"] == ("", "PT9H")


def test_it_is_the_same_at_all_times() -> None:
    """Who subscribes gets one event, and the calendar's provider learns nothing."""
    assert reminder() == reminder()


def test_long_lines_are_folded_between_characters() -> None:
    line = "SUMMARY:" + "“é😀" * 40
    data = folded(line)
    assert max(map(len, data.split(b"\r\n"))) <= 75
    assert data.decode("utf-8").replace("\r\n ", "") == f"{line}\r\n"


def test_texts_are_escaped() -> None:
    assert as_text("a, b; c\\d\ne") == "a\\, b\\; c\\\\d\\ne"
