"""The order of day, month and year, decided once per file."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from netflix_trend.history.dates import ORDERS, UndecidableOrder, date_part, decide_order

ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")

# Every format of docs/method/reading-exports.md#date-order: those seen in real files, then those that only CLDR names.
WRITTEN: dict[str, tuple[str, Callable[[date], str]]] = {
    "M/D/YY": ("mdy", lambda d: f"{d.month}/{d.day}/{d:%y}"),
    "DD/MM/YYYY": ("dmy", lambda d: f"{d:%d/%m/%Y}"),
    "D/M/YY": ("dmy", lambda d: f"{d.day}/{d.month}/{d:%y}"),
    "DD/MM/YY": ("dmy", lambda d: f"{d:%d/%m/%y}"),
    "DD-MM-YY": ("dmy", lambda d: f"{d:%d-%m-%y}"),
    "DD.MM.YYYY": ("dmy", lambda d: f"{d:%d.%m.%Y}"),
    "YYYY-MM-DD": ("ymd", lambda d: f"{d:%Y-%m-%d}"),
    "D.M.YYYY": ("dmy", lambda d: f"{d.day}.{d.month}.{d.year}"),
    "YYYY/MM/DD": ("ymd", lambda d: f"{d:%Y/%m/%d}"),
    "DD.MM.YY": ("dmy", lambda d: f"{d:%d.%m.%y}"),
    "M/D/YYYY resaved": ("mdy", lambda d: f"{d.month}/{d.day}/{d.year}"),
    "D/MM/YY": ("dmy", lambda d: f"{d.day}/{d:%m/%y}"),
    "Y/M/D": ("ymd", lambda d: f"{d.year}/{d.month}/{d.day}"),
    "YY. M. D. Korean": ("ymd", lambda d: f"{d:%y}. {d.month}. {d.day}."),
    "Y. MM. DD. Hungarian": ("ymd", lambda d: f"{d:%Y. %m. %d.}"),
    "D. M. Y": ("dmy", lambda d: f"{d.day}. {d.month}. {d.year}"),
    "D. M. YY": ("dmy", lambda d: f"{d.day}. {d.month}. {d:%y}"),
    "DD. MM. Y.": ("dmy", lambda d: f"{d:%d. %m. %Y.}"),
    "D.MM.YY Bulgarian": ("dmy", lambda d: f"{d.day}.{d:%m.%y} г."),
    "D/M/Y right to left": ("dmy", lambda d: f"{d.day}\u200f/{d.month}\u200f/{d.year}"),
    "D/M/Y Arabic digits": ("dmy", lambda d: f"{d.day}\u200f/{d.month}\u200f/{d.year}".translate(ARABIC_DIGITS)),
    "Y/M/D Persian digits": ("ymd", lambda d: f"{d.year}/{d.month}/{d.day}".translate(PERSIAN_DIGITS)),
    "D/M/Y Buddhist year": ("dmy", lambda d: f"{d.day}/{d.month}/{d.year + 543}"),
}
DAYS = st.dates(date(2008, 1, 1), date(2035, 12, 31))
HISTORY = [date(2023, 12, 30) - timedelta(days=9 * number) for number in range(40)]


def the_day(text: str, order: str) -> date | None:
    """The day of a text in a file whose other dates have decided its order."""
    others = {"mdy": "12/30/2023", "dmy": "30/12/2023", "ymd": "2023/12/30"}
    decided = decide_order([text, *[others[order]] * 3], order)
    assert decided.order == order
    return decided.days[text]


@pytest.mark.parametrize("written", WRITTEN)
def test_every_known_way_of_writing_a_date_is_read(written):
    order, write = WRITTEN[written]

    decided = decide_order([write(day) for day in HISTORY])

    assert decided.order == order
    assert [decided.days[write(day)] for day in HISTORY] == HISTORY


@pytest.mark.parametrize("written", WRITTEN)
@settings(max_examples=15)
@given(
    first=st.dates(date(2008, 1, 1), date(2026, 12, 31)),
    offsets=st.lists(st.integers(0, 3_650), max_size=12),
    early=st.integers(1, 9),
    late=st.integers(21, 28),
)
def test_a_history_with_an_early_and_a_late_day_of_a_month_is_read_right(written, first, offsets, early, late):
    order, write = WRITTEN[written]
    days = [first.replace(day=early), first.replace(day=late), *(first + timedelta(days=offset) for offset in offsets)]
    assume((max(days) - min(days)).days <= 3_650)

    decided = decide_order([write(day) for day in days])

    assert decided.order == order
    assert [decided.days[write(day)] for day in days] == days


# Left out: Korean dates, and US dates of two digits each, where a tie of the spans is decided by the shape.
@pytest.mark.parametrize("written", sorted(set(WRITTEN) - {"YY. M. D. Korean"}))
@settings(max_examples=25)
@given(days=st.lists(DAYS, min_size=1, max_size=6))
def test_a_wrong_order_is_found_only_where_it_makes_a_sorted_history_shorter(written, days):
    _, write = WRITTEN[written]
    days = sorted(days, reverse=True)
    texts = [write(day) for day in days]
    assume(not written.startswith("M/D") or any(len(part) == 1 for text in texts for part in text.split("/")))

    try:
        decided = decide_order(texts)
    except UndecidableOrder:
        return
    found = [decided.days[text] for text in texts]

    if found != days:
        assert None not in found
        assert found == sorted(found, reverse=True)
        assert max(found) - min(found) < max(days) - min(days)


@pytest.mark.parametrize("written", sorted(set(WRITTEN) - {"YY. M. D. Korean"}))
@settings(max_examples=15)
@given(days=st.lists(DAYS, min_size=1, max_size=8), seed=st.integers())
def test_where_one_date_decides_the_order_of_the_rows_does_not_matter(written, days, seed):
    texts = [WRITTEN[written][1](day) for day in [date(2023, 12, 30), *days]]

    decided, again = decide_order(texts), decide_order(random.Random(seed).sample(texts, len(texts)))

    assert (again.order, again.days) == (decided.order, decided.days)
    assert [again.days[text] for text in texts[1:]] == days


@pytest.mark.parametrize("written", WRITTEN)
def test_the_sort_of_the_rows_decides_before_the_span(written):
    order, write = WRITTEN[written]
    days = [date(2024, 9, 3), date(2024, 6, 5), date(2024, 3, 7), date(2023, 11, 9), date(2023, 8, 10)]

    assert [decide_order([write(day) for day in days]).days[write(day)] for day in days] == days
    assert decide_order([write(day) for day in days[::-1]]).order == order


def test_the_one_order_that_is_sorted_newest_first_is_taken():
    decided = decide_order(["3/5/24", "2/6/24", "1/5/24"])  # day first they span 33 days, month first 60

    assert (decided.order, decided.ascents) == ("mdy", 0)
    assert decided.evidence == "only then are the rows sorted newest first"
    assert decided.example == "3/5/24 is read as 5 March 2024"


def test_newest_first_comes_before_oldest_first():
    assert decide_order(["2/1/2024", "1/2/2024"]).order == "mdy"
    assert decide_order(["1/2/2024", "2/1/2024"]).order == "dmy"


def test_a_file_that_was_sorted_oldest_first_is_read_right():
    days = ["8/10/23", "11/9/23", "3/7/24", "6/5/24", "9/3/24"]

    assert decide_order(days).order == "mdy"
    assert decide_order(days).evidence == "only then are the rows sorted oldest first"


def test_one_break_between_two_exports_hides_no_sort():
    export = [f"{month}/{day}/24" for month, day in ((12, 1), (11, 6), (9, 3), (8, 9), (5, 2), (3, 11), (1, 4))]

    assert decide_order([*export, *export]).evidence == "only then are the rows sorted newest first with so few breaks"
    assert decide_order([*export, *export]).order == "mdy"


def test_rows_in_no_order_are_decided_by_the_span():
    texts = ["3/9/24", "3/2/24", "3/7/24", "3/1/24", "3/8/24", "3/3/24", "3/10/24", "3/4/24"]

    assert decide_order(texts).order == "mdy"
    assert "9 days" in decide_order(texts).evidence


# A year in front


def test_a_year_in_front_is_read_by_itself_whatever_the_others_are():
    for others, order in ((["3/5/24", "2/13/24"], "mdy"), (["5/3/24", "13/2/24"], "dmy")):
        decided = decide_order(["2024-03-06", *others, "2024/1/2"])

        assert decided.order == order
        assert list(decided.days.values()) == [
            date(2024, 3, 6), date(2024, 3, 5), date(2024, 2, 13), date(2024, 1, 2),
        ]  # fmt: skip


def test_dates_with_the_year_in_front_show_how_the_others_are_sorted():
    assert decide_order(["2024-04-04", "3/5/24", "2024-02-04"]).order == "mdy"
    assert decide_order(["2024-05-04", "3/5/24", "2024-05-02"]).order == "dmy"


def test_a_file_with_the_year_in_front_everywhere_is_year_first():
    decided = decide_order(["2024-03-06", "2024-03-05", "soon"])

    assert (decided.order, decided.evidence) == ("ymd", "the year is written first")


@settings(max_examples=100)
@given(
    st.lists(st.text(max_size=12) | st.from_regex(r"\d{1,4}[/.\- ]\d{1,3}[/.\- ]\d{1,4}", fullmatch=True), max_size=6)
)
def test_every_text_in_the_date_column_has_a_day_or_none(texts):
    try:
        decided = decide_order(texts)
    except UndecidableOrder as undecidable:
        question = undecidable.question
        assert question.example in texts
        assert len(question.orders) > 1
    else:
        assert set(decided.days) == set(texts)
        assert decided.order in ORDERS


@pytest.mark.parametrize("written", WRITTEN)
@settings(max_examples=15)
@given(days=st.lists(DAYS, min_size=1, max_size=6), later=st.integers(0, 400))
def test_the_day_of_the_file_never_rules_the_true_order_out(written, days, later):
    order, write = WRITTEN[written]
    days = sorted(days, reverse=True)
    newest = max(days) + timedelta(days=later)

    try:
        decided = decide_order([write(day) for day in days], order, newest)
    except UndecidableOrder as undecidable:
        question = undecidable.question
        assert order in question.orders
        return
    found = [decided.days[write(day)] for day in days]

    assert None not in found
    assert found == days or max(found) - min(found) <= max(days) - min(days)
    assert max(found) <= newest


@pytest.mark.parametrize("written", WRITTEN)
@settings(max_examples=15)
@given(days=st.lists(DAYS, min_size=1, max_size=8))
def test_numbered_dates_are_read_as_repeated_ones(written, days):
    texts = [WRITTEN[written][1](day) for day in days]
    different = sorted(set(texts), key=texts.index)
    places = np.array([different.index(text) for text in texts], dtype=np.int32)

    def outcome(given: list[str], rows: NDArray[np.int32] | None = None) -> object:
        try:
            return decide_order(given, rows=rows)
        except UndecidableOrder as undecidable:
            question = undecidable.question
            return str(question)

    assert outcome(different, places) == outcome(texts)


@pytest.mark.parametrize("written", WRITTEN)
@settings(max_examples=15)
@given(
    days=st.lists(DAYS, min_size=1, max_size=6), blank=st.sampled_from([" ", "\u00a0", "\u200f", "\ufeff", "\u200b "])
)
def test_invisible_marks_around_a_date_change_no_day(written, days, blank):
    order, write = WRITTEN[written]
    others = [write(date(2023, 12, 30)), write(date(2023, 1, 30))]

    plain = decide_order([*others, *(write(day) for day in days)], order)
    marked = decide_order([*others, *(f"{blank}{write(day)}{blank}" for day in days)], order)

    assert marked.order == plain.order
    assert [marked.days[f"{blank}{write(day)}{blank}"] for day in days] == [plain.days[write(day)] for day in days]


# Deciding


def test_one_date_with_a_day_beyond_twelve_decides_the_file():
    assert decide_order(["3/4/24", "3/5/24", "3/13/24"]).order == "mdy"
    assert decide_order(["3/4/24", "3/5/24", "13/3/24"]).order == "dmy"


def test_spanish_and_us_dates_of_one_shape_are_distinguished():
    assert decide_order(["14/11/20"]).days["14/11/20"] == date(2020, 11, 14)
    assert decide_order(["11/14/20"]).days["11/14/20"] == date(2020, 11, 14)


def test_among_possible_orders_the_one_with_the_smallest_span_is_taken():
    assert decide_order(["3/9/24", "3/7/24", "3/2/24"]).order == "mdy"
    assert decide_order(["9/3/24", "7/3/24", "2/3/24"]).order == "dmy"


def test_one_impossible_date_does_not_turn_the_order_of_a_file():
    decided = decide_order(["1/13/24", "1/14/24", "1/15/24", "15/1/24"])

    assert decided.order == "mdy"
    assert decided.days["15/1/24"] is None
    assert decided.days["1/14/24"] == date(2024, 1, 14)


def test_rows_decide_and_not_distinct_dates():
    # Of the distinct dates two are impossible month first and one day first; of the rows it is two and five.
    assert decide_order(["13/1/24", "14/1/24", *["1/13/24"] * 5]).order == "mdy"


def test_the_question_shows_a_date_that_the_orders_read_differently():
    with pytest.raises(UndecidableOrder) as caught:
        decide_order(["5/6/24", "5/5/24", "6/5/24"])

    question = caught.value.question
    assert question.example == "5/6/24"
    assert str(question) == "5/6/24 can be 6 May 2024 (month first) or 5 June 2024 (day first)"
    assert question.readings() == {"mdy": date(2024, 5, 6), "dmy": date(2024, 6, 5)}


def test_two_paddings_of_one_order_are_one_order():
    assert decide_order(["20/12/21", "09/12/21", "5/3/21", "9/12/20"]).order == "dmy"


@pytest.mark.parametrize("text", ["3/9/24", "3/9/2024", "12/1/2024"])
def test_a_file_of_one_ambiguous_day_is_a_question(text):
    with pytest.raises(UndecidableOrder) as caught:
        decide_order([text, text])

    assert caught.value.question.example == text
    assert {"mdy", "dmy"} <= set(caught.value.question.orders)
    assert text in str(caught.value)


def test_two_readings_with_one_sort_and_one_span_are_a_question():
    with pytest.raises(UndecidableOrder):
        decide_order(["2/1/2024", "2/1/2024"])


def test_a_date_with_one_reading_in_both_orders_is_not_asked_about():
    assert decide_order(["5/5/2024"]).days["5/5/2024"] == date(2024, 5, 5)


@pytest.mark.parametrize(
    "text", ["03/09/2024", "03/09/24", "3.9.2024", "3. 9. 2024", "03.09.24", "03-09-24", " 03/09/24 "]
)
def test_a_single_date_is_decided_by_a_format_that_only_day_first_uses(text):
    assert decide_order([text]).days[text] == date(2024, 9, 3)


def test_one_row_of_another_shape_makes_the_shape_no_evidence():
    with pytest.raises(UndecidableOrder):
        decide_order(["03/09/2024", "3/9/2024"])


@pytest.mark.parametrize(("order", "day"), [("mdy", date(2024, 3, 9)), ("dmy", date(2024, 9, 3))])
def test_the_answer_of_the_person_settles_an_ambiguous_file(order, day):
    decided = decide_order(["3/9/24"], order)

    assert decided.order == order
    assert decided.days == {"3/9/24": day}


def test_dates_that_decide_override_the_answer_of_the_person():
    assert decide_order(["3/9/24", "3/30/24"], "dmy").days["3/9/24"] == date(2024, 3, 9)


@pytest.mark.parametrize("texts", [["10/11/24"], ["10/12/24", "12/10/24", "10/12/24"], ["23. 12. 30."], ["10/11/2024"]])
def test_a_format_that_two_countries_share_is_asked_about(texts):
    with pytest.raises(UndecidableOrder):
        decide_order(texts)


@pytest.mark.parametrize("text", ["1/99999999999/24", "30-12-2", "1/1/202", "999/1/24"])
def test_a_number_that_is_not_a_day_month_or_year_loses_only_its_row(text):
    decided = decide_order(["30-12-23", "29-12-23", text])
    assert decided.order == "dmy"
    assert decided.days[text] is None


# The day the file was made


@pytest.mark.parametrize(("order", "day"), [("mdy", date(2024, 3, 9)), ("dmy", date(2024, 9, 3))])
def test_no_row_is_of_a_day_after_the_file_was_made(order, day):
    text = "3/9/24" if order == "mdy" else "9/3/24"

    decided = decide_order([text], None, date(2024, 3, 9))

    assert decided.order == order
    assert decided.days == {text: date(2024, 3, 9)}


def test_the_day_of_the_file_itself_is_not_after_it():
    assert decide_order(["3/9/24"], newest=date(2024, 9, 2)).order == "mdy"
    with pytest.raises(UndecidableOrder):
        decide_order(["3/9/24"], newest=date(2024, 9, 3))


def test_a_file_older_than_all_readings_is_no_evidence():
    with pytest.raises(UndecidableOrder):
        decide_order(["3/9/24"], newest=date(2024, 3, 8))


def test_the_day_of_the_file_outweighs_the_span_and_the_answer():
    texts = ["3/9/24", "3/7/24", "3/2/24"]  # month first they span a week

    assert decide_order(texts).order == "mdy"
    assert decide_order(texts, newest=date(2024, 3, 10)).order == "mdy"
    assert decide_order(["9/3/24", "10/3/24", "9/4/24"], "mdy", date(2024, 5, 1)).order == "dmy"


def test_the_day_of_the_file_is_outweighed_by_an_impossible_date():
    decided = decide_order(["3/9/24", "13/9/24"], newest=date(2024, 5, 1))

    assert decided.order == "dmy"
    assert decided.days["3/9/24"] == date(2024, 9, 3)


def test_rows_after_the_day_of_the_file_are_counted_and_not_distinct_dates():
    # Month first, two dates in three rows are later; day first, one date in four rows is.
    texts = ["10/1/24", "11/1/24", "1/10/24"]

    assert decide_order([*texts, "11/1/24", *["1/10/24"] * 3], newest=date(2024, 6, 1)).order == "mdy"
    assert decide_order(texts, newest=date(2024, 6, 1)).order == "dmy"


def test_of_the_orders_with_few_rows_after_the_file_the_smallest_span_is_taken():
    assert decide_order(["3/9/24", "3/7/24"], newest=date(2024, 12, 31)).order == "mdy"


def test_the_evidence_names_the_day_of_the_file():
    assert "2024-05-01" in decide_order(["3/9/24"], newest=date(2024, 5, 1)).evidence
    assert "2024-05-01" not in decide_order(["3/30/24"], newest=date(2024, 5, 1)).evidence


# The shape, and the question


@pytest.mark.parametrize("text", ["03.09.24", "3. 9. 2024", "03/09/2024"])
def test_a_format_that_only_day_first_uses_decides(text):
    assert decide_order([text]).days[text] == date(2024, 9, 3)


def test_the_answer_overrides_the_format_except_for_dots_with_the_month_first():
    assert decide_order(["03/09/2024"], "mdy").days["03/09/2024"] == date(2024, 3, 9)
    assert decide_order(["03.09.2024"], "mdy").days["03.09.2024"] == date(2024, 9, 3)


@pytest.mark.parametrize(
    "texts",
    [
        ["10/11/2024", "03/11/2024"],
        ["10/03/24"],
        ["10/11/24", "11/10/24", "01/01/24"],
        ["3.9.2024", "13.13.2024"],
        ["3-9-24"],
        ["3-9-2024"],
        ["03. 09. 2024."],
        ["3.09.24 г."],
        ["3/09/24"],
        ["3/09/24", "10/11/24"],
        ["3/09/2024", "20/11/2024"],
        ["03/09/2567"],
    ],
)
def test_one_zero_or_dot_shows_that_the_day_is_first(texts):
    assert decide_order(texts).order == "dmy"


@pytest.mark.parametrize("texts", [["3/9/24"], ["03/9/24"], ["3 9 2024"], ["3.9/2024"], ["3-9.24"]])
def test_other_shapes_are_asked_about(texts):
    with pytest.raises(UndecidableOrder):
        decide_order(texts)


@pytest.mark.parametrize("text", ["3.9.2024", "3. 9. 24", "03-09-24", "03/09/2024"])
def test_a_format_in_half_of_the_rows_is_no_evidence(text):
    with pytest.raises(UndecidableOrder):
        decide_order([text, "3/9/2024"])
    assert decide_order([text, "3/9/2024"], "mdy").days[text] == date(2024, 3, 9)


def test_dots_do_not_rule_out_the_month_where_no_other_order_is_possible():
    assert decide_order(["12.30.23", "12.29.23"]).days["12.30.23"] == date(2023, 12, 30)


def test_the_answer_of_the_person_does_not_overrule_the_span():
    assert decide_order(["3/9/24", "3/7/24", "3/2/24"], "dmy").order == "mdy"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("12/30/23", "12/30/23"),
        ("12/30/23, 11:05 PM", "12/30/23"),
        ("2023-12-30T23:50:12Z", "2023-12-30"),
        ("23. 12. 30.", "23. 12. 30."),
        ("3.09.24 г.", "3.09.24 г."),
        ("1/2", "1/2"),
        ("soon", "soon"),
        ("x" * 200, "x" * 100),
    ],
)
def test_a_time_after_a_date_is_cut_off_and_the_date_stays_complete(text, part):
    assert date_part(text) == part


def test_an_impossible_answer_is_ignored():
    with pytest.raises(UndecidableOrder):
        decide_order(["3/9/2024"], "ymd")


def test_the_evidence_names_the_setting_or_the_shape_that_decided():
    assert "DATE_ORDER" in decide_order(["3/9/24"], "dmy").evidence
    assert "day is first" in decide_order(["03/09/2024"]).evidence
    assert "month is never first" in decide_order(["03.09.24"]).evidence


@pytest.mark.parametrize("text", ["24/12/30", "24-12-30", "24 12 30"])
def test_a_year_of_two_digits_is_first_only_before_a_dot(text):
    assert decide_order([text]).days[text] != date(2024, 12, 30)


@pytest.mark.parametrize(
    "texts", [["05.03.24", "05.04.23"], ["05.03.24", "06.04.23", "05.01.22"], ["5. 3. 24", "5. 4. 23"]]
)
def test_a_year_of_two_digits_is_not_first_without_a_dot_behind_the_day(texts):
    decided = decide_order(texts)

    assert decided.order == "dmy"
    assert decided.days[texts[0]] == date(2024, 3, 5)


@pytest.mark.parametrize("text", ["24. 12. 30.", "24.\u00a012.\u00a030.", " 24. 12. 30. "])
def test_a_korean_year_of_two_digits_is_first(text):
    assert decide_order([text, "24. 1. 31.", "24. 5. 20."]).days[text] == date(2024, 12, 30)


def test_a_date_after_a_long_text_is_not_found():
    decided = decide_order(["x" * 70 + "12/30/23", "12/30/23", "12/29/23"])

    assert decided.order == "mdy"
    assert list(decided.days.values()) == [None, date(2023, 12, 30), date(2023, 12, 29)]


def test_no_dates_at_all_raise_no_question():
    assert decide_order([]).days == {}
    assert decide_order(["soon", ""]).days == {"soon": None, "": None}


def test_the_evidence_counts_the_impossible_dates():
    evidence = decide_order(["1/13/24", "1/14/24", "1/14/24", "15/1/24"]).evidence

    assert "so few dates impossible, 1 of 4" in evidence
    assert decide_order(["1/13/24"]).evidence == "only then is every date possible"


def test_the_evidence_of_the_smallest_span_gives_its_days():
    assert "7 days" in decide_order(["3/9/24", "3/7/24", "3/2/24"]).evidence


# Single dates


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("1/1/08", "mdy", date(2008, 1, 1)),
        ("1/1/1997", "mdy", date(1997, 1, 1)),
        ("12/31/2100", "mdy", date(2100, 12, 31)),
        ("12/31/99", "mdy", date(2099, 12, 31)),
        ("1/1/00", "mdy", date(2000, 1, 1)),
        ("1/1/2540", "mdy", date(1997, 1, 1)),
        ("29/2/2567", "dmy", date(2024, 2, 29)),
        ("2/29/08", "mdy", date(2008, 2, 29)),
        ("29.2.2024", "dmy", date(2024, 2, 29)),
        ("30/12/2566", "dmy", date(2023, 12, 30)),
        ("2566-12-30", "ymd", date(2023, 12, 30)),
        ("30\u200f/12\u200f/2023", "dmy", date(2023, 12, 30)),
        ("\u200f٣٠\u200f/١٢\u200f/٢٠٢٣", "dmy", date(2023, 12, 30)),
        ("۲۰۲۳/۱۲/۳۰", "ymd", date(2023, 12, 30)),
        ("2\u200b3. 12. 30.", "ymd", date(2023, 12, 30)),
        ("23.\u00a012.\u00a030.", "ymd", date(2023, 12, 30)),
        ("30.12.23 г.", "dmy", date(2023, 12, 30)),
        (" 12/30/23 ", "mdy", date(2023, 12, 30)),
        ("12/30/2023 18:22", "mdy", date(2023, 12, 30)),
        ("2023-12-30T18:22:05Z", "ymd", date(2023, 12, 30)),
    ],
)
def test_a_date_is_three_integers_with_any_text_around_them(text, order, day):
    assert the_day(text, order) == day


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", "mdy"),
        ("soon", "mdy"),
        ("12/30", "mdy"),
        ("20231230", "ymd"),
        ("2/29/23", "mdy"),
        ("4/31/24", "mdy"),
        ("13/1/24", "mdy"),
        ("0/1/24", "mdy"),
        ("1/0/24", "mdy"),
        ("1/32/24", "mdy"),
        ("1/1/1996", "mdy"),
        ("1/1/2400", "mdy"),
        ("1/1/2539", "mdy"),
        ("29/2/2566", "dmy"),
        ("1/001/24", "mdy"),
        ("001/1/24", "mdy"),
        ("1/1/2101", "mdy"),
        ("1/1/202", "mdy"),
        ("1/1/20234", "mdy"),
        ("2024/1/99999999999", "ymd"),
        ("99999999999/1/2024", "dmy"),
        ("12/30/23", "dmy"),
    ],
)
def test_an_impossible_date_has_no_day(text, order):
    assert the_day(text, order) is None


def test_what_the_person_says_about_a_file_outranks_its_sort_and_span() -> None:
    days = ["3/5/24", "2/6/24", "1/5/24"]  # sorted newest first with the month first
    assert decide_order(days, "dmy").order == "mdy"
    decided = decide_order(days, "mdy", answer="dmy")
    assert (decided.order, decided.days["2/6/24"]) == ("dmy", date(2024, 6, 2))
    assert decided.evidence == "several orders are possible; this one was chosen for the file"
    assert decide_order([*days, "1/31/24"], answer="dmy").order == "mdy"  # it has an impossible date that way
