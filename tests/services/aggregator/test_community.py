"""The public files: whole, linked, readable by everybody, and never more than what was published."""

from __future__ import annotations

import io
import json
import os
import re
from dataclasses import replace
from gettext import NullTranslations
from html import unescape
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image

from netflix_trend import __version__
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.published.introduction import Introduction
from netflix_trend.published.round_list import RoundList, summarize
from netflix_trend.published.schema import schema_file
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.year import YearStatistics
from netflix_trend.questions.top_shows.movement import Movement
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.syftbox.datasite import check_syncable
from netflix_trend.syftbox.permissions import LARGEST_FILE
from services.aggregator.community import PUBLIC
from services.aggregator.rounds import Aggregator
from services.aggregator.site.page import content_security_policy
from services.aggregator.survey_plan import LocalPlan, plan_of, write_plan
from tests.services.aggregator.people import asked
from tests.services.aggregator.simulated_rounds import LAST, TODAY, aggregator_with_rounds


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Aggregator:
    return aggregator_with_rounds(tmp_path_factory.mktemp("rounds"), [4000, 0, 6000, 8000])


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]


def public(here: Aggregator) -> dict[str, bytes]:
    return {
        path.relative_to(here.site.public).as_posix(): path.read_bytes()
        for path in here.site.public.rglob("*")
        if path.is_file()
    }


