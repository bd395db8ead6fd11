"""Sealed reports for two operators: their parts, who can learn what, and what a year costs."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from netflix_trend.formats import decimal
from netflix_trend.language import _, marked, ngettext
from netflix_trend.operators.codec import ReportError, Role
from netflix_trend.operators.manifest import Round
from netflix_trend.operators.report import parse
from netflix_trend.operators.wire import Malformed
from netflix_trend.participant.participant import Snapshot
from netflix_trend.participant.sealed import Operators, SealedReport, sealed_reports
from netflix_trend.privacy.accounting import odds_in_words, suspicion
from netflix_trend.privacy.zcdp import epsilon_of_gaussian, epsilon_of_rho
from netflix_trend.settings import Settings
from netflix_trend.syftbox.datasite import Datasite
from services.dashboard.example import Part
from services.dashboard.text import number, percent

# What a block asks, by name (`netflix_trend.questions.*.sums`).
_ASKS = {
    "shows": marked("which shows of the week's list you watched: at most two of them"),
    "titles_groups": marked("how many titles you started, as one of a few groups"),
    "titles_sum": marked("how many titles you started, up to 30"),
    "weekday": marked("the day of the week of one of your views, chosen at random"),
    "habits": marked("four answers with yes or no about the week, such as whether you watched a film"),
    "pairs": marked("which shows of a list you have seen in the last year: at most ten of them, in pairs"),
    "event": marked("whether you had a life event last quarter, and whether you watched more or less then"),
}
_ERRORS = {
    ReportError.VDAF_VERIFY_ERROR: marked("its proof does not hold"),
    ReportError.HPKE_DECRYPT_ERROR: marked("it could not be opened"),
}


_HEADS = {Role.LEADER: marked("head for the leader"), Role.HELPER: marked("head for the helper")}
_BATCHES = {"early": marked("counted in the early sums"), "late": marked("counted in the late sums")}


@dataclass(frozen=True)
class NamedOperator:
    """An operator as the page shows it: role, address, and the key's fingerprint as words."""

    role: str
    email: str
    words: str


@dataclass(frozen=True)
class SealedFile:
    """A sealed report as it lies in the datasite. says: what became of it."""

    round: str
    size: int
    sha256: str
    says: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class SealedSection:
    """What the page says about operators. week, year: what a round, and the last 52 of them, can reveal, in words."""

    operators: tuple[NamedOperator, ...]
    reports: tuple[SealedFile, ...]
    week: str
    year: str

    @property
    def is_shared(self) -> bool:
        """Whether two operators sum, so that none has to be trusted alone."""
        return len(self.operators) > 1


def sealed_section(settings: Settings, state: Snapshot) -> SealedSection | None:
    """Return the section, None where the settings name no operators."""
    operators = Operators.of(settings)
    if operators is None:
        return None
    site = Datasite(settings.datasites_dir, settings.syftbox_email)
    reports = sealed_reports(operators, site, state.contents)
    spent = [one.asked.manifest.rho for one in reports[:52] if one.asked is not None]
    named = [(marked("Leader"), operators.leader)] + (
        [(marked("Helper"), operators.helper)] if operators.helper else []
    )
    return SealedSection(
        operators=tuple(NamedOperator(role, peer.site.email, peer.pin.words) for role, peer in named),
        reports=tuple(_file(one, site.email) for one in reports),
        week=_week_in_words(spent),
        year=_year_in_words(spent),
    )


def _file(report: SealedReport, email: str) -> SealedFile:
    parts = _parts(report.asked, email, report.data) if report.asked else ()
    return SealedFile(
        report.round, len(report.data), hashlib.sha256(report.data).hexdigest(), _says(report), tuple(parts)
    )


def _says(report: SealedReport) -> str:
    status = report.status
    if status is None:
        return _("waits to be summed")
    if status.status == "counted":
        return _(_BATCHES[status.batch]) if status.batch else _("counted in the sums")
    if status.status == "late":
        return _("came too late and was not counted")
    reasons = {_(_ERRORS[ReportError(code)]) for code in status.codes if code in set(_ERRORS)}
    if not reasons:
        return _("refused: the file was not a report of this round")
    return _("refused: %(reasons)s", reasons=", ".join(sorted(reasons)))


def _parts(asked: Round, email: str, data: bytes) -> Sequence[Part]:
    try:
        file = parse(asked, email, data)
    except Malformed:
        return ()
    heads = [
        Part(_(_HEADS[role]), bytes_in_words(len(head.encode())), _("A secret, sealed to this operator."))
        for role, head in file.heads.items()
        if role is Role.LEADER or asked.manifest.helper is not None
    ]
    found = list(heads)
    for task, report in zip(asked.tasks, file.reports, strict=True):
        if report is None:
            continue
        name = task.block.name
        found += [
            Part(
                _("%(name)s: proof, public part", name=name),
                bytes_in_words(len(report.public_share)),
                _("Ties both halves together."),
            ),
            Part(
                _("%(name)s: half for the leader", name=name),
                bytes_in_words(len(report.leader_share.payload)),
                _(
                    "One half of the answer (%(question)s), with the proof that it is valid. By itself it is random "
                    "bytes, whatever you watched.",
                    question=_(_ASKS[name]) if name in _ASKS else _("an answer"),
                ),
            ),
            Part(
                _("%(name)s: half for the helper", name=name),
                bytes_in_words(len(report.helper_share.payload)),
                _("The other half. By itself it is random bytes, too."),
            ),
        ]
    return found


def bytes_in_words(count: int) -> str:
    """Return a number of bytes."""
    return ngettext("%(num)s byte", "%(num)s bytes", count)


def _week_in_words(spent: Sequence[Fraction]) -> str:
    if not spent:
        return ""
    odds = Fraction(math.exp(epsilon_of_gaussian(spent[0]))).limit_denominator(10)
    return _(
        "From the sums of a week nobody, not even one of the operators, can multiply the odds of "
        "a guess about your week by more than about %(odds)s, except with a chance of one in a "
        "million: a 10 %% suspicion can become %(odds2)s.",
        odds=odds_in_words(odds),
        odds2=percent(float(suspicion(odds))),
    )


def _year_in_words(spent: Sequence[Fraction]) -> str:
    if not spent:
        return _("No sealed report was made yet.")
    total = sum(spent, Fraction(0))
    return _(
        "About something that is the same in all %(spent)s weeks the losses add up to epsilon "
        "%(total)s (at most %(total2)s by the bound that is proven for noise in whole numbers), "
        "except with a chance of one in a million. A full year of 52 weeks comes to 20.9 with "
        "preset x8 and to 10.1 with x3; local mode, which hears you in 13 weeks only, comes to "
        "27.",
        spent=number(len(spent)),
        total=decimal(epsilon_of_gaussian(total), 1),
        total2=decimal(epsilon_of_rho(total), 1),
    )
