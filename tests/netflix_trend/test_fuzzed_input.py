"""5,000 bad inputs by seed: each is accepted or refused by the error that callers handle, within bounded memory.

A failed one names its reader and number; the same number always is the same input.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import resource
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netflix_trend.catalogue.chart_files import ChartFileError, read_charts
from netflix_trend.catalogue.charts import Charts, ChartsError
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary, VocabularyError
from netflix_trend.delivery.archive import ArchiveError, open_csv
from netflix_trend.delivery.inbox import Delivery, RefusedMessage, pack, unpack
from netflix_trend.env_file import with_values
from netflix_trend.history.encodings import FULL_DTYPE, Encodings, EncodingsError, load_encodings, save_encodings
from netflix_trend.history.exclusions import ExclusionError, read_exclusions
from netflix_trend.history.exports import ExportError, open_export
from netflix_trend.history.raw import RawStore
from netflix_trend.history.removed import RemovalError, read_removals
from netflix_trend.history.tables import rebuild
from netflix_trend.operators.identity import WrongSigner, signed_body
from netflix_trend.operators.jobs import decode_collected, decode_job, encode_job
from netflix_trend.operators.manifest import Manifest, Round, from_bytes
from netflix_trend.operators.report import build, parse
from netflix_trend.operators.result import Closing, Result
from netflix_trend.operators.wire import Malformed
from netflix_trend.participant.choices import Choices, ChoicesError, read_choices
from netflix_trend.participant.ledger import LedgerError, open_ledger, read_ledger
from netflix_trend.participant.life_events import EventError, read_events
from netflix_trend.participant.receipts import read_receipts
from netflix_trend.participant.status import PublisherStatus, read_status
from netflix_trend.periods.weeks import Week
from netflix_trend.published.introduction import Introduction, IntroductionError
from netflix_trend.published.statistics import RoundStatistics, StatisticsError
from netflix_trend.published.trends import Trends
from netflix_trend.questions.question import Counted
from netflix_trend.settings import SettingsError, load_settings
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.survey.release import RefusedRelease, build_release, parse_release
from netflix_trend.survey.sum_survey import SumSurvey, default_sum_survey
from netflix_trend.survey.survey import RefusedSurvey, default_survey, dump_surveys, load_surveys
from netflix_trend.syftbox.datasite import Datasite, DatasiteError, read_manifest, visit
from netflix_trend.vdaf.prio3 import Prio3
from netflix_trend.vdaf.refusal import InvalidMessage
from tests.mutations import mutated, mutated_json, mutated_lines, mutated_zip
from tests.netflix_trend.operators.network import ANSWERS, HELPER, LEADER, Network, identity
from tests.netflix_trend.vdaf.reports import CIRCUITS, CONTEXT, KEY, measurement

WEEK = Week.parse("2026-W47")
VOCABULARY = Vocabulary.build([CatalogueTitle(title=f"Show {n}", kind="series", aliases=("x",)) for n in range(40)])
SURVEY = default_survey(WEEK, VOCABULARY.version, range(20))
QUESTION = SURVEY.questions[0]
SUM_QUESTIONS = frozenset({"top_shows", "volume"})
MOST_MEBIBYTES = 300


@dataclass(frozen=True)
class Fuzzed:
    """A reader of something that others write, or that a disk damages.

    good: inputs that it accepts. read: raises one of `refusals` for what it does not accept.
    """

    good: tuple[bytes, ...]
    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    change: Callable[[bytes, random.Random], bytes] = mutated_json
    times: int = 150


HISTORY = (
    b'Title,Date\n"Dark: Season 1: Secrets","11/3/26"\n"The Crown: Season 2: \'A\', ""B""",11/2/26\nRoma,10/30/26\n'
    b'"Haus des Geldes: Teil 3: Folge 4","10/13/26"\n'
)
ACTIVITY = (
    b"Profile Name,Start Time,Duration,Attributes,Title,Supplemental Video Type,Device Type,Bookmark,Latest Bookmark,"
    b'Country\nAnn,2026-11-03 20:11:12,00:45:10,,"Dark: Season 1: Secrets",,TV,00:45:10,00:45:10,DE (Germany)\n'
    b'Bob,2026-11-02 08:00:00,00:00:09,"Autoplayed: user action: None; ","Roma (Trailer)",TRAILER,TV,00:00:09,'
    b"Not latest,DE (Germany)\n"
)
CHART = (
    b"week\tcategory\tweekly_rank\tshow_title\tseason_title\tweekly_hours_viewed\truntime\tweekly_views\t"
    b"cumulative_weeks_in_top_10\n2026-11-15\tTV (English)\t1\tShow 1\tShow 1: Season 2\t20000000\t5.0\t4000000\t2\n"
    b"2026-11-15\tTV (Non-English)\t1\tShow 2\tN/A\t10000000\t5.0\t2000000\t1\n"
)


