"""Does jobs in the server's own process, whenever the service has room beside the requests that somebody waits for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from pydantic import ValidationError

from epitome.desk.archive import Archive, Entry
from epitome.desk.jobs import Jobs
from epitome.desk.queue import LostError, Queue, Taken
from epitome.desk.reviews import Reviews
from epitome.errors import EpitomeError, StoreError
from epitome.serve.archive import entry, keeping
from epitome.serve.asked import SummaryAsked
from epitome.serve.masking import covered, hidden, masker
from epitome.serve.opened import opened
from epitome.serve.room import BusyError, StoppedError
from epitome.serve.service import Service
from epitome.stages import Listener, listening

IDLE = 1.0
"""Seconds between looks for jobs that another server was given, and between tries while the database is away."""
FULL = 0.1
"""Seconds between looks whether the service has room again."""
GRACE = 20.0
"""Seconds that documents under way have to finish when the server ends; the others are given back."""
HOUR = 3600.0
_log = logging.getLogger("epitome")
Result = TypeVar("Result")


class Worker:
    """Takes documents from the queue, and keeps their leases while it is at them.

    Args:
        service: which summarises them, among everything else it does.
        queue: where they are.
        archive, reviews: where their summaries are kept, too.
        listener: told of the stages of the work.
    """

    def __init__(
        self,
        service: Service,
        queue: Queue,
        archive: Archive,
        reviews: Reviews,
        listener: Listener,
    ) -> None:
        self._service, self._queue, self._archive, self._reviews = service, queue, archive, reviews
        self._listener = listener
        self._leases: set[str] = set()
        """Tokens of what is held, also of what waits for its turn."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        """By these tokens."""
        self._finishing: set[str] = set()
        """Those that only wait for the database: they are not called off."""
        self._opening: set[str] = set()
        """Those that the service does not count yet."""
        self._closing = False
        # Of its own: where others read pages for half a minute, leases would end.
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="jobs")
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._running = [asyncio.create_task(work()) for work in (self._take, self._keep, self._tidy)]

    def wake(self) -> None:
        """There is something to do. From any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._woken.set)

    async def close(self) -> None:
        """Take nothing new; finish what is under way, or give it back."""
        self._closing = True
        self._woken.set()
        taking, *others = self._running
        await asyncio.wait([taking, *self._tasks.values()], timeout=GRACE)
        left = [taking, *others, *self._tasks.values()]
        for task in left:
            task.cancel()
        await asyncio.wait(left)
        self._threads.shutdown()

    async def _take(self) -> None:
        while not self._closing:
            if self._service.held + len(self._opening) >= self._service.parallel:
                await self._pause(FULL)
                continue
            try:
                taken = await self._shielded(self._queue.claim)
            except Exception as error:
                _said("looking for one", error)
                taken = None
            if taken is None:
                await self._pause(IDLE)
                continue
            self._leases.add(taken.token)
            if taken.attempt > 1:  # A worker died over it: tried alone, it can take no other down.
                await self._none_left()
                await self._begin(taken)
                await self._none_left()
            else:
                await self._begin(taken)

    async def _begin(self, taken: Taken) -> None:
        if self._closing:
            await self._shielded(partial(_tried, partial(self._queue.release, taken)))
        elif taken.token in self._leases:
            task = asyncio.create_task(self._do(taken))
            self._tasks[taken.token] = task
            self._opening.add(taken.token)
            task.add_done_callback(partial(self._ended, taken))

    def _ended(self, taken: Taken, task: asyncio.Task[None]) -> None:
        del self._tasks[taken.token]
        for held in (self._leases, self._opening, self._finishing):
            held.discard(taken.token)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _said(f"a document of job {taken.job}", error)

    async def _none_left(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            pass
        self._woken.clear()

    async def _do(self, taken: Taken) -> None:
        """One document, from its request to its kept result."""
        try:
            with listening(self._listener):
                end = await self._result(taken)
            self._finishing.add(taken.token)
            await self._insisted(end)
        except LostError:
            _log.warning("jobs: a document of job %s was given to another worker", taken.job)
        except asyncio.CancelledError:
            # Called off: the job was cancelled, the lease was lost, or the server ends.
            await self._shielded(partial(_tried, partial(self._queue.release, taken)))
            raise

    async def _result(self, taken: Taken) -> Callable[[], None]:
        """What keeps the result of the document."""
        try:
            asked = SummaryAsked.model_validate_json(taken.asked)
            document = await opened(asked)
            self._opening.discard(taken.token)  # from here on the service counts it
            shown = covered(self._service, asked, document)
            summary = await self._service.summary(shown, asked.request(), owner=taken.owner)
        except (BusyError, StoppedError):
            return partial(self._queue.release, taken, wait=IDLE)
        except EpitomeError as error:
            return partial(self._queue.fail, taken, type(error).__name__, error.message)
        except ValidationError:
            said = "this version of Epitome does not understand the request"
            return partial(self._queue.fail, taken, "UsageError", said)
        except Exception as error:
            _log.exception("jobs: a document of job %s", taken.job)
            said = f"unexpected {type(error).__name__}; the server's log has it"
            return partial(self._queue.fail, taken, "server_error", said)
        made, mask = entry(taken.owner, asked, document, summary), masker(self._service, asked)
        kept = made if mask is None else await self._shielded(partial(hidden, made, mask))
        return partial(self._finish, taken, made.summary, kept)

    def _finish(self, taken: Taken, result: dict[str, Any], kept: Entry) -> None:
        chosen = keeping(self._archive, self._reviews, kept)
        self._queue.finish(taken, result | chosen.told, also=chosen.write)

    async def _keep(self) -> None:
        """Renew the leases; call off what is lost."""
        while True:
            await asyncio.sleep(self._queue.lease / 3)
            tokens = set(self._leases)
            if not tokens:
                continue
            try:
                held = await self._shielded(partial(self._queue.renew, tokens))
            except Exception as error:  # as long as nobody else can reach it, nobody else takes them
                _said("renewing leases", error)
                continue
            for token in tokens - held - self._finishing:
                self._leases.discard(token)
                if token in self._tasks:
                    self._tasks[token].cancel()

    async def _tidy(self) -> None:
        """Remove what is kept no longer."""
        jobs = Jobs(self._queue.database)
        while True:
            await self._shielded(partial(_tried, jobs.purge))
            await asyncio.sleep(HOUR)

    async def _insisted(self, write: Callable[[], None]) -> None:
        """Until the database takes it: a summary took long to make."""
        while True:
            try:
                return await self._shielded(write)
            except StoreError as error:
                _said("a result waits", error)
            await asyncio.sleep(IDLE)

    async def _shielded(self, work: Callable[[], Result]) -> Result:
        """In a thread, and to its end also where the task is cancelled: so that nothing is half known."""
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise


def _tried(work: Callable[[], Any]) -> None:
    try:
        work()
    except StoreError as error:
        _said("not done", error)


def _said(where: str, error: BaseException) -> None:
    """In the log: a database that is away in a line, a mistake of ours with its traceback."""
    ours = None if isinstance(error, StoreError) else error
    _log.error("jobs: %s: %s", where, error, exc_info=ours)
