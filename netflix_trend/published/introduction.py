"""How an aggregator introduces itself to everybody on its SyftBox network: the file `index.json` beside its page.

The model of the file, and what it says in words. Readers take it from a datasite that nobody vouches for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import from_json

from netflix_trend.causes import is_of_newer_version
from netflix_trend.formats import listed, number
from netflix_trend.language import _, marked, ngettext
from netflix_trend.names import DATASITE_NAME, plain_name
from netflix_trend.operators.identity import Fingerprint
from netflix_trend.privacy.accounting import odds_in_words, suspicion
from netflix_trend.privacy.zcdp import epsilon_of_gaussian
from netflix_trend.published.invented import Invented
from netflix_trend.questions.registry import kinds
from netflix_trend.questions.words import percent
from netflix_trend.storage.model import Strict

INTRODUCTION = "index.json"
MAX_INTRODUCTION = 16_384
# What is said wherever keys are shown to somebody who chooses.
COMPARE_KEYS = marked(
    "The words of the keys came over SyftBox itself, so whoever runs its server could have "
    "put others there. Compare them with what the operators told you by another way: by "
    "phone, on paper, on their own website."
)


class IntroductionError(Exception):
    """An introduction cannot be read. `reason` is one word for counters."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _address(value: str) -> str:
    if not DATASITE_NAME.fullmatch(value):
        raise ValueError("expected an e-mail address in lower-case ASCII")
    return value


_Address = Annotated[str, AfterValidator(_address)]
_Pair = Annotated[
    tuple[Annotated[int, Field(ge=1, le=1_000_000)], Annotated[int, Field(ge=1, le=1_000_000)]], Field(strict=False)
]


class IntroducedOperator(Strict):
    """Who adds up sealed answers. key: fingerprint of the operator's key, 64 hexadecimal digits."""

    role: Literal["aggregator", "helper"]
    datasite: _Address
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @property
    def words(self) -> str:
        """The key in words, to compare."""
        return Fingerprint.parse(self.key).words


