"""Containers are killed while exports are on their way; then a test only waits."""

from __future__ import annotations

import pytest

from bench.kills import KILLS, PROMISED_SECONDS, run
from tests.e2e.containers import require_docker

pytestmark = pytest.mark.docker


def test_every_export_is_in_the_tables_after_each_kind_of_kill() -> None:
    """`python -m bench kills` does the same a hundred times."""
    require_docker()
    result = run(len(KILLS), seed=7, group=len(KILLS), name="netflix-trend-kills-test")
    assert result.kills.total() == len(KILLS)
    assert len(result.kills) == len(KILLS)
    assert result.missing == set()
    assert max(result.waits) <= PROMISED_SECONDS