def rows(stream: Any, name: str = "x.csv") -> None:
    """Read every row of an export."""
    for _ in open_export(stream, name).rows(lambda *_: None):
        pass


def zipped(data: bytes) -> None:
    with open_csv(io.BytesIO(data), "x.zip") as (csv, _):
        rows(io.BytesIO(csv.read()))


def release() -> bytes:
    return build_release(SURVEY, QUESTION, QUESTION.answer(QUESTION.nothing, random.Random(1).randrange))


def statistics() -> bytes:
    from services.aggregator.collect import RoundReports
    from services.aggregator.estimation import estimate_round

    found = RoundReports(SURVEY, participants=12)
    generator = random.Random(2)
    for question in SURVEY.questions:
        answers = b"".join(question.answer(question.nothing, generator.randrange) for _ in range(3))
        counted: Counted = question.count(answers)
        found.counts[question.name], found.reports[question.name] = counted.counts, counted.reports
    return estimate_round(found, VOCABULARY).to_bytes()


def trends(data: bytes) -> bytes:
    from services.aggregator.trends import find_trends

    return find_trends([RoundStatistics.from_bytes(data)]).to_bytes()


class Places:
    """Files where their readers expect them, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def reader(self, name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
        root = self.folder / name.replace("/", "-")
        path = root / name
        path.parent.mkdir(parents=True)

        def run(data: bytes) -> object:
            path.write_bytes(data)
            return read(root)

        return run

    def ledger(self) -> bytes:
        path = self.folder / "good" / "ledger.jsonl"
        if path.exists():
            return path.read_bytes()
        with open_ledger(path, published=["2026-W40"], now=Week.parse("2026-W41"), durable=False) as ledger:
            for week in (WEEK - 4, WEEK):
                survey = default_survey(week, VOCABULARY.version, range(20))
                question = survey.questions[0]
                payload = question.answer(question.nothing, random.Random(1).randrange)
                ledger.commit("a@example.com", survey, question, build_release(survey, question, payload), week + 1)
        return path.read_bytes()

    def append(self, root: Path) -> None:
        """Open a damaged ledger for writing, as a run of the publisher does."""
        with open_ledger(root / "ledger.jsonl", published=[], now=WEEK, durable=False) as ledger:
            _ = ledger.entries

    def manifest(self, root: Path) -> None:
        with visit(Datasite(root, "me@example.com")) as folder:
            assert folder is not None
            read_manifest(folder)

    def encodings(self) -> bytes:
        folder = self.folder / "encodings"
        folder.mkdir()
        views = np.zeros(3, FULL_DTYPE)
        save_encodings(folder, Encodings(views, np.zeros(40, "<i4"), VOCABULARY.version, date(2026, 11, 20)))
        return (folder / "netflix_full.npy").read_bytes()

    def read_encodings(self, data: bytes) -> None:
        """An array whose hash is right, whatever it holds."""
        folder = self.folder / "encodings"
        (folder / "netflix_full.npy").write_bytes(data)
        description = json.loads((folder / "encodings.json").read_bytes())
        description["sha256"]["netflix_full.npy"] = hashlib.sha256(data).hexdigest()
        (folder / "encodings.json").write_text(json.dumps(description))
        load_encodings(folder)


def settings_from(data: bytes) -> None:
    """Read lines NAME=value as an environment; what no environment can hold is left out."""
    values = {}
    for line in data.decode("utf-8", "replace").split("\n"):
        name, _, value = line.partition("=")
        if name.isidentifier() and "\0" not in value:
            values[name.upper()] = value.encode("utf-8", "replace").decode()
    before = dict(os.environ)
    os.environ.update(values)
    try:
        load_settings()
    finally:
        os.environ.clear()
        os.environ.update(before)


def vdaf(name: str) -> Callable[[bytes], object]:
    """Return what verifies a report whose parts lie one after another."""
    prio3 = Prio3(CIRCUITS[name], CONTEXT)

    def read(data: bytes) -> None:
        nonce, public = data[:16], data[16 : 16 + prio3.public_share_size]
        rest = data[16 + prio3.public_share_size :]
        shares = rest[: prio3.leader_share_size], rest[prio3.leader_share_size :]
        states = [prio3.verify_init(KEY, number, nonce, public, share) for number, share in enumerate(shares)]
        message = prio3.verifier_shares_to_message([share for _, share in states])
        for state, _ in states:
            prio3.verify_next(state, message)

    return read


def of_the_person(places: Places) -> dict[str, Fuzzed]:
    """Return readers of exports and of a participant's own files."""
    delivery = Delivery(profile="me", source="drop", name="x.csv", received=date(2026, 11, 18))
    status = PublisherStatus.model_validate_json(
        b'{"looked_at": "2026-11-18T10:00:00Z", "state": "answering", '
        b'"outcomes": [{"round": "2026-W46", "status": "kept", "reason": ""}]}'
    ).to_bytes()
    events = (
        b'{"events": [{"id": 1, "label": "moved", "first_day": "2026-07-01", "last_day": "2026-07-09"}], "next_id": 2}'
    )
    receipt = (
        b'{"schema_version": 1, "withdrawn_at": "2026-11-18T10:00:00Z", "removed": {}, "counted_again": ["2026-W46"], '
        b'"kept": [], "first_round_without": "2026-W47", "summed": []}'
    )
    return {
        "history": Fuzzed((HISTORY,), lambda data: rows(io.BytesIO(data)), (ExportError,), mutated_lines, 500),
        "activity": Fuzzed((ACTIVITY,), lambda data: rows(io.BytesIO(data)), (ExportError,), mutated_lines, 500),
        "zip": Fuzzed((HISTORY, ACTIVITY), zipped, (ArchiveError, ExportError), mutated_zip, 400),
        "message": Fuzzed(
            (pack(delivery, io.BytesIO(HISTORY)),), lambda data: list(unpack(data)[1]), (RefusedMessage,), times=200
        ),
        "ledger": Fuzzed(
            (places.ledger(),),
            places.reader("ledger/ledger.jsonl", lambda root: read_ledger(root / "ledger/ledger.jsonl")),
            (LedgerError,),
            mutated_lines,
        ),
        "ledger to write": Fuzzed(
            (places.ledger(),), places.reader("ledger.jsonl", places.append), (LedgerError,), mutated_lines
        ),
        "choices": Fuzzed(
            (Choices(participation="joined", odds=(3, 1), questions=frozenset({"volume"})).to_bytes(),),
            places.reader("choices.json", read_choices),
            (ChoicesError,),
        ),
        "status": Fuzzed((status,), places.reader("outlook.json", read_status), ()),
        "receipts": Fuzzed((receipt,), places.reader("receipts/20261118T100000Z.json", read_receipts), ()),
        "life events": Fuzzed((events,), places.reader("life_events.json", read_events), (EventError,)),
        "exclusions": Fuzzed(
            (b'{"schema_version": 1, "next_number": 2, "exclusions": []}',),
            places.reader("exclusions.json", read_exclusions),
            (ExclusionError,),
        ),
        "removals": Fuzzed(
            (b'{"removals": []}',), places.reader("removed/removals.json", read_removals), (RemovalError,)
        ),
        "encodings": Fuzzed((places.encodings(),), places.read_encodings, (EncodingsError,), mutated),
        ".env": Fuzzed(
            (b"# a comment\nSYFTBOX_EMAIL=me@example.com\nexport LIMIT_ODDS='8'\nDATE_ORDER=dmy # as here\n",),
            lambda data: with_values(data.decode("utf-8", "replace"), {"LIMIT_ODDS": "3", "NEW": "x"}),
            (),
            mutated_lines,
            250,
        ),
        "settings": Fuzzed(
            (
                b"SYFTBOX_EMAIL=me@example.com\nLIMIT_ODDS=8\nLIMIT_REPORTS_PER_YEAR=13\nDATE_ORDER=dmy\nLIMIT_MODES=local\n"
                b"AGGREGATOR_DATASITE=a@example.com\nTZ=Europe/Berlin\nLIMIT_QUESTIONS=volume\nLIMIT_RHO_PER_YEAR=5.62",
            ),
            settings_from,
            (SettingsError,),
            mutated_lines,
            250,
        ),
    }


