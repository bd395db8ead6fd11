"""The stand-in of Netflix's pages, a temporary folder of its own, and people with settings."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from netflix_trend.delivery.inbox import unpack
from services.scraper.cookies import Jar
from services.scraper.download import DownloadTimes
from services.scraper.run_state import Result, RunState
from services.scraper.scrape import Scraper
from services.scraper.transitions import Wanted
from tests.services.scraper.stand_in import EMAIL, ME, NETFLIX_ID, PASSWORD, SECURE_ID, Knobs, Stage, StandIn

# A wait that is over sooner; how long it takes is not what is tested.
QUICK = DownloadTimes(stall=1.5, total=20.0, confirm=0.3, pause=0.1)


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandIn]:
    if shutil.which("chromedriver") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromedriver is not installed")
        pytest.skip("chromedriver is not installed: apt install chromium chromium-driver")
    pages = StandIn(Path(__file__).parent / "stand_in.pem")
    yield pages
    pages.close()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a temporary folder with a short name: Chromium puts a socket into it. pytest's own is made before."""
    folder = Path(tempfile.mkdtemp(prefix="nt-"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder)


@dataclass
class Person:
    """Somebody with a scraper. `queue` is what was handed over."""

    pages: StandIn
    folder: Path
    queue: list[bytes] = field(default_factory=list)
    mode: Literal["cookies", "password"] = "cookies"
    wanted: Wanted = field(default_factory=lambda: Wanted(ME[1]))
    times: DownloadTimes = QUICK

    @property
    def state(self) -> RunState:
        return RunState(self.folder)

    @property
    def password_file(self) -> Path:
        return self.folder / "netflix_password"

    def has_password(self, password: str = PASSWORD) -> None:
        self.mode = "password"
        self.password_file.write_text(f"{password}\n")

    def has_cookies(self) -> None:
        names = {"NetflixId": NETFLIX_ID, "SecureNetflixId": SECURE_ID}
        Jar(self.state.jar_path).save(
            [{"name": name, "value": value, "domain": ".netflix.com"} for name, value in names.items()]
        )

    def scrape(self, knobs: Knobs | None = None, arguments: tuple[str, ...] | None = None) -> tuple[Result, Stage]:
        stage = self.pages.play(knobs or Knobs())
        return self.again(arguments), stage

    def again(self, arguments: tuple[str, ...] | None = None) -> Result:
        extra = self.pages.arguments if arguments is None else arguments
        put, file = self.queue.append, self.password_file
        return Scraper(
            self.state, self.wanted, "me", put, self.mode, EMAIL, file, "off", extra, self.times
        ).run()  # fmt: skip

    def delivered(self) -> list[bytes]:
        return [b"".join(unpack(message)[1]) for message in self.queue]


@pytest.fixture
def person(stand_in: StandIn, temporary: Path, tmp_path: Path) -> Person:
    return Person(stand_in, tmp_path)
