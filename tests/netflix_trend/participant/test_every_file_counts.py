"""Whether there is an answer does not depend on what was watched: through the importer, from files to releases."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest

from netflix_trend.history.exports import ExportError
from netflix_trend.participant import participant
from netflix_trend.participant.contributions import load_profiles
from netflix_trend.participant.rows import history_facts
from netflix_trend.participant.status import Outcome
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, load_settings
from netflix_trend.syftbox.datasite import Datasite

NEWEST = Week.parse("2026-W46")
TODAY = NEWEST.sunday + timedelta(days=2)
HEADER = "Title,Date\n"
ACTIVITY_HEADER = (
    "Profile Name,Start Time,Duration,Attributes,Title,Supplemental Video Type,Device Type,Bookmark,Latest Bookmark,"
    "Country\n"
)


def settings_of(root: Path, **changes: str) -> Settings:
    settings = load_settings(
        private_dir=root / "private", publisher_dir=root / "publisher", datasites_dir=root / "datasites", **changes
    )
    Datasite(settings.datasites_dir, settings.syftbox_email).set_up()
    return settings


def take(
    settings: Settings, content: str | bytes, name: str = "a.csv", profile: str = "me", made: date = TODAY
) -> None:
    path = settings.private_dir.parent / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    participant.take_file(settings, path, "import", received=made, profile=profile)
    participant.refresh(settings)


def drawn(settings: Settings, today: date = TODAY) -> list[Outcome]:
    return [one for one in participant.publish(settings, today).outcomes if one.status == "drawn"]


def archive(rows: str = "") -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr(
            zipfile.ZipInfo("a/CONTENT_INTERACTION/ViewingActivity.csv", (2026, 11, 17, 9, 0, 0)),
            ACTIVITY_HEADER + rows,
        )
    return data.getvalue()


def play(profile: str, title: str, start: str = "2026-11-11 20:00:00") -> str:
    return f"{profile},{start},00:40:00,,{title},,Television,00:40:00,00:40:00,DE (Germany)\n"


HISTORIES: dict[str, tuple[str, str | bytes]] = {
    "a header only": ("a.csv", HEADER),
    "a film on one day": ("a.csv", HEADER + '"Roma","2026-11-11"\n'),
    "nothing is an episode": ("a.csv", HEADER + "".join(f'"Film {n}","2026-11-1{n}"\n' for n in range(5))),
    "one episode": ("a.csv", HEADER + '"Dark: Season 1: Secrets","2026-11-11"\n'),
    "long ago": ("a.csv", HEADER + '"Dark: Season 1: Secrets","2019-01-11"\n'),
    "trailers only": ("a.csv", HEADER + '"Dark: Season 1 (Trailer)","2026-11-11"\n'),
    "an archive without rows": ("a.zip", archive()),
    "an archive of others": ("a.zip", archive(play("Somebody", "Roma"))),
    "plays of a second": ("a.zip", archive(play("me", "Roma").replace("00:40:00", "00:00:01"))),
}


@pytest.mark.parametrize("history", HISTORIES)
def test_every_history_leads_to_one_answer(tmp_path: Path, history: str) -> None:
    name, content = HISTORIES[history]
    settings = settings_of(tmp_path)
    take(settings, content, name)
    assert len(drawn(settings)) == 1


def test_an_empty_history_is_answered_as_that_of_somebody_who_watched_nothing(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    take(settings, HEADER)
    profiles = load_profiles(settings.private_dir)
    assert profiles is not None
    truth = profiles.contribution(NEWEST)
    assert (truth["volume"], truth["top_shows"], truth["event_effect"]) == (0, frozenset(), None)


@pytest.mark.parametrize("later", [HEADER, HEADER + '"Roma","2026-11-11"\n'])
def test_a_shorter_history_takes_nothing_away_and_covers_further_days(tmp_path: Path, later: str) -> None:
    settings = settings_of(tmp_path)
    rows = "".join(f'"Dark: Season 1: Part {n}","2026-10-{n:02}"\n' for n in range(1, 20))
    take(settings, HEADER + rows, "old.csv", made=date(2026, 10, 20))
    take(settings, later, "new.csv")
    profiles = load_profiles(settings.private_dir)
    assert profiles is not None
    assert profiles.covered_through == TODAY - timedelta(days=1)
    assert int((profiles.views.show >= 0).sum()) == 19


@pytest.mark.parametrize("rows", ["", play("Kids", "Roma")])
def test_an_archive_covers_a_profile_whether_or_not_it_watched_anything(tmp_path: Path, rows: str) -> None:
    settings = settings_of(tmp_path)
    take(settings, HEADER, "kids.csv", profile="Kids", made=TODAY - timedelta(days=60))
    take(settings, archive(rows + play("me", "Roma")), "all.zip")
    profiles = load_profiles(settings.private_dir)
    assert profiles is not None
    assert profiles.covered_through == TODAY - timedelta(days=1)
    assert len(drawn(settings)) == 1


def test_an_undecidable_order_of_dates_waits_for_the_person_who_is_asked(tmp_path: Path) -> None:
    """The one case in which there is no answer because of what a file holds: docs/privacy.md says so."""
    settings = settings_of(tmp_path)
    take(settings, HEADER + '"Roma","11/10/26"\n"Okja","11/10/26"\n')
    assert participant.publish(settings, TODAY).state == "no_export"
    (history,) = participant.refresh(settings, everything=True)
    refusal = history.files[0].refusal
    assert isinstance(refusal, ExportError)
    assert refusal.reason == "date_order"
    participant.take_file(settings, tmp_path / "a.csv", "import", received=TODAY, profile="me", date_order="mdy")
    participant.refresh(settings)
    assert len(drawn(settings)) == 1


MINE = HEADER + '"Roma","2026-11-01"\n'
HOUSEHOLD = archive(play("Sam", "Roma") + play("Mia", "Roma") + play("Anna", "Roma"))


def covered(settings: Settings) -> date | None:
    profiles = load_profiles(settings.private_dir)
    return profiles.covered_through if profiles else None


def test_a_household_is_not_answered_as_somebody_who_watched_nothing(tmp_path: Path) -> None:
    """Nothing of the archive counts while nobody has said who they are, so it does not cover any week either."""
    settings, earlier = settings_of(tmp_path), date(2026, 11, 3)
    take(settings, MINE, "mine.csv", made=earlier)
    take(settings, HOUSEHOLD, "all.zip")
    assert covered(settings) == earlier - timedelta(days=1)
    assert str(NEWEST) not in [one.round for one in drawn(settings)]

    participant.say_whose(settings, "me", ["Mia"])
    participant.refresh(settings)
    assert covered(settings) == TODAY - timedelta(days=1)


def test_nobody_is_answered_for_while_one_person_has_to_say_who_they_are(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    take(settings, HEADER + '"Roma","2026-11-11"\n', "anna.csv", profile="Anna")
    take(settings, HOUSEHOLD, "all.zip")
    assert participant.publish(settings, TODAY).state == "no_export"
    assert history_facts(settings).asks

    participant.say_whose(settings, "me", ["Sam"])
    participant.refresh(settings)
    assert len(drawn(settings)) == 1
    assert not history_facts(settings).asks


def test_an_archive_of_somebody_else_covers_nobody_who_may_be_in_it_under_another_name(tmp_path: Path) -> None:
    settings, earlier = settings_of(tmp_path), date(2026, 11, 3)
    take(settings, MINE, "mine.csv", made=earlier)
    take(settings, archive(play("Sam", "Roma") + play("Anna", "Roma")), "all.zip", profile="Anna")
    assert covered(settings) == earlier - timedelta(days=1)


# What other weeks hold never changes how a title is counted


def week_of(root: Path, rows: list[tuple[str, str]]) -> tuple[int, frozenset[int], tuple[bool, ...]]:
    settings = settings_of(root)
    take(settings, HEADER + "".join(f'"{title}","{day}"\n' for title, day in rows))
    profiles = load_profiles(settings.private_dir)
    assert profiles is not None
    truth = profiles.contribution(NEWEST)
    return truth["volume"], truth["top_shows"], truth["habits"]


def test_a_title_counts_alike_whatever_other_weeks_tell_about_it(tmp_path: Path) -> None:
    """`Red Lake: Boat` may be a film or an episode: five titles that begin alike would tell."""
    alone = [("Red Lake: Boat", "2026-11-11")]
    others = [(f"Red Lake: Boat {letter}", f"2026-09-0{n}") for n, letter in enumerate("ABCDE", 1)]
    seasons = [("Dark: Season 1: Secrets", "2026-09-01")]
    assert len({week_of(tmp_path / str(n), alone + more) for n, more in enumerate(([], others, seasons))}) == 1


def test_an_archive_says_nothing_about_days_after_it_was_made(tmp_path: Path) -> None:
    """A view of the Sunday before is no reason to leave out one of Monday, which the archive cannot hold."""
    found = []
    for number, rows in enumerate(("", play("me", "Roma", "2026-11-08 20:00:00"))):
        settings = settings_of(tmp_path / str(number), tz="UTC")
        take(settings, archive(rows), "a.zip", made=date(2026, 11, 9))
        take(settings, HEADER + '"Roma","2026-11-09"\n', "b.csv")
        profiles = load_profiles(settings.private_dir)
        assert profiles is not None
        found.append(profiles.contribution(NEWEST)["volume"])
    assert found == [1, 1]


# The clocks of two places


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(4))
def test_after_a_change_of_the_time_zone_a_view_is_in_one_answer_only(
    tmp_path: Path, turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view of Sunday night is one of Monday in the east. Weeks of one person's answers are never neighbours."""
    asked = NEWEST - turn
    settings = settings_of(tmp_path, tz="America/New_York")
    sunday = asked.sunday.isoformat()
    take(settings, archive(play("me", "Roma", f"{sunday} 23:30:00")), "a.zip", made=asked.sunday + timedelta(days=1))
    counted = [_counted(settings, week) for week in (asked, asked + 1)]
    participant.publish(settings, asked.sunday + timedelta(days=1))
    east = settings_of(tmp_path, tz="Asia/Tokyo")
    participant.refresh(east)
    counted_in_the_east = [_counted(east, week) for week in (asked, asked + 1)]
    assert (counted, counted_in_the_east) == ([1, 0], [0, 1])
    for weeks in range(1, 9):
        take(east, HEADER, f"{weeks}.csv", made=(asked + weeks).sunday + timedelta(days=1))
        participant.publish(east, (asked + weeks).sunday + timedelta(days=1))
    rounds = [Week.parse(entry.round) for entry in participant.snapshot(east).entries]
    assert len(rounds) >= 2
    assert sum(week in (asked, asked + 1) for week in rounds) <= 1


def _counted(settings: Settings, week: Week) -> int:
    profiles = load_profiles(settings.private_dir)
    assert profiles is not None
    return int(profiles.contribution(week)["volume"])
