"""The repository keeps its own rules."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from netflix_trend import __version__
from tests.conftest import REPEATING, SLOW, WAITING, is_in

ROOT = Path(__file__).parents[1]
TRACKED = [
    ROOT / name
    for name in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    if name and (ROOT / name).is_file()
]
SOURCES = [path for path in TRACKED if path.suffix == ".py" and "tests" not in path.parts]
# They tell kinds of problems apart, or say all of them.
READERS_OF_PROBLEMS = (
    *("delivery/inbox.py", "participant/life_events.py", "published/introduction.py", "settings.py"),
    *("survey/release.py", "runtime/choose.py", "aggregator/survey_plan.py"),
)
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def pins(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9._-]+==[^ ;\\]+)", lock.read_text(), re.MULTILINE))


def test_the_names_of_the_first_version_are_in_the_example_and_no_secret_is() -> None:
    example = (ROOT / ".env.example").read_text()
    for name in ("OUTPUT_DIR", "NETFLIX_EMAIL", "NETFLIX_PROFILE", "AGGREGATOR_DATASITE"):
        assert re.search(rf"^{name}=", example, re.MULTILINE)
    assert "PASSWORD" not in example


@pytest.mark.parametrize("lock", LOCKS, ids=[lock.stem for lock in LOCKS])
def test_locks_have_hashes_agree_and_name_no_host(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in block, block[:60]
    if lock.stem not in ("syftbox", "pysyft"):  # environments of their own, which our code never runs in
        assert pins(lock) <= pins(ROOT / "requirements" / "dev.txt"), "all images have the versions that are tested"


def test_no_file_names_a_registry_or_a_path_of_a_developer() -> None:
    hosts = re.compile(r"https?://(?:registry\.|[^ \"']*/simple\b|files\.pythonhosted|pypi\.)")
    homes = re.compile(r"(?:^|[\s\"'=(])/(?:work|home/(?!me\b)\w+|Users)/", re.MULTILINE)
    for path in TRACKED:
        if path.suffix in (".csv", ".npy") or path.name == "test_repository.py":
            continue
        text = path.read_text("utf-8", errors="replace")
        assert not hosts.search(text), path
        assert not homes.search(text), path


def test_nothing_is_unpickled_and_no_global_generator_is_used() -> None:
    forbidden = re.compile(r"allow_pickle=True|\bpickle\b.*load|np\.random\.(?:normal|laplace|seed|randint)\(")
    for path in SOURCES:
        assert not forbidden.search(path.read_text()), path


def test_protective_code_takes_randomness_from_one_place() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        # What is in bench protects nobody and has to be repeatable.
        if path.relative_to(ROOT).parts[0] != "bench"
        and re.search(r"^(?:import|from) (?:random|secrets)\b", path.read_text(), re.MULTILINE)
    }
    invented = {f"netflix_trend/simulation/{name}.py" for name in ("population", "histories")}
    assert users == {"netflix_trend/privacy/randomness.py", *invented}


@pytest.mark.parametrize(
    ("pattern", "places"),
    [
        (r"duckdb\.connect\(", {"history/database.py", "history/opened.py"}),
        (r"csv\.writer\(", {"history/csv_table.py", "simulation/histories.py"}),
        (r"""open\(["']xb?["']|O_EXCL""", {"storage/files.py", "backup/archive.py"}),
        (r"\.errors\(include_url", {"causes.py", *READERS_OF_PROBLEMS}),
    ],
    ids=["tables are opened", "cells are written", "new files are made", "words of models are read"],
)
def test_what_is_easy_to_get_wrong_is_done_in_one_place(pattern: str, places: set[str]) -> None:
    found = {
        path.relative_to(ROOT / path.relative_to(ROOT).parts[0]).as_posix()
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] in ("netflix_trend", "services") and re.search(pattern, path.read_text())
    }
    assert found == places


def test_modules_stay_small() -> None:
    assert max(len(path.read_text().splitlines()) for path in SOURCES) <= 500


SCRIPTS = [path.relative_to(ROOT).as_posix() for path in TRACKED if path.suffix == ".sh"]


@pytest.mark.parametrize("script", [*SCRIPTS, ".ci/run"])
def test_scripts_stop_at_the_first_error(script: str) -> None:
    text = (ROOT / script).read_text()
    assert re.search(r"^set -eu", text, re.MULTILINE)
    shell = "bash" if "bash" in text.splitlines()[0] else "sh"
    subprocess.run([shell, "-n", str(ROOT / script)], check=True)


