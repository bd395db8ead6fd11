"""Published statistics: the file, and one's own percentile in a distribution."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.privacy.interval_channel import IntervalChannel
from netflix_trend.published.statistics import RoundStatistics, StatisticsError
from netflix_trend.questions.registry import kinds
from netflix_trend.questions.top_shows.statistics import ShowEstimate, TopShows
from netflix_trend.questions.volume.statistics import Volume, VolumeGroup, percentile


def volume(
    buckets: tuple[int, ...] = (0, 1, 2, 4, 10),
    cumulative: tuple[float, ...] = (0.0, 0.2, 0.3, 0.6, 0.8),
    cumulative_error: tuple[float, ...] = (0.0, 0.02, 0.04, 0.08, 0.06),
    is_reliable: bool = True,
) -> Volume:
    shares = tuple(high - low for low, high in pairwise((*cumulative, 1.0)))
    return Volume(
        reports=400,
        odds=(8, 1),
        intervals=tuple((place, place, 1) for place in range(len(buckets))),
        confidence=0.95,
        buckets=buckets,
        shares=shares,
        lower=tuple(max(0.0, share - 0.05) for share in shares),
        upper=tuple(min(1.0, share + 0.05) for share in shares),
        cumulative=cumulative,
        cumulative_error=cumulative_error,
        groups=(VolumeGroup(low=0, share=1.0, lower=0.9, upper=1.0),),
        is_reliable=is_reliable,
    )


STATISTICS = RoundStatistics(
    round="2026-W47",
    survey="0" * 32,
    vocabulary="1" * 32,
    participants=1000,
    reports=900,
    waiting=7,
    refused={"checksum": 2, "size": 1},
    top_shows=TopShows(
        reports=600,
        k=1,
        odds=(5, 2),
        size=1,
        confidence=0.95,
        noise=21.5,
        gate=64.25,
        shows=(
            ShowEstimate(
                show=3, title="Élite", estimate=120.5, standard_error=22, lower=77.4, upper=163.6, is_signal=True
            ),
            ShowEstimate(show=0, title="Dark", estimate=-4, standard_error=21, lower=0, upper=37, is_signal=False),
        ),
    ),
    volume=volume(),
)


def changed(path: tuple[str | int, ...], value: Any) -> bytes:
    """Return the file with one value replaced."""
    content = json.loads(STATISTICS.to_bytes())
    inner = content
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return json.dumps(content).encode()


@st.composite
def distributions(draw: st.DrawFn) -> Volume:
    lows = sorted(draw(st.sets(st.integers(1, 200), min_size=1, max_size=15)))
    weights = draw(st.lists(st.integers(0, 50), min_size=len(lows) + 1, max_size=len(lows) + 1))
    total = sum(weights) + 1
    cumulative = (0.0, *(below / total for below in accumulate(weights[:-1])))
    errors = draw(st.lists(st.floats(0, 0.3), min_size=len(lows) + 1, max_size=len(lows) + 1))
    return volume((0, *lows), cumulative, tuple(errors))


# The file


@pytest.mark.parametrize("change", [{}, {"top_shows": None}, {"volume": None}, {"top_shows": None, "volume": None}])
def test_statistics_round_trip(change: dict[str, Any]) -> None:
    known = STATISTICS.model_copy(update=change)
    read = RoundStatistics.from_bytes(known.to_bytes())
    assert read == known
    assert read.to_bytes() == known.to_bytes()


def test_the_file_is_plain_json_with_the_titles_as_they_are() -> None:
    content = json.loads(STATISTICS.to_bytes())
    assert content["round"] == "2026-W47"
    assert content["top_shows"]["shows"][0]["title"] == "Élite"
    assert content["top_shows"]["odds"] == [5, 2]
    assert STATISTICS.to_bytes().endswith(b"}\n")
    assert "Élite".encode() in STATISTICS.to_bytes()


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe", b"null", b"[]", b"{}", b"7", b"[" * 100_000, STATISTICS.to_bytes()[:-20]],
    ids=range(9),
)
def test_an_invalid_statistics_file_is_refused(data: bytes) -> None:
    with pytest.raises(StatisticsError, match=r"^statistics: "):
        RoundStatistics.from_bytes(data)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), 2),
        (("schema_version",), "1"),
        (("round",), 47),
        (("participants",), "1000"),
        (("participants",), True),
        (("participants",), 1.5),
        (("refused",), []),
        (("refused",), {"size": "1"}),
        (("top_shows",), []),
        (("top_shows", "odds"), [8]),
        (("top_shows", "odds"), [8, 1, 1]),
        (("top_shows", "odds"), [8, 0.5]),
        (("top_shows", "odds"), [1, 1]),
        (("top_shows", "odds"), [10**300 + 1, 10**300]),
        (("top_shows", "k"), 10**9),
        (("top_shows", "size"), 0),
        (("top_shows", "size"), 3),
        (("top_shows", "size"), None),
        (("top_shows", "noise"), "21"),
        (("top_shows", "shows"), {}),
        (("top_shows", "shows", 0, "title"), None),
        (("top_shows", "shows", 0, "is_signal"), 1),
        (("volume", "buckets"), [0, 1.5]),
        (("volume", "buckets"), "0123"),
        (("volume", "shares"), [None]),
        (("volume", "is_reliable"), "yes"),
    ],
    ids=str,
)
def test_an_invalid_value_is_refused(path: tuple[str | int, ...], value: Any) -> None:
    with pytest.raises(StatisticsError, match=r"^statistics: "):
        RoundStatistics.from_bytes(changed(path, value))


def test_a_question_that_a_file_does_not_name_was_not_asked() -> None:
    content = json.loads(STATISTICS.to_bytes())
    del content["top_shows"]
    read = RoundStatistics.from_bytes(json.dumps(content).encode())
    assert (read.top_shows, read.answers()) == (None, {"volume": 400})


def test_an_old_file_without_parameters_is_read_with_those_of_its_time() -> None:
    content = json.loads(STATISTICS.to_bytes())
    del content["volume"]["mechanism"], content["volume"]["intervals"]
    content["volume"]["counts"] = [400, *[0] * 8]
    read = RoundStatistics.from_bytes(json.dumps(content).encode())
    assert read.volume.intervals == SQUARE_WAVE


# Five buckets, half width 2: report r was near the buckets r - 4 to r.
SQUARE_WAVE = (
    *((0, last, 1) for last in range(4)),
    (0, 4, 1),
    *((first, 4, 1) for first in range(1, 5)),
)


def old_volume(**fields: Any) -> bytes:
    """Return a file whose answers came through a square wave, with fields of the volume changed."""
    content = json.loads(STATISTICS.to_bytes())
    del content["volume"]["intervals"]
    content["volume"] = {**content["volume"], "mechanism": "square_wave", "width": 2, **fields}
    return json.dumps(content).encode()


def test_a_square_wave_of_before_is_read_as_the_interval_channel_that_it_was() -> None:
    read = RoundStatistics.from_bytes(old_volume()).volume
    assert (read.mechanism, read.intervals) == ("interval_channel", SQUARE_WAVE)
    odds, channel = Fraction(8), IntervalChannel(5, read.intervals, Fraction(8))
    near, total = 2 * 2 + 1, (2 * 2 + 1) * 8 + 5 - 1
    for bucket, row in enumerate(channel.channel()):
        expected = [(odds if bucket <= report < bucket + near else 1) / total for report in range(5 + 4)]
        assert row == pytest.approx([float(one) for one in expected])
    assert RoundStatistics.from_bytes(RoundStatistics.from_bytes(old_volume()).to_bytes()).volume == read


def test_a_round_of_before_that_was_summed_is_read() -> None:
    read = RoundStatistics.from_bytes(old_volume(mechanism="sum", width=None)).volume
    assert (read.mechanism, read.intervals) == ("sum", None)


@pytest.mark.parametrize(
    "fields",
    [{"width": "4"}, {"width": None}, {"width": -1}, {"width": 10**9}, {"mechanism": "laplace"}, {"buckets": 7}],
    ids=str,
)
def test_a_square_wave_that_none_was_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(StatisticsError, match=r"^statistics: volume"):
        RoundStatistics.from_bytes(old_volume(**fields))


@pytest.mark.parametrize(
    ("intervals", "fault"),
    [
        ([[0, 4, 1], [0, 1, 1]], "unbalanced"),
        ([[0, 4, 1], [3, 2, 1]], "interval 1 is empty"),
        ([[0, 5, 1]], "outside 0..4"),
        ([[0, 4, 0]], r"intervals\.0\.2"),
        ([[0, 4, 1, 1]], r"intervals\.0"),
        ([[0, 4, 1]] * 256, "intervals: it is too long; at most 255"),
        ([], "intervals: it is too short; at least 1"),
        (None, "intervals belong to the interval channel"),
    ],
    ids=str,
)
def test_a_table_that_cannot_be_is_refused_by_name(intervals: Any, fault: str) -> None:
    with pytest.raises(StatisticsError, match=fault):
        RoundStatistics.from_bytes(changed(("volume", "intervals"), intervals))


def set_response(k: int, odds: Fraction, threshold: int) -> tuple[float, float]:
    """p and q of the mechanism of before: a polynomial's value is below the threshold, of 65521, at an item."""
    q = Fraction(threshold, 65521)
    miss = (1 - q) ** k
    return float(q * odds / (odds * (1 - miss) + miss)), float(q)


