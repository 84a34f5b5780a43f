"""Whether what the service is asked, and how well it answers, has moved away from a reference window.

Four signals of each summary: the document's length, its language, the mean support of the sentences, and whether a
length that was asked for was met. Each is counted in bins, and the bins of the last documents are compared with those
of the reference by the population stability index, sum((p - q) ln(p / q)).
"""

from __future__ import annotations

import json
import logging
import math
import time
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from epitome.documents import count_length
from epitome.errors import StoreError, UsageError
from epitome.types import Document, Request, Summary

log = logging.getLogger("epitome.serve")
SIGNALS = ("length", "language", "support", "adherence")
WINDOW = 1000
"""Documents that are compared: the last ones."""
LEAST = 300
"""Documents, of window and reference, from which on it is judged. Without any change the index times
n m / (n + m) follows a chi-square distribution with one degree of freedom less than there are bins (Yurdakul and
Naranjo 2020): with ten bins and 300 documents each it is over 0.25 once in 50,000 looks."""
MOVED = 0.25
"""The index from which a change is called significant: the rule of thumb of credit scoring, where it comes from
(Siddiqi, Credit Risk Scorecards, 2006); from 0.1 on it is called slight."""
_LENGTHS = (500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000)
"""Bounds in characters."""
_EVERY = 60.0
"""Seconds between two looks, and between two times that the window is written."""

Row = tuple[str, str, str, str | None]
"""A document's bins, in the order of SIGNALS; None where no length was asked for."""
Counts = dict[str, dict[str, int]]
"""Documents by signal and bin."""


class Drift:
    """The window of one service, kept in its data folder, beside the reference that `epitome drift` sets there.

    Raises `StoreError` if the folder holds something else under their names.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: deque[Row] = deque(_rows(folder), WINDOW)
        self._reference = reference(folder)
        self._moved: set[str] = set()
        self._looked = time.monotonic()
        self._lock = Lock()

    def add(self, document: Document, request: Request, summary: Summary) -> None:
        """Count a summary; once a minute, warn where a signal has moved."""
        with self._lock:
            self._rows.append(_row(document, request, summary))
            now = time.monotonic()
            due = now - self._looked >= _EVERY
            self._looked = now if due else self._looked
        if due:
            self.look()

    @property
    def documents(self) -> int:
        """Documents in the window."""
        return len(self._rows)

    def index(self, signal: str) -> float:
        """The index of a signal now; not a number without a reference, or with too few documents to judge."""
        with self._lock:
            counted = counts(self._rows)
        return index(self._reference, counted, signal)

    def look(self) -> None:
        """Write the window, read the reference anew, and log what has moved and what has come back."""
        with self._lock:
            rows = list(self._rows)
        try:
            _write(self._folder / "drift-window.json", rows)
            self._reference = reference(self._folder)
        except StoreError as error:
            log.warning("drift: %s", error)
        counted = counts(rows)
        for signal in SIGNALS:
            found = index(self._reference, counted, signal)
            if found > MOVED and signal not in self._moved:
                self._moved.add(signal)
                log.warning("drift: %s has moved from the reference (index %.2f)", signal, found)
            elif found <= MOVED and signal in self._moved:
                self._moved.remove(signal)
                log.warning("drift: %s is as in the reference again (index %.2f)", signal, found)


def psi(old: Mapping[str, int], new: Mapping[str, int]) -> float:
    """The population stability index of two counts; half a document is added to each bin, so that none is empty."""
    bins = old.keys() | new.keys()
    many, few = sum(old.values()) + len(bins) / 2, sum(new.values()) + len(bins) / 2
    shares = [((old.get(name, 0) + 0.5) / many, (new.get(name, 0) + 0.5) / few) for name in bins]
    return sum((q - p) * math.log(q / p) for p, q in shares)


def index(old: Counts | None, new: Counts, signal: str) -> float:
    """A signal's index; not a number where there is too little to judge."""
    if old is None or min(sum(old[signal].values()), sum(new[signal].values())) < LEAST:
        return math.nan
    return psi(old[signal], new[signal])


def counts(rows: deque[Row] | list[Row]) -> Counts:
    """Documents by signal and bin."""
    columns = zip(*rows, strict=True) if rows else [()] * len(SIGNALS)
    return {
        signal: dict(Counter(name for name in column if name is not None))
        for signal, column in zip(SIGNALS, columns, strict=True)
    }


def window(folder: Path) -> Counts:
    """What a service counted last in its data folder; it writes once a minute and when it ends."""
    return counts(_rows(folder))


def reference(folder: Path) -> Counts | None:
    """The reference in a data folder, if one was set."""
    held = _read(folder / "drift-reference.json")
    if held is None:
        return None
    try:
        found = {signal: {str(name): int(many) for name, many in held[signal].items()} for signal in SIGNALS}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _foreign(folder / "drift-reference.json") from error
    return found


def set_reference(folder: Path) -> Counts:
    """Make the window of a data folder the reference. Raises `UsageError` if it holds too few documents."""
    found = window(folder)
    many = sum(found["length"].values())
    if many < LEAST:
        raise UsageError(
            f"{folder}: {many} documents were counted, and a reference takes {LEAST}", hint="wait for more"
        )
    _write(folder / "drift-reference.json", found)
    return found


def length_met(request: Request, summary: Summary) -> bool | None:
    """Whether a summary has the words and sentences asked for; None where no length was asked for."""
    if request.words is None and request.sentences is None:
        return None
    words = count_length(summary.text, summary.language)
    return (request.words is None or words in request.words) and (
        request.sentences is None or len(summary.sentences) in request.sentences
    )


def _row(document: Document, request: Request, summary: Summary) -> Row:
    at = bisect_right(_LENGTHS, len(document.text))
    length = f"{_LENGTHS[at - 1] if at else 0}+"
    supports = [sentence.support for sentence in summary.sentences] or [0.0]
    support = f"{min(9, int(10 * sum(supports) / len(supports))) / 10}+"
    met = length_met(request, summary)
    return length, document.language, support, None if met is None else "met" if met else "missed"


def _rows(folder: Path) -> list[Row]:
    held = _read(folder / "drift-window.json") or []
    try:
        return [(str(a), str(b), str(c), d and str(d)) for a, b, c, d in held]
    except (TypeError, ValueError) as error:
        raise _foreign(folder / "drift-window.json") from error


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _foreign(file) from error


def _write(file: Path, held: object) -> None:
    """Whole or not at all: the other side may read at any moment."""
    part = file.with_suffix(".part")
    try:
        part.write_text(json.dumps(held), "utf-8")
        part.replace(file)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written ({error.strerror})") from error


def _foreign(file: Path) -> StoreError:
    return StoreError(f"{file}: not what the service wrote there", hint="move it away")
