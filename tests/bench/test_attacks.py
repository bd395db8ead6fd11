"""The attacks find nothing on the publisher, and do find what is wrong with a publisher that is broken on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import attacks
from bench.privacy import advantage, area_under_curve, best_epsilon, clopper_pearson, epsilon_bound, top_shows
from netflix_trend.participant import contributions, releases
from netflix_trend.participant import publishing as jobs
from netflix_trend.participant.contributions import Contribution
from netflix_trend.privacy.subset_selection import rank
from netflix_trend.questions.question import Question
from netflix_trend.survey.survey import Survey

Answer = Callable[..., bytes]


def test_no_attack_beats_the_publisher(capsys: pytest.CaptureFixture[str]) -> None:
    assert attacks.main(["--fast"]) == 0
    printed = capsys.readouterr().out
    for word in ("upstream", "allowed", "reached", "verdict"):
        assert f"    {word}" in printed
    assert "BEATEN" not in printed
    assert "13 of 52 rounds answered" in printed


@pytest.fixture
def first_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough people for one pair of weeks to notice a broken randomizer surely and soon.

    In 200 simulations each, odds of 20 instead of 8 stayed unnoticed 3 times with 1,000 people, and never with 1,600.
    """
    pair = attacks.PAIRS[0]
    monkeypatch.setattr(attacks, "PAIRS", (attacks.Pair(**{**vars(pair), "people": (1800, 1800)}),))


def odds_of_20(contribution: Contribution, survey: Survey, question: Question, *randbelow: Any) -> bytes:
    changed = question.model_copy(update={"odds": Fraction(20)})
    return contributions.answer(contribution, survey, changed, *randbelow)


def no_noise_on_unwatched_shows() -> Answer:
    """A report that holds the show that was watched, or the blank, and otherwise always the same shows."""
    question = top_shows(1)

    def answer(contribution: Contribution, *_: Any) -> bytes:
        listed = len(question.candidates)
        named = min(contribution["top_shows"] & set(question.candidates), default=listed)
        others = [show for show in range(listed - question.size, listed) if show != named][: question.size - 1]
        return rank([named, *others]).to_bytes(question.payload_size, "big")

    return answer


def test_a_randomizer_with_wrong_odds_is_caught(monkeypatch: pytest.MonkeyPatch, first_pair: None) -> None:
    monkeypatch.setattr(releases, "answer", odds_of_20)
    assert attacks.main(["membership"]) == 1


def test_a_randomizer_without_noise_on_unwatched_shows_is_caught(
    monkeypatch: pytest.MonkeyPatch, first_pair: None
) -> None:
    monkeypatch.setattr(releases, "answer", no_noise_on_unwatched_shows())
    for attack in (attacks.membership, attacks.reconstruction):
        assert any(finding.beaten for finding in attack(True)), attack.__name__


def test_fresh_noise_at_every_publication_is_caught(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    really_open = releases.open_ledger  # type: ignore[attr-defined]

    @contextmanager
    def forgetful(path: Path, **options: Any) -> Iterator[Any]:
        path.unlink(missing_ok=True)
        with really_open(path, **{**options, "published": frozenset()}) as ledger:
            yield ledger

    monkeypatch.setattr(releases, "open_ledger", forgetful)
    assert attacks.main(["--fast", "averaging"]) == 1
    assert "BEATEN" in capsys.readouterr().out


def test_silence_in_empty_weeks_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    really_publish = jobs.publish_due  # type: ignore[attr-defined]

    def silent(participant: Any, surveys: list[Survey], contribution_of: Any, **options: Any) -> Any:
        busy = [survey for survey in surveys if contribution_of(survey.week)["volume"]]
        return really_publish(participant, busy, contribution_of, **options)

    monkeypatch.setattr(jobs, "publish_due", silent)
    assert attacks.main(["metadata"]) == 1


def test_an_answer_that_the_aggregator_refuses_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(releases, "answer", lambda *_: b"\xff" * 3)
    assert attacks.main(["--fast", "membership"]) == 1
    assert "refuse" in capsys.readouterr().out


def test_an_attack_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        attacks.main(["guessing"])
    assert "guessing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"), [(0, 10, 0, 0.3085), (3, 10, 0.0667, 0.6525), (10, 10, 0.6915, 1)]
)
def test_the_exact_interval_agrees_with_published_tables(hits: int, trials: int, low: float, high: float) -> None:
    assert clopper_pearson(hits, trials, 0.95) == pytest.approx((low, high), abs=1e-4)


def test_bounds_of_a_known_randomized_response() -> None:
    yes, no = np.arange(9000) % 9 < 8, np.arange(9000) % 9 < 1
    assert 0.9 * np.log(8) < epsilon_bound(yes, no) < np.log(8)
    assert best_epsilon(yes.astype(float), no.astype(float)) < np.log(8)
    gained, least, most = advantage(yes, no)
    assert least < gained < most
    assert gained == pytest.approx(attacks.most_advantage(8))
    area, error = area_under_curve(yes.astype(float), no.astype(float))
    assert area == pytest.approx(8 / 9)
    assert 0 < error < 0.01


def test_no_prior_grows_beyond_the_odds() -> None:
    prior = np.array([0.0, 0.1, 0.5, 1.0])
    assert attacks.posterior_limit(prior, 8).tolist() == pytest.approx([0, 8 / 17, 8 / 9, 1])
