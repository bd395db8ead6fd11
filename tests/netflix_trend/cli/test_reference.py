"""One declaration of a setting: services, Compose, folders, .env.example and documents agree."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml

from netflix_trend import cli
from netflix_trend.catalogue.readers import STARTER_JSON
from netflix_trend.cli.reference import COMPOSE_FILES, Row, files, passed, rows, settings_page, with_settings
from netflix_trend.declaring import INSIDE
from netflix_trend.settings import Settings, load_settings
from tests.netflix_trend.cli.front_door import ROOT, as_it_was, place_in, run

SERVICES = ("scraper", "processor", "publisher", "dashboard", "aggregator", "helper")
# Attributes of Settings that are made of several settings.
TOGETHER = {
    "limits": ("limit_odds", "limit_reports_per_year", "limit_questions"),
    "is_trial": ("aggregator_datasite", "syftbox_email"),
    "records_dir": ("publisher_dir", "aggregator_datasite", "syftbox_email"),
    "zone": ("tz",),
}
# Read in functions that a service never calls: only the publisher publishes, only the processor takes exports (and both
# of them do on folders), and the aggregator asks for nobody's vocabulary.
PUBLISHING = {
    "publisher_dir",
    "join",
    "limit_odds",
    "limit_reports_per_year",
    "limit_questions",
    "aggregator_key",
    "helper_datasite",
    "helper_key",
    "limit_batch",
    "limit_modes",
    "limit_rho_per_year",
}
# The helper is the same image.
HELPING = {
    "aggregator_key",
    *("helper_dir", "helper_rho_per_round", "helper_rho_per_year", "helper_smallest_batch", "helper_enrolment"),
}
TAKING = {"netflix_profile", "activity_profiles", "date_order", "shortest_view_seconds"}
NOT_CALLED = {
    # Where a participant remembers what was refused.
    "aggregator": {"syftbox_email", "private_dir", "publisher_dir"} | HELPING,
    # It reads the ledger for what was forgotten.
    "processor": PUBLISHING - {"publisher_dir"},
    # The browser's files are seen on folders only.
    "publisher": TAKING | {"scraper_dir"},
    "dashboard": {"scraper_dir"},
}
# Chosen by ./run.sh itself, or different on folders on purpose.
FOLDERS = {"PRIVATE_DIR", "PUBLISHER_DIR", "SCRAPER_DIR", "OUTPUT_DIR", "DATASITES_DIR"}
# On folders only; containers have a volume.
VOLUMES = {"PRIVATE_DIR", "PUBLISHER_DIR", "SCRAPER_DIR", "AGGREGATOR_DIR", "HELPER_DIR"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The services of all Compose files, as written."""
    found: dict[str, Any] = {}
    for name in COMPOSE_FILES:
        found |= yaml.safe_load((ROOT / name).read_text())["services"]
    return found


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("netflix_trend", "services")


def read_by(service: str, imports: grimp.ImportGraph) -> set[str]:
    """The settings that the code of a service reads, and the library below it."""
    package = "services.aggregator.helper" if service == "helper" else f"services.{service}"
    modules = {package, *imports.find_descendants(package)}
    modules |= {above for module in list(modules) for above in imports.find_upstream_modules(module)}
    return {name for module in modules if module.startswith(("services", "netflix_trend")) for name in read_in(module)}


def read_in(module: str) -> set[str]:
    path = ROOT / f"{module.replace('.', '/')}.py"
    if not path.is_file():
        path = ROOT / module.replace(".", "/") / "__init__.py"
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            owner = node.value
            of = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            if of == "settings":
                found |= {name for name in TOGETHER.get(node.attr, (node.attr,)) if name in Settings.model_fields}
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_a_setting_that_a_service_reads_is_declared_for_it(service: str, imports: grimp.ImportGraph) -> None:
    declared = {row.name.lower() for row in rows() if service in row.services}
    read = read_by(service, imports)
    assert {"aggregator": "survey_odds", "scraper": "scrape_every", "helper": "helper_dir"}.get(
        service, "private_dir"
    ) in read, "it is looked at"
    assert read - declared == NOT_CALLED.get(service, set())


@pytest.mark.parametrize("service", SERVICES)
def test_compose_passes_every_setting_that_a_service_reads_with_its_default(
    service: str, compose: dict[str, Any]
) -> None:
    environment = {name: str(value) for name, value in compose[service]["environment"].items()}
    found = {
        name: match[2] for name, text in environment.items() if (match := re.fullmatch(r"\$\{(\w+):-(.*)\}", text))
    }
    assert {name: found.get(name) for name in passed(service)} == passed(service)
    text = yaml.dump(compose[service])
    for row in rows():
        if service in row.services and row.is_mounted and row.section != INSIDE and row.name not in VOLUMES:
            assert f"${{{row.name}" in text, row.name


# Without a helper or a state, an existing folder is mounted at a path that nothing reads. Images always have a name.
ELSEWHERE = {
    ("IMAGE", "netflix-trend"),
    *(("HELPER_DATASITE", "${AGGREGATOR_DATASITE:-aggregator@example.org}"), ("HELPER_DATASITE", ".none")),
    *(("SYFTBOX_STATE", "${AGGREGATOR_DATASITE:-aggregator@example.org}"), ("SYFTBOX_STATE", ".no_state")),
}


