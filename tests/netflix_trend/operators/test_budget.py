import math
from fractions import Fraction
from itertools import product

import pytest
from dp_accounting import GaussianDpEvent, SelfComposedDpEvent
from dp_accounting.pld import PLDAccountant
from pydantic import ValidationError

from netflix_trend.operators.blocks import Block, Kind
from netflix_trend.operators.budget import Budget, BudgetFull
from netflix_trend.operators.manifest import Manifest, Plan, Round, from_bytes, to_bytes
from netflix_trend.operators.store import Store
from netflix_trend.operators.wire import Malformed
from netflix_trend.privacy.zcdp import epsilon_of_rho
from netflix_trend.vdaf.prio3 import Prio3
from tests.netflix_trend.operators.network import BLOCKS, Network, plan


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "state.sqlite", durable=False)
    yield store
    store.close()


def test_losses_add_up_in_any_52_weeks(store):
    budget = Budget(store, Fraction(10))
    for number, day in enumerate((1000, 1363, 1364, 2000)):
        budget.enter(f"2026-W{number}", day, Fraction(1, 3), b"")
    assert budget.would_be(1200, Fraction(0)) == Fraction(2, 3)  # day 1364 is 364 days after day 1000
    assert budget.would_be(1364, Fraction(1)) == Fraction(5, 3)
    assert budget.would_be(3000, Fraction(1)) == 1
    assert budget.total() == Fraction(4, 3)


def test_a_round_is_entered_once_and_only_when_it_fits(tmp_path):
    network = Network(tmp_path)
    asked = network.agree()
    store = Store(tmp_path / "other.sqlite", durable=False)
    budget = Budget(store, asked.manifest.rho)
    with store.transaction():
        budget.spend(asked)
    with store.transaction(), pytest.raises(BudgetFull, match="already entered"):
        budget.spend(asked)
    other = Round(asked.manifest.model_copy(update={"round": "2026-W47"}))
    with store.transaction(), pytest.raises(BudgetFull, match="more than is left"):
        budget.spend(other)
    assert budget.spent("2026-W46") == asked.digest and budget.spent("2026-W47") is None
    store.close()


def test_rho_is_that_of_replacing_a_persons_whole_week():
    """The largest change of the exact sums when one answer is replaced by any other, found by trying all of them."""

    def distance(vectors):
        return max(sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) for x in vectors for y in vectors)

    blocks = {
        Block.ask("a", "histogram", 4, 1, 2, Fraction(5)): [[int(i == j) for j in range(4)] for i in range(4)],
        Block.ask("b", "multihot", 5, 2, 2, Fraction(5)): [v for v in product((0, 1), repeat=5) if sum(v) <= 2],
        Block.ask("c", "sumvec", 2, 3, 2, Fraction(5)): list(product(range(4), repeat=2)),
        Block.ask("d", "l1sum", 3, 4, 2, Fraction(5)): [v for v in product(range(5), repeat=3) if sum(v) <= 4],
    }
    for block, vectors in blocks.items():
        assert block.sensitivity2 == distance(vectors), block.kind
        assert block.rho.value == block.sensitivity2 / (2 * block.sigma2.value)


