"""Any content of a datasite is refused with a reason and counted, and nobody else is affected."""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.operators.codec import Extension, Report
from netflix_trend.operators.manifest import Round, datasite_hash
from netflix_trend.operators.report import build, file_size, parse
from netflix_trend.operators.transport import REPORT, list_rounds
from netflix_trend.operators.wire import Malformed
from netflix_trend.vdaf.circuits import Histogram, MultihotCountVec, SumVec
from netflix_trend.vdaf.field128 import MODULUS
from tests.mutations import flipped
from tests.netflix_trend.operators.network import (
    ANSWERS,
    AT_EARLY,
    AT_LATE,
    BEFORE,
    EXACT,
    HELPER,
    LEADER,
    ROUND,
    Network,
    resigned,
)

ADA, BOB, CYD = ANSWERS
MAL = "mal@example.org"


def with_hostile(tmp_path: Path, make: Callable[..., Any], operators: int = 2) -> Network:
    """A round in which three people answer and one datasite holds what `make` puts at the report's place."""
    network = Network(tmp_path, operators=operators)
    network.agree()
    network.run(BEFORE, 1)
    path = network.path(MAL, REPORT)
    path.parent.mkdir(parents=True)
    make(path, network.path(ADA, REPORT).read_bytes())
    network.operate(AT_EARLY)
    network.operate(AT_LATE)
    return network


HOSTILE = {
    "size": lambda path, data: path.write_bytes(data[:-1]),
    "too_large": lambda path, data: path.write_bytes(data + b"\0"),
    "malformed": lambda path, data: path.write_bytes(os.urandom(len(data))),
    "not_own": lambda path, data: path.write_bytes(data),
    "not_a_file": lambda path, _: path.symlink_to(
        path.parents[5] / ADA / "app_data/netflix_trend/rounds/2026-W46" / REPORT
    ),
    "hard_link": lambda path, data: (path.write_bytes(data), (path.parent / "other").hardlink_to(path)),
}


@pytest.mark.parametrize("operators", [1, 2])
@pytest.mark.parametrize("reason", HOSTILE)
def test_a_hostile_file_is_refused_by_name_and_counted(tmp_path, reason, operators):
    network = with_hostile(tmp_path, HOSTILE[reason], operators)
    assert network.exact() == EXACT
    for email in (LEADER, HELPER)[:operators]:
        closing = network.closing(email)
        assert closing.refused == {reason: 1}
        assert closing.statuses[datasite_hash(MAL).hex()].status == "invalid"
        assert [status.status for status in closing.statuses.values()].count("counted") == 3


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "fifo"])
def test_anything_but_a_file_is_not_waited_for(tmp_path, make):
    network = with_hostile(tmp_path, lambda path, _: make(path))
    assert network.exact() == EXACT and network.closing().refused == {"not_a_file": 1}


