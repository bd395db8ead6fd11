"""The verb `chart`: keep the charts of files, and say what was read."""

from __future__ import annotations

import io
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from netflix_trend.catalogue.chart_files import LARGEST_CHART, ChartFileError, read_charts
from netflix_trend.catalogue.keys import plain_title
from netflix_trend.causes import reason_of
from netflix_trend.settings import Settings
from services.aggregator.charts.intake import in_words
from services.aggregator.charts.kept import KeptCharts

STDIN = "-"


def keep_charts(settings: Settings, files: list[str], name: str) -> int:
    """Keep the charts of files, and print what was read or refused. Returns the exit code, 1 if one was refused.

    name: of the file on stdin, which is called `-`.
    """
    kept, code = KeptCharts(settings.aggregator_dir), 0
    for path in files:
        shown = plain_title(name if path == STDIN else Path(path).name)[:80]
        try:
            with nullcontext(_stdin()) if path == STDIN else Path(path).open("rb") as file:
                charts = read_charts(file, settings.chart_country)
            kept.add(charts)
            print(f"{shown}: {in_words(charts)}")  # noqa: T201
        except (ChartFileError, OSError) as problem:
            print(f"{shown} is refused: {reason_of(problem)}", file=sys.stderr)  # noqa: T201
            code = 1
    return code


def _stdin() -> BinaryIO:
    return io.BytesIO(sys.stdin.buffer.read(LARGEST_CHART + 1))
