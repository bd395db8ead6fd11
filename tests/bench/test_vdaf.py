"""The table of Prio3's costs has a row for every circuit, with the sizes that decide how large a report is."""

from __future__ import annotations

import pytest

from bench import vdaf


def test_every_circuit_has_a_row(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    circuits = {name: one for name, one in vdaf.circuits().items() if "000" not in name}
    monkeypatch.setattr(vdaf, "circuits", lambda: circuits)
    vdaf.main(["--seconds", "0"])
    printed = capsys.readouterr().out
    assert all(f"\n{name} " in printed for name in circuits)
    assert " 1,504 " in printed