def of_before(k: int, odds: Fraction, threshold: int, reports: int = 600) -> dict[str, Any]:
    """Statistics as they were published before subset selection."""
    p, q = set_response(k, odds, threshold)
    content: dict[str, Any] = json.loads(STATISTICS.to_bytes())
    del content["top_shows"]["size"]
    content["top_shows"] |= {
        **{"mechanism": "set_response", "k": k, "odds": [odds.numerator, odds.denominator], "threshold": threshold},
        **{"reports": reports, "noise": (reports * q * (1 - q)) ** 0.5 / (p - q), "influence": 1 / (p - q)},
    }
    return content


# With the thresholds that had the least noise.
SET_RESPONSES = [(1, Fraction(8), 7280), (3, Fraction(8), 2361), (8, Fraction(8), 879), (1, Fraction(5, 2), 18720)]


@pytest.mark.parametrize(("k", "odds", "threshold"), SET_RESPONSES)
def test_a_file_of_before_subset_selection_keeps_its_rates(k: int, odds: Fraction, threshold: int) -> None:
    read = RoundStatistics.from_bytes(json.dumps(of_before(k, odds, threshold)).encode())
    assert (read.top_shows.mechanism, read.top_shows.size) == ("set_response", None)
    assert read.top_shows.rates == pytest.approx(set_response(k, odds, threshold), rel=1e-9)
    assert RoundStatistics.from_bytes(read.to_bytes()) == read


