"""Everything a person can change, through the forms."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from html import unescape
from pathlib import Path

import pytest

from netflix_trend.participant.choices import Choices, read_choices, write_choices
from netflix_trend.participant.life_events import read_events
from netflix_trend.participant.receipts import read_receipts
from netflix_trend.syftbox.datasite import Datasite
from services.dashboard.backend import Refused
from services.dashboard.web import create_app
from services.local.dashboard import OneProcess
from tests.services.dashboard.participant import HISTORY, ORIGIN, SAMPLE, Person


def alerts(text: str) -> list[str]:
    """Return what a page says in alerts, first things first."""
    return [unescape(found) for found in re.findall(r'<p [^>]*role="alert"[^>]*><bdi>(.*?)</bdi>', text)]


def releases(person: Person) -> list[Path]:
    return sorted(person.settings.datasites_dir.glob("me@example.org/app_data/netflix_trend/releases/*.json"))


def test_a_file_becomes_charts(newcomer: Person) -> None:
    assert "Begin with your viewing history" in newcomer.page("/")
    text = newcomer.upload(SAMPLE.read_bytes())
    assert "150 rows, 144 views (4 September 2025 to 14 November 2026): 128 episodes and 10 films." in text
    assert "6 trailers and recaps, left out; 6 without a title, counted as unknown." in text
    assert "Crash Landing on You" in newcomer.page("/viewing")
    assert list(newcomer.settings.output_dir.iterdir()) == []


def test_a_file_is_taken_from_a_script_and_answered_as_json(newcomer: Person) -> None:
    token = newcomer.token()
    data = {"file": (io.BytesIO(SAMPLE.read_bytes()), "NetflixViewingHistory.csv")}
    headers = {"Origin": ORIGIN, "Accept": "application/json", "X-Token": token}
    response = newcomer.client.post("/upload", base_url=ORIGIN, data=data, headers=headers)
    assert response.json == {
        "ok": True,
        "error": None,
        "message": "The file was read. What became of its rows is below.",
    }
    assert newcomer.page("/").count("What became of its rows is below.") == 1, "the script loads this page"
    assert "What became of its rows is below." not in newcomer.page("/")


def test_a_file_of_the_same_name_in_the_drop_folder_stays(newcomer: Person) -> None:
    newcomer.settings.output_dir.mkdir()
    own = newcomer.settings.output_dir / "NetflixViewingHistory.csv"
    own.write_text("mine")
    assert "144 views" in newcomer.upload(SAMPLE.read_bytes())
    assert "not a zip" in newcomer.upload(b"not a zip", "archive.zip")
    assert [path.name for path in newcomer.settings.output_dir.iterdir()] == [own.name]
    assert own.read_text() == "mine"


def test_two_files_of_one_name_at_once_are_both_read(newcomer: Person) -> None:
    backend = OneProcess(newcomer.settings, lambda: newcomer.today)
    newcomer.settings.output_dir.mkdir()
    contents = [HISTORY + f'"Film {number}","1/{number + 13}/26"\n' for number in range(4)]
    for number, content in enumerate(contents):
        (newcomer.settings.output_dir / f".part{number}").write_text(content)
    with ThreadPoolExecutor(4) as threads:
        parts = (newcomer.settings.output_dir / f".part{number}" for number in range(4))
        said = list(threads.map(lambda part: backend.deliver(part, "same.csv", {}), parts))
    assert len(said) == len(received(newcomer)) == 4


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "", "No file was chosen"),
        (b"x", "photo.jpg", "neither a .csv nor a .zip"),
        (b"\xff\xd8\xff\xe0", "photo.jpg", "photo.jpg: this is a picture (JPEG), not an export."),
        (b"%PDF-1.7", "history.csv", "history.csv: this is a PDF document, not an export."),
        (b"not a zip", "archive.zip", "not a zip"),
    ],
)
def test_a_file_of_another_kind_is_refused_and_nothing_is_left(
    newcomer: Person, content: bytes, name: str, words: str
) -> None:
    response = newcomer.post("/upload", {"file": (io.BytesIO(content), name)})
    assert response.status_code == 303
    assert words in newcomer.page("/")
    assert list(newcomer.settings.output_dir.glob("*")) == []


def test_a_file_with_other_columns_says_what_was_expected(newcomer: Person) -> None:
    text = newcomer.upload(b"nottitle,notdate\n1,2\n")
    assert "NetflixViewingHistory.csv cannot be used. Row 1: found the columns" in alerts(text)[0]
    assert "Not used. <bdi>Row 1: found the columns" in text
    assert "expected" in text
    assert "Something needs you" in newcomer.page("/health")


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0" + b"\0" * 400, b"%PDF-1.7", b"", b"Name,Day\n"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_file_of_no_use_is_never_said_to_be_read(newcomer: Person, content: bytes, times: int) -> None:
    for _ in range(times):
        text = newcomer.upload(content, "history.csv")
        assert "history.csv" in alerts(text)[0]
        assert "message done" not in text
        assert text.index('role="alert"') < text.index("<h1"), "the first thing on the page"


def test_a_file_that_is_read_later_is_named_first_once_it_is_refused(newcomer: Person) -> None:
    class Later(OneProcess):
        """Reads files after the page has answered, as the services in containers do."""

        def deliver(self, part: Path, name: str, options: Mapping[str, str]) -> str:
            with suppress(Refused):
                super().deliver(part, name, options)
            return "It is being read."

    backend = Later(newcomer.settings, lambda: newcomer.today, runs_by_itself=True)
    newcomer.client = create_app(newcomer.settings, backend, lambda: newcomer.today).test_client()
    text = newcomer.upload(b"Name,Day\n1,2\n", "photo.csv")
    assert "photo.csv cannot be used. " in alerts(text)[0]
    assert alerts(newcomer.page("/")) == []
    assert alerts(newcomer.upload(SAMPLE.read_bytes(), "photo2.csv")) == []


@pytest.mark.parametrize(
    ("address", "form", "section", "role"),
    [
        ("/sharing/limits", {"odds": "3", "reports": "4", "question": "volume"}, "limits", "status"),
        ("/sharing/limits", {"odds": "zero", "reports": "4"}, "limits", "alert"),
        ("/sharing/take-part", {"participation": "joined"}, "choice", "status"),
        ("/sharing/take-part", {"participation": "withdrawn"}, "choice", "alert"),
        ("/events/add", {"label": "Sick", "first_day": "2026-11-01"}, "add", "status"),
        ("/events/add", {"label": "Sick", "first_day": "never"}, "add", "alert"),
        ("/viewing/include", {"number": "999"}, "search", "alert"),
        ("/forget", {"sha256": "0" * 64}, "files", "alert"),
        ("/upload", {}, "", "alert"),
    ],
)
def test_an_answer_stands_at_its_form_and_the_browser_jumps_to_it(
    person: Person, address: str, form: dict[str, str], section: str, role: str
) -> None:
    response = person.post(address, form)
    page, anchor = response.headers["Location"].split("#")
    text = person.page(page)
    assert anchor == "message"
    assert text.count('id="message"') == 1
    element = re.search(r'<p class="message [^>]*id="message"[^>]*>', text)
    assert element is not None
    assert f'role="{role}"' in element[0]
    assert 'tabindex="-1"' in element[0], "the browser gives it the focus"
    places = [found[1] for found in re.finditer(r'<section[^>]* id="([\w-]+)"', text[: element.start()])]
    assert (places[-1] if places else "") == section
    person.page(page.split("?")[0])  # a page that waits keeps its message for one that does not
    assert 'id="message"' not in person.page(page.split("?")[0])


def test_a_message_whose_place_is_not_on_the_page_is_its_first_thing(newcomer: Person) -> None:
    text = newcomer.done("/forget", {"sha256": "0" * 64})
    assert 'id="files"' not in text
    assert "is gone already" in alerts(text)[0]
    assert text.index('id="message"') < text.index("<h1")


def test_a_page_that_waits_keeps_its_message(person: Person) -> None:
    response = person.post("/sharing/take-part", {"participation": "paused"})
    waiting = response.headers["Location"].split("#")[0]
    assert "You paused. No new report" in person.page(waiting)
    assert "You paused. No new report" in person.page(waiting), "it loads itself again without script"
    assert "You paused. No new report" in person.page("/sharing")
    assert "You paused. No new report" not in person.page("/sharing")


def test_several_files_are_all_read_and_what_is_refused_is_named(newcomer: Person) -> None:
    def sent(*files: tuple[bytes, str]) -> str:
        return newcomer.done("/upload", {"file": [(io.BytesIO(content), name) for content, name in files]})

    one, two = (HISTORY + f'"{title}","1/31/26"\n' for title in ("One Film", "Another Film"))
    text = sent((one.encode(), "a.csv"), (two.encode(), "b.csv"))
    assert "2 files. The file was read." in text
    assert len(received(newcomer)) == 2
    text = sent((b"x", "photo.jpg"), ((one + '"Third Film","1/30/26"\n').encode(), "c.csv"))
    assert "1 of 2 files was taken. photo.jpg: That is neither" in text
    assert len(received(newcomer)) == 3


def test_a_file_of_no_use_is_named_until_it_is_dismissed(newcomer: Person) -> None:
    newcomer.upload(b"nottitle,notdate\n1,2\n", "bad.csv")
    text = newcomer.upload(SAMPLE.read_bytes())
    assert "144 views" in text
    assert "Something needs you" in newcomer.page("/health")
    mark = re.findall(r'name="mark" value="(\w+)"', newcomer.page("/health"))
    assert len(mark) == 1
    assert "is gone" in newcomer.done("/health/dismiss", {"mark": "0" * 16})
    text = newcomer.done("/health/dismiss", {"mark": mark[0]})
    assert "All is well." in text
    assert "1 file that could not be used, dismissed by you." in text
    assert "Not used." in newcomer.page("/"), "the account of all files stays whole"
    newcomer.upload(b"other,columns\n1,2\n", "worse.csv")
    assert "Something needs you" in newcomer.page("/health")
    assert "bad.csv" not in newcomer.page("/health")


def test_a_damaged_list_of_dismissed_files_asks_again(newcomer: Person) -> None:
    newcomer.upload(b"nottitle,notdate\n1,2\n", "bad.csv")
    (newcomer.settings.private_dir / "dismissed.json").write_text("{")
    assert "Something needs you" in newcomer.page("/health")


def test_a_browser_is_offered_and_so_is_the_warning(newcomer: Person) -> None:
    text = newcomer.page("/")
    assert "./run.sh scrape" in text
    assert "terms forbid automated access" in text


def test_a_name_cannot_lead_out_of_the_drop_folder(newcomer: Person) -> None:
    newcomer.upload(SAMPLE.read_bytes(), "../../../tmp/évil;.CSV")
    assert not list(newcomer.root.parent.glob("*vil*"))
    assert "144 views" in newcomer.page("/")


def received(person: Person) -> list[str]:
    return [json.loads(path.read_bytes())["received"] for path in (person.settings.private_dir / "raw").glob("*.json")]


def test_a_file_does_not_cover_days_after_its_download(newcomer: Person) -> None:
    newcomer.upload(HISTORY + '"One Film","1/31/25"\n', downloaded="2025-02-03")
    assert received(newcomer) == ["2025-02-03"]
    assert "3 February 2025" in newcomer.page("/")
    text = newcomer.upload(HISTORY + '"Other Film","1/31/25"\n', downloaded="soon")
    assert "Say on which day" in text


def test_a_day_to_come_is_today(newcomer: Person) -> None:
    newcomer.upload(HISTORY + '"One Film","1/31/25"\n', downloaded="2999-01-01")
    assert received(newcomer)[0] <= str(date.today())


def test_several_people_have_a_profile_each(newcomer: Person) -> None:
    newcomer.upload(HISTORY + '"One Film","1/31/26"\n', profile="Ann")
    text = newcomer.upload(HISTORY + '"Another Film","1/30/26"\n', profile="../Bob")
    assert "A name has up to 60 letters" in text
    assert [path.name for path in (newcomer.settings.private_dir / "profiles").iterdir()] == ["Ann"]


def test_an_undecidable_file_asks_one_question_and_takes_the_answer(newcomer: Person) -> None:
    text = newcomer.upload(HISTORY + '"One Film","3/4/26"\n"Another Film","3/4/26"\n', downloaded="2026-05-01")
    assert "One question about" in text
    assert "month first: 3/4/26 is 4 March 2026" in text
    assert "Use this order" in text
    assert "One question about this file is below" in text
    assert "answer the question about it above" in text
    assert "--date-order" not in text, "what a terminal asks for helps nobody here"
    sha256 = text.split('name="sha256" value="')[1].split('"')[0]
    assert "Choose how" in newcomer.done("/date-order", {"sha256": sha256})
    assert "is gone" in newcomer.done("/date-order", {"sha256": "0" * 64, "date_order": "dmy"})
    text = newcomer.done("/date-order", {"sha256": sha256, "date_order": "dmy"})
    assert "One question" not in text
    assert "2 views (3 April 2026)" in text
    assert received(newcomer) == ["2026-05-01"], "the answer is not a new download"


def test_an_event_is_noted_compared_and_removed(person: Person) -> None:
    text = person.done("/events/add", {"label": "sick", "first_day": "2026-10-05", "last_day": "2026-10-18"})
    assert "Noted: sick, 5 to 18 October 2026" in text
    assert "Before, during, after" in text
    assert "(95 %)" in text
    (event,) = read_events(person.settings.private_dir)
    assert f"Removed: {event.label}" in person.done("/events/remove", {"id": str(event.id)})
    assert read_events(person.settings.private_dir) == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"label": "sick", "first_day": "yesterday", "last_day": ""}, "Choose a first and a last day"),
        ({"label": "<b>", "first_day": "2026-01-01", "last_day": "2026-01-02"}, "a label has 1 to 40"),
        ({"label": "sick", "first_day": "2026-01-03", "last_day": "2026-01-02"}, "before it begins"),
        ({"label": "sick", "first_day": "1890-01-03", "last_day": "2026-01-02"}, "between 1997 and 2100"),
    ],
)
def test_an_invalid_event_is_refused(newcomer: Person, data: dict[str, str], words: str) -> None:
    assert words in newcomer.done("/events/add", data)
    assert read_events(newcomer.settings.private_dir) == ()


@pytest.mark.parametrize("number", ["", "1", "-1", "²", "9" * 30])
def test_removing_a_missing_event_is_refused(newcomer: Person, number: str) -> None:
    assert "there is no event" in newcomer.done("/events/remove", {"id": number}).lower()


def set_up(datasites: Path, email: str) -> None:
    (datasites / email).mkdir(parents=True)
    (datasites / email / "syft.pub.yaml").touch()


def test_nothing_leaves_before_somebody_joins(tmp_path: Path) -> None:
    set_up(tmp_path / "datasites", "ann@home.net")
    ann = Person(tmp_path, aggregator="club@home.net", email="ann@home.net")
    ann.upload(SAMPLE.read_bytes())
    text = ann.page("/sharing")
    assert "You have not joined. Nothing leaves this machine." in text
    assert "drawn for show, thrown away" in text
    assert "Nothing was published." in text
    assert Datasite(ann.settings.datasites_dir, "ann@home.net").published() == set()
    assert "You take part." in ann.done("/sharing/take-part", {"participation": "joined"})


def test_a_trial_answers_by_itself_and_shows_what_it_answered(newcomer: Person) -> None:
    set_up(newcomer.settings.datasites_dir, "me@example.org")
    newcomer.upload(SAMPLE.read_bytes())
    text = newcomer.page("/sharing")
    assert "A trial answers its example surveys by itself." in text
    assert "You take part in the trial." in newcomer.done("/sharing/take-part", {"participation": "joined"})
    (release,) = releases(newcomer)
    assert release.read_text().strip().replace('"', "&#34;") in text
    assert "in your datasite" in text


def test_pausing_makes_no_new_report_and_keeps_the_old_ones(person: Person) -> None:
    before = releases(person)
    text = person.done("/sharing/take-part", {"participation": "paused"})
    assert "You paused" in text
    assert releases(person) == before != []
    assert read_choices(person.settings.private_dir).participation == "paused"


def test_withdrawing_asks_twice_removes_everything_and_gives_a_receipt(person: Person) -> None:
    assert releases(person)
    assert "tick the box" in person.done("/sharing/take-part", {"participation": "withdrawn"})
    assert releases(person)
    text = person.done("/sharing/take-part", {"participation": "withdrawn", "sure": "yes"})
    assert releases(person) == []
    (receipt,) = read_receipts(person.settings.records_dir)
    assert receipt.told(is_over=False) in unescape(text)
    person.done("/sharing/take-part", {"participation": "joined"})
    text = person.page("/sharing")
    assert "Receipt of an earlier withdrawal" in text
    assert receipt.told(is_over=True) in unescape(text)
    assert "You withdrew" not in text
    assert all(sha256 in text for sha256 in receipt.removed.values())
    assert "removed" in text
    assert "You take part in the trial." in person.done("/sharing/take-part", {"participation": "joined"})


@pytest.mark.parametrize("wanted", ["", "undecided", "yes"])
def test_there_are_three_choices(person: Person, wanted: str) -> None:
    assert "Choose whether" in person.done("/sharing/take-part", {"participation": wanted})


def test_limits_are_lowered_and_hold(person: Person) -> None:
    text = person.done("/sharing/limits", {"odds": "2", "reports": "4", "question": "volume"})
    assert "Your limits were changed" in text
    choices = read_choices(person.settings.private_dir)
    assert (choices.odds, choices.reports_per_year, choices.questions) == ((2, 1), 4, frozenset({"volume"}))
    assert "a 10 % suspicion can become at most 18 %" in text
    assert "left of 4" in text
    status = json.loads((person.settings.records_dir / "outlook.json").read_bytes())
    assert status["state"] in {"answering", "paused", "not_joined"}


@pytest.mark.parametrize(
    "data", [{"odds": "0", "reports": "4"}, {"odds": "8", "reports": "x"}, {"odds": "1/0", "reports": "1"}, {}]
)
def test_invalid_limits_change_nothing(person: Person, data: dict[str, str]) -> None:
    assert "not valid" in person.done("/sharing/limits", data)
    assert not (person.settings.private_dir / "choices.json").exists()


def test_a_damaged_choice_stops_everything_and_says_so(person: Person) -> None:
    (person.settings.private_dir / "choices.json").write_text("{")
    assert "so nothing is published" in person.page("/sharing")
    before = releases(person)
    assert "limits that you had lowered are lost" in person.done("/sharing/take-part", {"participation": "joined"})
    assert "so nothing is published" in person.page("/sharing")
    assert "You are paused" in person.done("/sharing/limits", {"odds": "2", "reports": "4"})
    assert "You take part in the trial." in person.done("/sharing/take-part", {"participation": "joined"})
    choices = read_choices(person.settings.private_dir)
    assert (choices.odds, choices.reports_per_year) == ((2, 1), 4)
    assert releases(person) == before


def test_pausing_after_damage_allows_nothing_until_limits_are_set(person: Person) -> None:
    (person.settings.private_dir / "choices.json").write_text("{")
    assert "no report is allowed" in person.done("/sharing/take-part", {"participation": "paused"})
    assert person.form("/sharing", "/sharing/limits")["reports"] == ["0"]


@pytest.mark.parametrize(("odds", "reports"), [((5, 1), 5), ((5, 2), 12), ((8, 1), 13), ((1, 1), 0)])
def test_submitting_the_limits_as_shown_changes_none(person: Person, odds: tuple[int, int], reports: int) -> None:
    chosen = Choices(participation="paused", odds=odds, reports_per_year=reports, questions=frozenset({"volume"}))
    write_choices(person.settings.private_dir, chosen)
    person.done("/sharing/limits", person.form("/sharing", "/sharing/limits"))
    assert read_choices(person.settings.private_dir) == chosen
