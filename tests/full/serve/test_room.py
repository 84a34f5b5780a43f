"""The waiting room: whose turn it is, who is refused, and what becomes of what nobody waits for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from threading import Event, active_count

import pytest
from tests.full.serve.house import until

from epitome.serve.room import BusyError, Room, StoppedError, Ticket
from epitome.serve.turns import Turns


class Doing:
    """Work of named documents, each held until it is told to go on; what was begun is in `order`."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.order: list[str] = []
        self.go = Event()

    def close(self) -> None:
        """Let all go on, to the end."""
        self.go.set()
        self.room.close()

    def enter(self, name: str, characters: int = 1) -> Ticket:
        """`ann-1` is a document of ann."""

        def work(stop: Event) -> str:
            self.order.append(name)
            while not self.go.is_set() and not stop.is_set():
                self.go.wait(0.005)
            return name

        return self.room.enter(work, owner=name.partition("-")[0], characters=characters)


Opened = Callable[..., Doing]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """A room, whose work ends with the test."""
    doing: list[Doing] = []

    def open_one(places: int, waiting: int, characters: int = 1000) -> Doing:
        doing.append(Doing(Room(places, waiting, characters)))
        return doing[-1]

    yield open_one
    for one in doing:
        one.close()


def test_a_key_that_sends_many_does_not_make_another_wait(opened: Opened) -> None:
    doing = opened(1, 100)
    room = doing.room
    for number in range(20):
        doing.enter(f"ann-{number}")
    until(lambda: doing.order == ["ann-0"])
    for name in ("bob-0", "bob-1", "eve-0"):
        doing.enter(name)
    doing.go.set()
    until(lambda: room.held == 0)
    assert doing.order[:6] == ["ann-0", "ann-1", "bob-0", "eve-0", "ann-2", "bob-1"]
    assert doing.order[6:] == [f"ann-{number}" for number in range(3, 20)]


def test_whoever_has_least_under_way_comes_first() -> None:
    turns: Turns[str] = Turns()
    for number in range(4):
        turns.put("long", f"long-{number}")
    assert [turns.take() for _ in range(3)] == ["long-0", "long-1", "long-2"]
    for number in range(4):
        turns.put("short", f"short-{number}")
    # Short ones end and are followed by short ones, until there are as many of them as of the long ones under way.
    assert [turns.take() for _ in range(3)] == ["short-0", "short-1", "short-2"]
    turns.done("short")
    assert turns.take() == "short-3"
    turns.done("long")
    assert turns.take() == "long-3"
    assert turns.take() is None
    assert len(turns) == 0


def test_more_than_fits_is_refused_but_not_for_another_keys_crowd(opened: Opened) -> None:
    doing = opened(1, 3)
    room = doing.room
    tickets = [doing.enter(f"ann-{number}") for number in range(4)]
    until(lambda: room.running == 1)
    with pytest.raises(BusyError, match="4 documents"):
        doing.enter("ann-4")
    late = doing.enter("bob-0")  # takes the place of the newest of ann's
    with pytest.raises(BusyError):
        tickets[3].result.result(60)
    assert room.held == 4
    with pytest.raises(BusyError):  # two of ann's wait, and bob would have two
        doing.enter("bob-1")
    doing.go.set()
    assert late.result.result(60) == "bob-0"
    until(lambda: room.held == 0)


def test_the_characters_of_all_are_bounded_and_one_key_has_half_of_them(opened: Opened) -> None:
    doing = opened(1, 100, characters=1000)
    room = doing.room
    doing.enter("ann-0", 900)  # one is taken whatever its length
    with pytest.raises(BusyError):
        doing.enter("ann-1", 10)
    doing.enter("bob-0", 400)
    with pytest.raises(BusyError):
        doing.enter("bob-1", 200)
    doing.go.set()
    until(lambda: room.held == 0)
    doing.enter("ann-2", 900)


def test_what_is_left_is_not_begun_and_what_is_under_way_is_told(opened: Opened) -> None:
    doing = opened(1, 10)
    room = doing.room
    first, second, third = (doing.enter(f"ann-{number}") for number in range(3))
    until(lambda: room.running == 1)
    room.leave(second)
    assert room.held == 2
    with pytest.raises(CancelledError):
        second.result.result(60)
    room.leave(first)
    until(lambda: doing.order == ["ann-0", "ann-2"])
    room.leave(third)
    until(lambda: room.held == 0)
    room.leave(third)  # leaving twice changes nothing


def test_a_thread_that_would_die_goes_on(opened: Opened) -> None:
    room = opened(2, 10).room
    before = active_count()
    tickets = [room.enter(lambda _: sys.exit(3), owner="ann", characters=1) for _ in range(6)]
    for ticket in tickets:
        with pytest.raises(RuntimeError, match="SystemExit"):
            ticket.result.result(60)
    assert room.held == 0
    assert room.enter(lambda _: "done", owner="ann", characters=1).result.result(60) == "done"
    assert active_count() <= before + 2


def test_at_the_end_what_waits_is_refused_and_what_is_under_way_is_finished(opened: Opened) -> None:
    doing = opened(1, 10)
    room = doing.room
    first, second = doing.enter("ann-0"), doing.enter("ann-1")
    until(lambda: room.running == 1)
    room.refuse()
    with pytest.raises(StoppedError):
        second.result.result(60)
    with pytest.raises(StoppedError):
        doing.enter("ann-2")
    doing.go.set()
    assert first.result.result(60) == "ann-0"


def test_the_time_from_a_free_place_to_the_start_is_told(opened: Opened) -> None:
    doing = opened(1, 10)
    waits: list[tuple[float, bool]] = []
    doing.room.begun.append(lambda *told: waits.append(told))
    first, second = doing.enter("ann-0"), doing.enter("ann-1")
    until(lambda: doing.room.running == 1)
    time.sleep(0.3)  # the second one waits, but there is no free place
    doing.go.set()
    for ticket in (first, second):
        ticket.result.result(60)
    assert [late for _, late in waits] == [False, True]
    assert all(0 <= seconds < 0.3 for seconds, _ in waits)
