"""The verb setup: from a fresh clone to taking part, without editing a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netflix_trend.cli import asking
from netflix_trend.cli.asking import (
    ALL,
    DROP,
    LATER,
    a_folder,
    a_netflix_profile,
    an_address,
    an_export,
    ask,
    chooser,
    say,
    title,
)
from netflix_trend.cli.frame import FAILED, Failure, Verb
from netflix_trend.cli.history import drop_exports, profiles_of
from netflix_trend.cli.mode import Place, place_of
from netflix_trend.cli.offers import list_aggregators, others_than
from netflix_trend.cli.sharing import carry_out
from netflix_trend.cli.subscribing import subscribe
from netflix_trend.cli.volumes import begin
from netflix_trend.layout import PrivateVolume
from netflix_trend.names import EXAMPLE_AGGREGATOR, EXAMPLE_ME, is_trial
from netflix_trend.syftbox.generations import clients

if TYPE_CHECKING:
    from netflix_trend.published.introduction import Introduction
    from netflix_trend.syftbox.aggregators import FoundAggregators


@dataclass(frozen=True)
class Answers:
    """What was said by options; None is asked for at a terminal, if it is not settled yet."""

    email: str | None = None
    datasites: Path | None = None
    aggregator: str | None = None
    export: str | None = None
    profile: str | None = None
    takes_part: bool | None = None
    is_sure: bool = False
    repairs: bool = False


@click.command(
    cls=Verb,
    examples=[
        "setup",
        "setup --aggregator club@example.com --yes --export NetflixViewingHistory.csv --not-yet",
        "setup --repair",
    ],
)
@click.option("--email", metavar="ADDRESS", help="Your address on SyftBox, where SyftBox is not found.")
@click.option(
    "--datasites",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="SyftBox's folder of datasites, where SyftBox is not found.",
)
@click.option("--aggregator", metavar="ADDRESS", help="The aggregator; without one a list is shown to choose from.")
@click.option("--export", metavar="FILE", help="Your export; drop: you put it into the drop folder; later: not now.")
@click.option(
    "--profile", metavar="NAME", help="The Netflix profile that you are, if the export has several; all: everybody."
)
@click.option("--take-part/--not-yet", "takes_part", default=None, help="Whether surveys are answered from now on.")
@click.option("--yes", "is_sure", is_flag=True, help="You have compared the operators' keys, or there are none.")
@click.option(
    "--repair", "repairs", is_flag=True, help="Only write SyftBox's own permission file, where it is missing."
)
@click.pass_context
def setup(
    context: click.Context,
    email: str | None,
    datasites: Path | None,
    aggregator: str | None,
    export: str | None,
    profile: str | None,
    takes_part: bool | None,
    is_sure: bool,
    repairs: bool,
) -> None:
    """Find SyftBox and an aggregator, add your export, and decide whether to take part.

    Asks step by step, or takes options. Repeat it at any time: it shows what is set, and changes only what you say.
    """
    place = place_of(context)
    if place.is_inside:
        raise Failure("this is for your machine, not for a container: ./run.sh setup")
    answers = Answers(email, datasites, aggregator, export, profile, takes_part, is_sure, repairs)
    sys.exit(_Setup(place, answers, can_ask=asking.has_terminal()).run())


class _Setup:
    """The steps, in their order."""

    def __init__(self, place: Place, answers: Answers, *, can_ask: bool) -> None:
        self.place, self.machine, self.said, self.can_ask = place, place.machine, answers, can_ask
        self.is_on_folders = True

    def run(self) -> int:
        """Go through all steps. Returns the exit code."""
        self.machine.need_packages()
        self._check_options()
        is_ready = self._syftbox()
        if self.said.repairs:
            return 0 if is_ready else FAILED
        introduction = self._aggregator()
        self.is_on_folders = begin(self.place, keeps=True)
        has_export = self._export()
        self._what_is_next(has_export=has_export, takes_part=self._taking_part(introduction))
        return 0

    def _check_options(self) -> None:
        """Refuse what is wrong or missing before anything is changed."""
        said = self.said
        for value, check in ((said.email, an_address), (said.aggregator, an_address), (said.export, an_export)):
            if value:
                check(value)
        if said.datasites:
            a_folder(str(said.datasites))
        if said.profile:
            a_netflix_profile(said.profile)
        if not self.can_ask and not said.repairs and (missing := self._missing()):
            list_aggregators(self._found, own=self.machine.email, chosen=self._chosen)
            raise Failure(f"there is no terminal to ask at. Say by options: {', '.join(missing)}")

    def _missing(self) -> list[str]:
        said, missing = self.said, []
        if not said.aggregator and not self._chosen:
            missing.append("--aggregator ADDRESS")
        if not said.export and not self._has_begun:
            missing.append("--export FILE (or drop, or later)")
        if said.takes_part is None and not self._has_begun:
            missing.append("--take-part or --not-yet")
        return missing

    # --- which SyftBox

    def _syftbox(self) -> bool:
        """Show or ask which SyftBox this is. Returns whether its datasite is set up."""
        title("1. SyftBox")
        if self.said.email or self.said.datasites:
            email, datasites = self.said.email, self.said.datasites
            self._settle(
                {
                    **({"SYFTBOX_EMAIL": an_address(email)} if email else {}),
                    **({"DATASITES_DIR": a_folder(str(datasites))} if datasites else {}),
                }
            )
        elif self.machine.email == EXAMPLE_ME and self.can_ask:
            self._ask_which()
        if self.machine.email == EXAMPLE_ME:
            say(
                "No SyftBox yet, so this is a trial. Inside SyftBox's folder of apps it is found by itself; elsewhere: "
                "./run.sh setup --email ADDRESS --datasites FOLDER"
            )
            return False
        how = "SyftBox has this app among its own" if self.machine.inside_syftbox else "as set in .env"
        say(f"{self.machine.email}, datasites in {self._datasites} ({how})")
        return self._repair()

    def _ask_which(self) -> None:
        """Ask for the address and the folder of datasites; a client of this person is the suggestion."""
        found = next((one for one in clients(self.machine.environ) if one.email), None)
        if found:
            say(f"{found.generation.name} is on this machine, but this app is not among its own.")
        else:
            say("SyftBox was not found.")
        say(f"Your address on it names your datasite. {EXAMPLE_ME}: a trial without.")
        email = ask("Your address on SyftBox", found.email if found else EXAMPLE_ME, an_address)
        if email != EXAMPLE_ME:
            usual = found.datasites if found else Path.home() / "SyftBox" / "datasites"
            self._settle(
                {"SYFTBOX_EMAIL": email, "DATASITES_DIR": ask("Its folder of datasites", str(usual), a_folder)}
            )

    def _repair(self) -> bool:
        """Write SyftBox's own permission file, where a server that was wiped has taken it with it.

        Returns whether the file is there.
        """
        from netflix_trend.syftbox.datasite import Datasite

        site = Datasite(self._datasites, self.machine.email)
        if site.is_initialized:
            if self.said.repairs:
                say("Nothing to repair: SyftBox's permission file is there.")
            return True
        if not site.root.is_dir():
            say("There is no datasite yet. Start SyftBox: it makes the folder itself.")
            return False
        say(
            "SyftBox's own permission file is missing in your datasite, so nothing can be published. A client that was "
            "started a moment ago still writes it; it never does where its server has lost everything before you "
            "published something. The file says that only you may read and write your datasite."
        )
        if not self.said.repairs and not (
            self.can_ask and click.confirm("   Does SyftBox run, and shall I write it?", default=False)
        ):
            say("Nothing was written. Later: ./run.sh setup --repair")
            return False
        site.set_up()
        say("Written.")
        return True

    # --- which aggregator

    def _aggregator(self) -> Introduction | None:
        """Let an aggregator be chosen. Returns its introduction, None without one."""
        from netflix_trend.participant import participant
        from netflix_trend.published.introduction import settings_for
        from netflix_trend.syftbox.aggregators import introduced

        title("2. The aggregator")
        if self.machine.email != EXAMPLE_ME and subscribe(self.machine, "newcomer"):
            say("What aggregators say about themselves arrives with SyftBox's next syncs: repeat setup in a minute.")
        found = self._found
        list_aggregators(found, own=self.machine.email, chosen=self._chosen)
        chosen = self.said.aggregator or self._ask_for_aggregator(list(others_than(self.machine.email, found)))
        if not chosen:
            say("No aggregator is chosen, so nobody asks you anything, and nothing leaves this machine.")
            return None
        chosen = an_address(chosen)
        if chosen == self.machine.email:
            raise Failure("that is your own address; an aggregator cannot take part itself")
        introduction = found.aggregators.get(chosen) or introduced(self._datasites, chosen)
        if introduction is None:
            say(
                f"{chosen} has not introduced itself on this machine: check the address, or wait until SyftBox has "
                "synced. If operators add its answers up, repeat setup then, for their keys."
            )
            if chosen == self._chosen:
                return None
        wanted = settings_for(chosen, introduction, is_first=not self._chosen)
        if introduction and any(self.machine.setting(name) != value for name, value in wanted.items()):
            self._compare_keys(introduction)
        if not self._chosen:
            participant.decide_again(self.machine.folder("PRIVATE_DIR"))
        self._settle(wanted)
        say(f"Aggregator: {chosen}")
        if introduction:
            for sentence in self._objections(introduction):
                say(sentence)
        return introduction

    def _ask_for_aggregator(self, choices: Sequence[str]) -> str:
        if not self.can_ask:
            return self._chosen
        default = self._chosen or LATER

        def read(text: str) -> str:
            if text == LATER:
                return ""
            if text.isdecimal() and 1 <= int(text) <= len(choices):
                return choices[int(text) - 1]
            return an_address(text)

        return str(ask("Its number, another address, or later" if choices else "Its address, or later", default, read))

    def _compare_keys(self, introduction: Introduction) -> None:
        """Let the person say that the operators' keys were compared. Raises Failure if not; nothing is changed then."""
        from netflix_trend.published.introduction import COMPARE_KEYS

        pinned = {self.machine.setting("AGGREGATOR_KEY"), self.machine.setting("HELPER_KEY")} - {""}
        is_other = introduction.aggregator == self._chosen and bool(
            pinned - {one.key for one in introduction.operators}
        )
        if not introduction.operators and not is_other:
            return
        if is_other:
            say("Careful: your settings name other keys for this aggregator than its introduction does.")
        say(COMPARE_KEYS)
        for one in introduction.operators:
            click.echo(f"   {one.role} {one.datasite}:\n   {one.words}")
        if self.said.is_sure:
            return
        if not self.can_ask:
            raise Failure("compare the keys, then say so: --yes. Nothing was changed")
        if not click.confirm("   Did the operators tell you the same?", default=False):
            raise Failure("nothing was changed. Ask the operators for their words, then: ./run.sh setup")

    def _objections(self, introduction: Introduction) -> list[str]:
        from netflix_trend.odds import parse_odds
        from netflix_trend.published.introduction import objections

        modes = frozenset(self.machine.setting("LIMIT_MODES", "local,two").replace(" ", "").split(","))
        return objections(introduction, modes, parse_odds(self.machine.setting("LIMIT_ODDS", "8")))

    # --- the export

    def _export(self) -> bool:
        """Take an export. Returns whether there is one, now or from before."""
        title("3. Your viewing history")
        drop = self.machine.folder("OUTPUT_DIR")
        export = self.said.export
        if self._has_begun:
            say("Something was imported before.")
        if export is None and self.can_ask:
            say(
                "NetflixViewingHistory.csv, ViewingActivity.csv or the zip from Netflix. It stays on this machine. "
                f"drop: you put it into {drop}; later: not now. Afterwards ./run.sh fetch gets it in ten seconds."
            )
            export = str(ask("Path of the file, drop or later", LATER, an_export))
        if export in (None, LATER):
            return self._has_begun
        if export == DROP:
            drop.mkdir(parents=True, exist_ok=True)
            say(f"Put it into {drop}. ./run.sh import FILE takes it at once.")
            return self._has_begun
        assert export is not None
        self._take(Path(export).expanduser())
        return True

    def _take(self, file: Path) -> None:
        said = self.said.profile
        only = list(profiles_of(file)) if said == ALL else [said] if said else []
        if not self.is_on_folders:
            drop_exports(self.place, [file], only=only)
            return
        from services.processor.importing import import_files

        if import_files([file], profile=None, date_order=None, only=only, choose=chooser()):
            raise Failure(
                "the export could not be used, see above; nothing has left this machine. Then: ./run.sh setup (with "
                "--profile NAME, or all, where the export has several Netflix profiles), or ./run.sh import "
                "--date-order dmy FILE where the order of its dates is asked"
            )

    # --- taking part

    def _taking_part(self, introduction: Introduction | None) -> bool | None:
        """Ask whether to take part. Returns whether the person does; None where nobody asks anything yet."""
        title("Last: taking part")
        if not self._chosen:
            if self.said.takes_part:
                raise Failure("there is no aggregator to take part with. Name one: ./run.sh setup --aggregator ADDRESS")
            say("Not yet: choose an aggregator first. ./run.sh dashboard shows your own viewing meanwhile.")
            return None
        if self._takes_part_already():
            say("You take part. ./run.sh pause or ./run.sh withdraw changes that.")
            return True
        if introduction:
            say(" ".join(filter(None, (introduction.cost, introduction.withholds, introduction.trust))))
        if not self.machine.has_published:
            say("Nothing has left this machine so far.")
        say("That you take part can be seen by others on your SyftBox server.")
        wanted = self.said.takes_part
        if wanted is None:
            wanted = self.can_ask and click.confirm("   Take part now?", default=False)
        if not wanted:
            return False

        def join() -> int:
            from services.runtime.choose import take_part

            return take_part("join")

        if carry_out(self.place, join, ["join"]):
            raise Failure("you joined, but the first run failed, see above. Next: ./run.sh status")
        return True

    def _takes_part_already(self) -> bool:
        if not self.is_on_folders:
            return False
        from netflix_trend.participant import participant
        from netflix_trend.settings import load_settings

        state = participant.snapshot(load_settings())
        if state.choices_problem:
            raise Failure(state.choices_problem)
        return state.takes_part

    def _what_is_next(self, *, has_export: bool, takes_part: bool | None) -> None:
        from netflix_trend.participant.notice import NO_ADDRESS

        title("What happens next")
        if takes_part is None:
            say(
                "Not done yet: without an aggregator nothing leaves this machine. Repeat ./run.sh setup when you know "
                "one."
            )
            if is_trial(self.machine.email, self.machine.aggregator):
                say("./run.sh once tries everything on this machine alone.")
            return
        if self.machine.email == EXAMPLE_ME:
            say(f"Not done yet: {NO_ADDRESS}")
            return
        if not has_export:
            say(f"Not done yet: there is no export. Put it into {self.machine.folder('OUTPUT_DIR')}, or:")
            say("./run.sh fetch, or ./run.sh import FILE")
        if takes_part:
            say(
                "Your machine answers when it is asked, within your limits; ./run.sh status says when, and ./run.sh "
                "privacy what it cost."
            )
        else:
            say("Nothing leaves before you join. See what would leave: ./run.sh dashboard. To take part: ./run.sh join")
        if self.machine.is_started_by_syftbox:
            say("SyftBox starts this app, which looks by itself.")
        elif self.is_on_folders:
            say(
                "Nothing starts by itself outside of SyftBox: leave ./run.sh running, or let ./run.sh once run daily, "
                "such as by cron."
            )
        else:
            say("The services must run with these settings: ./run.sh up")

    # --- what is set

    @property
    def _datasites(self) -> Path:
        return self.machine.folder("DATASITES_DIR")

    @property
    def _chosen(self) -> str:
        """The aggregator in the settings; empty while that is the example, which nobody runs."""
        return "" if self.machine.aggregator == EXAMPLE_AGGREGATOR else self.machine.aggregator

    @cached_property
    def _found(self) -> FoundAggregators:
        from netflix_trend.syftbox.aggregators import find_aggregators

        return find_aggregators(self._datasites, preferred=self._chosen)

    @property
    def _has_begun(self) -> bool:
        """Whether something was imported."""
        if self.place.recorded == "containers":
            return self.place.docker.has_volume()
        return bool(PrivateVolume(self.machine.folder("PRIVATE_DIR")).profile_folders())

    def _settle(self, values: dict[str, str]) -> None:
        """Write settings to .env, and follow them in this process. Raises Failure where the environment says otherwise,
        which takes precedence.
        """
        kept, said = self.machine.kept, self.machine.environ
        other = [name for name, value in values.items() if said.get(name, "") not in ("", value, kept.get(name, ""))]
        if other and not self.machine.inside_syftbox:
            raise Failure(f"{', '.join(other)} in the environment would take precedence over .env; unset it first")
        self.machine.keep(values)
        for name, value in values.items():
            for environ in (said, os.environ):
                environ.pop(name, None)
                if value:
                    environ[name] = value
