"""What a demo says of itself: the file `demo.json` in its folder, written last, so that half a demo has none."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.language import ngettext
from netflix_trend.layout import DEMO
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.model import Strict


class DemoUnfinished(Exception):
    """A folder holds no whole demo; the message says what to do."""


class Demo(Strict):
    """A demo. people: how many are invented besides the one who ran it. is_mine: the viewing is that of an own file."""

    schema_version: Literal[1] = 1
    people: Annotated[int, Field(ge=0)]
    is_mine: bool

    @property
    def sentence(self) -> str:
        """What every page and verb says first."""
        if self.is_mine:
            return ngettext(
                "A demo: the one other person is invented. The viewing is yours.",
                "A demo: the other %(num)s people are invented. The viewing is yours.",
                self.people,
            )
        return ngettext(
            "A demo: the one other person is invented, and so is the viewing.",
            "A demo: the other %(num)s people are invented, and so is the viewing.",
            self.people,
        )

    def write(self, root: Path) -> None:
        """Say that the demo in a folder is complete."""
        write_atomically(root / DEMO, self.to_bytes(), durable=False)


def read_demo(root: Path) -> Demo:
    """Read what a demo says of itself. Raises DemoUnfinished if there is none, or only a part of one."""
    if not (root / "private").is_dir():
        raise DemoUnfinished(f"{root} holds no demo; run ./run.sh demo first")
    try:
        return Demo.model_validate_json((root / DEMO).read_bytes())
    except (OSError, ValidationError):
        raise DemoUnfinished(
            f"{root} holds only a part of a demo, or one of an earlier version; run ./run.sh demo again"
        ) from None
