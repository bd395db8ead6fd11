"""The settings of a process on folders, read anew from .env while it runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from netflix_trend.cli.frame import Failure
from netflix_trend.cli.machine import Machine

if TYPE_CHECKING:
    from netflix_trend.settings import Settings


class CurrentSettings:
    """Reads settings as a verb does that starts now: .env of now, and the environment that this process began with.

    Make it before `Machine.use_folders`, which puts what is in .env into the environment.
    """

    def __init__(self, machine: Machine) -> None:
        self._root, self._environ = machine.root, dict(machine.environ)
        self.env_file = machine.env_file

    def __call__(self) -> Settings:
        """Return the settings. Raises SettingsError, also for folders that would be uploaded."""
        from netflix_trend.settings import Settings, SettingsError, load_settings

        machine = Machine(self._root, dict(self._environ))
        try:
            machine.keep_private()
        except Failure as problem:
            raise SettingsError(problem.message) from None
        values = machine.folder_environment()
        for name in Settings.model_fields:
            os.environ.pop(name.upper(), None)
        os.environ.update(values)
        return load_settings()
