"""The verb uninstall: on folders with the real ones, in containers with a Docker that notes what it is asked to do."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
import pytest

from netflix_trend import cli
from netflix_trend.cli.alone import Lock
from netflix_trend.cli.leftovers import on_disk
from netflix_trend.cli.machine import Machine
from netflix_trend.history.exclusions import Rows, exclude
from netflix_trend.history.household import keep_answer
from netflix_trend.participant.ledger import open_ledger
from netflix_trend.participant.life_events import add_event
from netflix_trend.participant.restoring import mark_of
from netflix_trend.periods.weeks import Week
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.enrolment import Enrolment
from tests.netflix_trend.cli.front_door import Said, fake_docker, lines, run

EXPORT = 'Title,Date\n"Roma","1/13/26"\n'
FOLDERS = {"MODE": "folders"}
# What Docker has: ours, and what is somebody else's.
LISTED = r"""
case "$*" in
  "compose version"|info) exit 0;;
  ps*project=netflix-trend) printf 'netflix-trend-redis-1\nnetflix-trend-publisher-1\n';;
  "network ls"*project=netflix-trend) echo netflix-trend_queue;;
  "volume ls"*project=netflix-trend) printf 'netflix-trend_%s\n' private publisher redis-data;;
  "volume ls"*project=netflix-trend-aggregator) echo netflix-trend-aggregator_aggregator;;
  "image ls"*) printf 'redis:8\nnetflix-trend/publisher:latest\nnetflix-trend/publisher:0.3.0\nother/netflix-trend:1\n'
    printf 'netflix-trend/somebodys:1\nregistry.example.com/nt/dashboard:0.3.0\n';;
