"""`bench scale` at toy size: every place finds the same, and says what it took."""

from __future__ import annotations

import re

import pytest

from bench import scale


def test_places_find_the_same(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.setpgid", lambda *_: None)

    assert scale.main(["--people", "30", "--places", *scale.PLACES[:2]]) == 0

    said = capsys.readouterr().out
    rows = re.findall(
        r"^(datasites|shards) +30  (this process|2 processes) +([\d.]+) +([\d.]+) +(\d+) +[\d.]+$", said, re.M
    )
    assert [row[:2] for row in rows] == [
        (source, place) for source in ("datasites", "shards") for place in scale.PLACES[:2]
    ]
    assert all(float(row[3]) > 0 and int(row[4]) > 10 for row in rows)
    assert said.endswith("all places find the same\n")
