"""A report in Markdown that is on disk after every row, so that an interrupted run loses nothing it had measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class Report:
    """Sections of lines and tables, in the order they were begun; each change is printed and written at once."""

    def __init__(self, path: Path, title: str) -> None:
        self.path = path
        self._lines = [f"# {title}", ""]
        path.parent.mkdir(parents=True, exist_ok=True)

    def section(self, title: str) -> None:
        """Begin a section."""
        self._put("", f"## {title}", "")

    def line(self, text: str) -> None:
        """Add a line to a list."""
        self._put(f"- {text}")

    def table(self, *columns: str) -> None:
        """Begin a table; the first column is text, the others are figures."""
        self._put("", "| " + " | ".join(columns) + " |", "|---|" + "---:|" * (len(columns) - 1))

    def row(self, *cells: object) -> None:
        """Add a row to the table begun last. Numbers get three significant digits."""
        self._put("| " + " | ".join(_cell(cell) for cell in cells) + " |")

    def gap(self) -> None:
        """End a table."""
        self._put("")

    def bar(self, claim: str, value: float, least: float) -> bool:
        """Say whether a bar is met: `value` has to be at least `least`."""
        met = value >= least
        self.line(f"{'pass' if met else '**MISS**'}: {claim}: {value:.2f}, bar {least:g}")
        return met

    def _put(self, *lines: str) -> None:
        for line in lines:
            if line or self._lines[-1]:  # never two empty lines
                print(line, flush=True)
                self._lines.append(line)
        unfinished = self.path.with_suffix(".part")
        unfinished.write_text("\n".join(self._lines) + "\n", "utf-8")
        unfinished.replace(self.path)


def _cell(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return str(cell).replace("|", "\\|").replace("\n", " ")


def median(values: Sequence[float]) -> float:
    """The middle value; the mean of the two middle ones of an even number."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
