"""A monthly reminder to fetch the history, as a calendar to import or subscribe to (RFC 5545).

It is the same for everybody and at all times, so it tells a calendar's provider nothing about a person.
https://www.rfc-editor.org/rfc/rfc5545
"""

from __future__ import annotations

from netflix_trend.delivery.downloads import NETFLIX_PAGE

CONTENT_TYPE = "text/calendar; charset=utf-8"
# When the text below was last changed: without METHOD that is what DTSTAMP means (RFC 5545, 3.8.7.2).
_CHANGED = "20261129T000000Z"
_UID = "5d0f4c1e-6c0b-4b5c-9d5a-0d8f6a1b7e42"
_SUMMARY = "Fetch your Netflix viewing history"
_DESCRIPTION = (
    f"In a terminal: ./run.sh fetch. Or open {NETFLIX_PAGE} and click “Download all” at the bottom, then upload the "
    "file on your page of Netflix Trend. It takes ten seconds."
)
_LONGEST_LINE = 75


def reminder() -> bytes:
    """Return the calendar: one event on the first day of every month, with an alarm at nine."""
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Netflix Trend//Reminder//EN",
        "BEGIN:VEVENT",
        f"UID:{_UID}",
        f"DTSTAMP:{_CHANGED}",
        "DTSTART;VALUE=DATE:20261201",
        "RRULE:FREQ=MONTHLY",
        f"SUMMARY:{as_text(_SUMMARY)}",
        f"DESCRIPTION:{as_text(_DESCRIPTION)}",
        f"URL:{NETFLIX_PAGE}",
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{as_text(_SUMMARY)}",
        # After the beginning of the day, in the time zone of the calendar.
        "TRIGGER:PT9H",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return b"".join(folded(line) for line in lines)


def as_text(text: str) -> str:
    """Return a text as a value of type TEXT."""
    for character in "\\;,":
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", "\\n")


def folded(line: str) -> bytes:
    """Return a content line in UTF-8, continued in lines of at most 75 bytes, each with CRLF; no character is cut."""
    lines, current = [], b""
    for character in line:
        encoded = character.encode()
        if len(current) + len(encoded) > _LONGEST_LINE:
            lines.append(current)
            current = b" "
        current += encoded
    return b"".join(part + b"\r\n" for part in [*lines, current])