@pytest.mark.parametrize("script", ["run.sh", ".ci/run"])
def test_entry_scripts_are_executable(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)


DOCUMENTS = [path for path in TRACKED if path.suffix == ".md" and "vendor" not in path.parts]
# Files in which comments, messages and prose cite documents.
CITING = [
    path
    for path in TRACKED
    if (
        path.suffix in (".py", ".md", ".sh", ".yml", ".html", ".toml", ".js", ".css", "") or path.name == ".env.example"
    )
    and "vendor" not in path.parts
    and path.name not in ("test_repository.py", "LICENSE", "mkdocs.yml")  # mkdocs checks its own
]
CITATION = re.compile(r"(?<![\w/.*-])([\w./-]*\w\.md)\b(?:#([\w-]+))?")


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as mkdocs and GitHub make them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def broken_citations(path: Path, text: str) -> list[str]:
    """Return what `text`, the content of `path`, cites and a reader of the repository cannot open."""
    text, broken = re.sub(r'(?:"docs"|DOCS) / "', '"docs/', text), []
    for name, anchor in CITATION.findall(text):
        found = [folder / name for folder in (path.parent, ROOT) if (folder / name).is_file()]
        if not found or (anchor and anchor not in anchors(found[0])):
            broken.append(f"{name}#{anchor}" if anchor else name)
    broken += re.findall(r"\.md`?\)?,? (?:section|fact|finding|rule) \w+|\.md`?,? \d+(?:\.\d+)*", text)
    broken += re.findall(r"\b(?:the|design|privacy)\s+study\b(?!\w)", text, re.IGNORECASE)
    for number in re.findall(r"\bdecisions? (\d{4})\b", text):
        if not list((ROOT / "docs" / "decisions").glob(f"{number}-*.md")):
            broken.append(f"decision {number}")
    return broken


def test_everything_that_is_cited_can_be_opened() -> None:
    found = {path.relative_to(ROOT).as_posix(): broken_citations(path, path.read_text()) for path in CITING}
    assert {name: broken for name, broken in found.items() if broken} == {}


@pytest.mark.parametrize(
    "text",
    [
        "see nowhere.md",
        "(privacy.md, section 6)",
        "(docs/privacy.md, 4.1)",
        "(docs/privacy.md#no-such-heading)",
        "(decision 9999)",
        "as in the design study",
        "which the study proposed",
        "[statistics](method/nowhere.md)",
    ],
)
def test_a_citation_that_leads_nowhere_is_noticed(text: str) -> None:
    assert broken_citations(ROOT / "docs" / "some.md", text) != []


def test_links_between_documents_lead_somewhere() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            assert "://" in target or (path.parent / target).exists(), f"{path.name}: {target}"


def test_files_that_documents_name_exist() -> None:
    for path in DOCUMENTS:
        if path.name == "CHANGELOG.md" or path.parent.name == "decisions":
            continue  # these speak of the past
        for name in re.findall(r"`((?:netflix_trend|services|tests|bench)/[\w./-]+\.\w+)`", path.read_text()):
            assert (ROOT / name).exists() or (ROOT / "tests" / name).exists(), f"{path.name}: {name}"


def test_tests_that_documents_name_exist() -> None:
    sources = "".join(path.read_text() for path in TRACKED if path.suffix == ".py" and "tests" in path.parts)
    for path in DOCUMENTS:
        if path.name == "CHANGELOG.md" or path.parent.name == "decisions":
            continue  # these speak of the past
        for name in re.findall(r"`(test_\w+)`", path.read_text()):
            assert f"def {name}(" in sources, f"{path.name}: {name}"


@pytest.mark.parametrize("place", sorted({*SLOW, *WAITING, *REPEATING}))
def test_places_that_have_a_mark_exist(place: str) -> None:
    file, _, name = place.partition("::")
    assert (ROOT / "tests" / file).exists()
    assert not name or f"def {name}(" in (ROOT / "tests" / file).read_text()


def test_a_mark_is_for_a_folder_a_file_or_a_test_and_for_no_other_of_a_longer_name() -> None:
    place = "bench/test_reading.py::test_it[one]"
    assert all(is_in(place, [one]) for one in ("bench", "bench/test_reading.py", "bench/test_reading.py::test_it"))
    assert not any(is_in(place, [one]) for one in ("ben", "bench/test_read", "bench/test_reading.py::test_i"))