def test_compose_names_no_variable_that_is_not_declared() -> None:
    known = {row.name for row in rows()} | {"SYFTBOX_ASSIGNED_PORT"}  # SyftBox sets that one
    for name in COMPOSE_FILES:
        for variable, default in re.findall(
            r"\$\{(\w+)(?::[-+]((?:[^{}]|\$\{[^}]*\})*))?\}", (ROOT / name).read_text()
        ):
            assert variable in known, variable
            row = next((row for row in rows() if row.name == variable), None)
            is_special = variable in ("CATALOGUE", "OPERATOR_TOKEN_FILE", "SYFTBOX_ASSIGNED_PORT")
            is_special |= (variable, default) in ELSEWHERE
            assert is_special or row is None or default == row.default, variable


def another(row: Row) -> str:
    """A valid value that is not the default."""
    choices = Settings.model_fields[row.name.lower()].annotation
    if "Literal" in str(choices):
        found = re.findall(r"'(\w+)'", str(choices))
        return str(next(one for one in found if one != row.default))
    special = {
        "AGGREGATOR_DATASITE": "b@example.net",
        "SYFTBOX_EMAIL": "a@example.net",
        "HELPER_DATASITE": "c@example.net",
        "AGGREGATOR_KEY": "a" * 64,
        "HELPER_KEY": "b" * 64,
        "LIMIT_MODES": "one",
        "LIMIT_QUESTIONS": "volume",
        "TZ": "Asia/Tokyo",
        "CATALOGUE_SINCE": "2001",
        "NETFLIX_PROFILE_GUID": "ABC",
        "CHART_COUNTRY": "DE",
        "CHART_URL": "https://example.org/all-weeks-global.tsv",
        "FRAME_ORIGIN": "http://localhost:8080",
        "NOTICE_URL": "https://example.org/check",
        "NOTICE_TOPIC": "https://example.org/topic",
        "PROCESSES": "3",
    }
    if row.name in special:
        return special[row.name]
    if row.default in ("true", "false"):
        return "true"
    if re.fullmatch(r"\d+\.\d+", row.default):
        return "0.25"
    return str(int(row.default) + 1) if row.default.isdigit() else "other"


OF_SERVICES = [row for row in rows() if row.services and row.section != INSIDE]


@pytest.mark.parametrize("row", OF_SERVICES, ids=lambda row: row.name)
def test_folders_obey_every_setting_of_env(row: Row, clone: Path, path: Path) -> None:
    value = another(row)
    (clone / ".env").write_text(f"{row.name}='{value}'\n")
    machine = place_in(clone, path).machine
    with as_it_was():
        for name in [name for name in os.environ if name.lower() in Settings.model_fields]:
            del os.environ[name]
        os.environ.update(machine.folder_environment())
        settings = load_settings()
        os.environ[row.name] = str(clone / value) if row.name in FOLDERS else value
        assert settings == load_settings()
    default = Settings.model_fields[row.name.lower()].default
    assert getattr(settings, row.name.lower()) != default, "the value is another one"


def test_folders_have_the_defaults_of_the_settings(clone: Path, path: Path) -> None:
    found = place_in(clone, path).machine.folder_environment()
    assert set(found) == FOLDERS | {"DASHBOARD_PORT"}
    declared = {row.name: row.default for row in rows()}
    assert found.pop("DASHBOARD_PORT") == declared["DASHBOARD_PORT"]
    assert found == {name: str(clone / declared[name]) for name in FOLDERS}


def test_the_command_has_the_defaults_of_the_host_s_settings(clone: Path, path: Path) -> None:
    machine = place_in(clone, path).machine
    declared = {row.name: row.default for row in rows()}
    for name in ("SECRETS_DIR", "SYFTBOX_TOKEN_DIR"):
        assert machine.folder(name) == clone / declared[name]
    assert machine.email == declared["SYFTBOX_EMAIL"]


def test_generated_documents_are_up_to_date() -> None:
    stale = [path.relative_to(ROOT) for path, text in files(ROOT, cli.cli).items() if path.read_text("utf-8") != text]
    assert not stale, "run ./run.sh docs"


def test_docs_writes_outdated_files_and_check_only_lists_them(tmp_path: Path, path: Path) -> None:
    for name in COMPOSE_FILES:
        (tmp_path / name).write_text((ROOT / name).read_text().replace("LIMIT_ODDS: ${LIMIT_ODDS:-8}", ""))
    (tmp_path / "docs").mkdir()
    starter = tmp_path / STARTER_JSON.relative_to(ROOT)
    starter.parent.mkdir(parents=True)
    checked = run(tmp_path, path, "docs", "--check")
    assert checked.returncode == 1
    assert "docker-compose.yml is out of date" in checked.stdout
    assert not (tmp_path / ".env.example").exists()
    assert run(tmp_path, path, "docs").returncode == 0
    assert (tmp_path / "docker-compose.yml").read_text() == (ROOT / "docker-compose.yml").read_text()
    assert (tmp_path / "docs" / "settings.md").read_text() == settings_page()
    assert starter.read_text("utf-8") == STARTER_JSON.read_text("utf-8")
    assert run(tmp_path, path, "docs", "--check").returncode == 0


def test_every_name_in_the_example_is_declared() -> None:
    names = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(names) == sorted(row.name for row in rows() if row.section != INSIDE)


def test_a_file_without_settings_stays_as_it_is() -> None:
    assert with_settings("services: {}\n") == "services: {}\n"


def test_every_setting_is_in_the_documents_with_its_meaning() -> None:
    page = settings_page()
    for row in rows():
        assert f"| `{row.name}` |" in page
        assert row.description in page
        assert row.description.endswith(".")


def test_every_verb_is_in_the_documents() -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    for name, command in cli.cli.commands.items():
        assert (f"\n## {name}\n" in page) is not command.hidden