def of_others(places: Places) -> dict[str, Fuzzed]:
    """Return readers of what an aggregator, a participant or a publisher of charts gives."""
    entry = b'{"sha256": "' + b"0" * 64 + b'", "size": 512}'
    manifest = b'{"app": "netflix_trend", "files": {"releases/2026-W47.json": ' + entry + b'}, "schema_version": 1}'
    introduction = Introduction(
        aggregator="a@example.com", name="A", software="x 1", mode="local", questions=("volume",), odds=(8, 1)
    )
    charts = read_charts(io.BytesIO(CHART))
    sums = default_sum_survey(WEEK, VOCABULARY.version, range(20), 500, "x8", SUM_QUESTIONS).to_bytes()
    return {
        "surveys": Fuzzed((dump_surveys([SURVEY]),), load_surveys, (RefusedSurvey,), times=250),
        "survey of sums": Fuzzed((sums,), SumSurvey.from_bytes, (RefusedSurvey,)),
        "vocabulary": Fuzzed((VOCABULARY.to_bytes(),), Vocabulary.from_bytes, (VocabularyError,), times=250),
        "release": Fuzzed(
            (release(),),
            lambda data: parse_release(data, SURVEY, QUESTION),
            (RefusedRelease,),
            lambda data, generator: mutated_json(data, generator)[:512].ljust(512),
            300,
        ),
        "manifest": Fuzzed(
            (manifest,),
            places.reader("me@example.com/app_data/netflix_trend/manifest.json", places.manifest),
            (UnsafeFile,),
        ),
        "statistics": Fuzzed((statistics(),), RoundStatistics.from_bytes, (StatisticsError,), times=250),
        "trends": Fuzzed((trends(statistics()),), Trends.from_bytes, (StatisticsError,)),
        "introduction": Fuzzed(
            (introduction.to_bytes(),),
            lambda data: Introduction.from_bytes(data, "a@example.com"),
            (IntroductionError,),
        ),
        "chart file": Fuzzed((CHART,), lambda data: read_charts(io.BytesIO(data)), (ChartFileError,), mutated_lines),
        "kept charts": Fuzzed((charts.to_bytes(),), Charts.from_bytes, (ChartsError,)),
        "name of a file": Fuzzed(
            (b"releases/2026-W47.json",),
            lambda data: Datasite(places.folder / "names", "me@example.com").publish(
                {data.decode("utf-8", "replace"): b"x"}, "a@example.com", durable=False
            ),
            (DatasiteError,),
            lambda data, generator: mutated(data, generator)[:200],
        ),
    }


