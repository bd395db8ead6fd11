"""Why something failed, in plain words: what the system's and the models' errors mean to a person.

People read what, where and what next; codes and the words of libraries are for nobody.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netflix_trend.language import _, marked

if TYPE_CHECKING:
    from pydantic import ValidationError

# By the number of the error: its cause, as the end of a sentence, and what to do.
_CAUSES: Mapping[int, tuple[str, str]] = {
    errno.ENOSPC: (marked("the disk is full"), marked("Make room, then try again.")),
    errno.EDQUOT: (marked("your share of the disk is used up"), marked("Make room, then try again.")),
    errno.EROFS: (marked("this place can only be read"), marked("Name a place that can be written.")),
    errno.EACCES: (marked("this user may not do that there"), marked("Check the owner and the rights.")),
    errno.EPERM: (marked("this user may not do that there"), marked("Check the owner and the rights.")),
    errno.ENOENT: (marked("it is not there"), marked("Check the name.")),
    errno.ENOTDIR: (marked("a part of its path is a file and no folder"), marked("Check the name.")),
    errno.EISDIR: (marked("it is a folder and no file"), marked("Check the name.")),
    errno.EEXIST: (marked("it is there already"), marked("Name another one.")),
    errno.ENOTEMPTY: (marked("the folder is not empty"), marked("Name another one.")),
    errno.ENAMETOOLONG: (marked("its name is too long"), marked("Choose a shorter one.")),
    errno.ELOOP: (marked("its links lead round in a circle"), marked("Give the file itself.")),
    errno.EIO: (marked("the disk reports a fault"), marked("Use another disk.")),
    errno.EFBIG: (marked("it is larger than this disk allows"), marked("Use another disk.")),
    errno.EMFILE: (marked("too many files are open"), marked("Close other programs, then try again.")),
    errno.ENFILE: (marked("too many files are open"), marked("Close other programs, then try again.")),
    errno.ENOMEM: (marked("there is not enough memory"), marked("Close other programs, then try again.")),
    errno.EAGAIN: (marked("another program holds it"), marked("Try again in a minute.")),
    errno.EBUSY: (marked("another program holds it"), marked("Try again in a minute.")),
    errno.ETXTBSY: (marked("another program holds it"), marked("Try again in a minute.")),
    errno.EADDRINUSE: (marked("another program uses this port"), marked("Choose another port.")),
    errno.ECONNREFUSED: (marked("nothing answers there"), marked("Is it running?")),
    errno.ETIMEDOUT: (marked("there was no answer in time"), marked("Try again.")),
    errno.EXDEV: (marked("the two places are on different disks"), marked("Name a place on the same disk.")),
}
_UNKNOWN = (marked("the system refuses it and gives no reason that we know"), marked("Try again."))
# Kinds of values that a model expects, by the kind of its error.
_EXPECTED: Mapping[str, str] = {
    "bool_parsing": marked("expected true or false"),
    "bool_type": marked("expected true or false"),
    "date_from_datetime_parsing": marked("expected a day such as 2026-11-09"),
    "date_parsing": marked("expected a day such as 2026-11-09"),
    "date_type": marked("expected a day such as 2026-11-09"),
    "extra_forbidden": marked("this version does not know it"),
    "float_parsing": marked("expected a number"),
    "float_type": marked("expected a number"),
    "finite_number": marked("expected a number"),
    "int_from_float": marked("expected a whole number"),
    "int_parsing": marked("expected a whole number"),
    "int_type": marked("expected a whole number"),
    "json_invalid": marked("it is damaged or was cut off"),
    "missing": marked("it is missing"),
    "path_type": marked("expected a path"),
    "string_pattern_mismatch": marked("it has characters that are not allowed there"),
    "string_type": marked("expected text"),
    "string_unicode": marked("it is not UTF-8 text"),
}
_LONGEST_PLACE = 80
_NEWER = marked("a newer version of Netflix Trend wrote it; install that version")
_UNEXPECTED = marked("it is not what was expected")


def cause(error: OSError) -> str:
    """Return why the system refused something, as the end of a sentence: `the disk is full`."""
    return _(_CAUSES.get(error.errno or 0, _UNKNOWN)[0])


def reason_of(problem: Exception) -> str:
    """Return a problem as the end of a sentence: the cause of an error of the system, what a model expects, or our own
    message of others.
    """
    from pydantic import ValidationError

    if isinstance(problem, OSError):
        return cause(problem)
    return misfit(problem) if isinstance(problem, ValidationError) else str(problem)


def why(error: OSError) -> str:
    """Return what failed, why and what to do, such as `/a.csv: the disk is full. Make room, then try again`."""
    said, step = (_(text) for text in _CAUSES.get(error.errno or 0, _UNKNOWN))
    place = error.filename2 or error.filename
    if place is None or isinstance(place, int):
        return _("%(cause)s. %(step)s", cause=said[:1].upper() + said[1:], step=step)
    return _("%(place)s: %(cause)s. %(step)s", place=place, cause=said, step=step)


def expected(problem: Mapping[str, Any]) -> str:
    """Return what a model expects in place of a value, without the words of its library.

    problem: one of `ValidationError.errors()`. Messages of our own checks are kept.
    """
    kind, context = str(problem["type"]), problem.get("ctx", {})
    if is_of_newer_version(problem):
        return _(_NEWER)
    if kind in ("value_error", "assertion_error"):
        return str(problem["msg"]).split(", ", 1)[-1]
    if kind in ("literal_error", "enum"):
        return _("expected %(values)s", values=str(context.get("expected", "")).replace("'", ""))
    if kind in ("greater_than_equal", "less_than_equal", "greater_than", "less_than"):
        return _bound(kind, next(iter(context.values()), ""))
    if kind in ("string_too_long", "too_long", "bytes_too_long"):
        return _("it is too long; at most %(most)s are allowed", most=context.get("max_length", ""))
    if kind in ("string_too_short", "too_short", "bytes_too_short"):
        return _("it is too short; at least %(least)s are needed", least=context.get("min_length", ""))
    return _(_EXPECTED.get(kind, _UNEXPECTED))


def misfit(error: ValidationError) -> str:
    """Return the first thing in a file that a model does not expect, with its place: `rounds.3: it is missing`.

    Names come from the file, so a long place is cut.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))[:_LONGEST_PLACE]
    return f"{place or 'file'}: {expected(first)}"


def is_of_newer_version(problem: Mapping[str, Any]) -> bool:
    """Return whether a file is refused for its format version: there are no others than the known ones but newer ones.

    problem: one of `ValidationError.errors()`.
    """
    return problem["type"] == "literal_error" and tuple(problem.get("loc", ()))[-1:] == ("schema_version",)


def _bound(kind: str, bound: object) -> str:
    return {
        "greater_than_equal": _("expected %(bound)s or more", bound=bound),
        "less_than_equal": _("expected %(bound)s or less", bound=bound),
        "greater_than": _("expected more than %(bound)s", bound=bound),
        "less_than": _("expected less than %(bound)s", bound=bound),
    }[kind]
