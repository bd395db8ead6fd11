"""Certificates of a cluster: made once, all together, and anew when one of them is not as it must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from services.runtime.cluster.__main__ import main
from services.runtime.cluster.certificates import CA, CERTIFICATE, KEY, ensure_certificates

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    found = [tmp_path / name for name in ("scheduler", "worker-1", "aggregator")]
    for folder in found:
        folder.mkdir()
    return found


def contents(folders: Sequence[Path]) -> list[bytes]:
    return [path.read_bytes() for folder in folders for path in sorted(folder.iterdir())]


def test_they_are_made_once(folders: list[Path]) -> None:
    assert ensure_certificates(folders, NOW)
    before = contents(folders)
    assert not ensure_certificates(folders, NOW + timedelta(days=3650 - 366))
    assert contents(folders) == before
    assert ensure_certificates(folders, NOW + timedelta(days=3650 - 364))
    assert not set(contents(folders)) & set(before)


def test_each_process_has_its_own_key_and_nobody_has_the_authority_s(folders: list[Path]) -> None:
    ensure_certificates(folders, NOW)
    for folder in folders:
        assert sorted(path.name for path in folder.iterdir()) == sorted([CA, CERTIFICATE, KEY])
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert len({(folder / CA).read_bytes() for folder in folders}) == 1
    assert len({(folder / KEY).read_bytes() for folder in folders}) == len(folders)
    authority = x509.load_pem_x509_certificate((folders[0] / CA).read_bytes())
    for folder in folders:
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
        assert certificate.public_key() != authority.public_key()
        assert certificate.subject.rfc4514_string() == f"CN={folder.name}"
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def _lost(folders: Sequence[Path]) -> None:
    (folders[1] / KEY).unlink()


def _cut(folders: Sequence[Path]) -> None:
    path = folders[2] / CERTIFICATE
    path.write_bytes(path.read_bytes()[:200])


def _swapped(folders: Sequence[Path]) -> None:
    (folders[1] / KEY).write_bytes((folders[0] / KEY).read_bytes())


def _renamed(folders: Sequence[Path]) -> None:
    for name in (CERTIFICATE, KEY):
        (folders[1] / name).write_bytes((folders[0] / name).read_bytes())


def _of_another_cluster(folders: Sequence[Path]) -> None:
    ensure_certificates(folders[:1], NOW + timedelta(days=3500))


@pytest.mark.parametrize("damage", [_lost, _cut, _swapped, _renamed, _of_another_cluster])
def test_all_are_made_anew_when_one_is_not_as_it_must_be(
    folders: list[Path], damage: Callable[[Sequence[Path]], None]
) -> None:
    ensure_certificates(folders, NOW)
    damage(folders)
    assert ensure_certificates(folders, NOW)
    assert not ensure_certificates(folders, NOW)


def test_the_command_says_what_it_did(folders: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert [main(["certificates", *map(str, folders)]) for _ in range(2)] == [0, 0]
    assert capsys.readouterr().out.splitlines() == ["certificates: new ones were made", "certificates: they are there"]