@pytest.mark.parametrize(("k", "odds", "threshold"), SET_RESPONSES)
def test_a_file_that_names_no_mechanism_and_no_influence_has_those_of_its_time(
    k: int, odds: Fraction, threshold: int
) -> None:
    content = of_before(k, odds, threshold)
    del content["top_shows"]["mechanism"], content["top_shows"]["threshold"], content["top_shows"]["influence"]
    read = RoundStatistics.from_bytes(json.dumps(content).encode())
    assert read.top_shows.rates == pytest.approx(set_response(k, odds, threshold), rel=2e-3)


def test_sums_of_before_are_read_as_sums() -> None:
    content = of_before(1, Fraction(8), 7280)
    content["top_shows"] |= {"mechanism": "sum", "threshold": None, "influence": 1.0, "answering": 400.0}
    read = RoundStatistics.from_bytes(json.dumps(content).encode())
    assert (read.top_shows.mechanism, read.top_shows.size, read.top_shows.rates) == ("sum", None, None)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"noise": -1.0}, "noise: "),
        ({"noise": 1e300}, "noise: "),
        ({"examples": [{"name": "a hit", "share": 5e-324}]}, r"examples\.0\.share: "),
    ],
    ids=str,
)
def test_sums_for_which_no_number_of_participants_can_be_told_are_refused(change: dict[str, Any], fault: str) -> None:
    content = of_before(1, Fraction(8), 7280)
    content["top_shows"] |= {"mechanism": "sum", **change}
    with pytest.raises(StatisticsError, match=rf"^statistics: top_shows\.{fault}"):
        RoundStatistics.from_bytes(json.dumps(content).encode())