def test_a_year_in_the_budget_costs_what_an_independent_accountant_says(store):
    """52 weeks of the preset with odds 8, in four blocks: within 10 % of the exact composition, and never below it."""
    rho, weeks = Fraction(1079, 10_000), 52
    questions: dict[str, tuple[Kind, int, int, int]] = {
        "shows": ("multihot", 50, 4, 60),
        "groups": ("histogram", 7, 1, 18),
        "sum": ("sumvec", 1, 30, 7),
        "weekday": ("histogram", 8, 1, 15),
    }
    accountant = PLDAccountant()
    blocks = []
    for name, (kind, length, bound, share) in questions.items():
        sensitivity2 = Block.ask(name, kind, length, bound, 2, Fraction(1)).sensitivity2
        blocks.append(Block.ask(name, kind, length, bound, 2, sensitivity2 / (2 * rho * Fraction(share, 100))))
        multiplier = math.sqrt(blocks[-1].sigma2.value / sensitivity2)
        accountant.compose(SelfComposedDpEvent(GaussianDpEvent(multiplier), weeks))
    assert plan(blocks=tuple(blocks)).rho == rho
    budget = Budget(store, Fraction(100))
    for week in range(weeks):
        budget.enter(f"2026-W{week}", 1000 + 7 * week, plan(blocks=tuple(blocks)).rho, b"")
    exact = accountant.get_epsilon(1e-6)
    assert exact <= epsilon_of_rho(budget.would_be(1000 + 7 * 51, Fraction(0)), 1e-6) < 1.1 * exact
    assert abs(exact - 20.9) < 0.1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Shows"},
        {"length": 0},
        {"length": 10_001},
        {"bound": 0},
        {"chunk": 0},
        {"bound": 7},  # more votes than entries
        {"rho": {"num": 1, "den": 2}},
        {"sigma2": {"num": 0, "den": 1}},
        {"kind": "other"},
        {"kind": "histogram"},  # with a bound of 2
        {"more": 1},
    ],
)
def test_an_invalid_block_is_refused(wrong):
    with pytest.raises(ValidationError):
        Block.model_validate({**BLOCKS[0].model_dump(), **wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"round": "../2026-W46"},
        {"round": "2026-W46\n"},
        {"early": 2_000_001},
        {"ends": 2_000_000},
        {"first_day": "2026-11-16"},
        {"first_day": "2026-13-01"},
        {"blocks": (BLOCKS[0], BLOCKS[0])},
        {"blocks": ()},
        {"smallest_batch": 0},
    ],
)
def test_an_invalid_plan_is_refused(wrong):
    with pytest.raises(ValidationError):
        plan(**wrong)


def test_a_manifest_has_one_encoding():
    data = to_bytes(plan())
    assert from_bytes(Plan, data) == plan()
    for wrong in (data + b"\n", data.replace(b":", b": ", 1), data[:-1] + b',"round":"2026-W46"}', b"", b"null"):
        with pytest.raises(Malformed):
            from_bytes(Plan, wrong)


@pytest.mark.parametrize(
    ("kind", "length", "bound"),
    [
        ("multihot", 50, 4),
        ("multihot", 200, 4),
        ("histogram", 1, 1),
        ("histogram", 7, 1),
        ("sumvec", 1, 30),
        ("l1sum", 9, 30),
    ],
)
def test_a_block_without_a_chunk_has_the_shortest_report(kind, length, bound):
    def share(chunk):
        block = Block.ask("a", kind, length, bound, chunk, Fraction(5))
        return Prio3(block.circuit(), b"").leader_share_size

    longest = Block.ask("a", kind, length, bound, length, Fraction(5)).circuit().encoded_length
    assert share(None) == min(share(chunk) for chunk in range(1, longest + 1))


def test_one_operator_does_not_stand_for_two(tmp_path):
    manifest = Network(tmp_path).agree().manifest
    for field in ("datasite", "identity"):
        helper = manifest.helper.model_copy(update={field: getattr(manifest.leader, field)})
        with pytest.raises(ValidationError, match="stands for two"):
            Manifest.model_validate({**manifest.model_dump(), "helper": helper.model_dump()})


def test_every_manifest_field_is_bound_to_every_task(tmp_path):
    """Changing any field gives other task ids, so that reports for one manifest are none for the other."""
    asked = Network(tmp_path).agree()
    manifest = asked.manifest
    tasks = {task.task_id for task in asked.tasks}
    assert len(tasks) == 3
    changes = {
        "round": "2026-W47",
        "survey": "1" * 64,
        "vocabulary": "1" * 64,
        "early": 5,
        "late": manifest.late + 1,
        "ends": manifest.ends + 1,
        "slack": 1,
        "smallest_batch": 3,
        "commitment": "1" * 64,
        "last_day": "2026-11-14",
        "first_day": "2026-11-08",
        "blocks": manifest.blocks[:2],
        "leader": manifest.leader.model_copy(update={"key": manifest.helper.key}),
        "helper": None,
    }
    assert set(changes) == set(Manifest.model_fields) - {"protocol"}
    for name, value in changes.items():
        other = Round(manifest.model_copy(update={name: value}))
        assert not tasks & {task.task_id for task in other.tasks}, name
