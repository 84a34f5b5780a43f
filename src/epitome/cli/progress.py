"""What a person sees while a model is fetched: what it is, how large, and a bar. On standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from epitome.models.model import Progress


@contextmanager
def fetching() -> Iterator[Progress]:
    """A callback for `resolve(…, on_progress=…)`. Nothing is printed unless something is really fetched.

    >>> with fetching() as report:
    ...     model = resolve("default", on_progress=report)
    """
    bars: Any = None
    tasks: dict[str, Any] = {}

    def report(what: str, done: int, total: int) -> None:
        nonlocal bars
        bars = bars or _downloads()
        if what not in tasks:
            verb = "making" if what.endswith(("as Q8_0", "as F16", "as F32")) else "fetching"
            bars.console.print(f"{verb} {what} ({size(total)})")
            tasks[what] = bars.add_task(what, total=total or None)
            bars.start()
        bars.update(tasks[what], completed=done, total=total or None)

    try:
        yield report
    finally:
        if bars is not None:
            bars.stop()


def _downloads() -> Any:
    # Rich takes 0.1 s to import, which a start without a download need not pay.
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=Console(stderr=True, highlight=False), transient=True)


def size(count: int) -> str:
    """Bytes as people read them: `93 MB`, `1.1 GB`."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    if count >= 1e6:
        return f"{count / 1e6:.0f} MB"
    return f"{count / 1e3:.0f} kB" if count >= 1e3 else f"{count} bytes"


def note(line: str) -> None:
    """One line for the person at the terminal."""
    print(line, file=sys.stderr)


class PromptsBar:
    """Progress over the prompts of a long document; nothing is drawn before it has taken a second."""

    def __init__(self, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._started = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __call__(self, done: int, total: int) -> None:
        if not self._shown or total < 2 or time.monotonic() - self._started < 1:
            return
        if self._bar is None:
            self._bar = _bar("prompts")
            self._task = self._bar.add_task("summarising", total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total)

    def clear(self) -> None:
        """Take the bar from the screen before something is printed."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


@contextmanager
def prompts_bar(quiet: bool) -> Iterator[PromptsBar]:
    """A bar that takes (done, known so far)."""
    bar = PromptsBar(quiet)
    try:
        yield bar
    finally:
        bar.clear()


@contextmanager
def rows_bar(total: int, quiet: bool, what: str = "summarising") -> Iterator[Callable[[int], None] | None]:
    """A bar over the rows of a table, with rate and ETA; None where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    bar = _bar("rows")
    task = bar.add_task(what, total=total)
    with bar:
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def stages_bar(quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """A bar for each stage of a long run, told by (stage, done, total); None where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    bar = _bar("documents")
    tasks: dict[str, Any] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total)
        bar.update(tasks[stage], completed=done)

    with bar:
        yield report


@contextmanager
def training_bar(
    quiet: bool, line: Callable[[Any], str]
) -> Iterator[tuple[Callable[[Any, int], None], Callable[[Any], None]]]:
    """A bar over the steps of a run: what takes a step and how many there are, and what takes figures, which are shown
    as `line` says them."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=quiet or not console.is_terminal
    ) as shown:
        task = shown.add_task("steps")

        def step(stepped: Any, steps: int) -> None:
            speed = stepped.tokens / stepped.seconds
            said = f"loss {stepped.loss:.3f}, {speed:.0f} tokens/s"
            shown.update(task, total=steps, completed=stepped.step, description=said)

        def judged(figures: Any) -> None:
            if not quiet:
                console.print(line(figures))

        yield step, judged


def _bar(unit: str) -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f} {unit}/s" if task.speed else "")

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