def test_the_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "./run.sh demo" in readme
    assert "./run.sh test" in readme


def test_the_changelog_keeps_its_form_and_its_newest_release_is_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    unreleased, newest, *_ = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert unreleased == "Unreleased"
    assert re.fullmatch(rf"{re.escape(__version__)} - \d{{4}}-\d{{2}}-\d{{2}}", newest)
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= {"Added", "Changed", "Fixed", "Security", "Removed"}
    for part in re.split(r"^##+ ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        assert not heading.startswith("Unreleased") or not body.strip(), "put it below Added, Changed, Fixed ..."


def test_the_changelog_says_nothing_twice() -> None:
    lines = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if len(line) >= 40]
    assert sorted({line for line in lines if lines.count(line) > 1}) == []


@pytest.mark.parametrize(("index", "skipped"), [("docs/index.md", "index.md"), ("docs/method/README.md", "README.md")])
def test_an_index_lists_every_page_of_its_folder(index: str, skipped: str) -> None:
    place = ROOT / index
    pages = {path.name for path in TRACKED if path.parent == place.parent and path.suffix == ".md"} - {skipped}
    assert pages <= set(re.findall(r"\(([\w-]+\.md)\)", place.read_text()))


def test_the_build_reads_the_version_from_the_library() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    wheels = re.findall(r"netflix_trend-([\d.]+)-py3", (ROOT / "README.md").read_text())
    assert set(wheels) == {__version__}
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "netflix_trend.__version__"}


RECORDS = sorted(path.name for path in DOCUMENTS if path.parent.name == "decisions" and path.name != "README.md")
STATUS = re.compile(r"(proposed|accepted|superseded by \d{4})(;.*)?")


def test_every_decision_is_in_the_index_with_its_title_and_status() -> None:
    folder = ROOT / "docs" / "decisions"
    rows = re.findall(
        r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \| (.+?) \|$", (folder / "README.md").read_text(), re.MULTILINE
    )
    assert [name for _, name, _, _ in rows] == RECORDS, "docs/decisions/README.md lists every record, in order"
    for number, name, title, status in rows:
        assert (folder / name).read_text().splitlines()[0] == f"# {number} {title}", name
        assert STATUS.fullmatch(status), f"{name}: {status}"


def test_the_site_is_built_strictly_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    pages = {path.relative_to(tmp_path / "site").as_posix(): path for path in tmp_path.rglob("*.html")}
    assert {"index.html", "privacy.html", "decisions/index.html", "method/statistics.html"} <= set(pages)
    loads = re.compile(r"<(?:script|img|iframe|source|link)\b[^>]*?(?:src|href)=[\"']?((?:https?:)?//[^\"' >]+)")
    for name, path in pages.items():
        assert loads.findall(path.read_text()) == [], name
    for path in [*tmp_path.rglob("*.css"), *tmp_path.rglob("*.js")]:
        assert re.findall(r"url\([\"']?((?:https?:)?//[^)]+)\)|@import", path.read_text()) == [], path


ODDS = re.compile(
    r"(?<!-)\bodds\s+(?:of\s+)?(\d+(?:\.\d+)?)(?!\.?\d|\^)(?!\s+to\s+\d)([,:]?\s+\(?(?:are\s+)?epsilon\s+(\d+\.\d\d))?"
)


def test_documents_name_epsilon_beside_every_odds() -> None:
    for path in DOCUMENTS:
        if path.name == "CHANGELOG.md":
            continue
        text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
        for odds, _, epsilon in ODDS.findall(text):
            assert epsilon == f"{math.log(float(odds)):.2f}", (
                f"{path.name}: odds {odds}, not epsilon {epsilon or 'named'}"
            )


@pytest.mark.parametrize(
    "name",
    [*(f"docker-compose.{name}.yml" for name in ("aggregator", "helper", "scale")), "docker-compose.yml"],
)
def test_every_service_has_limits_of_memory_processes_and_processors(name: str) -> None:
    services = yaml.safe_load(re.sub(r"!(?:reset|override)\b", "", (ROOT / name).read_text()))["services"]
    assert services
    for service, declared in services.items():
        if "extends" in declared:  # has them there
            continue
        missing = {"mem_limit", "pids_limit", "cpus"} - declared.keys()
        assert not missing, f"{service} has no {missing}"
