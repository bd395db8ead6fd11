"""SyftBox in Go with subscriptions: nothing of another datasite arrives that no rule of one's own allows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from netflix_trend.language import _
from netflix_trend.status_table import Row
from netflix_trend.syftbox.generations.base import SUBSCRIPTIONS, Client
from netflix_trend.syftbox.generations.go import Go, ask_go
from netflix_trend.syftbox.generations.go_subscriptions.file import UnknownShape, add_rules, read_rules
from netflix_trend.syftbox.generations.go_subscriptions.rules import Rule, missing

# In the client's folder `.data`.
SUBSCRIPTIONS_FILE = "syft.sub.yaml"


class GoWithSubscriptions(Go):
    """The Go generation of 2026, whose client blocks every datasite by default."""

    key = "go_subscriptions"
    name = "SyftBox (Go, with subscriptions)"

    def is_at(self, datasites: Path) -> bool:
        """Return whether the client has rules about subscriptions."""
        return (datasites.parent / ".data" / SUBSCRIPTIONS_FILE).is_file()

    def asked(self, client: Client) -> Client:
        """Return the client: its file tells what it is."""
        return client

    def missing(self, client: Client, needed: Sequence[Rule]) -> list[Rule]:
        """Compare the rules in its file with those that are needed."""
        return missing(read_rules(_file(client)), client.email, needed)

    def allow(self, client: Client, rules: Sequence[Rule]) -> None:
        """Add rules by the local interface, which acts at once, and by the file where it does not answer.

        A rule that is there and undone by a later one stays without effect over the interface: it goes behind that one.
        """
        for rule in rules:
            made = {"action": rule.action, "datasite": rule.datasite, "path": rule.path}
            ask_go(client, "/v1/subscriptions/rules", {"rule": made})
        if left := self.missing(client, rules):
            add_rules(_file(client), left)

    def subscriptions(self, client: Client, needed: Sequence[Rule]) -> Row:
        """Return whether the rules let everything needed arrive."""
        step = _("./run.sh join adds the rules")
        try:
            absent = self.missing(client, needed)
        except UnknownShape as problem:
            said = _(
                "%(client)s is not understood (%(problem)s), so nobody knows what arrives",
                client=_file(client),
                problem=problem,
            )
            return Row(SUBSCRIPTIONS, said, "look here", _("add the rules by hand: ./run.sh join shows them"))
        if absent:
            return Row(
                SUBSCRIPTIONS,
                _("SyftBox blocks what is needed; missing: %(str)s", str="; ".join(map(str, absent))),
                "wrong",
                step,
            )
        return Row(SUBSCRIPTIONS, _("everything needed may arrive (%(needed)s rules)", needed=len(needed)))


def _file(client: Client) -> Path:
    return client.data_dir / ".data" / SUBSCRIPTIONS_FILE
