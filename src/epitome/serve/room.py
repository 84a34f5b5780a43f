"""The room where documents wait for a free place, in turn by key, and the threads that are the places."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock
from typing import Any

from epitome.errors import EpitomeError
from epitome.serve.turns import Turns
from epitome.stages import Stage

CHARACTERS = 2**26
"""Of all documents under way and waiting; with their indexes they take some ten bytes a character."""

ANOTHER = "try again: another server may answer"


class BusyError(EpitomeError):
    """More is waiting than is sensible."""


class StoppedError(EpitomeError):
    """The process ends before the answer is there."""


@dataclass(slots=True, eq=False)
class Ticket:
    """Work that waits or is under way."""

    owner: str
    characters: int
    work: Callable[[Event], Any]
    """Told of an event that is set when nobody waits for the result any more."""
    result: Future[Any] = field(default_factory=Future)
    stop: Event = field(default_factory=Event)
    came: float = field(default_factory=time.perf_counter)
    context: Context = field(default_factory=copy_context)
    """The caller's, so that what is logged on the way is told as this request's."""
    queue: Stage = field(default_factory=partial(Stage, "queue"))


class Room:
    """Work is under way in `places` threads; besides, `waiting` may wait.

    Where it is full, a newcomer takes the place of the newest of the key with the most waiting, if that is not its own;
    and one key has at most half of the characters: who sends a hundred documents at once crowds out nobody. The others
    are refused, before memory grows.
    """

    def __init__(self, places: int, waiting: int, characters: int = CHARACTERS) -> None:
        self.places = places
        self.most = places + waiting
        self.begun: list[Callable[[float, bool], None]] = []
        """Called when work is begun: the seconds that it waited although there was a free place, and whether it had
        come before that place was free."""
        self._characters: Counter[str] = Counter()
        self._most_characters = characters
        self._turns: Turns[Ticket] = Turns()
        self._under_way: set[Ticket] = set()
        self._ending = False
        self._lock = Lock()
        self._thread = threading.local()
        self._threads = ThreadPoolExecutor(places, thread_name_prefix="summary")

    @property
    def held(self) -> int:
        """What is under way or waits."""
        return len(self._turns) + len(self._under_way)

    @property
    def running(self) -> int:
        """What is under way."""
        return len(self._under_way)

    def enter(self, work: Callable[[Event], Any], *, owner: str, characters: int) -> Ticket:
        """Let it wait, and begin it in its turn. Raises `BusyError` and `StoppedError`. To be left, however it ends."""
        ticket = Ticket(owner, characters, work)
        with self._lock:
            if self._ending:
                raise StoppedError("the server is about to end", hint=ANOTHER)
            crowded_out = self._room_for(ticket)
            ticket.queue.begin()
            self._turns.put(owner, ticket)
            self._characters[owner] += characters
            self._threads.submit(self._next)
        if crowded_out is not None:
            _fail(crowded_out, self._busy())
        return ticket

    def _room_for(self, ticket: Ticket) -> Ticket | None:
        """Raise `BusyError` unless there is room, also by taking it from another, which is returned."""
        held = self._characters[ticket.owner]
        theirs, all_of_them = held + ticket.characters, self._characters.total() + ticket.characters
        if held and (theirs > self._most_characters / 2 or all_of_them > self._most_characters):
            raise self._busy()
        if self.held < self.most:
            return None
        other = self._turns.last_of_most(ticket.owner)
        if other is None:
            raise self._busy()
        self._remove(other)
        return other

    def _remove(self, ticket: Ticket) -> bool:
        there = self._turns.remove(ticket.owner, ticket)
        if there:
            self._forget(ticket)
        return there

    def _forget(self, ticket: Ticket) -> None:
        self._characters[ticket.owner] -= ticket.characters
        if not self._characters[ticket.owner]:
            del self._characters[ticket.owner]

    def _busy(self) -> BusyError:
        return BusyError(f"{self.held} documents are under way", hint="try again in a moment")

    def leave(self, ticket: Ticket) -> None:
        """Nobody waits for its result any more: it is not begun, and where it is under way it is told to end."""
        ticket.stop.set()
        with self._lock:
            waited = self._remove(ticket)
        if waited:
            ticket.queue.done()
            ticket.result.cancel()

    def _next(self) -> None:
        """Do what is next; nothing where it has been left meanwhile."""
        with self._lock:
            ticket = self._turns.take()
            if ticket is None:
                return
            self._under_way.add(ticket)
        ticket.queue.done()
        if not ticket.result.set_running_or_notify_cancel():
            self._done(ticket)
            return
        try:
            free_since = getattr(self._thread, "free_since", 0.0)
            seconds = time.perf_counter() - max(ticket.came, free_since)
            for told in self.begun:
                told(seconds, ticket.came < free_since)
            result = ticket.context.run(ticket.work, ticket.stop)
        except BaseException as error:  # whatever it is, this thread goes on
            self._done(ticket)
            # What ends a thread would end the event loop, too, that waits for the result.
            told_as = error if isinstance(error, Exception) else RuntimeError(f"ended by {error!r}")
            ticket.result.set_exception(told_as)
        else:
            self._done(ticket)
            ticket.result.set_result(result)

    def _done(self, ticket: Ticket) -> None:
        self._thread.free_since = time.perf_counter()
        with self._lock:
            self._under_way.discard(ticket)
            self._turns.done(ticket.owner)
            self._forget(ticket)

    def refuse(self) -> None:
        """Take nothing more, and refuse what waits: another server may answer. What is under way goes on."""
        with self._lock:
            self._ending = True
            waiting = []
            while (ticket := self._turns.take()) is not None:
                self._turns.done(ticket.owner)
                self._forget(ticket)
                waiting.append(ticket)
        for ticket in waiting:
            _fail(ticket, StoppedError("the server is about to end", hint=ANOTHER))

    def close(self) -> None:
        """Refuse what waits, and finish what is under way."""
        self.refuse()
        self._threads.shutdown(wait=True)


def _fail(ticket: Ticket, error: EpitomeError) -> None:
    ticket.queue.done()
    if ticket.result.set_running_or_notify_cancel():
        ticket.result.set_exception(error)
