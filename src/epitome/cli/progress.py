"""What a person sees while a model is fetched: what it is, how large, and a bar. On standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from epitome.models.model import Progress


@contextmanager
def fetching() -> Iterator[Progress]:
    """A callback for `resolve(…, on_progress=…)`. Nothing is printed unless something is really fetched.

    >>> with fetching() as report:
    ...     model = resolve("default", on_progress=report)
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bars = Progress(*columns, console=console, transient=True)
    tasks: dict[str, object] = {}

    def report(what: str, done: int, total: int) -> None:
        if what not in tasks:
            verb = "making" if what.endswith("as Q8_0") else "fetching"
            console.print(f"{verb} {what} ({size(total)})")
            tasks[what] = bars.add_task(what, total=total or None)
            bars.start()
        bars.update(tasks[what], completed=done, total=total or None)  # type: ignore[arg-type]

    try:
        yield report
    finally:
        bars.stop()


def size(count: int) -> str:
    """Bytes as people read them: `93 MB`, `1.1 GB`."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    if count >= 1e6:
        return f"{count / 1e6:.0f} MB"
    return f"{count / 1e3:.0f} kB" if count >= 1e3 else f"{count} bytes"
