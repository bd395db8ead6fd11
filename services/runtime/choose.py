"""`./run.sh join|pause|withdraw|limits`: what a person decides, kept on the private volume for the publisher."""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction

from netflix_trend.participant.choices import (
    LIMITS_LOST,
    Choices,
    ChoicesError,
    Participation,
    before_limits,
    choose,
    write_choices,
)
from netflix_trend.settings import SettingsError, load_settings
from netflix_trend.survey.survey import QUESTIONS

_DONE: dict[str, tuple[Participation, str]] = {
    "join": ("joined", "You take part: surveys are answered within your limits."),
    "pause": ("paused", "Paused: no survey is answered. What was published stays; ./run.sh withdraw removes it."),
    "withdraw": ("withdrawn", "Withdrawn: your files leave the datasite, and ./run.sh privacy shows the receipt."),
}


def main(arguments: list[str]) -> int:
    """Change the choices and say what holds now. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="./run.sh", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, (_, sentence) in _DONE.items():
        verbs.add_parser(verb, help=sentence)
    limits = verbs.add_parser("limits", help="lower the limits of the settings, at once; they cannot be raised here")
    limits.add_argument("--odds", type=_ratio, help="odds of one report, such as 3")
    limits.add_argument("--reports", type=int, help="reports in any 52 weeks")
    limits.add_argument("--questions", help=f"any of {','.join(sorted(QUESTIONS))}; 'none' for no question")
    limits.add_argument("--reset", action="store_true", help="back to the limits of the settings")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        if options.verb == "limits":
            choices = _limited(before_limits(settings.private_dir), options)
            write_choices(settings.private_dir, choices)
            now = choices.lowered(settings.limits)
            print(  # noqa: T201
                f"Your limits: odds {now.odds} a report, {now.reports_per_year} reports in 52 weeks, questions: "
                f"{', '.join(sorted(now.questions)) or 'none'}."
            )
        else:
            participation, sentence = _DONE[options.verb]
            is_known = choose(settings.private_dir, participation)
            print(sentence if is_known else f"{sentence} {LIMITS_LOST}")  # noqa: T201
    except (ChoicesError, SettingsError, ValueError) as error:
        print(f"{options.verb}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _limited(choices: Choices, options: argparse.Namespace) -> Choices:
    if options.reset:
        choices = Choices(participation=choices.participation)
    update: dict[str, object] = {}
    if options.odds is not None:
        update["odds"] = (options.odds.numerator, options.odds.denominator)
    if options.reports is not None:
        update["reports_per_year"] = options.reports
    if options.questions is not None:
        names = frozenset() if options.questions == "none" else frozenset(options.questions.split(","))
        if not names <= QUESTIONS:
            raise ValueError(f"expected any of {', '.join(sorted(QUESTIONS))}, or none")
        update["questions"] = names
    return Choices.model_validate({**choices.model_dump(), **update})


def _ratio(text: str) -> Fraction:
    try:
        ratio = Fraction(text)
    except (ValueError, ZeroDivisionError):
        ratio = Fraction(0)
    if ratio < 1:
        raise argparse.ArgumentTypeError("expected a ratio of at least 1, such as 8 or 5/2")
    return ratio


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
