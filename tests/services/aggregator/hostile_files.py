"""Files in a datasite that are refused, each for its reason, for one round."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from netflix_trend.periods.weeks import Week
from netflix_trend.simulation.population import watched
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.survey.release import SIZE, _seal
from netflix_trend.survey.survey import default_survey
from netflix_trend.syftbox.datasite import Datasite, datasite_names
from tests.services.aggregator.people import crowd

SURVEY = default_survey(Week.parse("2026-W46"), "0123456789abcdef" * 2, range(50))
NAME = f"releases/{SURVEY.round}.json"


def put(site: Datasite, data: bytes, *, manifest: bool = True) -> None:
    """Write a release as an attacker would, with a manifest that fits it."""
    (site.app_data / "releases").mkdir(parents=True, exist_ok=True)
    (site.app_data / NAME).write_bytes(data)
    if manifest:
        entry = {"sha256": hashlib.sha256(data).hexdigest(), "size": max(1, min(len(data), 8_000_000))}
        content = {"schema_version": 1, "app": "netflix_trend", "files": {NAME: entry}}
        (site.app_data / "manifest.json").write_bytes(canonical_json(content))


def resealed(site: Datasite, **fields: object) -> bytes:
    content = json.loads((site.app_data / NAME).read_bytes())
    del content["checksum"]
    content |= fields
    return canonical_json({**content, "checksum": _seal(content)}).ljust(SIZE - 1) + b"\n"


def wrong_shape(site: Datasite) -> None:
    put(site, resealed(site, payload=base64.b64encode(b"\x00" * 60).decode()))


def wrong_round(site: Datasite) -> None:
    put(site, resealed(site, round="2026-W45"))


def wrong_survey(site: Datasite) -> None:
    put(site, resealed(site, survey="f" * 32))


def wrong_vocabulary(site: Datasite) -> None:
    put(site, resealed(site, vocabulary="f" * 32))


def out_of_range(site: Datasite) -> None:
    put(site, resealed(site, payload=base64.b64encode(b"\xff" * 3).decode()))


def not_json(site: Datasite) -> None:
    put(site, b"\x93NUMPY" + b"\x00" * (SIZE - 6))


def pickle(site: Datasite) -> None:
    put(site, b"cos\nsystem\n(S'touch /tmp/pwned'\ntR.".ljust(SIZE))


def short(site: Datasite) -> None:
    put(site, b"{}")


def ten_gigabytes(site: Datasite) -> None:
    os.truncate(site.app_data / NAME, 10_000_000_000)


def symlink(site: Datasite) -> None:
    (site.app_data / NAME).unlink()
    (site.app_data / NAME).symlink_to("/etc/hostname")


def symlinked_folder(site: Datasite) -> None:
    (site.app_data / "releases").rename(site.root / "elsewhere")
    (site.app_data / "releases").symlink_to(site.root / "elsewhere")


def fifo(site: Datasite) -> None:
    (site.app_data / NAME).unlink()
    os.mkfifo(site.app_data / NAME)


def folder(site: Datasite) -> None:
    (site.app_data / NAME).unlink()
    (site.app_data / NAME).mkdir()


def hard_link(site: Datasite) -> None:
    os.link(site.app_data / NAME, site.root / "second-name")


def manifest_is_a_link(site: Datasite) -> None:
    (site.app_data / "manifest.json").rename(site.root / "m")
    (site.app_data / "manifest.json").symlink_to(site.root / "m")


def manifest_is_huge(site: Datasite) -> None:
    os.truncate(site.app_data / "manifest.json", 1_000_000_000)


def manifest_is_not_json(site: Datasite) -> None:
    (site.app_data / "manifest.json").write_bytes(b"{" * 1000)


HOSTILE: list[tuple[Callable[[Datasite], None], str]] = [
    (wrong_shape, "payload"),
    (wrong_round, "round"),
    (wrong_survey, "survey"),
    (wrong_vocabulary, "vocabulary"),
    (out_of_range, "payload"),
    (not_json, "not_json"),
    (pickle, "not_json"),
    (short, "size"),
    (ten_gigabytes, "too_large"),
    (symlink, "not_a_file"),
    (symlinked_folder, "not_a_file"),
    (fifo, "not_a_file"),
    (folder, "not_a_file"),
    (hard_link, "hard_link"),
    (manifest_is_a_link, "not_a_file"),
    (manifest_is_huge, "too_large"),
    (manifest_is_not_json, "manifest"),
]


def everything_at_once(root: Path) -> list[str]:
    """Write every kind of answer and of hostile file; returns the addresses, sorted."""
    sites = crowd(root, SURVEY, "top_shows", [watched(frozenset({n % 50}), 1) for n in range(30)])
    crowd(root, SURVEY, "volume", [watched(frozenset(), n) for n in range(12)])
    for site, (attack, _) in zip(sites, HOSTILE, strict=False):
        attack(site)
    return sorted(datasite_names(root / "datasites"))
