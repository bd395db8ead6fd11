"""The frame of all verbs: failures in one line, examples in the help, and the typed words."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from netflix_trend.interrupts import INTERRUPTED, UNREAD

# Exit codes, documented in docs/commands.md.
FAILED, WRONG_USE = 1, 2
EXIT_CODES = {
    0: "Done.",
    FAILED: "It could not be done; the message says why, and what to do next. Of status: something is wrong.",
    WRONG_USE: "There is no such verb or option, or a value is not understood.",
    3: "Of status: something is to be looked at, and nothing is wrong.",
    4: "Of status: it cannot be told, such as while Docker does not run.",
    INTERRUPTED: "Ended with Ctrl-C.",
    UNREAD: "Whoever read what it prints has stopped, as `head -1` does after a line.",
}
_WORDS = "netflix_trend.words"


class Failure(click.ClickException):
    """Something cannot be done. The message says what, and what to do next."""

    exit_code = FAILED

    def __init__(self, message: str) -> None:
        super().__init__(message)
        context = click.get_current_context(silent=True)
        self.verb = " ".join(verb_of(context)) if context else ""

    def show(self, file: Any = None) -> None:
        """Print the message after the verb."""
        click.echo(f"{self.verb or 'netflix-trend'}: {self.message}", file=file or sys.stderr)


class Verb(click.Command):
    """A command with examples in its help. It remembers the words that were typed after it."""

    def __init__(self, *arguments: Any, examples: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.examples = tuple(examples)
        self.before: Callable[[click.Context], None] = lambda _: None

    def invoke(self, ctx: click.Context) -> Any:
        """Do what comes before every verb of its section, then run it."""
        self.before(ctx)
        return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember the words, then parse them."""
        ctx.meta[_WORDS] = list(args)
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{' ' * formatter.current_indent}{root_of(ctx).info_name} {example}\n")
        super().format_epilog(ctx, formatter)


class Words(click.Choice[str]):
    """One of a few words. For a mistyped one it suggests similar ones."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Return what is wrong with a word."""
        said = super().get_invalid_choice_message(value, ctx)
        alike = difflib.get_close_matches(str(value), self.choices)
        return f"{said} Did you mean {' or '.join(alike)}?" if alike else said


class VerbGroup(click.Group):
    """A verb with verbs of its own. For a mistyped one it suggests similar ones."""

    command_class = Verb
    group_class = type

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words before the verb. An option of a verb that stands there is told where it belongs."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as problem:
            owners = self._owners(ctx, problem.option_name)
            if not owners:
                raise
            option, names = owners
            raise click.UsageError(
                f"{problem.option_name} stands before the verb. Write {option} after it, such as in: "
                f"{ctx.command_path} {next((name for name in names if name in args), names[0])} {option}",
                ctx,
            ) from None

    def _owners(self, ctx: click.Context, option: str) -> tuple[str, list[str]] | None:
        """Return the option that is most like a typed one, and the verbs that have it; None if none is like it."""
        owners: dict[str, list[str]] = {}
        for name, command in self.commands.items():
            for one in command.get_params(ctx):
                for text in one.opts if isinstance(one, click.Option) and not one.hidden else ():
                    owners.setdefault(text, []).append(name)
        found = difflib.get_close_matches(option, owners, n=1)
        return (found[0], owners[found[0]]) if found else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs."""
        self.write_verbs("Verbs", self.list_commands(ctx), formatter)

    def write_verbs(self, title: str, names: Sequence[str], formatter: click.HelpFormatter) -> None:
        """Write a list of verbs with a sentence about each."""
        shown = [(name, self.commands[name]) for name in names if not self.commands[name].hidden]
        with formatter.section(title):
            formatter.write_dl([(name, command.get_short_help_str(200)) for name, command in shown])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb. Raises UsageError with similar verbs and all verbs."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as problem:
            alike = difflib.get_close_matches(problem.command_name, self.commands)
            guess = f" Did you mean {' or '.join(alike)}?" if alike else ""
            verbs = ", ".join(name for name, command in self.commands.items() if not command.hidden)
            raise click.UsageError(f"there is no verb {problem.command_name}.{guess} Verbs: {verbs}", ctx) from None


_Before = Callable[[click.Context], None]


class FrontDoor(VerbGroup):
    """All verbs, in sections by purpose. One is imported when it is typed, all are for help and for a mistyped one."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.sections: dict[str, list[str]] = {}
        # By the name of each verb where it is, and what comes before it.
        self._places: dict[str, tuple[str, _Before | None]] = {}
        self._imported: MutableMapping[str, click.Command] = {}
        super().__init__(*arguments, **options)

    def put(self, section: str, verbs: Mapping[str, str], before: _Before | None = None) -> None:
        """Add verbs to a section of the help.

        verbs: by their names where they are in `netflix_trend.cli`, such as `history.read`. before: called when one of
        them is about to run.
        """
        self._places.update({name: (place, before) for name, place in verbs.items()})
        self.sections.setdefault(section, []).extend(verbs)

    @property
    def commands(self) -> MutableMapping[str, click.Command]:
        """All verbs by their names, in the order of the help."""
        for name in self._places:
            self._imported[name] = self._imported.pop(name) if name in self._imported else self._import(name)
        return self._imported

    @commands.setter
    def commands(self, commands: MutableMapping[str, click.Command]) -> None:
        self._imported = commands

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb, None if there is none with that name. The others are not imported."""
        if cmd_name in self._places and cmd_name not in self._imported:
            self._imported[cmd_name] = self._import(cmd_name)
        return self._imported.get(cmd_name)

    def _import(self, name: str) -> click.Command:
        place, before = self._places[name]
        module, _, attribute = f"{__package__}.{place}".rpartition(".")
        command: click.Command = getattr(import_module(module), attribute)
        for verb in command.commands.values() if isinstance(command, click.Group) else [command]:
            if before and isinstance(verb, Verb):
                verb.before = before
        return command

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Parse the words, and print the help where they ask for it."""
        with _ended_when_unread():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb."""
        with _ended_when_unread():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list for each section."""
        for section, names in self.sections.items():
            self.write_verbs(section, names, formatter)


@contextmanager
def _ended_when_unread() -> Iterator[None]:
    """End a verb whose output nobody reads any more with a code of its own; click would say that it failed."""
    try:
        yield
    except BrokenPipeError:
        sys.exit(UNREAD)


def root_of(context: click.Context) -> click.Context:
    """Return the context of the whole command."""
    return context.find_root()


def verb_of(context: click.Context) -> list[str]:
    """Return the running verb, such as `["event", "add"]`."""
    names = []
    one: click.Context | None = context
    while one is not None and one.parent is not None:
        names.append(str(one.info_name))
        one = one.parent
    return names[::-1]


def words_of(context: click.Context) -> list[str]:
    """Return the typed words: the verb and everything after it."""
    return [*verb_of(context), *context.meta.get(_WORDS, ())]
