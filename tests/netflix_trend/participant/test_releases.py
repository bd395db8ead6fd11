"""When a round is answered, when not and why, and what lies in the datasite afterwards."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netflix_trend.history.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.participant.contributions import Contribution
from netflix_trend.participant.publishing import publish_with
from netflix_trend.participant.releases import Participant, publish_due
from netflix_trend.participant.status import Outcome
from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.event_effect.question import MAX_EVENT_DAYS, EffectQuestion
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.settings import load_settings
from netflix_trend.simulation.population import watched
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.files import restore_file
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.release import SIZE, parse_release
from netflix_trend.survey.survey import Survey, default_survey, dump_surveys
from netflix_trend.syftbox.datasite import Datasite

NEWEST = Week.parse("2026-W46")
TODAY = NEWEST.sunday + timedelta(days=3)
VERSION = "0123456789abcdef" * 2
ME, AGGREGATOR = "me@example.org", "aggregator@example.org"
SURVEYS = [default_survey(NEWEST - age, VERSION, range(50)) for age in (3, 2, 1, 0)]
MINE = next(survey for survey in SURVEYS if survey.question_for(ME))
WATCHED = watched(frozenset({1, 2}), 7)


def participant(root: Path, limits: Limits | None = None) -> Participant:
    site = Datasite(root / "datasites", ME)
    return Participant(site, AGGREGATOR, root / "publisher" / "ledger.jsonl", limits or Limits())


def publish(
    who: Participant,
    surveys: list[Survey] = SURVEYS,
    contribution: Contribution = WATCHED,
    vocabulary: str = VERSION,
    covered_through: date = TODAY,
    today: date = TODAY,
    unanswerable: Mapping[str, str] = {},
) -> list[Outcome]:
    return publish_due(
        who,
        surveys,
        lambda _: contribution,
        vocabulary=vocabulary,
        covered_through=covered_through,
        today=today,
        unanswerable=unanswerable,
    )


def outcome_of(outcomes: list[Outcome], survey: Survey = MINE) -> Outcome:
    return next(outcome for outcome in outcomes if outcome.round == survey.round)


def files(who: Participant) -> dict[str, bytes]:
    return {name: (who.site.app_data / name).read_bytes() for name in who.site.published()}


def releases(who: Participant) -> set[str]:
    return {name for name in who.site.published() if name.startswith("releases/")}


def test_of_four_open_rounds_one_is_answered_and_the_others_are_not_asked(tmp_path: Path) -> None:
    who = participant(tmp_path)
    outcomes = publish(who)
    assert sorted(outcome.status for outcome in outcomes) == ["drawn", "not_asked", "not_asked", "not_asked"]
    question = MINE.question_for(ME)
    assert question is not None
    release = files(who)[f"releases/{MINE.round}.json"]
    assert len(parse_release(release, MINE, question)) == question.payload_size


def test_the_datasite_contains_only_releases_permissions_and_a_manifest(tmp_path: Path) -> None:
    who = participant(tmp_path)
    publish(who)
    assert set(files(who)) == {"manifest.json", "syftperm.yaml", "syft.pub.yaml", f"releases/{MINE.round}.json"}


def test_publishing_again_keeps_the_same_bytes_for_ever(tmp_path: Path) -> None:
    who = participant(tmp_path)
    publish(who)
    before = files(who)
    for contribution in (WATCHED, watched(frozenset(), 0)):
        assert outcome_of(publish(who, contribution=contribution)).status == "kept"
        assert files(who) == before


def test_a_datasite_that_vanished_is_restored_with_the_same_bytes(tmp_path: Path) -> None:
    who = participant(tmp_path)
    publish(who)
    before = files(who)
    shutil.rmtree(who.site.root)
    publish(who)
    assert files(who) == before


def test_altered_and_unknown_files_are_put_right(tmp_path: Path) -> None:
    who = participant(tmp_path)
    publish(who)
    before = files(who)
    (who.site.app_data / f"releases/{MINE.round}.json").write_bytes(b"altered")
    (who.site.app_data / "syftperm.yaml").write_text("- {path: '**', user: '*', permissions: [read]}")
    (who.site.app_data / "history.csv").write_text("leaked")
    publish(who)
    assert files(who) == before


def test_a_lost_ledger_skips_the_round_and_removes_unknown_releases(tmp_path: Path) -> None:
    who = participant(tmp_path)
    publish(who)
    who.ledger.unlink()
    assert outcome_of(publish(who)).status == "skipped"
    assert not any(name.startswith("releases/") for name in files(who))
    assert outcome_of(publish(who)).status == "skipped", "also the next time, when the traces are gone"


def test_crash_between_ledger_and_datasite_publishes_the_committed_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = participant(tmp_path)

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Datasite, "publish", crash)
        with pytest.raises(KeyboardInterrupt):
            publish(who)
    assert not releases(who)
    committed = who.ledger.read_bytes()
    assert outcome_of(publish(who)).status == "kept"
    assert who.ledger.read_bytes() == committed
    assert f"releases/{MINE.round}.json" in files(who)


def test_an_empty_week_and_a_full_one_look_the_same(tmp_path: Path) -> None:
    shapes = []
    for number, contribution in enumerate([watched(frozenset(), 0), watched(frozenset(range(50)), 200)]):
        who = participant(tmp_path / str(number))
        publish(who, contribution=contribution)
        shapes.append({name: len(data) for name, data in files(who).items()})
    assert shapes[0] == shapes[1]
    assert shapes[0][f"releases/{MINE.round}.json"] == SIZE


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(odds=Fraction(3)), "odds"),
        (Limits(questions=frozenset()), "allowed"),
        (Limits(reports_per_year=0), "reports a year"),
    ],
)
def test_a_survey_beyond_the_limits_is_refused_with_the_reason(tmp_path: Path, limits: Limits, reason: str) -> None:
    who = participant(tmp_path, limits)
    outcome = outcome_of(publish(who))
    assert outcome.status == "refused"
    assert reason in outcome.reason
    assert not releases(who)


def everybody(week: Week) -> Survey:
    """The survey of a greedy aggregator, which asks everybody in every round."""
    return default_survey(week, VERSION, range(50)).model_copy(update={"rotation": 1})


def test_the_yearly_limit_counts_rounds_of_all_questions(tmp_path: Path) -> None:
    who = participant(tmp_path, Limits(reports_per_year=3))
    statuses = []
    for turn in range(6):
        survey = everybody(MINE.week + 4 * turn)
        today = survey.week.sunday + timedelta(days=1)
        statuses += [one.status for one in publish(who, [survey], covered_through=survey.week.sunday, today=today)]
    assert statuses == ["drawn"] * 3 + ["refused"] * 3


def test_a_greedy_survey_gets_one_answer_in_four_weeks(tmp_path: Path) -> None:
    """It asks about eight weeks at once, and everybody; they come from one file."""
    who = participant(tmp_path)
    outcomes = publish(who, [everybody(NEWEST - age) for age in range(8)])
    assert [one.round for one in outcomes if one.status == "drawn"] == [MINE.round]
    assert {one.status for one in outcomes} == {"drawn", "refused"}
    assert releases(who) == {f"releases/{MINE.round}.json"}


@pytest.mark.parametrize(
    ("downloaded", "status"),
    [
        (MINE.week + 1, "drawn"),
        (MINE.week + 3, "drawn"),
        (MINE.week + 4, "refused"),
    ],
)
def test_a_week_in_which_the_file_of_an_earlier_answer_was_made_is_not_answered(
    tmp_path: Path, downloaded: Week, status: str
) -> None:
    """What is watched in it before the download may have moved rows out of the week that was answered."""
    who = participant(tmp_path)
    monday = downloaded.monday
    assert publish(who, [MINE], covered_through=monday - timedelta(days=1), today=monday)[0].status == "drawn"
    following = everybody(MINE.week + 4)
    later = following.week.sunday + timedelta(days=1)
    (outcome,) = publish(who, [following], covered_through=following.week.sunday, today=later)
    assert outcome.status == status
    assert status == "drawn" or "depends on the same weeks" in outcome.reason


def test_the_clocks_of_two_places_are_two_days_apart_at_most(tmp_path: Path) -> None:
    """A file made on Friday may hold a view that other clocks place on Sunday, and no later one."""
    for weekday, expected in ((4, "drawn"), (5, "refused")):
        who = participant(tmp_path / str(weekday))
        made = (MINE.week + 3).monday + timedelta(days=weekday)
        covered = made - timedelta(days=1)
        assert publish(who, [MINE], covered_through=covered, today=made)[0].status == "drawn"
        following = everybody(MINE.week + 4)
        later = following.week.sunday + timedelta(days=1)
        assert publish(who, [following], covered_through=following.week.sunday, today=later)[0].status == expected


def test_an_answer_of_an_older_version_may_depend_on_nine_weeks(tmp_path: Path) -> None:
    who = participant(tmp_path)
    publish(who, [MINE], covered_through=MINE.week.sunday, today=MINE.week.sunday + timedelta(days=1))
    lines = who.ledger.read_bytes().splitlines()
    older = {name: value for name, value in json.loads(lines[-1]).items() if name not in ("depends_through", "seal")}
    seal = hashlib.sha256(canonical_json(older)).hexdigest()
    who.ledger.write_bytes(lines[0] + b"\n" + canonical_json({**older, "seal": seal}) + b"\n")
    for turn, expected in ((1, "refused"), (2, "refused"), (3, "drawn")):
        survey = everybody(MINE.week + 4 * turn)
        today = survey.week.sunday + timedelta(days=1)
        assert publish(who, [survey], covered_through=survey.week.sunday, today=today)[0].status == expected


def test_incomplete_and_old_weeks_are_refused(tmp_path: Path) -> None:
    for offset in (4, 8, -4, -8, -400):
        assert publish(participant(tmp_path), [everybody(MINE.week + offset)])[0].status == "refused"
    assert not releases(participant(tmp_path))


def test_another_vocabulary_is_skipped_by_name(tmp_path: Path) -> None:
    outcome = outcome_of(publish(participant(tmp_path), vocabulary="f" * 32))
    assert outcome.status == "skipped"
    assert "01234567" in outcome.reason
    assert "ffffffff" in outcome.reason


def test_a_week_that_no_export_covers_waits(tmp_path: Path) -> None:
    who = participant(tmp_path)
    early = MINE.week.sunday - timedelta(days=1)
    assert outcome_of(publish(who, covered_through=early)).status == "skipped"
    assert outcome_of(publish(who, covered_through=MINE.week.sunday)).status == "drawn"


def test_a_survey_that_changes_later_gets_the_first_answer(tmp_path: Path) -> None:
    who = participant(tmp_path)
    publish(who)
    before = files(who)
    question = TopShowsQuestion.ask(range(20), k=2, odds=Fraction(8), weight=1)
    other = Survey(round=MINE.round, vocabulary=VERSION, rotation=4, questions=(question,))
    outcome = outcome_of(publish(who, [other]))
    assert outcome.status == "kept"
    assert "changed" in outcome.reason
    assert files(who) == before


def test_real_randomness_is_the_default(tmp_path: Path) -> None:
    releases = set()
    for number in range(4):
        who = participant(tmp_path / str(number))
        publish(who, [MINE.model_copy(update={"questions": (MINE.questions[0],)})])
        releases |= {data for name, data in files(who).items() if name.startswith("releases/")}
    assert len(releases) == 4


def test_times_of_files_depend_on_the_week_and_their_bytes(tmp_path: Path) -> None:
    """The second in which a file appeared would tell how long the history took to read."""
    who = participant(tmp_path)
    publish(who)
    monday = datetime.combine(NEWEST.sunday + timedelta(days=1), time(), UTC).timestamp()
    for name in (f"releases/{MINE.round}.json", "manifest.json"):
        path = who.site.app_data / name
        restore_file(tmp_path / "same.bytes", path.read_bytes(), modified=monday)
        assert path.stat().st_mtime_ns == (tmp_path / "same.bytes").stat().st_mtime_ns
        assert path.stat().st_mtime <= monday


def test_with_a_ledger_restored_from_a_backup_nothing_is_drawn_again(tmp_path: Path) -> None:
    who = participant(tmp_path)
    empty = who.ledger
    publish(who, surveys=[])
    backup = empty.read_bytes()
    publish(who)
    empty.write_bytes(backup)
    outcomes = publish(who, contribution=watched(frozenset(), 0))
    assert outcome_of(outcomes).status == "skipped"
    assert not any(outcome.status == "drawn" for outcome in outcomes)
    assert outcome_of(publish(who)).status == "skipped", "and it stays so when the file is gone"


# Life events

# A turn of ME in the first rounds of the fourth quarter, and only the question about life events of the third.
EFFECT_WEEK = Week.parse("2026-W43")


def effect_survey(week: Week = EFFECT_WEEK, rotation: int = 1) -> Survey:
    asked = default_survey(EFFECT_WEEK, VERSION, range(50)).question("event_effect")
    assert isinstance(asked, EffectQuestion)
    return Survey(round=str(week), vocabulary=VERSION, rotation=rotation, questions=(asked,))


def test_neighbouring_histories_with_and_without_an_event_look_the_same(tmp_path: Path) -> None:
    shapes = []
    for number, change in enumerate([None, Fraction(0), Fraction(-5, 3), Fraction(400)]):
        who = participant(tmp_path / str(number))
        (outcome,) = publish(who, [effect_survey()], watched(frozenset(), 0, change))
        assert outcome.status == "drawn"
        shapes.append({name: len(data) for name, data in files(who).items()})
    assert shapes[0] == shapes[1] == shapes[2] == shapes[3]
    assert shapes[0]["releases/2026-W43.json"] == SIZE


def test_an_answer_about_life_events_is_never_drawn_again(tmp_path: Path) -> None:
    who = participant(tmp_path)
    publish(who, [effect_survey()], watched(frozenset(), 0, Fraction(12)))
    before = files(who)
    for change in (None, Fraction(-12), Fraction(12)) * 4:
        (outcome,) = publish(who, [effect_survey()], watched(frozenset(), 0, change))
        assert outcome.status == "kept"
        assert files(who) == before


def after(week: Week) -> dict[str, Any]:
    """The Monday after a week, with a file of that day."""
    return {"today": week.sunday + timedelta(days=1), "covered_through": week.sunday}


def test_life_events_of_a_quarter_are_answered_about_only_once(tmp_path: Path) -> None:
    """An aggregator that asks everybody in every round hears of a quarter once; other questions are not affected."""
    who = participant(tmp_path)
    (first,) = publish(who, [effect_survey()], **after(EFFECT_WEEK))
    for turn in (4, 8):
        week = EFFECT_WEEK + turn
        (outcome,) = publish(who, [effect_survey(week)], **after(week))
        assert (outcome.status, "2026-Q3 are answered about once" in outcome.reason) == ("refused", True)
        assert publish(who, [everybody(week)], **after(week))[0].status == "drawn"
    assert first.status == "drawn"


def test_an_answer_about_life_events_is_independent_of_the_events_two_quarters_later(tmp_path: Path) -> None:
    """A file that is made when these can begin to matter is too late, so a week matters for two quarters at most."""
    begins = EffectQuestion.independent_from(EFFECT_WEEK)
    assert begins == Week.of(date(2027, 1, 1) - timedelta(days=30))
    for week, expected in ((begins - 1, "drawn"), (begins, "refused")):
        covered = week.monday - timedelta(days=1)
        who = participant(tmp_path / expected)
        (outcome,) = publish(who, [effect_survey()], covered_through=covered, today=TODAY)
        assert outcome.status == expected


@pytest.mark.parametrize("year", range(2020, 2060))
def test_answers_about_every_other_quarter_depend_on_different_weeks(year: int) -> None:
    for month in (1, 4, 7, 10):
        quarter = Quarter.of(date(year, month, 1))
        first = Week.of(quarter.first_day - timedelta(days=MAX_EVENT_DAYS + 2))
        asked = Week.of(Quarter(quarter.index - 1).first_day) + 1  # about events of two quarters before this one
        assert EffectQuestion.independent_from(asked) == first


def test_after_a_lost_ledger_the_quarter_is_not_answered_about_again(tmp_path: Path) -> None:
    who = participant(tmp_path)
    publish(who, [effect_survey()], **after(EFFECT_WEEK))
    who.ledger.unlink()
    publish(who, [], **after(EFFECT_WEEK))
    (again,) = publish(who, [effect_survey(EFFECT_WEEK + 4)], **after(EFFECT_WEEK + 4))
    assert (again.status, "answered about once" in again.reason) == ("refused", True)
    following = effect_survey().questions[0].model_copy(update={"quarter": "2026-Q4"})
    later = Survey(round="2027-W02", vocabulary=VERSION, rotation=1, questions=(following,))
    assert publish(who, [later], **after(later.week))[0].status == "drawn"


def test_after_a_lost_ledger_no_week_is_answered_that_a_lost_answer_may_depend_on(tmp_path: Path) -> None:
    """The lost answer may come from a file of the day on which the loss was noticed."""
    who = participant(tmp_path)
    publish(who, [MINE])
    who.ledger.unlink()
    sunday = MINE.week + 3
    publish(who, [], today=sunday.sunday)
    assert publish(who, [everybody(MINE.week + 4)], **after(MINE.week + 4))[0].status == "refused"
    assert publish(who, [everybody(MINE.week + 8)], **after(MINE.week + 8))[0].status == "drawn"


def test_a_question_that_cannot_be_answered_yet_waits(tmp_path: Path) -> None:
    who = participant(tmp_path)
    broken = {"event_effect": "life_events.json on the private volume is damaged; repair or remove it"}
    (outcome,) = publish(who, [effect_survey()], unanswerable=broken)
    assert (outcome.status, "damaged" in outcome.reason) == ("skipped", True)
    assert publish(who, [effect_survey()])[0].status == "drawn"


def test_life_events_are_not_answered_about_when_the_limits_leave_them_out(tmp_path: Path) -> None:
    who = participant(tmp_path, Limits(questions=frozenset({"top_shows", "volume"})))
    (outcome,) = publish(who, [effect_survey()])
    assert outcome.status == "refused"
    assert "event_effect" in outcome.reason
    assert not releases(who)


def test_damaged_life_events_leave_the_question_about_them_open_until_they_are_mended(
    tmp_path: Path,
) -> None:
    """The whole job, from the files on the private volume."""
    Datasite(tmp_path / "datasites", ME).set_up()
    settings = load_settings(
        **{f"{name}_dir": tmp_path / name for name in ("private", "publisher", "datasites")},
        aggregator_datasite=AGGREGATOR.replace("example.org", "example.net"),
    )
    profile = settings.private_dir / "profiles" / "me"
    profile.mkdir(parents=True)
    save_encodings(profile, Encodings(np.zeros(0, FULL_DTYPE), np.zeros(50, "<i4"), VERSION, TODAY))
    shared = Datasite(settings.datasites_dir, settings.aggregator_datasite).app_data / "shared"
    shared.mkdir(parents=True)
    (shared / "survey.json").write_bytes(dump_surveys([effect_survey()]))
    events = settings.private_dir / "life_events.json"
    events.write_text("{")
    status = publish_with(settings, TODAY)
    assert [outcome.status for outcome in status.outcomes] == ["skipped"]
    assert "event_effect is not answered: life_events.json on the private volume is damaged" in status.message
    events.unlink()
    assert [outcome.status for outcome in publish_with(settings, TODAY).outcomes] == ["drawn"]
    assert [outcome.status for outcome in publish_with(settings, TODAY).outcomes] == ["kept"]
