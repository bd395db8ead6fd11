"""Here against the world in words: what differs is named, and a list that tells nothing more says so."""

from __future__ import annotations

from typing import Any

import pytest

from netflix_trend.published.wording import LISTED_SHOWS
from netflix_trend.published.world_words import (
    listed_world,
    share_interval,
    world_in_words,
    world_note,
    world_reading,
    world_scale,
)
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.top_shows.world import Verdict, World, WorldShow

PUBLIC = "the public chart (Netflix Top 10, global, week 2026-W43)"


def show(rank: int, world: float | None = 0.2, **more: Any) -> WorldShow:
    """A show that participants watch as the world does, unless told otherwise."""
    usual = {"share": world, "lower": (world or 0) / 2, "upper": min(1.0, 2 * (world or 0.4)), "verdict": "unclear"}
    return WorldShow(show=rank, title=f"Show {rank}", rank=rank, world=world, **{**usual, **more})


def world_of(*shows: WorldShow, **more: Any) -> World:
    usual = {
        "week": "2026-W43",
        "source": "Netflix Top 10, global",
        "confidence": 0.975,
        "differs": any(one.verdict != "unclear" for one in shows),
        "chance": 0.4,
    }
    return World(shows=shows, **{**usual, **more})


def ordered(*verdicts: Verdict) -> World:
    return world_of(*(show(place + 1, None, verdict=one) for place, one in enumerate(verdicts)), chance=None)


def answers(reports: int, participants: int | None) -> TopShows:
    known: dict[str, Any] = {"reports": reports, "participants": participants}
    return TopShows.model_construct(**known)


MORE = show(1, 0.5, share=0.75, lower=0.6, upper=0.9, verdict="more")
LESS = show(2, 0.3, share=0.1, lower=0.0, upper=0.2, verdict="less")
SAME = show(3, 0.2)


@pytest.mark.parametrize(
    ("world", "said"),
    [
        (
            world_of(show(1, 0.5), show(2, 0.3), SAME),
            f"Nothing here differs clearly from {PUBLIC}: this list tells nothing beyond it.",
        ),
        (
            world_of(show(1, 0.5), show(2, 0.3), SAME, differs=True, chance=0.001),
            f"As a whole the list differs from {PUBLIC}, but no single show does clearly.",
        ),
        (
            world_of(MORE, LESS, SAME),
            "Watched more here than in the world: Show 1 (1.5 times as much, 1.2 to 1.8). "
            "Watched less here than in the world: Show 2 (0.3 times as much, 0 to 0.7).",
        ),
        (
            world_of(show(1, 0.5), LESS, SAME),
            "Watched less here than in the world: Show 2 (0.3 times as much, 0 to 0.7).",
        ),
        (
            world_of(
                show(1, 0.5, share=0.3, lower=0.0, upper=0.499, verdict="less"),
                show(2, 0.5, share=0.6, lower=0.501, upper=0.7, verdict="more"),
            ),
            "Watched more here than in the world: Show 2 (1.2 times as much, 1.01 to 1.4). "
            "Watched less here than in the world: Show 1 (0.6 times as much, 0 to 0.99).",
        ),
        (
            world_of(show(1, 0.9), show(2, 0.1, share=None, lower=0.3, upper=1.0, verdict="more")),
            "Watched more here than in the world: Show 2 (at least 3.0 times as much).",
        ),
        (
            world_of(show(1, 0.995), show(2, 0.005, share=0.6, lower=0.5, upper=0.7, verdict="more")),
            "Watched more here than in the world: Show 2 (120 times as much, 100 to 140).",
        ),
        (
            ordered("unclear", "unclear"),
            f"Nothing here differs clearly from {PUBLIC}, which states an order only: "
            "this list tells nothing beyond it.",
        ),
        (
            ordered("less", "unclear", "more", "more", "more", "more"),
            "Clearly higher here than in the chart's order: Show 3, Show 4, Show 5 and 1 more. "
            "Clearly lower here than in the chart's order: Show 1.",
        ),
    ],
    ids=range(9),
)
def test_what_differs_is_named_and_nothing_else(world: World, said: str) -> None:
    assert world_in_words(world) == said


def test_what_the_comparison_rests_on_is_said() -> None:
    note = world_note(world_of(MORE, LESS, SAME), answers(167, 1_000))
    assert note.startswith("From 167 answers of 1,000 participants. The chart's entries are public and not from part")
    assert "All intervals hold together with 97.5 %." in note
    assert "no share of the world" in world_note(ordered("unclear", "unclear"), answers(1, None))


def test_marks_that_steer_text_are_left_out_of_a_source() -> None:
    world = world_of(show(1, 0.5), show(2, 0.5), source="\u202etrahc\x1b[1m")
    for said in (world_in_words(world), world_note(world, answers(10, 10))):
        assert not {"\u202e", "\x1b"} & set(said)


def test_every_show_that_differs_has_a_row_in_the_charts_order() -> None:
    share = 1 / 30
    shows = [show(rank, share) for rank in range(1, 30)]
    world = world_of(*shows, show(30, share, share=0.5, lower=0.4, upper=0.6, verdict="more"))
    listed = listed_world(world)
    assert [one.rank for one in listed] == [*range(1, LISTED_SHOWS), 30]
    assert world_scale(listed) == pytest.approx(0.55)
    assert world_scale(shows) == pytest.approx(3 * share)


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [(0.1, 0.25, "10.0 to 25.0 %"), (0.0, 0.25, "up to 25.0 %"), (0.1, 1.0, "at least 10.0 %"), (0, 1.0, "0 to 100 %")],
)
def test_an_interval_says_where_it_is_open(lower: float, upper: float, said: str) -> None:
    assert share_interval(show(1, None, lower=lower, upper=upper)) == said


def test_a_reading_uses_the_words_of_every_other_estimate() -> None:
    world = world_of(MORE, LESS, SAME)
    assert [world_reading(world, one) for one in world.shows] == [
        "clear: 1.5 times as much, 1.2 to 1.8",
        "clear: 0.3 times as much, 0 to 0.7",
        "unclear",
    ]
    order = ordered("less", "more")
    assert [world_reading(order, one) for one in order.shows] == ["clear: lower here", "clear: higher here"]