esac
echo "$*" >>"$HOME/docker.log"
"""


@pytest.fixture
def folders(clone: Path, path: Path) -> Path:
    """A clone on folders in which something was imported."""
    (clone / "mine.csv").write_text(EXPORT)
    result = run(clone, path, "import", "mine.csv", **FOLDERS)
    assert result.returncode == 0, result.stderr
    (clone / "secrets").mkdir(exist_ok=True)
    (clone / "secrets" / "netflix_password").write_text("secret")
    (clone / "scraper").mkdir(exist_ok=True)
    (clone / "scraper" / "cookies.json").write_text("[]")
    return clone


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def test_without_a_yes_nothing_is_removed_and_everything_is_shown(folders: Path, path: Path) -> None:
    before = tree(folders)
    done = run(folders, path, "uninstall", **FOLDERS)
    assert done.returncode == 0, done.stderr
    assert "Nothing was removed yet" in done.stdout
    removed, stays = done.stdout.split("This stays:")
    assert f"{folders}/secrets/netflix_password" in removed
    assert f"{folders}/scraper" in removed
    assert f"folder {folders}/private (your exports" in stays
    assert f"the clone {folders}" in stays
    assert tree(folders) == before


def test_exports_and_ledger_and_settings_stay(folders: Path, path: Path) -> None:
    kept = {name for name in tree(folders) if name.startswith(("private/", "publisher/", ".env", "mine"))}
    done = run(folders, path, "uninstall", "--yes", **FOLDERS)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Done."), done.stderr
    assert kept <= tree(folders)
    assert not (folders / "secrets").exists()
    assert not (folders / "scraper").exists()


def test_with_data_everything_goes_that_the_app_has_made_and_nothing_else(folders: Path, path: Path) -> None:
    (folders / "secrets" / "of somebody else").write_text("x")
    (folders / "drop" / "done").mkdir(parents=True, exist_ok=True)
    (folders / "drop" / "done" / "old.csv").write_text(EXPORT)
    (folders / "drop" / "new.csv").write_text(EXPORT)
    done = run(folders, path, "uninstall", "--with-data", "--yes", **FOLDERS)
    assert done.returncode == 0, done.stderr
    assert "answered twice" in done.stdout
    left = {name for name in tree(folders) if not name.startswith("datasites/")}
    assert left == {"mine.csv", ".env.example", "docker-compose.yml", "secrets/of somebody else", "drop/new.csv"}


@pytest.mark.parametrize("is_linked", [False, True])
def test_of_a_folder_that_the_person_has_named_only_own_files_go(
    folders: Path, path: Path, tmp_path: Path, is_linked: bool
) -> None:
    documents = tmp_path / "documents"
    (folders / "private").rename(documents)
    (documents / "letter.txt").write_text("x")
    (documents / "raw.txt").write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "film.csv").write_text("x")
    (documents / "removed").symlink_to(tmp_path / "elsewhere")
    if is_linked:
        (folders / "private").symlink_to(documents)
        named = {}
    else:
        named = {"PRIVATE_DIR": str(documents)}
    done = run(folders, path, "uninstall", "--with-data", "--yes", **FOLDERS, **named)
    assert done.returncode == 0, done.stderr
    assert tree(documents) == {"letter.txt", "raw.txt"}
    assert not (documents / "removed").is_symlink()
    assert (tmp_path / "elsewhere" / "film.csv").exists()


def test_a_link_is_removed_and_not_what_it_leads_to(folders: Path, path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("x")
    (folders / "private" / "link").symlink_to(tmp_path / "elsewhere")
    assert run(folders, path, "uninstall", "--with-data", "--yes", **FOLDERS).returncode == 0
    assert (tmp_path / "elsewhere" / "file").exists()
    assert not (folders / "private").exists()


def app_data(clone: Path) -> Path:
    return clone / "datasites" / "me@example.org" / "app_data" / "netflix_trend"


def test_what_was_published_is_withdrawn_first_with_a_receipt(folders: Path, path: Path) -> None:
    assert run(folders, path, "join", **FOLDERS).returncode == 0
    assert (app_data(folders) / "manifest.json").is_file()
    done = run(folders, path, "uninstall", "--yes", **FOLDERS)
    assert done.returncode == 0, done.stderr
    assert "what you published" in done.stdout
    assert tree(app_data(folders)) == set()
    assert list((folders / "publisher").rglob("receipts/*.json"))


def test_what_was_published_stays_when_that_is_asked_for(folders: Path, path: Path) -> None:
    assert run(folders, path, "join", **FOLDERS).returncode == 0
    done = run(folders, path, "uninstall", "--yes", "--keep-published", **FOLDERS)
    assert (done.returncode, "what you published" in done.stdout) == (0, False)
    assert (app_data(folders) / "manifest.json").is_file()


def test_a_withdrawal_that_fails_stops_everything(folders: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(folders, path, "join", **FOLDERS).returncode == 0
    monkeypatch.setattr("services.runtime.choose.take_part", lambda _: 1)
    before = tree(folders)
    done = run(folders, path, "uninstall", "--yes", "--with-data", **FOLDERS)
    assert (done.returncode, "--keep-published" in done.stderr) == (1, True)
    assert tree(folders) == before


def test_while_the_app_runs_nothing_is_removed(folders: Path, path: Path) -> None:
    lock = Lock(folders)
    assert lock.take()
    try:
        done = run(folders, path, "uninstall", "--yes", "--with-data", **FOLDERS)
    finally:
        lock.release()
    assert (done.returncode, "the app runs" in done.stderr) == (1, True)
    assert (folders / "private").is_dir()


def test_a_machine_without_anything_has_nothing_to_remove(clone: Path, path: Path) -> None:
    done = run(clone, path, "uninstall", "--yes", **FOLDERS)
    assert (done.returncode, "There is nothing to remove." in done.stdout) == (0, True)


# --- a backup first


@pytest.fixture
def backups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A verb `backup` that writes what it is asked to; a name that begins with `bad` fails."""
    made: list[str] = []

    @click.command("backup")
    @click.argument("file")
    def backup(file: str) -> int:
        if file.startswith("bad"):
            raise click.ClickException("the disk is full")
        made.append(file)
        return 0

    monkeypatch.setitem(cli.cli.commands, "backup", backup)
    return made


def test_a_backup_is_written_before_anything_goes(folders: Path, path: Path, backups: list[str]) -> None:
    done = run(folders, path, "uninstall", "--with-data", "--yes", "--backup", "mine.backup", **FOLDERS)
    assert (done.returncode, backups) == (0, ["mine.backup"]), done.stderr
    assert not (folders / "private").exists()


def test_without_the_backup_that_was_asked_for_nothing_goes(folders: Path, path: Path, backups: list[str]) -> None:
    done = run(folders, path, "uninstall", "--with-data", "--yes", "--backup", "bad", **FOLDERS)
    assert (done.returncode, "the disk is full. Nothing was removed" in done.stderr) == (1, True)
    assert (folders / "private").is_dir()


