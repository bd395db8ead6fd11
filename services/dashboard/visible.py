"""The three files that others can see beside the reports, with their exact content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netflix_trend.language import _, marked
from netflix_trend.participant.sealed import Operators
from netflix_trend.settings import Settings
from netflix_trend.syftbox.datasite import MANIFEST, announced
from netflix_trend.syftbox.permissions import GO_FILE, PYTHON_FILE, permission_rules

_MEANINGS = {
    MANIFEST: marked("Names, sizes and hashes of your reports, so also how many there are. The aggregator reads it."),
    PYTHON_FILE: marked("Who may read the files: the aggregator. For SyftBox of the first generation."),
    GO_FILE: marked("The same for SyftBox of the second generation."),
}


@dataclass(frozen=True)
class VisibleFile:
    """A file in the datasite that is not a report. is_there: it exists now; otherwise it appears when you take part."""

    name: str
    text: str
    size: int
    meaning: str
    is_there: bool


def visible_files(settings: Settings, contents: Mapping[str, bytes]) -> tuple[VisibleFile, ...]:
    """Return the files that lie beside the reports, or would with the first run after joining.

    contents: the files in the datasite, by name.
    """
    files, readers = announced({}, settings.aggregator_datasite)
    first = {**files, **permission_rules(readers, terminal=Operators.of(settings) is None)}
    found = []
    for name, meaning in _MEANINGS.items():
        data = contents.get(name)
        shown = first[name] if data is None else data
        text = shown.decode("utf-8", "replace")
        found.append(VisibleFile(name, text, len(shown), _(meaning), data is not None))
    return tuple(found)