def test_a_linked_folder_is_not_followed(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    (tmp_path / "datasites" / MAL).symlink_to(tmp_path / "datasites" / ADA)
    other = tmp_path / "datasites" / "nel@example.org" / "app_data"
    other.parent.mkdir()
    other.symlink_to(tmp_path / "datasites" / ADA / "app_data")
    network.operate(AT_EARLY)
    assert network.exact() == EXACT
    assert network.leader.store.refusals(ROUND) == {"nel@example.org": "not_a_file"}


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    def sparse(path, _):
        with path.open("wb") as file:
            file.truncate(2**40)

    network = with_hostile(tmp_path, sparse)
    assert network.exact() == EXACT and network.closing().refused == {"too_large": 1}


def test_every_byte_of_a_report_matters(tmp_path):
    """Whichever byte is changed, the file or its block is refused, and the sums stay right."""
    network = Network(tmp_path)
    asked = network.agree()
    data = build(asked, ADA, ANSWERS[ADA])
    assert len(data) == file_size(asked)
    good = parse(asked, ADA, data)
    source = random.Random(7)
    for at in source.sample(range(len(data)), 400):
        wrong = flipped(data, at, 1 << source.randrange(8))
        try:
            parsed = parse(asked, ADA, wrong)
        except Malformed:
            continue
        assert parsed != good


@pytest.mark.parametrize("end", [0, 1, 1174, 1175, 2350, 2386, -1])
def test_truncated_and_extended_files_are_not_parsed(tmp_path, end):
    network = Network(tmp_path)
    asked = network.agree()
    data = build(asked, ADA, ANSWERS[ADA])
    for wrong in (data[:end], data + b"\0"):
        with pytest.raises(Malformed, match="size"):
            parse(asked, ADA, wrong)


def changed(asked: Round, data: bytes, number: int, change: Callable[[Any], Any]) -> bytes:
    """Return a file in which one block's report is another one of the same length."""
    report = parse(asked, ADA, data).reports[number]
    at = data.index(asked.tasks[number].task_id) + 36
    old: bytes = report.encode()
    new: bytes = change(report).encode()
    assert len(old) == len(new)
    return data[:at] + new + data[at + len(old) :]


def test_a_report_for_another_week_or_with_another_extension_is_refused(tmp_path):
    network = Network(tmp_path)
    asked = network.agree()
    data = build(asked, ADA, ANSWERS[ADA])

    def with_metadata(**fields):
        def change(report):
            metadata = report.metadata._replace(**fields)
            return Report(metadata, report.public_share, report.leader_share, report.helper_share)

        return change

    later = changed(asked, data, 1, with_metadata(time=asked.time + 1))
    assert [report is None for report in parse(asked, ADA, later).reports] == [False, True, False]
    other = changed(asked, data, 1, with_metadata(public_extensions=(Extension(0xFE02, datasite_hash(ADA)),)))
    with pytest.raises(Malformed):
        parse(asked, ADA, other)


def test_invalid_measurements_are_refused_by_proof(tmp_path, monkeypatch):
    """Two buckets, three votes of two, a value of 8 of 7, -1 and 1000: each costs its own block and no other."""
    network = Network(tmp_path)
    cheats = {
        "two-buckets@example.org": (Histogram, [1, 1, 0, 0], 1),
        "minus-one@example.org": (Histogram, [MODULUS - 1, 1, 1, 0], 1),
        "thousand@example.org": (Histogram, [1000, 0, 0, 0], 1),
        "no-bucket@example.org": (Histogram, [0, 0, 0, 0], 1),
        "three-votes@example.org": (MultihotCountVec, [1, 1, 1, 0, 0, 0, 0, 1], 0),
        "a-vote-of-two@example.org": (MultihotCountVec, [2, 0, 0, 0, 0, 0, 0, 1], 0),
        "hundred@example.org": (SumVec, [100, 0, 0], 2),
    }
    network.answers.update(dict.fromkeys(cheats, ANSWERS[ADA]))
    network.start()
    network.agree()
    for email, reporter in network.people.items():
        with monkeypatch.context() as patch:
            if email in cheats:
                circuit, encoded, _ = cheats[email]
                patch.setattr(circuit, "encode", lambda _self, _measurement, encoded=encoded: list(encoded))
            reporter.run(BEFORE)
    network.operate(AT_EARLY)
    network.operate(AT_LATE)
    honest = {number: 3 + sum(block != number for _, _, block in cheats.values()) for number in range(3)}
    assert [sums.count for sums in network.sums().values()] == [honest[0], honest[1], honest[2]]
    for number, (name, values) in enumerate(EXACT.items()):
        answer = ANSWERS[ADA][number]
        one = answer if isinstance(answer, list) else [int(bucket == answer) for bucket in range(4)]
        copies = honest[number] - 3
        assert network.exact()[name] == tuple(total + copies * value for total, value in zip(values, one, strict=True))
    assert [honest[number] - 3 for number in range(3)] == [5, 3, 6]
    for email, (_, _, block) in cheats.items():
        codes = network.people[email].status(ROUND).codes
        assert codes == tuple(6 if number == block else 0 for number in range(3))


@pytest.mark.parametrize("file", ["prekey.json", "manifest.json", "accept.json", "agg-resp-early-1.bin"])
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b"[" * 5000, b'{"round": "2026-W46"}', b"\xff\xfe", b'{"a":NaN}']
)
def test_malformed_signed_files_stop_nobody(tmp_path, file, body):
    network = Network(tmp_path)
    email = LEADER if file in ("prekey.json", "manifest.json") else HELPER
    path = network.path(email, file)
    if file == "prekey.json":
        path.parent.mkdir(parents=True)
        path.write_bytes(resigned(1, ROUND, file, body))
        network.helper.run(BEFORE)
        assert network.helper.store.round(ROUND) is None and network.helper.problems[ROUND]
        return
    network.agree()
    network.run(BEFORE, 1)
    network.leader.run(AT_EARLY)
    if file == "accept.json":
        network.leader.store.sql.execute("UPDATE rounds SET state = 'offered'")
    path.write_bytes(resigned(1 if email == LEADER else 2, ROUND, file, body))
    for reporter in network.people.values():
        reporter.run(BEFORE)
    network.leader.run(AT_EARLY)
    assert network.aborted(LEADER) == (None if file == "manifest.json" else "malformed")


def test_unexpected_folders_among_rounds_are_ignored(tmp_path):
    network = Network(tmp_path)
    network.agree()
    rounds = network.path(LEADER, "manifest.json").parents[1]
    for name in ("2026-w46", "..2026-W46", "2026-W46 ", "x", "2026-W460", ".hidden"):
        (rounds / name).mkdir()
    (rounds / "2026-W50").symlink_to("/")
    network.run(BEFORE)
    assert [row.name for row in network.helper.store.rounds()] == [ROUND]
    assert list_rounds(network.leader.files.site) == [ROUND, "2026-W50"]
    assert network.people[ADA].run(BEFORE)["2026-W50"].startswith("refused")


def test_messages_name_no_datasite(tmp_path, caplog):
    for number, make in enumerate(HOSTILE.values()):
        with_hostile(tmp_path / str(number), make)
    assert "@" not in caplog.text