def page(here: Aggregator, name: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", public(here)[name].decode()).split())


def test_a_round_that_nobody_answered_has_no_page_and_no_file(here: Aggregator) -> None:
    rounds = ("2026-W43", "2026-W45", "2026-W46")
    assert set(public(here)) == {
        *("index.html", "index.json", "latest.json", "movement.json", "rounds.html", "rounds.json"),
        *("schema.json", "model.json", "trends.json", "4-weeks.html"),
        *(f"years/2026.{kind}" for kind in ("html", "json", "png", "svg")),
        *(f"rounds/{name}.html" for name in rounds),
        *(f"statistics/{name}.json" for name in rounds),
        *("syftperm.yaml", "syft.pub.yaml"),
    }


def test_everybody_may_read_exactly_these_files_and_syftbox_syncs_them(here: Aggregator) -> None:
    old, new = ((here.site.public / name).read_text() for name in ("syftperm.yaml", "syft.pub.yaml"))
    for pattern in PUBLIC:
        assert f'- {{path: "{pattern}", user: "*", permissions: [read]}}' in old
        assert f'pattern: "{pattern}", access: {{admin: [], write: [], read: ["*"]}}' in new
    for name, data in public(here).items():
        check_syncable(name, data)
        assert len(data) < LARGEST_FILE / 10
        if not name.startswith("syft"):
            assert any(PurePosixPath(name).match(pattern) for pattern in PUBLIC), name
    assert not any("**" in pattern for pattern in PUBLIC)


def test_every_link_leads_to_a_public_file_beside_the_page(here: Aggregator) -> None:
    files = public(here)
    for name, data in files.items():
        if not name.endswith(".html"):
            continue
        found = Links(data.decode())
        assert len(found.links) > 4
        for link in found.links:
            assert ":" not in link
            target = link.partition("#")[0]
            if target:
                parts = (*PurePosixPath(name).parent.parts, *PurePosixPath(target).parts)
                while ".." in parts:
                    place = parts.index("..")
                    parts = (*parts[: place - 1], *parts[place + 1 :])
                assert "/".join(parts) in files, (name, link)
            if target.endswith("index.html") and "#" in link:
                assert f'id="{link.partition("#")[2]}"' in files["index.html"].decode()


def test_no_page_has_a_script_or_loads_anything(here: Aggregator) -> None:
    for name, data in public(here).items():
        if name.endswith(".html"):
            found = Links(data.decode())
            assert not {"script", "iframe", "object", "embed", "link", "img", "base", "form"} & found.tags
            assert not {"src", "style"} & found.names
            assert "url(" not in data.decode()
            assert content_security_policy().replace("'", "&#39;") in data.decode()


def test_neighbouring_rounds_are_linked_and_compared_only_week_by_week(here: Aggregator) -> None:
    text = page(here, "rounds/2026-W45.html")
    assert "← 19 to 25 October 2026" in text
    assert "9 to 15 November 2026 →" in text
    assert "The week before has no answers about shows, so whether a show rose or fell is unclear." in text
    assert "Since the week before: " in page(here, "index.html")
    moved = Movement.model_validate_json(public(here)["movement.json"])
    assert (moved.round, moved.previous) == ("2026-W46", "2026-W45")
    assert any(show.direction == "unsure" for show in moved.shows)
    assert "Since the week before: unclear." in page(here, "index.html"), "in the details of a show"


def test_a_week_before_without_answers_about_shows_is_not_called_unanswered(here: Aggregator) -> None:
    path = here.own / "statistics" / "2026-W45.json"
    before = path.read_bytes()
    path.write_bytes(RoundStatistics.from_bytes(before).model_copy(update={"top_shows": None}).to_bytes())
    here.ask(TODAY)
    text = page(here, "index.html")
    path.write_bytes(before)
    here.ask(TODAY)
    assert "The week before has no answers about shows" in text
    assert "Nobody answered the week before" not in text


def test_the_list_of_rounds_is_newest_first_and_says_what_was_refused(here: Aggregator) -> None:
    listed = RoundList.model_validate_json(public(here)["rounds.json"])
    assert listed.aggregator == "aggregator@example.org"
    assert listed.software == f"netflix-trend {__version__}"
    assert f"Netflix Trend {__version__}." in page(here, "index.html")
    assert [one.round for one in listed.rounds] == ["2026-W46", "2026-W45", "2026-W43"]
    newest = RoundStatistics.from_bytes(public(here)["latest.json"])
    assert listed.rounds[0] == summarize(newest)
    assert listed.rounds[0].refused == {"checksum": 1, "payload": 3}
    assert listed.rounds[0].top_show == next(show.title for show in newest.top_shows.shows if show.is_signal)  # type: ignore[union-attr]
    assert "9 to 15 November 2026 2026-W46 8,000 1,999 4 " in page(here, "rounds.html")


def test_the_start_page_tells_odds_in_words_and_how_to_join(here: Aggregator) -> None:
    text = page(here, "index.html")
    assert "by at most 8 (epsilon 2.08): a suspicion of 10 % can become at most 47 %" in text
    assert "AGGREGATOR_DATASITE=aggregator@example.org" in text
    assert "8,000 " in text
    for show, share, enough in (("a hit", "12 %", "yes"), ("an ordinary show", "3 %", "not yet")):
        row = rf"{show}, named by {share} of people, to be clear ([\d,]+) \(([\d,]+)\) 8,000 \(1,333\) {enough}"
        found = re.search(row, text)
        assert found is not None, row
        people, answers = (int(number.replace(",", "")) for number in found.groups())
        assert people == 6 * answers, "one in six participants is asked about shows"
    assert "How to take part" not in page(here, "rounds/2026-W45.html")


def test_too_few_people_are_told_how_many_it_takes(tmp_path: Path) -> None:
    """By public shares, not by the strongest estimate, which is noise then."""
    text = page(aggregator_with_rounds(tmp_path, [24]), "index.html")
    takes = r"It takes about [\d,]+ participants \([\d,]+ answers\) for a hit, named by 12 % of people, to be clear; "
    assert re.search(takes + r"there are 24 participants \(4 answers\)\.", text)
    found = re.search(
        r"Noise: 2 answers of 24 participants are too few, .* It takes about [\d,]+ participants \((\d+) answers\)",
        text,
    )
    assert found is not None
    assert f"a clear distribution of viewing {12 * int(found[1]):,} ({found[1]}) 24 (2) not yet" in text
    assert 150 < int(found[1]) < 250


def test_before_the_first_answer_the_page_says_so_and_how_to_join(tmp_path: Path) -> None:
    empty = aggregator_with_rounds(tmp_path, [])
    assert "There are no results yet" in page(empty, "index.html")
    assert "How to take part" in page(empty, "index.html")
    assert json.loads(public(empty)["latest.json"]) == {}
    assert "movement.json" not in public(empty)
    assert RoundList.model_validate_json(public(empty)["rounds.json"]).rounds == ()


def test_a_round_whose_answers_were_all_withdrawn_disappears(tmp_path: Path) -> None:
    here = aggregator_with_rounds(tmp_path, [4000, 4000])
    path = here.own / "statistics" / f"{LAST - 1}.json"
    nobody = json.loads(path.read_bytes())
    nobody["reports"] = 0
    path.write_bytes(canonical_json(nobody))
    here.ask(TODAY)
    assert not {f"rounds/{LAST - 1}.html", f"statistics/{LAST - 1}.json"} & set(public(here))
    assert [one.round for one in RoundList.model_validate_json(public(here)["rounds.json"]).rounds] == [str(LAST)]


def test_a_datasite_that_was_emptied_is_filled_again(tmp_path: Path) -> None:
    here = aggregator_with_rounds(tmp_path, [4000, 4000])
    before = public(here)
    for name in before:
        (here.site.public / name).unlink()
    here.ask(TODAY)
    assert public(here) == before


def test_the_same_rounds_make_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = (aggregator_with_rounds(tmp_path / name, [4000, 4000]) for name in ("a", "b"))
    assert public(one) == public(two)
    assert public(one)["schema.json"] == schema_file()


def test_sentences_are_apart_on_every_page(tmp_path: Path) -> None:
    here = aggregator_with_rounds(tmp_path, [8000, 8000])
    for name, data in public(here).items():
        if name.endswith(".html"):
            paragraphs = re.findall(r"<p\b.*?</p>", data.decode(), re.DOTALL)
            text = unescape(re.sub(r"<[^>]*>", "", "\n".join(paragraphs)))
            assert re.findall(r"\w+[.:;][A-Z]\w+", text) == [], name


@pytest.mark.parametrize(
    "title", ["<script>alert(1)</script>", "\"'><img src=x onerror=y>", "& Sons", "\u202eevil", "a\u2067b\x1b[1m"]
)
def test_hostile_titles_are_text_on_every_page(tmp_path: Path, title: str) -> None:
    titles = [title, *(f"Show {number}" for number in range(50))]
    vocabulary = Vocabulary.build([CatalogueTitle(title=name, kind="series") for name in titles])
    here = aggregator_with_rounds(tmp_path, [8000, 8000], vocabulary)
    for name, data in public(here).items():
        if name.endswith(".html"):
            found = Links(data.decode())
            assert not {"script", "img"} & found.tags
            assert not {"onerror", "src"} & found.names
        if name.endswith(".png"):
            continue
        assert not {"\u202e", "\u2067", "\x1b"} & set(data.decode()), name
        assert b"\\u20" not in data, name
    shown = json.loads(public(here)["latest.json"])["top_shows"]["shows"]
    assert vocabulary.shows[0].title in {show["title"] for show in shown}


def test_questions_that_were_not_asked_are_said_to_be_so(tmp_path: Path) -> None:
    here = aggregator_with_rounds(tmp_path, [4000])
    path = here.own / "statistics" / f"{LAST}.json"
    for left_out, heading in (("volume", "How much people watched"), ("top_shows", "Top shows")):
        kept = RoundStatistics.from_bytes(path.read_bytes())
        path.write_bytes(kept.model_copy(update={left_out: None}).to_bytes())
        here.ask(TODAY)
        assert f"{heading} This was not asked in this round." in page(here, "index.html")
        path.write_bytes(kept.to_bytes())


def test_those_who_are_asked_are_counted_whether_they_answer_or_not(tmp_path: Path) -> None:
    """`asked` counts by the public hash: the same people who are asked by their own machines."""
    here = aggregator_with_rounds(tmp_path, [])
    survey = here.ask(TODAY)[-1]
    for email in asked(survey, "volume", 3):
        folder = here.site.datasites / email / "app_data" / "netflix_trend"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text('{"app":"netflix_trend","files":{},"schema_version":1}')
    found = here.work(TODAY)[-1][0]
    assert (found.participants, dict(found.asked), found.reports.total()) == (3, {"volume": 3}, 0)


def test_the_aggregator_introduces_itself_as_it_asks(tmp_path: Path) -> None:
    """Also before the first answer, and anew when the operator decides to ask something else."""
    named = replace(aggregator_with_rounds(tmp_path, []), name="Our cinema club")
    named.ask(TODAY)
    found = Introduction.from_bytes(public(named)["index.json"], named.site.email)
    assert (found.name, found.mode, found.odds, found.operators) == ("Our cinema club", "local", (8, 1), ())
    assert found.questions == ("event_effect", "top_shows", "volume")
    write_plan(named.own, plan_of(LocalPlan, {"odds": "3", "questions": ["volume"]}), durable=False)
    named.ask(TODAY)
    changed = Introduction.from_bytes(public(named)["index.json"], named.site.email)
    assert (changed.questions, changed.odds) == (("volume",), (3, 1))


def test_a_year_has_page_data_and_a_picture(here: Aggregator) -> None:
    files, text = public(here), page(here, "years/2026.html")
    year = YearStatistics.from_bytes(files["years/2026.json"])
    assert year.rounds == ("2026-W43", "2026-W45", "2026-W46")
    assert year.shows is not None
    assert year.viewing is not None
    first = year.shows.shows[0]
    assert first.is_signal
    assert f"3 weeks with answers, 19 October to 15 November 2026. Up to {year.participants:,} participants" in text
    assert f"Clear: {first.title}" in text
    assert f"{100 * first.share:.1f} %" in text
    interval = f"{year.viewing.mean:.1f} titles a week on average, {year.viewing.lower:.1f} to {year.viewing.upper:.1f}"
    assert f"A participant started {interval} (95 %)." in text
    assert "Whether any show rose or fell is unclear: fewer than eight weeks have answers." in text
    svg = files["years/2026.svg"].decode()
    assert f">{first.title}</text>" in svg
    assert f"{100 * first.share_lower:.1f} to {100 * first.share_upper:.1f} %" in svg
    image = Image.open(io.BytesIO(files["years/2026.png"]))
    assert image.size == (1200, 630)
    assert 'href="years/2026.html"' in files["index.html"].decode()


def test_pages_name_the_group_and_speak_the_operators_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up language in which every message is its length: nothing of the English is left in a sentence."""

    class Lengths(NullTranslations):
        def gettext(self, message: str) -> str:
            return f"[{len(message)}]" if "%" not in message else message

    named = replace(aggregator_with_rounds(tmp_path, [4000]), name="Our cinema club", language="de")
    monkeypatch.setattr(
        "services.aggregator.community.translations_of", lambda code: Lengths() if code == "de" else None
    )
    named.ask(TODAY)
    for path in ("index.html", "rounds.html", "years/2026.html", "rounds/2026-W46.html"):
        text = page(named, path)
        assert "Our cinema club" in text, path
        assert "Take part" not in text, path
        assert "[9]" in text, path


def test_an_idle_aggregator_does_not_write_its_introduction_again(tmp_path: Path) -> None:
    here = aggregator_with_rounds(tmp_path, [])
    file = here.site.public / "index.json"
    os.utime(file, (1, 1))
    here.ask(TODAY)
    assert file.stat().st_mtime == 1
