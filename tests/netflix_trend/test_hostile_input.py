"""Input that once got through or raised the wrong error: each stays refused, by the error that callers handle."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.readers import read_catalogue
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary, VocabularyError
from netflix_trend.delivery.inbox import Delivery, RefusedMessage, pack, unpack
from netflix_trend.history.encodings import FULL_DTYPE, Encodings, EncodingsError, load_encodings, save_encodings
from netflix_trend.history.exports import open_export
from netflix_trend.published.statistics import RoundStatistics, StatisticsError
from netflix_trend.settings import SettingsError, load_settings
from netflix_trend.storage.files import UnsafeFile, read_untrusted
from netflix_trend.syftbox.datasite import Datasite, DatasiteError, Manifest, read_manifest, visit


def manifest_of(site: Datasite) -> Manifest | None:
    with visit(site) as folder:
        return None if folder is None else read_manifest(folder)


def test_a_directory_in_place_of_a_file_is_refused_as_unsafe(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    with pytest.raises(UnsafeFile):
        read_untrusted(tmp_path, "place", 10)


def test_a_directory_in_place_of_a_file_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    before = {path.name for path in Path("/proc/self/fd").iterdir()}
    for _ in range(3):
        with pytest.raises((UnsafeFile, IsADirectoryError)):
            read_untrusted(tmp_path, "place", 10)
    assert {path.name for path in Path("/proc/self/fd").iterdir()} == before


def test_a_directory_in_place_of_a_manifest_is_refused_as_unsafe(tmp_path: Path) -> None:
    site = Datasite(tmp_path, "me@example.org")
    (site.app_data / "manifest.json").mkdir(parents=True)
    with pytest.raises(UnsafeFile):
        manifest_of(site)


@pytest.mark.parametrize("text", ["é", "H4sI\u00a0", "오"])
def test_base64_that_is_not_ascii_is_refused(text: str) -> None:
    delivery = Delivery(profile="me", source="drop", name="x.csv", received=date(2026, 11, 18))
    content = json.loads(pack(delivery, io.BytesIO(b"x")))
    with pytest.raises(RefusedMessage):
        unpack(json.dumps({**content, "gzip_base64": text}).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"profile": "../x"},
        {"source": "X"},
        {"name": "\ud800.csv"},
        {"only": ("",)},
        {"only": ("x" * 101,)},
        {"only": ("Ann",) * 21},
        {"date_order": "ydm"},
        {"date_order": ""},
    ],
    ids=ascii,
)
def test_a_delivery_that_no_message_can_hold_cannot_be_made(change: dict[str, Any]) -> None:
    values: dict[str, Any] = {"profile": "me", "source": "drop", "name": "x.csv", **change}
    with pytest.raises(ValidationError):
        Delivery(received=date(2026, 11, 18), **values)


@pytest.mark.parametrize("row", [{"year": 3}, {"aliases": [""]}, {"genres": ["a"] * 13}, {"aliases": ["x" * 301]}])
def test_a_vocabulary_row_out_of_range_is_refused(row: dict[str, Any]) -> None:
    content = {"schema_version": 1, "shows": [{"title": "A", **row}], "films": [], "version": "0" * 32}
    with pytest.raises(VocabularyError):
        Vocabulary.from_bytes(json.dumps(content).encode())


VOLUME = {
    "reports": 1,
    "odds": [8, 1],
    "confidence": 0.95,
    "buckets": [0, 1, 2],
    "shares": [0.2, 0.3, 0.5],
    "lower": [0, 0, 0],
    "upper": [1, 1, 1],
    "cumulative": [0, 0.2, 0.5],
    "cumulative_error": [0, 0.05, 0.05],
    "is_reliable": True,
}


@pytest.mark.parametrize(
    "change",
    [
        {"buckets": []},
        {"buckets": [0]},
        {"buckets": [5, 6, 7]},
        {"buckets": [0, 2, 1]},
        {"cumulative": [0.0]},
        {"cumulative_error": []},
        {"cumulative": [float("nan")] * 3},
        {"cumulative": [0, float("inf"), 1]},
        {"odds": [0, 0]},
        {"reports": -5},
    ],
    ids=str,
)
def test_an_impossible_distribution_is_refused(change: dict[str, Any]) -> None:
    content = {
        "round": "2026-W47",
        "survey": "0" * 32,
        "vocabulary": "0" * 32,
        "participants": 1,
        "reports": 1,
        "waiting": 0,
        "refused": {},
        "top_shows": None,
        "volume": {**VOLUME, **change},
    }
    with pytest.raises(StatisticsError):
        RoundStatistics.from_bytes(json.dumps(content).encode())


def test_a_damaged_description_of_encodings_is_reported(tmp_path: Path) -> None:
    (tmp_path / "encodings.json").write_bytes(b"{")
    with pytest.raises(EncodingsError):
        load_encodings(tmp_path)


@pytest.mark.parametrize("data", [b"", b"not numpy", b"PK\x03\x04"])
def test_an_invalid_array_file_is_reported(tmp_path: Path, data: bytes) -> None:
    names = ("netflix_full.npy", "tvseries_views_sparse_vector.npy")
    for name in names:
        (tmp_path / name).write_bytes(data)
    hashes = {name: hashlib.sha256(data).hexdigest() for name in names}
    description = {"vocabulary": "0" * 32, "covered_through": "2026-11-20", "sha256": hashes}
    (tmp_path / "encodings.json").write_text(json.dumps(description))
    with pytest.raises(EncodingsError):
        load_encodings(tmp_path)


def test_odds_with_a_zero_denominator_are_refused_with_the_name_of_the_setting() -> None:
    with pytest.raises(SettingsError, match="LIMIT_ODDS"):
        load_settings(limit_odds="8/0")


def test_a_secret_file_that_is_not_text_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(SettingsError, match="REDIS_PASSWORD_FILE"):
        load_settings()


def test_a_blank_aggregator_is_not_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGGREGATOR_DATASITE", " ")
    try:
        assert load_settings().aggregator_datasite
    except SettingsError as refusal:
        assert "AGGREGATOR_DATASITE" in str(refusal)


def test_an_acute_accent_is_an_apostrophe() -> None:
    assert title_key("Grey´s Anatomy") == title_key("Grey's Anatomy")


def test_an_invisible_character_before_a_combining_accent_changes_nothing() -> None:
    assert title_key("Mie\u200b\u0301rcoles") == title_key("Miércoles")


@pytest.mark.parametrize("name", ["syft.pub.yaml", "syftperm.yaml", "manifest.json"])
def test_files_that_carry_the_rules_cannot_be_published_as_data(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasiteError):
        Datasite(tmp_path, "me@example.org").publish({name: b"x"}, "agg@example.org", durable=False)


def test_a_link_in_place_of_a_folder_does_not_lead_data_out_of_the_datasite(tmp_path: Path) -> None:
    site = Datasite(tmp_path / "datasites", "me@example.org")
    site.app_data.mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (site.app_data / "releases").symlink_to(tmp_path / "outside")
    site.publish({"releases/x.json": b"x"}, "agg@example.org", durable=False)
    assert list((tmp_path / "outside").iterdir()) == []


def test_an_unknown_link_to_a_folder_is_removed(tmp_path: Path) -> None:
    site = Datasite(tmp_path / "datasites", "me@example.org")
    site.app_data.mkdir(parents=True)
    (site.app_data / "link").symlink_to(tmp_path)
    site.publish({"x.json": b"x"}, "agg@example.org", durable=False)
    assert not (site.app_data / "link").is_symlink()


def test_a_file_of_an_earlier_call_may_become_a_folder(tmp_path: Path) -> None:
    site = Datasite(tmp_path, "me@example.org")
    site.publish({"a": b"x"}, "agg@example.org", durable=False)
    site.publish({"a/b": b"x"}, "agg@example.org", durable=False)
    assert (site.app_data / "a" / "b").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["x.LOG", "x.Tmp"])
def test_names_are_refused_in_capitals_too(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasiteError):
        Datasite(tmp_path, "me@example.org").publish({name: b"x"}, "agg@example.org", durable=False)


def test_a_long_genre_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(f"title,genres\nA,{'g' * 301}\nB,drama\n")
    assert [row.title for row in read_catalogue(tmp_path / "c.csv")] == ["A", "B"]


def test_a_year_of_five_thousand_digits_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(f"title,year\nA,{'9' * 5000}\n")
    assert [row.year for row in read_catalogue(tmp_path / "c.csv")] == [None]


def test_a_title_that_nobody_can_see_is_no_show() -> None:
    vocabulary = Vocabulary.build([CatalogueTitle(title=title, kind="series") for title in ("\u200b", "Dark")])
    assert vocabulary.show("") is None


def test_a_name_with_a_nul_is_unsafe(tmp_path: Path) -> None:
    with pytest.raises(UnsafeFile):
        read_untrusted(tmp_path, "a\0b", 10)


def test_a_header_that_is_cut_off_costs_no_row() -> None:
    """Each of its rows once raised an IndexError."""
    row = "Ann,2026-11-03 20:11:12,00:45:10,,Dark,,TV,00:45:10,00:45:10,DE"
    export = open_export(io.BytesIO(f"Profil,Start\n{row}\n".encode()), "x.csv")
    assert [cells[4] for _, cells in export.rows(lambda *_: None)] == ["Dark"]


def test_an_array_whose_header_is_no_python_is_reported(tmp_path: Path) -> None:
    """numpy raises an error of the tokenizer for it."""
    save_encodings(tmp_path, Encodings(np.zeros(3, FULL_DTYPE), np.zeros(4, "<i4"), "0" * 32, date(2026, 11, 20)))
    path = tmp_path / "netflix_full.npy"
    data = path.read_bytes().replace(b"(3,)", b"(3, ")
    path.write_bytes(data)
    description = json.loads((tmp_path / "encodings.json").read_bytes())
    description["sha256"][path.name] = hashlib.sha256(data).hexdigest()
    (tmp_path / "encodings.json").write_text(json.dumps(description))
    with pytest.raises(EncodingsError):
        load_encodings(tmp_path)