def test_the_name_of_an_example_cannot_change_the_direction_of_text() -> None:
    content = of_before(1, Fraction(8), 7280)
    content["top_shows"]["examples"] = [{"name": "\u202etih a\n", "share": 0.01}]
    read = RoundStatistics.from_bytes(json.dumps(content).encode())
    (needed,) = kinds()["top_shows"].needs(read.top_shows)
    assert needed.what == "tih a, named by 1 % of people, to be clear"


@pytest.mark.parametrize(
    "change",
    [
        {"influence": 0.5},
        {"influence": -2.0},
        {"influence": 1e300},
        {"noise": 0},
        {"noise": 1e300},
        {"reports": 10**400},
        {"k": 0, "influence": None},
        {"odds": [8, 0], "influence": None},
        {"odds": "8", "influence": None},
        {"odds": [1, 1], "influence": None},
    ],
    ids=str,
)
def test_a_file_of_before_with_rates_that_nothing_has_is_refused(change: dict[str, Any]) -> None:
    content = of_before(1, Fraction(8), 7280)
    content["top_shows"] |= change
    with pytest.raises(StatisticsError, match=r"^statistics: top_shows"):
        RoundStatistics.from_bytes(json.dumps(content).encode())


def test_a_round_of_before_without_answers_has_no_rates() -> None:
    read = RoundStatistics.from_bytes(json.dumps(of_before(1, Fraction(8), 7280, reports=0)).encode())
    assert read.top_shows.rates is None
    assert not any(one.question == "top_shows" for one in kinds()["top_shows"].needs(read.top_shows))


@pytest.mark.parametrize("field", ["round", "survey", "vocabulary", "participants", "refused"])
def test_a_missing_field_is_refused_by_name(field: str) -> None:
    content = json.loads(STATISTICS.to_bytes())
    del content[field]
    with pytest.raises(StatisticsError, match=rf"^statistics: {field}: "):
        RoundStatistics.from_bytes(json.dumps(content).encode())


def test_the_refusal_says_where_the_file_is_wrong() -> None:
    with pytest.raises(StatisticsError, match=r"^statistics: top_shows\.shows\.1\.estimate: "):
        RoundStatistics.from_bytes(changed(("top_shows", "shows", 1, "estimate"), "many"))


NEW_FIELDS = {
    "shows": ("is_robust", "fragile_reports"),
    "top_shows": ("tolerated", "influence", "named_per_person", "named_per_person_error"),
    "volume": ("is_robust", "influence"),
}