def of_operators(folder: Path) -> dict[str, Fuzzed]:
    """Return readers of what operators give each other and participants give them: a round after its early sums."""
    network = Network(folder)
    asked = network.whole_round()
    path = "app_data/netflix_trend/rounds/2026-W46/manifest.json"
    body = {
        (email, file): network.body(email, file)
        for email, file in [
            *((LEADER, "manifest.json"), (LEADER, "result-early.json"), (LEADER, "close.json")),
            (HELPER, "agg-share-early.bin"),
        ]
    }
    ada = next(iter(ANSWERS))
    report = build(asked, ada, ANSWERS[ada], random.Random(1).randbytes)
    signed = network.path(LEADER, "manifest.json").read_bytes()
    job = encode_job(asked, 1, 1, [b"x" * 40 for _ in asked.tasks])
    leader = identity(1).fingerprint

    def whole(data: bytes) -> None:
        Round(from_bytes(Manifest, data))

    found = {
        "signed file": Fuzzed((signed,), lambda data: signed_body(leader, path, data), (WrongSigner,), mutated),
        "round": Fuzzed((body[LEADER, "manifest.json"],), whole, (Malformed,), times=200),
        "result": Fuzzed((body[LEADER, "result-early.json"],), lambda data: from_bytes(Result, data), (Malformed,)),
        "closing file": Fuzzed((body[LEADER, "close.json"],), lambda data: from_bytes(Closing, data), (Malformed,)),
        "job": Fuzzed((job,), lambda data: decode_job(asked, 1, data), (Malformed,), mutated),
        "collected": Fuzzed(
            (body[HELPER, "agg-share-early.bin"],),
            lambda data: decode_collected(asked, data, with_shares=True),
            (Malformed,),
            mutated,
        ),
        "sealed report": Fuzzed((report,), lambda data: parse(asked, ada, data), (Malformed,), mutated),
    }
    for name, circuit in CIRCUITS.items():
        draws = random.Random(name)
        made = Prio3(circuit, CONTEXT).shard(measurement(circuit, draws), draws.randbytes)
        whole_report = made.nonce + made.public_share + b"".join(made.input_shares)
        found[f"VDAF {name}"] = Fuzzed((whole_report,), vdaf(name), (InvalidMessage,), mutated, 60)
    for store in network.stores:
        store.close()
    return found


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzzed")
    return {**of_the_person(Places(folder)), **of_others(Places(folder)), **of_operators(folder / "network")}


