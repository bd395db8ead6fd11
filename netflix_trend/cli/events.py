"""Waiting for a time, a signal, the end of a child or a visitor, all at once and without work in between."""

from __future__ import annotations

import select
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

from netflix_trend.cli.machine import ENDING


class Events:
    """Signals of this process, as a context. is_stopped: whether one has asked it to end."""

    def __init__(self) -> None:
        self.is_stopped = False
        self._is_interruptible = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in ENDING:
            if signal.getsignal(number) is signal.SIG_IGN:  # nohup
                continue
            self._before[number] = signal.signal(number, self._asked)
        # Its handler does nothing, but it wakes `wait` up.
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        for number, earlier in self._before.items():
            signal.signal(number, earlier)
        signal.set_wakeup_fd(self._wakeup)
        self._reader.close()
        self._writer.close()

    def stop(self) -> None:
        """Remember that this process is to end."""
        self.is_stopped = True

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        self.stop()
        if self._is_interruptible:
            sys.exit(0)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a signal end this process at once, by SystemExit, while it waits for a program that may hang."""
        self._is_interruptible = True
        try:
            if self.is_stopped:
                sys.exit(0)
            yield
        finally:
            self._is_interruptible = False

    def wait(self, seconds: float, *listeners: socket.socket) -> bool:
        """Wait until something happens, at most so many seconds. Returns whether a listener has a visitor."""
        if self.is_stopped:
            return False
        ready, _, _ = select.select([self._reader, *listeners], [], [], max(0.0, seconds))
        if self._reader in ready:
            with suppress(BlockingIOError):
                while self._reader.recv(512):
                    pass
        return any(one in ready for one in listeners)