def test_a_file_from_before_robustness_is_read_as_not_robust() -> None:
    content = json.loads(STATISTICS.to_bytes())
    for part, fields in NEW_FIELDS.items():
        for inner in content["top_shows"]["shows"] if part == "shows" else [content[part]]:
            for field in fields:
                del inner[field]
    read = RoundStatistics.from_bytes(json.dumps(content).encode())
    assert read.top_shows is not None
    assert read.volume is not None
    assert not any(show.is_robust for show in read.top_shows.shows)
    assert (read.top_shows.tolerated, read.volume.is_robust, read.volume.influence) == (None, False, None)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("top_shows", "shows", 0, "is_robust"), 1),
        (("top_shows", "shows", 0, "fragile_reports"), -1),
        (("top_shows", "tolerated"), 1.5),
        (("top_shows", "named_per_person"), "1"),
        (("volume", "is_robust"), None),
        (("volume", "influence"), 1.1),
    ],
    ids=str,
)
def test_a_wrong_robustness_is_refused(path: tuple[str | int, ...], value: Any) -> None:
    with pytest.raises(StatisticsError, match=r"^statistics: "):
        RoundStatistics.from_bytes(changed(path, value))


def test_robustness_round_trips() -> None:
    assert STATISTICS.top_shows is not None
    show = STATISTICS.top_shows.shows[0].model_copy(update={"is_robust": True, "fragile_reports": 17})
    top = STATISTICS.top_shows.model_copy(
        update={"shows": (show,), "tolerated": 6, "influence": 2.5, "named_per_person": 0.6}
    )
    known = STATISTICS.model_copy(update={"top_shows": top})
    assert RoundStatistics.from_bytes(known.to_bytes()) == known


# One's own place


@pytest.mark.parametrize(("titles", "share"), [(0, 0.0), (1, 0.2), (2, 0.3), (4, 0.6), (10, 0.8)])
def test_at_the_smallest_value_of_a_bucket_the_share_is_the_published_one(titles: int, share: float) -> None:
    assert percentile(volume(), titles).share == pytest.approx(share)


@pytest.mark.parametrize(
    ("titles", "share", "error"), [(3, 0.45, 0.06), (7, 0.7, 0.07), (5, 0.6 + 0.2 / 6, 0.08 - 0.02 / 6)]
)
def test_between_two_buckets_share_and_error_are_interpolated(titles: int, share: float, error: float) -> None:
    place = percentile(volume(), titles)
    assert place.share == pytest.approx(share)
    assert place.standard_error == pytest.approx(error)


@pytest.mark.parametrize(
    ("titles", "share", "error"), [(15, 0.9, 0.03), (20, 1.0, 0.0), (21, 1.0, 0.0), (10**9, 1.0, 0.0)]
)
def test_beyond_the_last_bucket_the_share_reaches_one_at_twice_its_smallest_value(
    titles: int, share: float, error: float
) -> None:
    place = percentile(volume(), titles)
    assert place.share == pytest.approx(share)
    assert place.standard_error == pytest.approx(error)


@pytest.mark.parametrize("is_reliable", [True, False])
@pytest.mark.parametrize("titles", [0, 3, 100])
def test_a_place_in_an_unreliable_distribution_is_unreliable(titles: int, is_reliable: bool) -> None:
    assert percentile(volume(is_reliable=is_reliable), titles).is_reliable is is_reliable


@settings(max_examples=200)
@given(distributions(), st.integers(0, 500), st.integers(0, 500))
def test_more_titles_never_give_a_lower_percentile(distribution: Volume, one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert percentile(distribution, low).share <= percentile(distribution, high).share + 1e-12


@settings(max_examples=200)
@given(distributions(), st.integers(0, 500))
def test_a_share_and_its_error_lie_between_those_of_the_neighbouring_buckets(distribution: Volume, titles: int) -> None:
    buckets = (*distribution.buckets, 10**9)
    place = next(number for number, (low, high) in enumerate(pairwise(buckets)) if low <= titles < high)
    shares = (*distribution.cumulative, 1.0)[place : place + 2]
    errors = (*distribution.cumulative_error, 0.0)[place : place + 2]
    found = percentile(distribution, titles)
    assert min(shares) - 1e-12 <= found.share <= max(shares) + 1e-12
    assert min(errors) - 1e-12 <= found.standard_error <= max(errors) + 1e-12
