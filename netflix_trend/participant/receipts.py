"""Receipts of a withdrawal: what was removed, which statistics still contain an answer, and until when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.formats import day, listed
from netflix_trend.language import _, ngettext
from netflix_trend.layout import PublisherVolume
from netflix_trend.periods.turns import COUNTED
from netflix_trend.periods.weeks import Week, weeks_in
from netflix_trend.storage.damaged import Damaged, make_way, read_file, set_aside
from netflix_trend.storage.files import make_folder, write_atomically
from netflix_trend.storage.model import Strict


class Receipt(Strict):
    """One withdrawal.

    removed: SHA-256 of each file that was removed from the datasite, by name. counted_again: answered rounds that the
    aggregator still counts; what is not published of the answer never is, and what is published leaves it out once
    enough others can be left out with it, which may be never. kept: answered rounds that are closed; their statistics
    contain the randomized answer for good. summed: rounds whose sums contain, or may contain, the sealed report; a sum
    cannot be taken apart. first_round_without: the first round of which no statistics contain an answer of this person.

    syftbox: what SyftBox's records said about the removal when they were last looked at: they cannot be read from here,
    do not have it yet, or had it by `noticed_at`; empty when nothing was removed, and in older receipts.
    """

    schema_version: Literal[1] = 1
    withdrawn_at: Annotated[datetime, Field(strict=False)]
    removed: dict[str, str]
    counted_again: Annotated[tuple[str, ...], Field(strict=False)]
    kept: Annotated[tuple[str, ...], Field(strict=False)]
    first_round_without: str
    summed: Annotated[tuple[str, ...], Field(strict=False)] = ()
    syftbox: Literal["", "unseen", "waiting", "noticed"] = ""
    noticed_at: Annotated[datetime | None, Field(strict=False)] = None

    @property
    def sentence(self) -> str:
        """The receipt in words, for somebody who has withdrawn."""
        return self.told(is_over=False)

    def told(self, *, is_over: bool) -> str:
        """Return the receipt in words. It speaks of weeks that were answered and of no others.

        is_over: the person has decided otherwise since, so what is said of readers' copies does not hold any more.
        """
        words = [
            ngettext(
                "Withdrawn on %(day)s: %(num)s file was removed from your datasite.",
                "Withdrawn on %(day)s: %(num)s files were removed from your datasite.",
                len(self.removed),
                day=day(self.withdrawn_at.date()),
            )
        ]
        if is_over:
            words.append(_("You have decided otherwise since; this is what held then."))
        else:
            words += self._readers_copies()
        words.append(self._last_answer())
        if self.counted_again:
            rounds = listed(self.counted_again)
            words.append(
                _(
                    "%(rounds)s: your answer is not counted any more, but numbers that are published with it "
                    "stay until it can be left out together with others: leaving out yours alone would show "
                    "it.",
                    rounds=rounds,
                )
            )
        if self.kept:
            words.append(
                _(
                    "Answers in rounds that are already closed: %(kept)s (%(kept2)s to %(kept3)s). They stay "
                    "counted there, randomized, and what others have copied cannot be called back.",
                    kept=len(self.kept),
                    kept2=self.kept[0],
                    kept3=self.kept[-1],
                )
            )
        if self.summed:
            words.append(
                _(
                    "Sealed reports that operators have already summed: %(summed)s (%(summed2)s to "
                    "%(summed3)s). A sum, with its noise, cannot be taken apart. All others were taken back.",
                    summed=len(self.summed),
                    summed2=self.summed[0],
                    summed3=self.summed[-1],
                )
            )
        return " ".join(words)

    def _last_answer(self) -> str:
        """Say which answer is the last that statistics contain; no week is named that was never answered."""
        # Whatever a leader calls a round keeps nobody from withdrawing.
        answered = [*map(Week.parse, (*self.counted_again, *self.kept)), *weeks_in(self.summed)]
        if not answered:
            return _("No statistics contain an answer of yours.")
        return _(
            "Your last answer in statistics is about %(week)s: no later week has one of yours.", week=max(answered)
        )

    def _readers_copies(self) -> tuple[str, ...]:
        """Say what is known about readers' copies."""
        if self.syftbox == "unseen":
            return (_("SyftBox removes readers' copies at its next sync, which cannot be seen from here."),)
        if self.syftbox == "waiting":
            return (_("SyftBox has not synced since: readers still have their copies."),)
        if self.noticed_at is not None:
            when = _("%(day)s, %(time)s UTC", day=day(self.noticed_at.date()), time=self.noticed_at.strftime("%H:%M"))
            return (
                _(
                    "SyftBox had noticed that by %(when)s; a reader's copy goes when the reader's SyftBox syncs.",
                    when=when,
                ),
            )
        return ()

    def without(self, left: Collection[str]) -> Receipt:
        """Return the receipt without files that are still there: they could not be removed."""
        return self.model_copy(update={"removed": {name: d for name, d in self.removed.items() if name not in left}})

    def confirmed(
        self, removed: Mapping[str, str], waiting: Collection[str], unconfirmed: Collection[str] | None, now: datetime
    ) -> Receipt:
        """Return the receipt with what was removed now and what SyftBox has noticed.

        removed: SHA-256 of each file of this run, by name; SyftBox may have brought it back. waiting: files whose rules
        stay. unconfirmed: files that SyftBox's records still have, None if they cannot be read from here.
        """
        everything = {**self.removed, **removed}
        state, noticed_at = self.syftbox, self.noticed_at
        if removed or waiting or unconfirmed:
            state, noticed_at = "unseen" if unconfirmed is None and not waiting else "waiting", None
        elif unconfirmed is not None and state in ("waiting", "unseen"):
            state, noticed_at = "noticed", now.astimezone(UTC).replace(microsecond=0)
        elif unconfirmed is None and state == "waiting":
            state = "unseen"
        return self.model_copy(update={"removed": everything, "syftbox": state, "noticed_at": noticed_at})


