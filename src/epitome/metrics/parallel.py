"""The same function over many documents, on several cores."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

FEW = 200
"""Documents below which starting processes (a second each) costs more than it gains."""
_AT_ONCE = 16


def each(work: Callable[[Item], Result], items: Sequence[Item], processes: int = 1) -> Iterator[Result]:
    """`work(item)` for every item, in order.

    Beyond 1, `processes` are spawned, not forked: the caller may have loaded engines with threads of their own. A
    script that asks for them must have its work under `if __name__ == "__main__"`.
    """
    if processes < 2 or len(items) < FEW:
        yield from map(work, items)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    batches = [items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE)]
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_follow) as pool:
        for results in pool.map(partial(_all, work), batches):
            yield from results


def _all(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [work(item) for item in items]


def _follow() -> None:
    """A worker lives and dies with its parent: Ctrl-C is the parent's, and nobody outlives a kill."""
    from multiprocessing import connection, parent_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
