"""Settings: where values come from, what is refused, and that a refusal names the variable."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import ValidationError

from netflix_trend.names import DATASITE_NAME, EXAMPLE_AGGREGATOR
from netflix_trend.settings import Settings, SettingsError, load_settings
from netflix_trend.survey.sum_survey import PRESETS


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {f"{name}{suffix}" for name in Settings.model_fields for suffix in ("", "_file")}
    for variable in list(os.environ):
        if variable.lower() in names:
            monkeypatch.delenv(variable)


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_says_what_it_is_for(name: str) -> None:
    description = Settings.model_fields[name].description or ""
    assert len(description) > 10
    assert description.endswith(".")


def test_every_setting_has_a_default() -> None:
    settings = load_settings()
    assert settings.aggregator_datasite == EXAMPLE_AGGREGATOR
    assert settings.syftbox_email == "me@example.org"
    assert settings.web_host == "127.0.0.1"
    assert settings.date_order is None


def test_a_value_comes_from_the_variable_of_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PORT", "6380")
    monkeypatch.setenv("PRIVATE_DIR", "/elsewhere")
    monkeypatch.setenv("DATE_ORDER", "dmy")
    settings = load_settings()
    assert (settings.redis_port, settings.private_dir, settings.date_order) == (6380, Path("/elsewhere"), "dmy")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DATE_ORDER", "REDIS_PORT", "AGGREGATOR_DATASITE", "LIMIT_ODDS", "LIMIT_QUESTIONS", "CATALOGUE"):
        monkeypatch.setenv(variable, "")
    assert load_settings() == Settings()
    assert load_settings().redis_port == 6379


def test_variables_of_others_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETFLIX_TREND_UNKNOWN", "1")
    assert load_settings() == Settings()


def test_an_argument_takes_precedence_over_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PORT", "6380")
    assert load_settings(redis_port=1234).redis_port == 1234


def test_a_value_comes_from_the_file_that_a_variable_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("  correct horse\n", "utf-8")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "password"))
    assert load_settings().redis_password == "correct horse"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("redis_port", "6380\n", 6380),
        ("limit_odds", "5/2\n", Fraction(5, 2)),
        ("limit_questions", "volume\n", frozenset({"volume"})),
        ("syftbox_email", "Me@Example.org\n", "me@example.org"),
        ("private_dir", "/elsewhere\n", Path("/elsewhere")),
    ],
)
def test_any_setting_may_be_given_as_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, text: str, value: object
) -> None:
    (tmp_path / "value").write_text(text, "utf-8")
    monkeypatch.setenv(f"{name.upper()}_FILE", str(tmp_path / "value"))
    assert getattr(load_settings(), name) == value


def test_a_variable_takes_precedence_over_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("6380", "utf-8")
    monkeypatch.setenv("REDIS_PORT_FILE", str(tmp_path / "port"))
    monkeypatch.setenv("REDIS_PORT", "6381")
    assert load_settings().redis_port == 6381


@pytest.mark.parametrize("variable", ["REDIS_PORT", "redis_port", "Redis_Port"])
def test_the_case_of_a_variable_says_nothing(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "6380")
    assert load_settings().redis_port == 6380


def test_an_empty_variable_leaves_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("6380", "utf-8")
    monkeypatch.setenv("REDIS_PORT_FILE", str(tmp_path / "port"))
    monkeypatch.setenv("REDIS_PORT", "")
    assert load_settings().redis_port == 6380


def test_nothing_in_an_argument_is_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATE_ORDER", "dmy")
    assert load_settings(date_order=None).date_order is None


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_file_that_cannot_be_read_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    path = tmp_path if kind == "folder" else tmp_path / "missing"
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(path))
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"REDIS_PASSWORD_FILE={path}: cannot be read")


def test_a_bad_value_in_a_file_is_named_like_one_in_a_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("many", "utf-8")
    monkeypatch.setenv("REDIS_PORT_FILE", str(tmp_path / "port"))
    with pytest.raises(SettingsError, match=r"^REDIS_PORT: "):
        load_settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SYFTBOX_EMAIL", "me"),
        ("SYFTBOX_EMAIL", "me@localhost"),
        ("SYFTBOX_EMAIL", "mé@example.org"),
        ("SYFTBOX_EMAIL", "me@example.org/../you@example.org"),
        ("SYFTBOX_EMAIL", "../me@example.org"),
        ("AGGREGATOR_DATASITE", "*"),
        ("AGGREGATOR_DATASITE", "a@example.org b@example.org"),
        ("NETFLIX_PROFILE", "../x"),
        ("NETFLIX_PROFILE", "a/b"),
        ("NETFLIX_PROFILE", ".hidden"),
        ("NETFLIX_PROFILE", ".."),
        ("NETFLIX_PROFILE", "x" * 61),
        ("NETFLIX_PROFILE", "me\n"),
        ("DATE_ORDER", "ydm"),
        ("REDIS_PORT", "0"),
        ("REDIS_PORT", "65536"),
        ("REDIS_PORT", "many"),
        ("WEB_PORT", "-1"),
        ("SURVEY_SHOWS", "0"),
        ("SURVEY_SHOWS", "1"),
        ("SURVEY_SHOWS", "3001"),
        ("SURVEY_SHOWS", "-1"),
        ("LIMIT_ODDS", "abc"),
        ("LIMIT_ODDS", "1/2"),
        ("LIMIT_ODDS", "0"),
        ("LIMIT_ODDS", "-8"),
        ("LIMIT_ODDS", "nan"),
        ("LIMIT_REPORTS_PER_YEAR", "-1"),
        ("LIMIT_REPORTS_PER_YEAR", "54"),
        ("LIMIT_REPORTS_PER_YEAR", "1.5"),
        ("POLL_SECONDS", "0"),
        ("POLL_SECONDS", "3601"),
        ("POLL_SECONDS", "nan"),
        ("SURVEY_MODE", "three"),
        ("SURVEY_PRESET", "x4"),
        ("SMALLEST_BATCH", "1"),
        ("ROLE", "leader"),
        ("HELPER_DATASITE", "helper"),
        ("HELPER_KEY", "f" * 63),
        ("AGGREGATOR_KEY", "g" * 64),
        ("LIMIT_MODES", "local,three"),
        ("LIMIT_RHO_PER_YEAR", "0"),
        ("LIMIT_RHO_PER_YEAR", "nan"),
        ("LIMIT_BATCH", "1"),
        ("HELPER_RHO_PER_ROUND", "Infinity"),
        ("HELPER_SMALLEST_BATCH", "many"),
        ("CHART_COUNTRY", "Germany"),
        ("CHART_DAYS", "0"),
        ("CHART_DAYS", "7"),
        ("CHART_URL", "ftp://example.org"),
        ("FRAME_ORIGIN", "*"),
        ("FRAME_ORIGIN", "'self'"),
        ("FRAME_ORIGIN", "localhost:8080"),
        ("FRAME_ORIGIN", "http://*:8080"),
        ("FRAME_ORIGIN", "https://localhost:8080"),
        ("FRAME_ORIGIN", "http://localhost:8080/app"),
        ("FRAME_ORIGIN", "http://localhost:0"),
        ("FRAME_ORIGIN", "http://localhost:65536"),
        ("FRAME_ORIGIN", "http://localhost:80 http://evil.example"),
        ("FRAME_ORIGIN", "http://localhost; script-src *"),
        ("FRAME_ORIGIN", "http://evil.example"),
        ("FRAME_ORIGIN", "http://localhost.evil.example"),
        ("FRAME_ORIGIN", "http://a@localhost:80"),
        ("FRAME_ORIGIN", "http://192.168.0.7:8080"),
        ("FRAME_ORIGIN", "null"),
    ],
)
def test_a_bad_value_is_refused_with_the_variable_and_what_it_is_for(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    message = str(caught.value)
    assert message.startswith(f"{variable}: ")
    assert message.endswith(str(Settings.model_fields[variable.lower()].description))
    assert "\n" not in message


@pytest.mark.parametrize("value", ["http://localhost:8080", " HTTP://LocalHost:8080/ ", "http://127.0.0.1", ""])
def test_one_origin_of_this_machine_may_show_the_page_in_a_frame(value: str) -> None:
    assert load_settings(frame_origin=value).frame_origin == value.strip().lower().removesuffix("/")


def test_a_list_of_all_shows_is_refused_with_what_to_do() -> None:
    with pytest.raises(SettingsError, match=r"SURVEY_SHOWS: .*length of a list.*such as 50.*not asked about any more"):
        load_settings(survey_shows=0)


def test_only_lists_that_operators_sum_may_have_more_than_250_shows() -> None:
    assert load_settings(survey_shows=250).survey_shows == 250
    assert load_settings(survey_shows=3000, survey_mode="two").survey_shows == 3000
    with pytest.raises(SettingsError, match=r"SURVEY_SHOWS is 251; .* local a list has at most 250 shows"):
        load_settings(survey_shows=251)


def test_all_bad_values_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(redis_port=0, web_port=0, limit_odds="abc")
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["REDIS_PORT", "LIMIT_ODDS", "WEB_PORT"]


def test_an_address_is_lower_case_and_without_blanks_at_its_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYFTBOX_EMAIL", " Me+Trend@Example.ORG ")
    assert load_settings().syftbox_email == "me+trend@example.org"


@pytest.mark.parametrize("profile", ["me", "Zoë", "O'Neil Jr.", "Kids 2", "지수", "a" * 60])
def test_profiles_may_have_the_names_people_have(profile: str) -> None:
    assert load_settings(netflix_profile=profile).netflix_profile == profile


def test_the_limits_are_those_that_were_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMIT_ODDS", "5/2")
    monkeypatch.setenv("LIMIT_REPORTS_PER_YEAR", "0")
    monkeypatch.setenv("LIMIT_QUESTIONS", " volume ,, ")
    limits = load_settings().limits
    assert limits.odds == Fraction(5, 2)
    assert limits.reports_per_year == 0
    assert limits.questions == {"volume"}


def test_the_limits_are_narrow_unless_they_are_set() -> None:
    limits = load_settings().limits
    assert (limits.odds, limits.reports_per_year) == (Fraction(8), 13)
    assert limits.questions == {"top_shows", "volume", "weekday", "habits", "event_effect", "together"}


def test_decimal_odds_are_exact() -> None:
    assert load_settings(limit_odds="2.1").limits.odds == Fraction(21, 10)


def test_an_operators_key_is_64_digits_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELPER_KEY", f" {'aB' * 32}\n")
    settings = load_settings(aggregator_key=" ", helper_datasite="")
    assert (settings.helper_key, settings.aggregator_key, settings.helper_datasite) == ("ab" * 32, "", "")


def test_modes_and_yearly_losses_are_exact() -> None:
    settings = load_settings(limit_modes=" one ,", limit_rho_per_year="0.1")
    assert settings.limit_modes == {"one"}
    assert Fraction(settings.limit_rho_per_year) == Fraction(1, 10)
    assert load_settings().limit_modes == {"local", "two"}


def test_a_year_of_the_strictest_allowed_preset_fits_the_limits() -> None:
    rho = PRESETS["x8"][0]
    settings = load_settings()
    assert 52 * rho <= Fraction(settings.limit_rho_per_year)
    assert rho <= Fraction(settings.helper_rho_per_round)
    assert 52 * rho <= Fraction(settings.helper_rho_per_year)


def test_an_empty_list_of_questions_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMIT_QUESTIONS", ",")
    assert load_settings().limits.questions == frozenset()


def test_the_password_is_not_shown_with_the_settings() -> None:
    settings = load_settings(redis_password="correct horse")
    assert "correct horse" not in repr(settings)
    assert "correct horse" not in str(settings)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().redis_port = 1  # type: ignore[misc]


@pytest.mark.parametrize("name", ["me@example.org", "a.b_c+d-e@mail.example.co", "1@2.de"])
def test_an_address_that_is_a_folder_name_is_a_datasite(name: str) -> None:
    assert DATASITE_NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "me",
        "@example.org",
        "me@",
        "me@org",
        ".me@example.org",
        "-me@example.org",
        "Me@example.org",
        "me@.org",
        "me@example.org\n",
        "me@exa/mple.org",
        "me@example.o1g",
        "m\u0131@example.org",
        "me @example.org",
        "a@b@c.org",
    ],
)
def test_any_other_name_is_not_a_datasite(name: str) -> None:
    assert not DATASITE_NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+3"])
def test_a_time_zone_is_known_by_its_name(name: str) -> None:
    assert str(load_settings(tz=name).zone) == name


# What the system understands and a list of zones does not: the system's own clock obeys it.
@pytest.mark.parametrize("name", ["", ":/etc/localtime", "/etc/localtime", "CET-1CEST,M3.5.0,M10.5.0/3"])
def test_another_way_of_naming_a_zone_leaves_it_to_the_machine(name: str) -> None:
    assert load_settings(tz=name).zone is None


@pytest.mark.parametrize("name", ["Europe/Berln", "Europe", "../etc/passwd", "Europe/Berlin\0"])
def test_a_zone_that_does_not_exist_is_refused_by_name(name: str) -> None:
    with pytest.raises(SettingsError, match=r"TZ: .*Europe/Berlin"):
        load_settings(tz=name)


def test_netflix_profiles_may_hold_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIVITY_PROFILES", "Kids, room; Anna;")
    assert load_settings().activity_profiles == ("Kids, room", "Anna")


@pytest.mark.parametrize(
    "name", ["private_dir", "publisher_dir", "aggregator_dir", "helper_dir", "output_dir", "scraper_dir"]
)
def test_no_folder_with_personal_data_may_lie_where_syftbox_uploads_it(tmp_path: Path, name: str) -> None:
    datasites = tmp_path / "SyftBox" / "datasites"
    with pytest.raises(SettingsError, match=f"{name.upper()} lies below a folder of datasites"):
        load_settings(datasites_dir=datasites, **{name: datasites / "me@example.org" / "private"})


def test_rounds_that_close_in_minutes_are_refused_outside_of_the_demo_network() -> None:
    assert load_settings(demo_round_seconds=75, aggregator_datasite="trend@example.net").demo_round_seconds == 75
    for address in ("aggregator@example.org", "me@notexample.net", "me@example.net.evil.com"):
        with pytest.raises(SettingsError, match=r"DEMO_ROUND_SECONDS is for \./run\.sh demo --network"):
            load_settings(demo_round_seconds=75, aggregator_datasite=address)


def test_a_trial_has_a_ledger_of_its_own() -> None:
    """Else the rounds of a trial would be refused to the real aggregator."""
    trial = Settings(publisher_dir=Path("/p"))
    assert trial.is_trial
    assert trial.records_dir == Path("/p/trial")
    real = Settings(publisher_dir=Path("/p"), syftbox_email="ann@example.net", aggregator_datasite="trend@example.net")
    assert real.records_dir == Path("/p")


@pytest.mark.parametrize("mark", [".metadata.json", ".data/", "datasites/SYFT_version.json"])
def test_a_trial_never_works_in_syftbox_s_own_folder(tmp_path: Path, mark: str) -> None:
    datasites = tmp_path / "datasites"
    datasites.mkdir()
    assert load_settings(datasites_dir=datasites).is_trial
    (tmp_path / mark).mkdir() if mark.endswith("/") else (tmp_path / mark).touch()
    with pytest.raises(SettingsError, match="SYFTBOX_EMAIL is still the example"):
        load_settings(datasites_dir=datasites)
    load_settings(datasites_dir=datasites, syftbox_email="ann@example.net")
