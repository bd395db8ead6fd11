"""A participant's folders as the services leave them, and a client that behaves as a browser does."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.names import EXAMPLE_AGGREGATOR
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.world import Namings, World, against_world
from netflix_trend.settings import Settings, load_settings
from services.dashboard.web import create_app
from services.demo.network import ME, Network
from services.local.dashboard import OneProcess

SAMPLE = Path(__file__).parents[3] / "services" / "demo" / "sample_viewing_history.csv"
LAST = Week.parse("2026-W46")
TODAY = LAST.sunday + timedelta(days=1)
PORT = 8651
ORIGIN = f"http://127.0.0.1:{PORT}"
HISTORY = "Title,Date\n"


def settings_in(root: Path, **more: Any) -> Settings:
    return load_settings(
        **{
            "private_dir": root / "private",
            "publisher_dir": root / "publisher",
            "datasites_dir": root / "datasites",
            "output_dir": root / "drop",
            "syftbox_email": ME,
            "aggregator_datasite": EXAMPLE_AGGREGATOR,
            "dashboard_port": PORT,
            "tz": "UTC",
            **more,
        }
    )


def make_network(root: Path, people: int = 300, weeks: int = 6) -> None:
    """Play a small network, with one real participant, as `./run.sh demo` does."""
    network = Network(root, smallest_answers=1)
    network.prepare()
    network.import_exports([SAMPLE])
    network.run(people, weeks, seed=1, last=LAST)
    network.finish(people, is_mine=False)


def add_chart(root: Path) -> World:
    """Let the newest round of a network begin with an invented chart, in the order of its own candidates."""
    folder = root / "datasites" / EXAMPLE_AGGREGATOR / "app_data/netflix_trend/shared/statistics"
    latest = RoundStatistics.from_bytes((folder / "latest.json").read_bytes())
    shows = sorted(latest.top_shows.shows, key=lambda one: one.show)
    chart = AskedChart(week=latest.round, source="an invented chart", length=15, views=tuple(range(1500, 0, -100)))
    world = against_world(
        chart,
        [one.show for one in shows],
        [show.title for show in starter_vocabulary().shows],
        Namings.of_sums(np.array([one.estimate for one in shows]), latest.top_shows.noise, latest.reports, 1),
    )
    assert world is not None
    compared = latest.model_copy(update={"top_shows": latest.top_shows.model_copy(update={"world": world})})
    for name in ("latest", latest.round):
        (folder / f"{name}.json").write_bytes(compared.to_bytes())
    return world


class Form(HTMLParser):
    """What a browser sends for an unchanged form: values by the name of the field."""

    def __init__(self, html: str, action: str) -> None:
        super().__init__()
        self.action, self.fields = action, dict[str, list[str]]()
        self._inside, self._select, self._is_text = False, "", False
        self.feed(html)
        assert self.fields, f"no form for {action}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = known.get("action") == self.action
        if not self._inside:
            return
        if tag == "select":
            self._select = known["name"]
        elif tag == "option":
            # The first option is chosen where none is; without a value its text is sent.
            if "selected" in known or self._select not in self.fields:
                self.fields[self._select] = [known.get("value", "")]
                self._is_text = "value" not in known
        elif tag == "input" and (known.get("type") not in {"checkbox", "radio"} or "checked" in known):
            self.fields.setdefault(known["name"], []).append(known.get("value", "on"))

    def handle_data(self, data: str) -> None:
        if self._is_text:
            self.fields[self._select], self._is_text = [data.strip()], False

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


@dataclass
class Person:
    """Somebody at the browser: sends Host and Origin, and the token of the form on the page."""

    root: Path
    settings: Settings = field(init=False)
    client: FlaskClient = field(init=False)
    join: str = "ask"
    today: date = TODAY
    aggregator: str = EXAMPLE_AGGREGATOR
    email: str = ME
    _token: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self.settings = settings_in(
            self.root, join=self.join, aggregator_datasite=self.aggregator, syftbox_email=self.email
        )
        backend = OneProcess(self.settings, lambda: self.today)
        self.client = create_app(self.settings, backend, lambda: self.today).test_client()

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, base_url=ORIGIN, **more)

    def page(self, path: str) -> str:
        response = self.get(path)
        assert response.status_code == 200, response.text[-2000:]
        return response.text

    def token(self) -> str:
        """Return the token of this browser's forms, from a page that takes little time."""
        if not self._token:
            found = re.search(r'name="token" value="(\w+)"', self.page("/glossary"))
            assert found is not None
            self._token = found[1]
        return self._token

    def form(self, path: str, action: str) -> dict[str, list[str]]:
        """Return what a browser sends for an unchanged form of a page, without its token."""
        return {name: values for name, values in Form(self.page(path), action).fields.items() if name != "token"}

    def post(self, path: str, data: dict[str, Any], *, headers: dict[str, str] | None = None) -> TestResponse:
        fields = {"token": self.token(), **data}
        return self.client.post(path, base_url=ORIGIN, data=fields, headers={"Origin": ORIGIN, **(headers or {})})

    def done(self, path: str, data: dict[str, Any]) -> str:
        """Send a form as a browser does and return the page that answers."""
        response = self.post(path, data)
        assert response.status_code == 303, response.text[-2000:]
        return self.page(response.headers["Location"].split("#")[0])

    def bring(self, content: str, name: str = "NetflixViewingHistory.csv") -> None:
        """Hand a file over without a browser."""
        self.settings.output_dir.mkdir(exist_ok=True)
        part = self.settings.output_dir / ".part"
        part.write_text(content)
        OneProcess(self.settings, lambda: self.today).deliver(part, name, {})

    def upload(self, content: bytes | str, name: str = "NetflixViewingHistory.csv", **more: str) -> str:
        data = content.encode() if isinstance(content, str) else content
        return self.done("/upload", {"file": (io.BytesIO(data), name), **more})
