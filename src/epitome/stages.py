"""The stages of the work (reading, planning, generation, check), told to whoever listens. Standard library only.

A service hangs its metrics and traces here. Without a listener a stage costs a look at one context variable.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType


class Stage:
    """A stretch of work, from `begin()` or `with` to `done()` or the end of the block.

    >>> with Stage("read") as reading:
    ...     reading.facts["characters"] = len(read(path).text)
    """

    def __init__(self, name: str) -> None:
        self.name = name
        """`queue`, `read`, `plan`, `generate`, `choose` or `check`."""
        self.facts: dict[str, int | float | str] = {}
        """Counts and names; never a text, nor a part of one."""
        self.error: str | None = None
        """The name of the exception that ended it."""
        self.started = self.seconds = 0.0
        """On the clock of `time.perf_counter`."""
        self._open = False
        self._ended: Ended | None = None

    def begin(self) -> Stage:
        """Start the clock, and tell this context's listener."""
        self._open, self.started = True, time.perf_counter()
        listener = _listener.get()
        self._ended = listener(self) if listener is not None else None
        return self

    def done(self) -> None:
        """Stop the clock; a second call changes nothing."""
        if self._open:
            self._open, self.seconds = False, time.perf_counter() - self.started
            if self._ended is not None:
                self._ended()

    def __enter__(self) -> Stage:
        return self.begin()

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        if kind is not None and kind not in (StopIteration, GeneratorExit):  # how a generator ends
            self.error = kind.__name__
        self.done()


Ended = Callable[[], None]
Listener = Callable[[Stage], Ended]
"""Called when a stage begins; what it returns is called when the stage is done. From any thread."""

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell `listener` of every stage that begins in this context, and in copies of it."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