class Introduction(Strict):
    """Who asks, what, how, and what an answer costs.

    name: what the operator calls it, may be empty. software: what wrote the file. mode: `local` (answers are randomized
    one by one), `one` or `two` (operators add up sealed ones). questions: names. odds: of one report, `[w1, w0]`, in
    local mode. rho: privacy loss of a week as a ratio, in the other modes. operators: none in local mode.
    smallest_answers: nothing is published of fewer people's answers; None where that is not said.
    invented: it is a demo's.
    """

    schema_version: Literal[1] = 1
    app: Literal["netflix_trend"] = "netflix_trend"
    aggregator: _Address
    name: Annotated[str, AfterValidator(plain_name)] = ""
    software: Annotated[str, Field(max_length=60)]
    mode: Literal["local", "one", "two"]
    questions: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], ...],
        Field(strict=False, min_length=1, max_length=20),
    ]
    odds: _Pair | None = None
    rho: _Pair | None = None
    operators: Annotated[tuple[IntroducedOperator, ...], Field(strict=False, max_length=2)] = ()
    smallest_answers: Annotated[int | None, Field(ge=1, exclude_if=lambda value: value is None)] = None
    invented: Invented = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        is_local = self.mode == "local"
        if (self.odds is not None) != is_local or (self.rho is None) != is_local:
            raise ValueError("local mode states odds, the others rho")
        if self.odds and self.odds[0] < self.odds[1]:
            raise ValueError("odds are at least 1")
        roles = {"local": (), "one": ("aggregator",), "two": ("aggregator", "helper")}
        if tuple(one.role for one in self.operators) != roles[self.mode]:
            raise ValueError("the operators do not fit the mode")
        addresses = [one.datasite for one in self.operators]
        if addresses and (addresses[0] != self.aggregator or len(set(addresses)) != len(addresses)):
            raise ValueError("the first operator is the aggregator, the helper somebody else")
        return self

    @property
    def helper(self) -> IntroducedOperator | None:
        """The second operator, None where there is none."""
        return next((one for one in self.operators if one.role == "helper"), None)

    @property
    def keys(self) -> str:
        """The keys of all operators in words, in one line; empty in local mode."""
        return " ".join(one.words for one in self.operators)

    @classmethod
    def from_bytes(cls, data: bytes, datasite: str) -> Self:
        """Read the file that lies in a datasite.

        Raises IntroductionError: `too_large`, `not_json`, `schema`, `earlier_version` for the statistics that earlier
        versions kept under this name, `newer_version`, `another_address` when it is somebody else's.
        """
        if len(data) > MAX_INTRODUCTION:
            raise IntroductionError("too_large")
        try:
            found = cls.of_peer(data)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
            if problems[0]["type"] == "json_invalid":
                raise IntroductionError("not_json") from None
            if any(map(is_of_newer_version, problems)):
                raise IntroductionError("newer_version") from None
            content = from_json(data)
            is_statistics = isinstance(content, dict) and "vocabulary" in content
            raise IntroductionError("earlier_version" if is_statistics else "schema") from None
        if found.aggregator != datasite:
            raise IntroductionError("another_address")
        return found

    # --- in words

    @property
    def asks(self) -> str:
        """What it asks, in a sentence."""
        known = [_(kinds()[name].title) for name in kinds() if name in self.questions]
        unknown = len(set(self.questions) - set(kinds()))
        more = ngettext(
            "%(num)s question that this version does not know",
            "%(num)s questions that this version does not know",
            unknown,
        )
        return _("It asks about %(questions)s.", questions=listed([*known, more] if unknown else known))

    @property
    def cost(self) -> str:
        """What an answer costs in privacy, in sentences."""
        if self.odds is not None:
            odds = Fraction(*self.odds)
            return _(
                "Each answer is randomized on your machine before it leaves; you are asked in about one week of four. "
                "One report can multiply the odds of any guess about its week by at most %(odds)s: a 10 "
                "%% suspicion can "
                "become at most %(share)s.",
                odds=odds_in_words(odds),
                share=percent(float(suspicion(odds))),
            )
        assert self.rho is not None
        odds = Fraction(math.exp(epsilon_of_gaussian(Fraction(*self.rho)))).limit_denominator(10)
        return _(
            "One sealed answer leaves every week. The sums that are published of a week can multiply the odds of any "
            "guess about your week by at most about %(odds)s, except with a chance of one in a million: a 10 %% "
            "suspicion can become at most %(share)s.",
            odds=odds_in_words(odds),
            share=percent(float(suspicion(odds))),
        )

    @property
    def trust(self) -> str:
        """Whom a participant has to trust, in a sentence."""
        if self.mode == "local":
            return _("Nobody has to be trusted with your answers: noise is added before they leave.")
        if self.helper is None:
            return _("It alone opens the sealed answers, so it could read yours: you would have to trust it.")
        return _(
            "It and %(datasite)s add the answers up together; neither can read yours alone.",
            datasite=self.helper.datasite,
        )

    @property
    def withholds(self) -> str:
        """Of how few people nothing is published, in a sentence; empty where that is not said."""
        if (self.smallest_answers or 1) == 1:
            return ""
        return _(
            "The aggregator publishes nothing of a question before %(needed)s people have answered it.",
            needed=number(self.smallest_answers or 1),
        )


def settings_for(aggregator: str, introduction: Introduction | None, *, is_first: bool = False) -> dict[str, str]:
    """Return the settings of a participant who chooses an aggregator; empty ones are taken out.

    introduction: None if its file is not there, such as of an earlier version; then no key is known. is_first: the
    person has only tried it until now; then nothing leaves before they join.
    """
    operators: Sequence[IntroducedOperator] = introduction.operators if introduction else ()
    keys = {one.role: one.key for one in operators}
    helper = introduction.helper if introduction else None
    return {
        "AGGREGATOR_DATASITE": aggregator,
        "AGGREGATOR_KEY": keys.get("aggregator", ""),
        "HELPER_DATASITE": helper.datasite if helper else "",
        "HELPER_KEY": keys.get("helper", ""),
        **({"JOIN": "ask"} if is_first else {}),
    }


def objections(introduction: Introduction, modes: frozenset[str], odds: Fraction) -> list[str]:
    """Return why a participant with these limits would not answer, in sentences.

    modes, odds: LIMIT_MODES and LIMIT_ODDS.
    """
    found = []
    if introduction.mode not in modes:
        found.append(
            _(
                "Your limits do not allow this way of asking, so nothing would be answered. To allow it, "
                "add %(mode)s to LIMIT_MODES in .env.",
                mode=introduction.mode,
            )
        )
    if introduction.odds and Fraction(*introduction.odds) > odds:
        found.append(
            _(
                "It asks for more than your limit of %(odds)s, so nothing would be answered. The limit is "
                "LIMIT_ODDS in .env; a higher one protects you less.",
                odds=odds_in_words(odds),
            )
        )
    return found
