"""Every permission file that our code writes, and what each of them has to allow and to refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import yaml

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.operators.transport import REPORT, OwnFiles, operator_readers
from netflix_trend.periods.weeks import Week
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import MOST_NAMED
from services.aggregator.rounds import Aggregator
from tests.netflix_trend.syftbox.go_rules import GO_FILE, readers, ruleset

AGGREGATOR, HELPER = "aggregator@example.org", "helper@example.org"
# An aggregator with more participants than its rules name.
CROWD = "crowd@example.org"
# One answers in local mode, one also seals reports, one has withdrawn; the last takes no part.
ALICE, BOB, DAN, CAROL = "alice@example.org", "bob@example.org", "dan@example.org", "carol@example.com"
RELEASE = "releases/2026-W47.json"
FILES = {RELEASE: b"answer", "note.txt": b"hello"}
ROUND = "2026-W46"
WEEK = Week.parse(ROUND)
APP = "app_data/netflix_trend"


@dataclass(frozen=True)
class Decision:
    """Whether a user may read a file of a datasite."""

    owner: str
    path: str
    user: str
    allowed: bool


def write_everything(root: Path) -> None:
    """Let all writers of permission files write theirs into datasites below `root`."""
    for owner in (ALICE, BOB, DAN):
        site = Datasite(root, owner)
        _client_files(site)
        site.publish(FILES, AGGREGATOR, durable=False, keep_rounds=owner == BOB)
        _plant(site.app_data / "planted")
    reports = OwnFiles(Datasite(root, BOB), durable=False)
    reports.share_with(ROUND, {REPORT: [AGGREGATOR, HELPER]})
    reports.write(ROUND, REPORT, b"sealed")
    _plant(reports.site.app_data / "rounds" / ROUND / "planted")
    Datasite(root, DAN).withdraw()
    for owner, other in ((AGGREGATOR, HELPER), (HELPER, AGGREGATOR)):
        _client_files(Datasite(root, owner))
        OwnFiles(Datasite(root, owner), durable=False).share_with(ROUND, operator_readers([other]))
    volume = root.parent / "volume"
    operator = Aggregator(
        Datasite(root, AGGREGATOR), volume, starter_vocabulary(), durable=False, smallest_change=1, smallest_answers=1
    )
    operator.run(WEEK.sunday + timedelta(days=2))
    site, own = Datasite(root, CROWD), root.parent / "volume of the crowd"
    _client_files(site)
    own.mkdir()
    (own / "participants.txt").write_text("".join(f"p{number}@example.org\n" for number in range(MOST_NAMED + 1)))
    Aggregator(site, own, starter_vocabulary(), durable=False, automatic=False).run(WEEK.sunday + timedelta(days=2))


def _client_files(site: Datasite) -> None:
    """The files that the Go generation's client makes in a new datasite (workspace.go): neither is terminal."""
    for folder, rule in ((site.root, readers()), (site.root / "public", readers("*"))):
        folder.mkdir(parents=True)
        (folder / GO_FILE).write_text(yaml.safe_dump(ruleset(("**", rule))))


def _plant(folder: Path) -> None:
    """What something else may put there: everybody may read."""
    folder.mkdir(parents=True)
    (folder / GO_FILE).write_text(yaml.safe_dump(ruleset(("**", readers("*")))))


_EVERYBODY = (ALICE, BOB, DAN, CAROL, AGGREGATOR, HELPER, CROWD, "p7@example.org")


def _of(owner: str, allowed: Mapping[str, Sequence[str]], refused: Sequence[str]) -> list[Decision]:
    """Decisions about some files for every user. allowed: who may read a file beside its owner; refused: nobody."""
    files: dict[str, Sequence[str]] = {**allowed, **dict.fromkeys(refused, ())}
    return [
        Decision(owner, path, user, user == owner or user in named)
        for path, named in files.items()
        for user in _EVERYBODY
    ]


_RELEASED = {f"{APP}/{name}": (AGGREGATOR,) for name in ("manifest.json", *FILES)}
_NOT_RELEASED = (
    *(f"{APP}/{name}" for name in (GO_FILE, "syftperm.yaml", "other.txt", "releases/2026-W48.json")),
    f"{APP}/releases/deeper/2026-W47.json",
    f"{APP}/rounds/2026-W40/{REPORT}",
    "app_data/other/manifest.json",
    "private/anything",
    GO_FILE,
)
_IN_ROUND = f"{APP}/rounds/{ROUND}"
_NOT_SHARED = tuple(
    f"{APP}/shared/{name}" for name in (GO_FILE, "syftperm.yaml", "deeper/x.json", "statistics/deeper/x.json")
)
_BESIDE_REPORT = tuple(f"{_IN_ROUND}/{name}" for name in (GO_FILE, "syftperm.yaml", "deeper/report.bin", "x.bin"))
_SHARED = ("survey.json", "vocabulary.json", "trends.json", "statistics/2026-W46.json")
_PUBLIC = "public/netflix_trend"
_FOR_ALL = ("prekey.json", "survey.json", "manifest.json", "accept.json", "close.json", "abort.json")

DECISIONS = [
    *_of(ALICE, _RELEASED, (*_NOT_RELEASED, f"{APP}/planted/history.csv", f"{_IN_ROUND}/{REPORT}")),
    *_of(BOB, {**_RELEASED, f"{_IN_ROUND}/{REPORT}": (AGGREGATOR, HELPER)}, (*_NOT_RELEASED, *_BESIDE_REPORT)),
    *_of(BOB, {}, (f"{_IN_ROUND}/planted/history.csv",)),
    *_of(DAN, {}, (*_RELEASED, *_NOT_RELEASED)),
    *_of(
        AGGREGATOR,
        {
            **{f"{APP}/shared/{name}": (ALICE, BOB) for name in _SHARED},
            **{f"{_IN_ROUND}/{name}": _EVERYBODY for name in _FOR_ALL},
            f"{_IN_ROUND}/agg-init-early-1.bin": (HELPER,),
            f"{_PUBLIC}/index.html": _EVERYBODY,
            f"{_PUBLIC}/rounds/2026-W46.html": _EVERYBODY,
            f"{_PUBLIC}/statistics/2026-W46.json": _EVERYBODY,
        },
        (
            *_NOT_SHARED,
            *(f"{_PUBLIC}/{name}" for name in (GO_FILE, "syftperm.yaml", "x.html", "rounds/deeper/2026-W46.html")),
            *_BESIDE_REPORT,
        ),
    ),
    *_of(
        CROWD,
        {f"{APP}/shared/{name}": _EVERYBODY for name in _SHARED},
        (*_NOT_SHARED, f"{APP}/manifest.json", "private/anything", GO_FILE),
    ),
    *_of(
        HELPER,
        {f"{_IN_ROUND}/agg-resp-early-1.bin": (AGGREGATOR,), f"{_IN_ROUND}/prekey.json": _EVERYBODY},
        _BESIDE_REPORT,
    ),
]