def test_who_removes_data_is_asked_for_a_backup(
    folders: Path, path: Path, backups: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netflix_trend.cli.uninstall.has_terminal", lambda: True)
    monkeypatch.setattr("netflix_trend.cli.uninstall.click.confirm", lambda _: True)
    monkeypatch.setattr("netflix_trend.cli.uninstall.click.prompt", lambda *_, **__: "asked.backup")
    assert run(folders, path, "uninstall", "--with-data", **FOLDERS).returncode == 0
    assert backups == ["asked.backup"]


def test_a_no_removes_nothing(folders: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(folders)
    monkeypatch.setattr("netflix_trend.cli.uninstall.has_terminal", lambda: True)
    monkeypatch.setattr("netflix_trend.cli.uninstall.click.confirm", lambda _: False)
    assert run(folders, path, "uninstall", "--with-data", **FOLDERS).returncode == 0
    assert tree(folders) == before


# --- containers


def removed(clone: Path) -> list[str]:
    return [line for line in lines(clone / "docker.log") if " rm " in line]


def uninstall(clone: Path, path: Path, *arguments: str, **environment: str) -> Said:
    fake_docker(path, LISTED)
    return run(clone, path, "uninstall", *arguments, MODE="containers", **environment)


def test_in_docker_only_what_is_ours_is_removed_and_data_stays(clone: Path, path: Path) -> None:
    done = uninstall(clone, path, "--yes")
    assert done.returncode == 0, done.stderr
    assert removed(clone) == [
        "container rm --force netflix-trend-publisher-1",
        "container rm --force netflix-trend-redis-1",
        "network rm netflix-trend_queue",
        "volume rm netflix-trend_redis-data",
        "image rm netflix-trend/publisher:0.3.0",
        "image rm netflix-trend/publisher:latest",
    ]
    assert "volume netflix-trend_publisher (the ledger" in done.stdout.partition("This stays:")[2]


def test_with_data_the_volumes_go_too(clone: Path, path: Path) -> None:
    assert uninstall(clone, path, "--yes", "--with-data").returncode == 0
    volumes = [line.removeprefix("volume rm ") for line in removed(clone) if line.startswith("volume")]
    assert volumes == [
        "netflix-trend_private",
        "netflix-trend_publisher",
        "netflix-trend_redis-data",
        "netflix-trend-aggregator_aggregator",
    ]


def test_images_of_another_name_are_ours_where_the_settings_say_so(clone: Path, path: Path) -> None:
    assert uninstall(clone, path, "--yes", IMAGE="registry.example.com/nt").returncode == 0
    assert "image rm registry.example.com/nt/dashboard:0.3.0" in removed(clone)


def test_another_project_is_looked_for_by_its_name(clone: Path, path: Path) -> None:
    assert uninstall(clone, path, "--yes", COMPOSE_PROJECT_NAME="mine").returncode == 0
    assert [line for line in removed(clone) if not line.startswith("image")] == []


def test_what_docker_does_not_remove_is_named_and_the_rest_goes(clone: Path, path: Path) -> None:
    fake_docker(path, LISTED + 'case "$*" in *redis-data) echo "volume is in use" >&2; exit 1;; esac')
    done = run(clone, path, "uninstall", "--yes", MODE="containers")
    assert done.returncode == 1
    assert "Still there: volume netflix-trend_redis-data: volume is in use" in done.stderr
    assert removed(clone)[-1] == "image rm netflix-trend/publisher:latest"


@pytest.mark.parametrize("running", ["publisher processor", ""], ids=["running", "stopped"])
def test_in_containers_the_publisher_withdraws_before_it_is_removed(clone: Path, path: Path, running: str) -> None:
    manifest = app_data(clone) / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")
    (manifest.parents[2] / "syftperm.yaml").touch()
    # The choice is kept at once; what follows it is the publisher's look.
    listed = f'*"ps --quiet"*) for one in {running}; do case "$*" in *$one) echo c0;; esac; done;;'
    fake_docker(path, LISTED + f'case "$*" in {listed} *netflix_trend*look) rm {manifest};; esac')
    (path / "rm").symlink_to("/bin/rm")
    done = run(clone, path, "uninstall", "--yes", MODE="containers")
    assert done.returncode == 0, done.stderr
    asked = lines(clone / "docker.log")
    withdrawn = next(number for number, line in enumerate(asked) if line.endswith("netflix_trend withdraw"))
    looked = next(number for number, line in enumerate(asked) if line.endswith("netflix_trend look"))
    assert withdrawn < looked < asked.index("container rm --force netflix-trend-publisher-1")


def test_in_containers_what_is_still_published_stops_everything(clone: Path, path: Path) -> None:
    app_data(clone).mkdir(parents=True)
    (app_data(clone) / "manifest.json").write_text("{}")
    fake_docker(path, LISTED + 'case "$*" in *"ps --quiet"*) echo c0;; esac')
    done = run(clone, path, "uninstall", "--yes", MODE="containers")
    assert (done.returncode, "--keep-published" in done.stderr) == (1, True)
    assert removed(clone) == []


def test_a_client_in_a_container_has_to_tell_the_server_first(clone: Path, path: Path) -> None:
    (app_data(clone)).mkdir(parents=True)
    (app_data(clone) / "manifest.json").write_text("{}")
    done = uninstall(clone, path, "--yes", COMPOSE_PROFILES="syftbox")
    assert (done.returncode, "./run.sh withdraw, wait" in done.stderr) == (1, True)
    assert removed(clone) == []


def test_a_docker_that_does_not_run_is_not_taken_for_an_empty_one(clone: Path, path: Path) -> None:
    fake_docker(path, '[ "$1" = compose ]')
    done = run(clone, path, "uninstall", "--yes", MODE="containers")
    assert (done.returncode, "cannot be seen" in done.stderr) == (1, True)


def test_every_folder_of_the_layout_is_known(tmp_path: Path) -> None:
    """A file of a named folder that is not known would stay behind."""
    from netflix_trend.layout import OperatorVolume, PrivateVolume, PublisherVolume

    volumes = {"PRIVATE_DIR": PrivateVolume, "PUBLISHER_DIR": PublisherVolume, "HELPER_DIR": OperatorVolume,
               "AGGREGATOR_DIR": OperatorVolume}  # fmt: skip
    environment = {"HOME": str(tmp_path)}
    expected = set()
    for name, kind in volumes.items():
        folder = tmp_path / f"named-{name}"
        environment[name] = str(folder)
        for attribute, value in vars(kind).items():
            place = getattr(kind(folder), attribute) if isinstance(value, property) else None
            if isinstance(place, Path) and (name, attribute) != ("HELPER_DIR", "surveys"):
                top = folder / place.relative_to(folder).parts[0]
                top.mkdir(parents=True, exist_ok=True)
                expected.add(str(top))
    found = {one.name for one in on_disk(Machine(tmp_path / "clone", environment))}
    assert expected == found


def test_what_is_written_beside_the_files_of_the_layout_is_known(tmp_path: Path) -> None:
    """Locks, copies and marks, in folders that the person has named."""
    private, publisher, aggregator = (tmp_path / name for name in ("one", "two", "three"))
    for folder in (private, publisher, aggregator):
        folder.mkdir()
    exclude(private, [Rows("title", "Roma")])
    add_event(private, "sick", date(2026, 3, 1), date(2026, 3, 9))
    keep_answer(private, [], "me", ["Ann"], ["Ann"])
    with open_ledger(publisher / "ledger.jsonl", published=(), now=Week.parse("2026-W10")):
        pass
    mark_of(publisher).write_text("20260301T000000Z")
    enrolment = Enrolment(Datasite(tmp_path / "datasites", "trends@home.net"), aggregator)
    enrolment.enrol("ann@home.net")
    enrolment.keep_copy()
    enrolment.pseudonym("ann@home.net")
    environment = {"PRIVATE_DIR": private, "PUBLISHER_DIR": publisher, "AGGREGATOR_DIR": aggregator, "HOME": tmp_path}
    found = {
        one.name for one in on_disk(Machine(tmp_path / "clone", {key: str(at) for key, at in environment.items()}))
    }
    written = {str(path) for folder in (private, publisher, aggregator) for path in folder.iterdir()}
    assert len(written) >= 12
    assert written == found
