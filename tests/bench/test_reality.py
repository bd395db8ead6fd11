"""Figures of simulated rounds count participants, see the noise, and know the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench import claims, reality_tables
from bench.claims import local_survey, part_asked, sum_survey
from bench.cohorts import contained, play, recall
from bench.populations import invented, replayed
from bench.reality import Reality, Scale, jobs, main, measure
from bench.rounds import MODES, Truths, add_noise, add_up, answer, count, forge
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.simulation.population import seeded_randomness
from tests.bench.test_populations import write_chart

TINY = Scale((60,), cohorts=2, weeks=3, looks=(2,), compared=(60,), liars=1, quarters=1, rounds=2, most=400)
PEOPLE: list[Truths] = [{"top_shows": frozenset({number % 7, 20}), "volume": number % 9} for number in range(3000)]


def test_local_mode_hears_a_sixth_about_shows_and_a_twelfth_about_volume() -> None:
    asked = answer(local_survey(), PEOPLE, seeded_randomness(1)).asked
    for name, part in (("top_shows", 1 / 6), ("volume", 1 / 12)):
        assert float(part_asked(local_survey(), name)) == pytest.approx(part)
        assert asked[name] == pytest.approx(part * len(PEOPLE), abs=4 * (part * len(PEOPLE)) ** 0.5)


def test_a_quarter_asks_a_fourth_about_life_events() -> None:
    survey = local_survey(claims.FIRST_OF_QUARTER)
    assert part_asked(survey, "event_effect") == 1 / 4
    assert part_asked(survey, "top_shows") == 1 / 8


def test_what_local_mode_estimates_is_what_people_named() -> None:
    survey, vocabulary = local_survey(), starter_vocabulary()
    alike: list[Truths] = [{"top_shows": frozenset({7})} for _ in PEOPLE]
    answers = answer(survey, alike, seeded_randomness(1))
    shows = count(survey, answers.payloads, len(PEOPLE), vocabulary, {"top_shows"}).top_shows
    assert shows.reports == answers.asked["top_shows"]
    off = [(show.estimate - shows.reports * (show.show == 7)) / show.standard_error for show in shows.shows]
    assert 0.6 < np.std(off) < 1.5


def test_sums_are_exact_until_both_operators_add_noise() -> None:
    survey, randbelow = sum_survey(len(PEOPLE), "x3"), seeded_randomness(2)
    exact = add_up(survey, PEOPLE, randbelow)
    assert exact[0][20] == len(PEOPLE)
    assert exact[0][:7].sum() == len(PEOPLE)
    assert exact[1].sum() == len(PEOPLE)
    noisy = add_noise(survey, exact, randbelow)
    off = (noisy[0].sums - exact[0]) / float(2 * survey.blocks[0].sigma2.value) ** 0.5
    assert noisy[0].variance == 2 * survey.blocks[0].sigma2.value
    assert 0.75 < off.std() < 1.3


def test_a_forged_answer_is_valid_and_names_the_show() -> None:
    survey, randbelow = local_survey(), seeded_randomness(3)
    question = survey.question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    payloads = [forge(question, 49, randbelow) for _ in range(40)]
    for payload in payloads:
        question.check(payload)
    counted = question.count(b"".join(payloads))
    assert counted.counts[49] == counted.reports


def test_recall_counts_shows_as_popular_as_the_fifth() -> None:
    popularity = np.array([9.0, 1, 8, 7, 6, 5, 5, 0])
    assert recall(popularity, [0, 2, 3, 4, 6]) == 1
    assert recall(popularity, [1, 7, 0, 2, 3, 4]) == 0.6
    assert contained(popularity, [1, 7, 0, 2, 3, 4]) == 0.8


def test_life_events_are_answers_of_a_quarter() -> None:
    assert claims.in_participants("event_effect", 1000) == "4,000 participants (1,000 answers a quarter)"
    assert claims.in_participants("top_shows", 1000) == "6,000 participants (1,000 answers)"


def test_noise_costs_local_mode_most() -> None:
    steep, _ = invented()
    looks = [look for cohort in range(4) for look in play(steep, 600, cohort, weeks=5, looks=(3, 4))]

    def mean(mode: str, of: str) -> float:
        found = [one for look in looks for name, one in look.seen.items() if name == mode]
        return float(np.mean([seen.recall[of] if of in seen.recall else getattr(seen, of) for seen in found]))

    exact = float(np.mean([look.exact for look in looks]))
    assert mean("two", "answers") == 600
    assert mean("local", "answers") == pytest.approx(100, abs=30)
    # With no noise, or with everybody's answers, local mode would find as many as there are to be found.
    assert mean("local", "week") < mean("two", "week") - 0.1 < exact
    assert mean("local", "volume") > 2 * mean("two", "volume") > 0.5


def test_a_chart_in_time_holds_the_true_first_five(tmp_path: Path) -> None:
    world, _ = replayed(write_chart(tmp_path / "chart.tsv"))
    for listing, chart, held in (("in time", 1.0, 1.0), ("last week's", 0.6, 0.6), ("none", None, 0.6)):
        (look,) = play(world, 40, 0, weeks=3, looks=(2,), listing=listing)  # type: ignore[arg-type]
        if chart is not None:
            assert look.chart == chart
        assert {seen.contained for seen in look.seen.values()} == {held}


def test_a_needed_number_is_tested_at_that_number_of_participants() -> None:
    told = list(claims.needed_numbers(10, 9_000))
    assert {one.mode for one in told} == set(MODES)
    for one in told:
        asked = part_asked(local_survey(), "top_shows") if one.mode == "local" else 1
        assert one.participants == int(one.answers / asked)
        assert one.fewer <= one.more
        # Mistaking answers for participants would leave local mode with a sixth of the answers.
        assert one.chance >= 0.6
    local = next(one for one in told if one.mode == "local")
    assert claims.clear_rounds("local", local.share, local.answers, 10) < 0.4


def test_liars_need_more_where_operators_hear_everybody() -> None:
    steep, _ = invented()
    found = {mode: claims.liars(mode, steep, 600, 0) for mode in MODES}
    assert 2 < found["local"] < found["two"]
    week = next(steep.play(600, 0, 1))
    assert found["two"] < 2 * week.reach(5000).max()


def test_errors_of_life_events_fall_with_people() -> None:
    few, many = (claims.event_errors(people, 3) for people in (100, 1600))
    for mode in MODES:
        assert 0 < many[mode] < few[mode]


@pytest.fixture(name="found", scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Reality:
    chart = write_chart(tmp_path_factory.mktemp("chart") / "chart.tsv")
    lines: list[str] = []
    found = measure(TINY, chart, progress=lines.append)
    assert len(lines) == len(jobs(TINY, chart))
    return found


def test_all_is_measured_and_told_in_participants(found: Reality) -> None:
    assert found.populations == ["zipf1", "flat", "weeks", "weeks, unlike"]
    printed = "\n\n".join(reality_tables.tables(found))
    assert printed.count("### ") == 6
    assert printed.count("| participants |") == 4
    assert "| told participants | answers |" in printed
    assert "| weeks, unlike | 60 | last week's |" in printed
    for line in printed.splitlines():
        assert line.startswith(("#", "|")) or not line
    widths = [line.count("|") for line in printed.split("###")[1].splitlines() if line.startswith("|")]
    assert len(set(widths)) == 1


def test_a_job_always_has_the_same_result(found: Reality) -> None:
    again = next(job for job in jobs(TINY, None) if job.kind == "cohort")
    assert again.run() == list(found.cell(again.population, again.people).looks[again.cohort])


def test_a_missing_chart_file_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--chart", "no-such-file.tsv"])
    assert "no-such-file.tsv: no such file" in capsys.readouterr().err
