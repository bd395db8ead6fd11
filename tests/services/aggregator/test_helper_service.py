"""The helper as its operator meets it: settings, commands and the page."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from netflix_trend.operators.helper import HelperLimits
from netflix_trend.operators.identity import Identity
from netflix_trend.privacy.zcdp import epsilon_of_gaussian
from netflix_trend.settings import Settings, SettingsError, load_settings
from services.aggregator.__main__ import build_aggregator, main, run
from services.aggregator.helper.service import HelperService
from services.aggregator.helper.web import create_app
from services.aggregator.sums.leading import SumAggregator
from tests.services.aggregator.test_sums import AGGREGATOR, EARLY, HELPER, MONDAY, WEEK, World

ORIGIN = "http://127.0.0.1:8652"


def settings_of(world: World) -> Settings:
    key = world.aggregator.identity.fingerprint.hex
    return load_settings(
        role="helper",
        aggregator_datasite=AGGREGATOR,
        aggregator_key=key,
        helper_datasite=HELPER,
        helper_dir=world.root / "helper",
        datasites_dir=world.root / "datasites",
    )


def page(world: World, *, is_alive: bool = True) -> str:
    client = create_app(settings_of(world), lambda: is_alive).test_client()
    return " ".join(client.get("/", base_url=ORIGIN).text.split())


def test_the_page_tells_keys_rounds_and_the_year(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert "not finished its first run" in page(world)
    world.operate(MONDAY)
    assert "reports are collected, until 20 November 2026 and 18 December 2026" in page(world)
    world.report(range(6), MONDAY)
    world.operate(EARLY)
    text = page(world)
    for key in (world.aggregator.identity.fingerprint, world.helper.helper.identity.fingerprint):
        assert key.words in text
        assert key.hex in text
    used, limit = epsilon_of_gaussian(0.1079), epsilon_of_gaussian(5.62)
    assert f"rho 0.11 of 5.62 is used, that is epsilon {used:.1f} of {limit:.1f}" in text
    assert "the early sums are published" in text
    assert 'role="alert"' not in text
    assert "does not run" in page(world, is_alive=False)


def test_the_page_says_why_a_round_was_refused(tmp_path: Path) -> None:
    world = World(tmp_path, helper=HelperLimits(Fraction(108, 1000), 50))
    world.operate(MONDAY)
    assert "given up: it allows sums of fewer people than this helper does" in page(world)


def test_what_another_operator_wrote_is_shown_as_text(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    path = world.root / "helper" / "operators.json"
    state = json.loads(path.read_text())
    state["rounds"][0]["problem"] = "<script>alert(1)</script>"
    path.write_text(json.dumps(state))
    assert "&lt;script&gt;" in page(world)
    path.write_text("{}")
    assert "not finished its first run" in page(world)


def test_only_a_browser_on_this_machine_sees_the_page(tmp_path: Path) -> None:
    world = World(tmp_path)
    client = create_app(settings_of(world), lambda: True).test_client()
    for address in ("/", "/healthz"):
        assert client.get(address, base_url="http://evil.example").status_code == 421
    assert client.get("/healthz", base_url=ORIGIN).json == {"ok": True, "error": None, "damaged": []}
    assert client.get("/elsewhere", base_url=ORIGIN).status_code == 404
    answer = client.get("/", base_url=ORIGIN, headers={"Sec-Fetch-Dest": "iframe"})
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    stopped = create_app(settings_of(world), lambda: False).test_client().get("/healthz", base_url=ORIGIN)
    assert stopped.status_code == 503


def command(monkeypatch: pytest.MonkeyPatch, world: World, *words: str, **changes: str) -> int:
    settings = settings_of(world)
    values = {name: str(getattr(settings, name)) for name in settings.model_fields_set} | changes
    for name, value in values.items():
        monkeypatch.setenv(name.upper(), value)
    return main(list(words))


def test_commands_of_the_same_image_with_role_helper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path)
    assert command(monkeypatch, world, "key") == 0
    key = world.helper.helper.identity.fingerprint
    said = capsys.readouterr().out
    assert key.words in said
    assert f"HELPER_KEY={key.hex}" in said
    assert command(monkeypatch, world, "status") == 0
    assert "has not run yet" in capsys.readouterr().out
    world.operate(MONDAY)
    assert command(monkeypatch, world, "once") == 0
    capsys.readouterr()
    assert command(monkeypatch, world, "status") == 0
    assert f"{WEEK}: open, counted 0, refused none" in capsys.readouterr().out
    assert command(monkeypatch, world, "enrol", "ann@example.org") == 0
    assert "1 on the list" in capsys.readouterr().out
    assert world.helper.enrolment.listed() == {"ann@example.org": True}


def test_the_helpers_own_list_is_obeyed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.helper.automatic = False
    for number in range(5):
        world.helper.enrolment.enrol(f"person{number}@example.org")
    world.operate(MONDAY)
    world.report(range(7), MONDAY)
    world.operate(EARLY)
    statistics = world.statistics()
    assert statistics is not None
    assert statistics.reports == 5


@pytest.mark.parametrize("missing", ["helper_datasite", "aggregator_key"])
def test_a_helper_without_names_says_what_to_ask_for(tmp_path: Path, missing: str) -> None:
    settings = settings_of(World(tmp_path)).model_copy(update={missing: ""})
    with pytest.raises(SettingsError, match=r"AGGREGATOR_KEY: ask the aggregator's operator"):
        HelperService.of(settings)


def test_one_datasite_is_not_two_operators(tmp_path: Path) -> None:
    settings = settings_of(World(tmp_path)).model_copy(update={"helper_datasite": AGGREGATOR})
    with pytest.raises(SettingsError, match="one of its own"):
        HelperService.of(settings)


@pytest.mark.parametrize("changes", [{"helper_key": ""}, {"helper_datasite": ""}, {"helper_datasite": AGGREGATOR}])
def test_an_aggregator_of_two_operators_needs_a_helper(tmp_path: Path, changes: dict[str, str]) -> None:
    names = {"helper_datasite": HELPER, "helper_key": "a" * 64, **changes}
    settings = load_settings(survey_mode="two", aggregator_datasite=AGGREGATOR, aggregator_dir=tmp_path, **names)
    with pytest.raises(SettingsError, match="HELPER_DATASITE"):
        build_aggregator(settings)


def test_the_settings_make_the_aggregator(tmp_path: Path) -> None:
    mine = Identity.load_or_create(tmp_path / "key").fingerprint
    settings = load_settings(
        survey_mode="two",
        survey_preset="x3",
        smallest_batch=30,
        helper_datasite=HELPER,
        helper_key=mine.hex,
        aggregator_dir=tmp_path,
    )
    found = build_aggregator(settings)
    assert isinstance(found, SumAggregator)
    assert found.helper is not None
    assert (found.helper.pinned, found.preset, found.smallest_batch) == ((HELPER, mine), "x3", 30)
    alone = build_aggregator(settings.model_copy(update={"survey_mode": "one"}))
    assert isinstance(alone, SumAggregator)
    assert alone.helper is None


def test_a_damaged_key_is_no_reason_for_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path)
    (tmp_path / "helper" / "identity.key").write_bytes(b"short")
    assert command(monkeypatch, world, "key") == 1
    assert "restore it from a backup" in capsys.readouterr().err
    assert (tmp_path / "helper" / "identity.key").read_bytes() == b"short"


def test_wrong_settings_end_either_operator_with_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGGREGATOR_DIR", str(tmp_path))
    monkeypatch.setenv("SURVEY_MODE", "two")
    assert run(["once"]) == 1
    assert "ask the helper's operator for both" in capsys.readouterr().err
    monkeypatch.setenv("ROLE", "helper")
    assert run(["once"]) == 1
    assert "A helper needs HELPER_DATASITE" in capsys.readouterr().err
    monkeypatch.setenv("HELPER_KEY", "short")
    assert run(["once"]) == 1
    assert capsys.readouterr().err.startswith("HELPER_KEY: ")