NAMES = (
    *("history", "activity", "zip", "message", "ledger", "ledger to write", "choices", "status", "receipts"),
    *("life events", "exclusions", "removals", "encodings", ".env", "settings"),
    *("surveys", "survey of sums", "vocabulary", "release", "manifest", "statistics", "trends", "introduction"),
    *("chart file", "kept charts", "name of a file"),
    *("signed file", "round", "result", "closing file", "job", "collected", "sealed report"),
    *("VDAF histogram", "VDAF multihot", "VDAF sum_vec", "VDAF l1_bound_sum"),
)


def test_there_are_5000_bad_inputs(readers):
    assert set(readers) == set(NAMES)
    assert sum(one.times for one in readers.values()) >= 5000


@pytest.mark.parametrize("name", NAMES)
def test_good_input_is_accepted(readers, name):
    for data in readers[name].good:
        if name == "zip":
            continue  # its good input is what is zipped
        readers[name].read(data)


@pytest.mark.filterwarnings("ignore:Reading `.npy`")  # numpy reads headers of Python 2, with a warning
@pytest.mark.parametrize("name", NAMES)
def test_bad_input_is_accepted_or_refused_as_documented(readers, name):
    one = readers[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    for number in range(one.times):
        generator = random.Random(f"{name} {number}")
        data = one.change(generator.choice(one.good), generator)
        try:
            one.read(data)
        except one.refusals:
            refused += 1
        except Exception as error:
            pytest.fail(f"{name}, number {number}: {type(error).__name__}: {error}; input: {data[:300]!r}")
    assert refused or not one.refusals
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < MOST_MEBIBYTES, f"{name}: {grown:.0f} MiB"


def test_bad_exports_cost_only_themselves(tmp_path):
    """The whole import: every file is in the tables or refused, and none stops the others."""
    store, kept = RawStore(tmp_path), set()
    for number in range(30):
        generator = random.Random(f"import {number}")
        data = mutated_lines(generator.choice((HISTORY, ACTIVITY)), generator)
        delivery = Delivery(profile="me", source="drop", name=f"{number}.csv", received=date(2026, 11, 18))
        kept.add(store.save(delivery, [data]).sha256)
    good = Delivery(profile="me", source="drop", name="good.csv", received=date(2026, 11, 18))
    kept.add(store.save(good, [HISTORY]).sha256)
    history = rebuild(tmp_path, "me", VOCABULARY)
    assert {file.raw.sha256 for file in history.files} == kept
    assert all((file.report is None) != (file.refusal is None) for file in history.files)
    (mine,) = (file for file in history.files if file.raw.name == "good.csv")
    assert mine.report is not None and mine.report.views == 4