def receipt(
    answered: Iterable[str], removed: Mapping[str, str], newest: Week, now: datetime, summed: Iterable[str] = ()
) -> Receipt:
    """Return the receipt of a withdrawal.

    answered: all rounds of the ledger. newest: newest complete week; it and the COUNTED - 1 before it are counted.
    summed: rounds whose sealed report may be in a sum.
    """
    oldest_counted = newest - (COUNTED - 1)
    weeks = sorted(map(Week.parse, answered))
    kept = [week for week in weeks if week < oldest_counted]
    in_sums = sorted(summed)
    for_good = [*weeks, *weeks_in(in_sums)]
    return Receipt(
        withdrawn_at=now.astimezone(UTC).replace(microsecond=0),
        removed=dict(removed),
        counted_again=tuple(str(week) for week in weeks if week >= oldest_counted),
        kept=tuple(map(str, kept)),
        first_round_without=str(max(for_good) + 1 if for_good else oldest_counted),
        summed=tuple(in_sums),
    )


def keep_receipt(publisher: Path, one: Receipt) -> Path:
    """Write a receipt, or write it again; it is on disk when this returns. Returns its path."""
    folder = PublisherVolume(publisher).receipts
    if folder.is_file():  # a folder is needed in its place
        set_aside(folder, publisher)
    make_folder(folder)
    path = folder / f"{one.withdrawn_at:%Y%m%dT%H%M%SZ}.json"
    make_way(path, publisher)
    write_atomically(path, one.to_bytes())
    return path


def read_receipts(publisher: Path) -> list[Receipt]:
    """Return all receipts, oldest first; a damaged one is left out."""
    return [one for one in _receipts(publisher).values() if one is not None]


def damaged_receipts(publisher: Path) -> list[str]:
    """Return the names of receipts that cannot be read."""
    return [name for name, one in _receipts(publisher).items() if one is None]


def _receipts(publisher: Path) -> dict[str, Receipt | None]:
    """Return the receipts by name, oldest first; None in the place of a damaged one."""
    found: dict[str, Receipt | None] = {}
    for path in sorted(PublisherVolume(publisher).receipts.glob("*.json")):
        try:
            found[path.name] = Receipt.model_validate_json(read_file(path))
        except FileNotFoundError:
            continue
        except (ValidationError, Damaged):
            found[path.name] = None
    return found
