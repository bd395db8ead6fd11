"""Markdown tables of simulated figures, and means over cohorts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import stdev

import numpy as np

from bench.rounds import Mode

MODE_NAMES: Mapping[Mode, str] = {"local": "local mode", "two": "two operators"}


def mean_of(cohorts: Sequence[Sequence[float]]) -> float:
    """Return the mean of all figures of all cohorts, NaN where there is none. NaN among the figures is left out."""
    known = [value for values in cohorts for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def error_of(cohorts: Sequence[Sequence[float]]) -> float:
    """Return the standard error of that mean: cohorts are independent of each other, figures of one cohort are not.

    0 for one cohort alone. Of means of cohorts with different numbers of figures, weighed by these (the ratio
    estimator; W. G. Cochran, Sampling Techniques, 3rd ed., section 2.11).
    """
    known = [[value for value in values if not np.isnan(value)] for values in cohorts]
    known = [values for values in known if values]
    if len(known) < 2:
        return 0.0
    mean = mean_of(known)
    off = [sum(values) - mean * len(values) for values in known]
    return stdev(off) * sqrt(len(known)) / sum(map(len, known))


def in_hundredths(value: float) -> str:
    """Return a share with two decimals, a dash for NaN."""
    return "-" if np.isnan(value) else f"{value:.2f}"


def yes_or_no(is_met: bool) -> str:
    """Return whether a target is met."""
    return "yes" if is_met else "**no**"


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a markdown table with its title."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join([f"### {title}", "", *(f"| {' | '.join(line)} |" for line in lines)])
