"""Subscriptions: what a client of 2026 downloads, before and after joining."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from netflix_trend.syftbox.generations.base import Client
from netflix_trend.syftbox.generations.go import Go
from netflix_trend.syftbox.generations.go_subscriptions import GoWithSubscriptions
from netflix_trend.syftbox.generations.go_subscriptions.file import (
    UnknownShape,
    add_rules,
    parse,
    read_rules,
    with_rules,
)
from netflix_trend.syftbox.generations.go_subscriptions.rules import (
    Rule,
    Rules,
    action_for,
    action_in,
    as_lines,
    missing,
    needed_by_aggregator,
    needed_by_helper,
    needed_by_participant,
)
from tests.netflix_trend.syftbox.local_interface import Interface, configured, serving

ME, BOB, CAROL = "ann@example.org", "bob@example.org", "carol@example.net"
AGGREGATOR, HELPER = "agg@example.com", "helper@example.com"
APP = "app_data/netflix_trend"


def rules(*lines: str, default: str = "block") -> Rules:
    """Rules written as `action datasite path`, with `-` for no datasite."""
    parts = [line.split() for line in lines]
    made = (Rule(action_in(action), "" if who == "-" else who, path) for action, who, path in parts)
    return Rules(action_in(default), tuple(made))


@pytest.mark.parametrize(
    ("known", "path", "go", "rust"),
    [
        # Nothing is said: everything of others is blocked, one's own arrives, whatever its rules and letters.
        (rules(), f"{BOB}/x.json", "block", "block"),
        (rules(default="allow"), f"{BOB}/x.json", "allow", "allow"),
        (rules("block * **"), f"{ME}/x.json", "allow", "allow"),
        (rules(), "Ann@Example.org/x.json", "allow", "allow"),
        # The last rule that matches wins, also over a more exact one.
        (rules(f"allow {BOB} **", f"block {BOB} x.json"), f"{BOB}/x.json", "block", "block"),
        (rules(f"block {BOB} x.json", f"allow {BOB} **"), f"{BOB}/x.json", "allow", "allow"),
        (rules(f"allow {BOB} **", "pause * **"), f"{BOB}/x.json", "pause", "pause"),
        # With a datasite the path is inside of it, without one it begins with it.
        (rules(f"allow {BOB} app_data/**"), f"{BOB}/app_data/x.json", "allow", "allow"),
        (rules("allow - app_data/**"), f"{BOB}/app_data/x.json", "block", "block"),
        (rules(f"allow - {BOB}/app_data/**"), f"{BOB}/app_data/x.json", "allow", "allow"),
        (rules("allow - **/app_data/**"), f"{BOB}/app_data/x.json", "allow", "allow"),
        # Globs in the datasite, whose letters count.
        (rules("allow *@example.org **"), f"{BOB}/x.json", "allow", "allow"),
        (rules("allow *@example.org **"), f"{CAROL}/x.json", "block", "block"),
        (rules("allow Bob@example.org **"), f"{BOB}/x.json", "block", "block"),
        (rules("allow {bob,carol}@example.* **"), f"{CAROL}/x.json", "allow", "allow"),
        (rules("allow [b-c]*@* **"), f"{CAROL}/x.json", "allow", "allow"),
        # `*` stays in a folder in Go and not in Rust; `**` is any folders as a whole part only.
        (rules(f"allow {BOB} app_data/*"), f"{BOB}/app_data/a/x.json", "block", "allow"),
        (rules(f"allow {BOB} app_data/?/x.json"), f"{BOB}/app_data/a/x.json", "allow", "allow"),
        (rules(f"allow {BOB} app_data/**/x.json"), f"{BOB}/app_data/x.json", "allow", "allow"),
        (rules(f"allow {BOB} app_data/**/x.json"), f"{BOB}/app_data/a/b/x.json", "allow", "allow"),
        (rules(f"allow {BOB} app_data**"), f"{BOB}/app_data/x.json", "block", "allow"),
        (rules(f"allow {BOB} app_data/**"), f"{BOB}/app_datax/x.json", "block", "block"),
        # Paths are made plain before they are compared.
        (rules(f"allow {BOB} /app_data//./a/../**"), f"{BOB}/app_data/x.json", "allow", "allow"),
        (rules(f"allow {BOB} app_data\\**"), f"{BOB}/app_data/x.json", "allow", "allow"),
        # What is not closed, or has no path, matches nothing.
        (rules(f"allow {BOB} [x.json"), f"{BOB}/[x.json", "block", "block"),
        (rules(f"allow {BOB} {{a,x.json"), f"{BOB}/x.json", "block", "block"),
        (Rules("block", (Rule("allow", BOB, ""),)), f"{BOB}/x.json", "block", "block"),
        (Rules("block", (Rule("allow", "", ""),)), f"{BOB}/x.json", "block", "block"),
        (rules("allow * **"), "", "block", "block"),
    ],
)
def test_the_last_rule_that_matches_decides(known: Rules, path: str, go: str, rust: str) -> None:
    assert (action_for(known, ME, path), action_for(known, ME, path, stars_cross=True)) == (go, rust)


def test_no_pattern_takes_long() -> None:
    for pattern in ("*a" * 100, "**/" * 60 + "b", "{a,b}" * 39, "[" * 200, "{" * 200, "x" * 100_000):
        known = Rules("block", (Rule("allow", "", pattern),))
        assert action_for(known, ME, "a" * 200 + "/c", stars_cross=True) == "block"


# --- what arrives at whom

NEEDED = {
    ME: needed_by_participant(AGGREGATOR, HELPER),
    AGGREGATOR: needed_by_aggregator(),
    HELPER: needed_by_helper(),
}
ARRIVES = [
    (ME, f"{AGGREGATOR}/{APP}/shared/survey.json", True),
    (ME, f"{AGGREGATOR}/{APP}/shared/statistics/latest.json", True),
    (ME, f"{AGGREGATOR}/{APP}/rounds/2026-W46/manifest.json", True),
    (ME, f"{HELPER}/{APP}/rounds/2026-W46/accept.json", True),
    (ME, f"{BOB}/public/netflix_trend/index.json", True),
    (ME, f"{BOB}/{APP}/manifest.json", False),
    (ME, f"{HELPER}/{APP}/manifest.json", False),
    (ME, f"{AGGREGATOR}/app_data/other/x.json", False),
    (ME, f"{AGGREGATOR}/public/other/x.json", False),
    (AGGREGATOR, f"{ME}/{APP}/manifest.json", True),
    (AGGREGATOR, f"{BOB}/{APP}/releases/2026-W46.json", True),
    (AGGREGATOR, f"{ME}/{APP}/rounds/2026-W46/report.bin", True),
    (AGGREGATOR, f"{HELPER}/{APP}/rounds/2026-W46/accept.json", True),
    (AGGREGATOR, f"{BOB}/app_data/other/x.json", False),
    (HELPER, f"{AGGREGATOR}/{APP}/rounds/2026-W46/agg-init-early-1.bin", True),
    (HELPER, f"{ME}/{APP}/rounds/2026-W46/report.bin", True),
    (HELPER, f"{ME}/{APP}/releases/2026-W46.json", False),
]


@pytest.mark.parametrize(("who", "path", "arrives"), ARRIVES)
def test_what_arrives_at_whom_before_and_after_joining(tmp_path: Path, who: str, path: str, arrives: bool) -> None:
    file = tmp_path / "syft.sub.yaml"
    assert action_for(read_rules(file), who, path) == "block"
    add_rules(file, missing(read_rules(file), who, NEEDED[who]))
    for stars_cross in (False, True):
        assert (action_for(read_rules(file), who, path, stars_cross=stars_cross) == "allow") == arrives
    assert missing(read_rules(file), who, NEEDED[who]) == []


@pytest.mark.parametrize(
    ("known", "count"),
    [
        (rules(), 4),
        (rules("allow * **"), 0),
        (rules(default="allow"), 0),
        (rules("allow * public/**", f"allow *@example.com {APP}/**"), 0),
        (rules("allow *@example.org public/**", f"allow *@example.com {APP}/**"), 1),
        (rules("allow * **", f"pause {AGGREGATOR} {APP}/shared/**"), 1),
        (rules("allow * **", f"block {HELPER} **"), 1),
        # Blocked in Rust only, where `*` matches a slash.
        (rules("allow * **", f"block {HELPER} app_data/*"), 1),
        # Somebody who is none of our business.
        (rules("allow * **", f"block {BOB} **"), 0),
    ],
)
def test_what_is_missing_for_a_participant(known: Rules, count: int) -> None:
    assert len(missing(known, ME, NEEDED[ME])) == count


# --- the file

WRITTEN = {
    "Go": "version: 1\ndefaults:\n    action: block\nrules:\n    - action: allow\n      datasite: bob@example.org\n"
    "      path: '**'\n",
    "Rust": "version: 1\ndefaults:\n  action: block\nrules:\n- action: allow\n  datasite: bob@example.org\n"
    "  path: '**'\n- action: pause\n  datasite: null\n  path: carol@example.net/app_data/*.yaml\n",
    "a person": "# mine\nversion: 1\r\ndefaults:\r\n  action: 'block' # all\r\nrules:\n  # Bob\n  -   path: \"**\"\n"
    "      action: Allow\n      datasite: 'bob@example.org'\n\n# the end\n",
    "empty": "version: 1\ndefaults:\n    action: block\nrules: []\n",
    "no rules": "version: 1\ndefaults:\n    action: deny\n",
    "rules first": "rules:\n- path: a@b.example/x\n  action: ''\n- path: b\ndefaults:\n  action: pause\nversion: 1\n",
    "nothing": "",
}


@pytest.mark.parametrize("name", WRITTEN)
def test_rules_are_added_behind_the_others_and_all_else_stays(name: str) -> None:
    text = WRITTEN[name]
    changed = with_rules(text, NEEDED[ME])
    assert parse(changed).rules == (*parse(text).rules, *NEEDED[ME])
    kept = iter(changed.splitlines())
    assert all(line in kept for line in text.splitlines() if line != "rules: []"), changed
    # The clients' own readers see the same.
    found = yaml.safe_load(changed)
    assert [(rule.get("action") or "block").lower() for rule in found["rules"]] == [
        rule.action for rule in parse(changed).rules
    ]
    assert found["rules"][-1] == {"action": "allow", "datasite": HELPER, "path": f"{APP}/rounds/**"}


@pytest.mark.parametrize(
    "text",
    [
        "rules: {}",
        "rules: [{action: allow, path: x}]",
        "defaults: {action: block}",
        "rules:\n- &a\n  action: allow",
        "rules:\n- action: *a\n  path: x",
        "rules:\n- action: allow\n  path: **",
        "rules:\n- action: allow\n  path: |\n    x",
        "rules:\n- action: permit\n  path: x",
        "rules:\n- action: allow\n  action: block\n  path: x",
        "rules:\n- action: allow\n  note: x",
        'rules:\n- action: allow\n  path: "\\q"',
        "rules:\n\t- action: allow",
        "unknown: 1",
        "rules:\n  action: allow",
        "rules:\n- path: []",
        "- action: allow",
        "version: 1\n---\nversion: 1",
        "version: 1\nrules:\n- path: a\nrules: []\n",
        "version: 1\ndefaults:\n  action: block\ndefaults:\n  action: allow\n",
        "version: 2\nrules: []\n",
        "rules:\n- path: a\ndefaults:\n  action: block\nrules:\n- path: b\n",
    ],
)
def test_another_shape_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "syft.sub.yaml"
    file.write_text(text)
    with pytest.raises(UnknownShape):
        add_rules(file, NEEDED[ME])
    assert file.read_text() == text


@pytest.mark.parametrize("kind", ["huge", "link", "folder", "bytes"])
def test_a_hostile_file_is_not_read(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "syft.sub.yaml"
    if kind == "huge":
        file.write_bytes(b"#" * 300_000)
    elif kind == "link":
        (tmp_path / "other").write_text(WRITTEN["Go"])
        file.symlink_to(tmp_path / "other")
    elif kind == "folder":
        file.mkdir()
    else:
        file.write_bytes(b"\xff")
    with pytest.raises(UnknownShape):
        read_rules(file)
    with pytest.raises(UnknownShape):
        add_rules(file, NEEDED[ME])


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    add_rules(tmp_path / ".data" / "syft.sub.yaml", NEEDED[ME])
    assert (tmp_path / ".data" / "syft.sub.yaml").stat().st_mode & 0o777 == 0o600


# --- a client


def client(folder: Path, url: str) -> Client:
    (folder / ".data").mkdir(exist_ok=True)
    config = configured(folder, client_url=url, client_token="a secret")
    return Client(GoWithSubscriptions(), folder, ME, config, client_url=url)


def posted(interface: Interface) -> list[str]:
    return [body["rule"]["path"] for body in interface.bodies]


def test_rules_are_added_by_the_file_when_the_client_does_not_run(tmp_path: Path) -> None:
    one = client(tmp_path, "http://127.0.0.1:1")
    assert one.generation.subscriptions(one, NEEDED[ME]).mark == "wrong"
    one.generation.allow(one, one.generation.missing(one, NEEDED[ME]))
    assert one.generation.missing(one, NEEDED[ME]) == []
    assert one.generation.subscriptions(one, NEEDED[ME]).mark == "fine"


def test_a_running_client_is_asked_to_add_the_rules(tmp_path: Path) -> None:
    with serving() as interface:
        one = client(tmp_path, interface.url)
        # As the client does it: the rule is in its file when it answers.
        add_rules(tmp_path / ".data" / "syft.sub.yaml", [])
        before = (tmp_path / ".data" / "syft.sub.yaml").read_text()
        interface.answers["POST /v1/subscriptions/rules"] = (200, {})
        one.generation.allow(one, NEEDED[ME])
    assert interface.tokens == {"Bearer a secret"}
    assert posted(interface) == [rule.path for rule in NEEDED[ME]]
    # This one did not do what it said, so the file was written.
    assert before == "version: 1\ndefaults:\n  action: block\nrules:\n"
    assert one.generation.missing(one, NEEDED[ME]) == []


def test_a_go_client_with_an_interface_for_subscriptions_has_them_without_a_file(tmp_path: Path) -> None:
    with serving() as interface:
        one = client(tmp_path, interface.url)
        one = Client(Go(), one.data_dir, ME, one.config, client_url=one.client_url)
        assert one.generation.asked(one).generation.key == "go"
        interface.answers["GET /v1/subscriptions/"] = (200, {"path": "x", "config": {}})
        assert one.generation.asked(one).generation.key == "go_subscriptions"
    assert one.generation.asked(one).generation.key == "go"


def test_an_older_client_needs_no_rules(tmp_path: Path) -> None:
    one = Client(Go(), tmp_path, ME)
    assert one.generation.missing(one, NEEDED[ME]) == []
    one.generation.allow(one, NEEDED[ME])
    assert list(tmp_path.iterdir()) == []
    assert one.generation.subscriptions(one, NEEDED[ME]).mark == "fine"


def test_a_file_of_another_shape_is_told_with_the_rules_to_add(tmp_path: Path) -> None:
    one = client(tmp_path, "")
    (tmp_path / ".data" / "syft.sub.yaml").write_text("rules: {}\n")
    row = one.generation.subscriptions(one, NEEDED[ME])
    assert (row.mark, "line 1" in row.text) == ("look here", True)
    assert as_lines(NEEDED[HELPER]) == ["  - action: allow", "    datasite: '*'", f"    path: '{APP}/rounds/**'"]


@pytest.mark.parametrize("aggregator", ["*", "*@example.org", "{a,b}@example.org", ""])
def test_a_pattern_in_the_settings_allows_nothing(aggregator: str) -> None:
    assert needed_by_participant(aggregator) == []
    assert len(needed_by_participant("a@example.org", aggregator)) == len(needed_by_participant("a@example.org"))
