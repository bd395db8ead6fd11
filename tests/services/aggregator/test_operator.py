"""The operator's view over HTTP: who is let in, what changes, and what nobody sees."""

from __future__ import annotations

import re
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.words import chance_in_words
from netflix_trend.settings import Settings, SettingsError, load_settings
from netflix_trend.simulation.population import person, watched
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.web.one_browser import SESSION_SECONDS, Access
from services.aggregator.enrolment import Enrolment
from services.aggregator.operator.access import operator_token
from services.aggregator.operator.forecast import People, people_of, predict
from services.aggregator.operator.words import REASONS
from services.aggregator.overview import OVERVIEW, find_overview, read_overview, write_overview
from services.aggregator.rounds import Aggregator
from services.aggregator.survey_plan import PLAN, LocalPlan, read_plan
from services.aggregator.web import create_app
from tests.netflix_trend.catalogue.chart_tables import charts_of
from tests.services.aggregator.people import AGGREGATOR, crowd
from tests.services.aggregator.simulated_rounds import TODAY, aggregator_with_rounds

TOKEN = "a-token-for-tests-only-0123456789"
HOST = "127.0.0.1:8650"
SAME_ORIGIN = {"Origin": f"http://{HOST}"}
PAGES = ("/operator/", "/operator/survey")
CHANGES = ("/operator/survey", "/operator/survey/reset", "/operator/leave")
FIELDS = {"odds": "3", "list_length": "30", "k": "1", "questions": ["top_shows", "volume"]}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two simulated rounds, and 40 real participants in the newest: made once, copied for each test."""
    root = tmp_path_factory.mktemp("made")
    made = aggregator_with_rounds(root, [2000, 2000])
    crowd(root, made.ask(TODAY)[-1], "top_shows", [watched(frozenset({3}), 5)] * 40)
    made.run(TODAY)
    return root


@pytest.fixture
def here(made: Path, tmp_path: Path) -> Aggregator:
    shutil.copytree(made, tmp_path / "copy")
    site = Datasite(tmp_path / "copy" / "datasites", AGGREGATOR)
    return Aggregator(site, tmp_path / "copy" / "own", starter_vocabulary(), durable=False)


class LocalClient(FlaskClient):
    """A browser on this machine, which says so in `Host`."""

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        return super().open(*arguments, base_url=f"http://{HOST}", **options)


def settings_of(here: Aggregator, token: str = TOKEN) -> Settings:
    return load_settings(datasites_dir=here.site.datasites, aggregator_dir=here.own, operator_token=token)


def visitor(here: Aggregator) -> FlaskClient:
    """A browser that was not let in yet."""
    app = create_app(settings_of(here), lambda: True, lambda: TODAY)
    app.test_client_class = LocalClient
    return app.test_client()


@pytest.fixture
def operator(here: Aggregator) -> FlaskClient:
    client = visitor(here)
    assert client.post("/operator/enter", data={"token": TOKEN}, headers=SAME_ORIGIN).status_code == 303
    return client


def form_token(client: FlaskClient) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', client.get("/operator/survey").text)
    assert found is not None
    return found[1]


def test_without_a_token_there_is_no_operators_view(here: Aggregator) -> None:
    client = create_app(settings_of(here, ""), lambda: True).test_client()
    for path in (*PAGES, "/operator/enter"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_anything_before_entering(here: Aggregator, path: str) -> None:
    response = visitor(here).get(path)
    assert response.status_code == 303
    assert response.headers["Location"] == "/operator/enter"


def test_the_token_works_once_and_the_cookie_is_for_this_view_only(here: Aggregator) -> None:
    client, guesser = visitor(here), visitor(here)
    assert guesser.post("/operator/enter", data={"token": "wrong"}, headers=SAME_ORIGIN).status_code == 403
    assert guesser.post("/operator/enter", data={"token": TOKEN}, headers=SAME_ORIGIN).status_code == 429
    response = client.post("/operator/enter", data={"token": f" {TOKEN} "}, headers=SAME_ORIGIN)
    cookie = response.headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/operator", "SameSite=Strict"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert client.get("/operator/").status_code == 200
    other = client.application.test_client()
    refused = other.post("/operator/enter", data={"token": TOKEN}, headers=SAME_ORIGIN)
    assert (refused.status_code, "used already" in refused.text) == (403, True)
    assert other.get("/operator/").status_code == 303


def test_a_used_token_stays_used_after_a_restart_and_a_new_one_works(here: Aggregator) -> None:
    assert visitor(here).post("/operator/enter", data={"token": TOKEN}, headers=SAME_ORIGIN).status_code == 303
    again = visitor(here)
    assert again.post("/operator/enter", data={"token": TOKEN}, headers=SAME_ORIGIN).status_code == 403
    assert TOKEN not in "".join(path.read_text() for path in here.own.glob("operator*"))
    assert (
        Access("another-token-0123456789", here.own / "operator_used_token").enter("another-token-0123456789")
        is not None
    )


def test_a_session_ends(tmp_path: Path) -> None:
    now = 0.0
    access = Access(TOKEN, tmp_path / "used", lambda: now)
    session = access.enter(TOKEN)
    assert session is not None
    assert access.session(session.cookie) is session
    assert access.session("") is None
    now = SESSION_SECONDS + 1.0
    assert access.session(session.cookie) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8650", "127.0.0.1.evil.example:8650", "192.168.0.7:8650", "[::2]:1", "["]
)
@pytest.mark.parametrize("path", [*PAGES, "/operator/enter"])
def test_another_name_that_leads_here_reaches_nothing(operator: FlaskClient, host: str, path: str) -> None:
    elsewhere = {"HTTP_HOST": host}
    assert operator.get(path, environ_overrides=elsewhere).status_code == 421
    headers = {"Origin": f"http://{host}"}
    assert operator.post("/operator/enter", headers=headers, environ_overrides=elsewhere).status_code == 421


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {**SAME_ORIGIN, "Sec-Fetch-Site": "cross-site"},
        {**SAME_ORIGIN, "Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_elsewhere_changes_nothing(
    operator: FlaskClient, here: Aggregator, path: str, headers: dict[str, str]
) -> None:
    data = {**FIELDS, "token": form_token(operator)}
    response = operator.post(path, data=data, headers=headers)
    assert (response.status_code, "another web page" in response.text) == (403, True)
    assert not (here.own / PLAN).exists()
    assert operator.get("/operator/").status_code == 200


def test_the_overview_says_when_everybody_may_read(
    operator: FlaskClient, here: Aggregator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Everybody on the network may read" not in operator.get("/operator/").text
    monkeypatch.setattr("netflix_trend.syftbox.permissions.MOST_NAMED", 39)
    here.run(TODAY)
    assert operator.get("/operator/").text.count("Everybody on the network may read") == 1


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("token", [None, "", "0" * 64, "ü"])
def test_a_form_without_the_sessions_token_changes_nothing(
    operator: FlaskClient, here: Aggregator, path: str, token: str | None
) -> None:
    data = {**FIELDS, **({} if token is None else {"token": token})}
    assert operator.post(path, data=data, headers=SAME_ORIGIN).status_code == 403
    assert not (here.own / PLAN).exists()
    assert operator.get("/operator/").status_code == 200


@pytest.mark.parametrize("path", ["/operator/survey/reset", "/operator/leave"])
def test_changes_are_made_by_post_only(operator: FlaskClient, path: str) -> None:
    assert operator.get(path).status_code == 405


def test_reading_insights_changes_no_file(operator: FlaskClient, here: Aggregator) -> None:
    before = {path: path.read_bytes() for path in here.own.rglob("*") if path.is_file()}
    for path in (*PAGES, "/operator/survey?odds=55&list_length=250&k=3&questions=top_shows", "/operator/?page=7"):
        assert operator.get(path).status_code == 200
    assert {path: path.read_bytes() for path in here.own.rglob("*") if path.is_file()} == before


def test_a_form_that_is_too_large_is_refused(operator: FlaskClient) -> None:
    data = {**FIELDS, "token": form_token(operator), "more": "x" * 20_000}
    assert operator.post("/operator/survey", data=data, headers=SAME_ORIGIN).status_code == 413


def test_a_plan_is_kept_for_the_next_survey_and_the_asked_ones_stay(operator: FlaskClient, here: Aggregator) -> None:
    asked = here.ask(TODAY)
    token = form_token(operator)
    response = operator.post("/operator/survey", data={**FIELDS, "token": token}, headers=SAME_ORIGIN)
    assert response.headers["Location"] == "/operator/?saved=plan"
    assert "from round 2026-W47 on" in operator.get("/operator/?saved=plan").text
    assert read_plan(LocalPlan, here.own) == LocalPlan(
        odds=Fraction(3), list_length=30, questions=("top_shows", "volume")
    )
    assert here.ask(TODAY) == asked
    assert "Your own plan." in operator.get("/operator/").text
    operator.post("/operator/survey/reset", data={"token": token}, headers=SAME_ORIGIN)
    assert read_plan(LocalPlan, here.own) is None
    assert "From the settings." in operator.get("/operator/").text


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"odds": "other", "other_odds": "1"}, "ratio above 1"),
        ({"odds": ""}, "ratio above 1"),
        ({"list_length": "1"}, "at least 2 shows"),
        ({"list_length": "251"}, "at most 250"),
        ({"list_length": "1e9"}, "whole number"),
        ({"k": "-1"}, "whole number"),
        ({"questions": []}, "top_shows or volume"),
    ],
)
def test_an_invalid_plan_is_explained_and_not_kept(
    operator: FlaskClient, here: Aggregator, changed: dict[str, object], expected: str
) -> None:
    page = operator.get("/operator/survey", query_string={**FIELDS, **changed}).text
    assert expected in page
    assert "<h2>Forecast</h2>" not in page
    data = {**FIELDS, **changed, "token": form_token(operator)}
    response = operator.post("/operator/survey", data=data, headers=SAME_ORIGIN)
    assert (response.status_code, "Nothing was changed" in response.text) == (400, True)
    assert not (here.own / PLAN).exists()


def test_a_kept_plan_that_is_damaged_is_reported(operator: FlaskClient, here: Aggregator) -> None:
    (here.own / PLAN).write_text("{")
    for path in PAGES:
        assert "cannot be read, the settings are used" in operator.get(path).text


def test_before_the_first_pass_the_view_says_so(tmp_path: Path) -> None:
    empty = aggregator_with_rounds(tmp_path, [])
    client = visitor(empty)
    client.post("/operator/enter", data={"token": TOKEN}, headers=SAME_ORIGIN)
    assert "has not finished its first run yet" in client.get("/operator/").text
    assert "0 participants" in client.get("/operator/survey").text


def test_what_is_typed_is_shown_as_text(operator: FlaskClient) -> None:
    hostile = '"><script>alert(1)</script>'
    page = operator.get("/operator/survey", query_string={**FIELDS, "odds": "other", "other_odds": hostile}).text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_view_has_its_own_strict_policy_and_is_never_stored(operator: FlaskClient) -> None:
    headers = operator.get("/operator/").headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Access-Control-Allow-Origin" not in headers


def test_the_overview_counts_and_names_nobody(operator: FlaskClient, here: Aggregator) -> None:
    left = (here.own / OVERVIEW).read_text()
    overview = read_overview(here.own)
    assert overview is not None
    assert "@" not in left
    assert (overview.participants, len(overview.listed), overview.shows) == (40, 40, len(here.vocabulary))
    newest = overview.rounds[-1]
    assert (newest.round, newest.asked, newest.reports) == (
        "2026-W46",
        {"top_shows": 40},
        {"top_shows": 40, "volume": 0},
    )
    assert all(
        (one.round, one.question, one.has_answered) == ("2026-W46", "top_shows", True) for one in overview.listed
    )
    page = operator.get("/operator/").text
    assert overview.listed[0].name in page
    assert "example.org" not in page
    assert not list(here.site.root.rglob("operator*")), "never in the datasite"


def test_missing_answers_and_refused_files_are_distinguished(here: Aggregator) -> None:
    emails = sorted(path.name for path in here.site.datasites.iterdir() if path.name.startswith("person"))
    releases = [here.site.datasites / email / "app_data/netflix_trend/releases/2026-W46.json" for email in emails]
    releases[0].write_bytes(releases[0].read_bytes()[:-1])
    here.run(TODAY)
    overview = read_overview(here.own)
    assert overview is not None
    assert overview.rounds[-1].waiting + sum(overview.rounds[-1].refused.values()) == 1
    assert overview.rounds[-1].reports["top_shows"] == 39


@pytest.mark.parametrize("content", ["", "{", '{"schema_version": 2}'])
def test_an_invalid_overview_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / OVERVIEW).write_text(content)
    assert read_overview(tmp_path) is None


def test_the_prediction_expects_those_whose_turn_it_is(here: Aggregator) -> None:
    overview = read_overview(here.own)
    people = people_of(overview, Week.parse("2026-W50"))
    assert (people.asked, people.rate, people.participants) == (40, 1.0, 40)
    assert people_of(overview, Week.parse("2026-W47")).asked == 0
    assert people_of(None, Week.parse("2026-W47")).asked == 0
    forecast = predict(LocalPlan(), Week.parse("2026-W50"), 1439, people)
    assert [(one.name, one.answers) for one in forecast.questions] == [
        ("top_shows", 27),
        ("volume", 13),
        ("event_effect", 10),
    ]
    assert forecast.questions[-1].round == "2027-W01"
    half = predict(LocalPlan(), Week.parse("2026-W50"), 1439, People(asked=12, rate=0.5, participants=80))
    assert [one.answers for one in half.questions] == [4, 2, 10], "life events are asked of everybody once a quarter"
    # The first four weeks that begin in a quarter ask about life events: of W44 only one is left.
    last = predict(LocalPlan(), Week.parse("2026-W44"), 1439, People(asked=250, rate=1.0, participants=1000))
    assert [(one.answers, one.rounds, one.round) for one in last.questions][-1] == (62, 1, "2026-W44")
    first = predict(LocalPlan(), Week.parse("2026-W41"), 1439, People(asked=250, rate=1.0, participants=1000))
    assert [(one.answers, one.rounds) for one in first.questions][-1] == (250, 4)
    assert not forecast.above_limit
    assert predict(LocalPlan(odds=Fraction(55)), Week.parse("2026-W50"), 1439, people).above_limit


def test_without_recent_answers_none_are_expected(operator: FlaskClient, here: Aggregator) -> None:
    found = read_overview(here.own)
    assert found is not None
    silent = [one.model_copy(update={"asked": {"volume": 100}, "reports": {"volume": 0}}) for one in found.rounds]
    write_overview(here.own, found.model_copy(update={"rounds": tuple(silent), "participants": 400}))
    people = people_of(read_overview(here.own), Week.parse("2026-W47"))
    assert (people.asked, people.rate) == (100, 0.0)
    text = operator.get("/operator/survey").text
    assert "Nobody who was asked lately answered, so the forecast assumes no answers." in text
    assert "about 0 answers" in text


def test_more_answers_than_there_are_people_are_not_told_to_a_digit(operator: FlaskClient) -> None:
    page = operator.get("/operator/survey", query_string={**FIELDS, "odds": "other", "other_odds": "1.0001"}).text
    assert page.count("over a million") >= 3
    assert not re.search(r"\d{1,3}(,\d{3}){3}", page)


def test_the_token_is_long_enough_given_or_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "token"
    given.write_text(f"{TOKEN}\n")
    monkeypatch.setenv("OPERATOR_TOKEN_FILE", str(given))
    assert operator_token(load_settings()) == TOKEN
    given.write_text("short")
    with pytest.raises(SettingsError, match="fewer than 20"):
        operator_token(load_settings())
    monkeypatch.delenv("OPERATOR_TOKEN_FILE")
    assert operator_token(load_settings()) is None
    token = operator_token(load_settings(operator=True))
    assert token is not None
    assert token in capsys.readouterr().out
    assert operator_token(load_settings(operator=True)) != token
    assert TOKEN not in repr(load_settings(operator_token=TOKEN))


def test_every_reason_of_a_refusal_is_explained() -> None:
    operations = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    assert all(f"`{reason}`" in operations for reason in REASONS)


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (0.0, "practically never"),
        (0.03, "3 in 100 rounds"),
        (0.52, "5 in 10 rounds"),
        (0.97, "97 in 100 rounds"),
        (1.0, "practically always"),
    ],
)
def test_chances_are_told_in_words(chance: float, words: str) -> None:
    assert chance_in_words(chance) == words


def test_participants_are_listed_in_an_order_that_says_nothing_about_addresses(tmp_path: Path) -> None:
    (tmp_path / "datasites").mkdir()
    enrolment = Enrolment(Datasite(tmp_path / "datasites", "aggregator@example.org"), tmp_path / "own")
    for number in range(8):
        enrolment.enrol(person(number))
    names = [one.name for one in find_overview(enrolment, [], 50).listed]
    assert names == sorted(enrolment.pseudonym(person(number)) for number in range(8))
    assert names != [enrolment.pseudonym(person(number)) for number in range(8)]


def test_the_view_says_which_chart_is_here_and_what_waits_for_one(here: Aggregator, operator: FlaskClient) -> None:
    newest = Week.last_complete(TODAY)
    assert "None was given, so no round waits for one." in operator.get("/operator/").text
    for lost in (here.survey_path(newest), here.statistics.path(str(newest)), here.shared, here.site.public):
        shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    here.kept_charts.add(charts_of({newest - 1: [("Before", 9)]}))
    page = " ".join(operator.get("/operator/").text.split())
    assert f"The newest chart: <bdi>Netflix Top 10, global</bdi>, week {newest - 1}, 1 series." in page
    assert f"Round {newest} waits for the chart of its week until 19 November 2026" in page
    here.kept_charts.add(charts_of({newest: [("Now", 9)]}))
    here.ask(TODAY)
    page = " ".join(operator.get("/operator/").text.split())
    assert "No round waits for a chart." in page
    chart = f"(Netflix Top 10, global, week {newest})"
    assert f"{newest}: <bdi>50 shows. The first one comes from a public chart {chart} and not" in page
    assert f"{newest - 1}: <bdi>50 shows, without a public chart.</bdi>" in page


def test_the_view_opens_where_another_version_asked_a_round(here: Aggregator, operator: FlaskClient) -> None:
    newest = Week.last_complete(TODAY)
    path = here.own / "surveys" / f"{newest}.json"
    path.write_text(path.read_text().replace("subset_selection", "set_response"))
    said = "asked by another version, and not to be read by this one."
    assert f"{newest}: <bdi>{said}</bdi>" in operator.get("/operator/").text
