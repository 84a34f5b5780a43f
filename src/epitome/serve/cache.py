"""Summaries given before, to be given again: the same document, request and model make the same summary."""

from __future__ import annotations

import hashlib
import pickle
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from epitome.types import Document, Request, Summary

LARGEST = 64 * 2**20
"""Bytes that the summaries may take: some 10,000 of a page or two."""


class Cache:
    """The summaries used last, each for its owner alone: whether somebody else asked before cannot be told by the time.

    Args:
        most: bytes they take together at most; 0 keeps none.
    """

    def __init__(self, most: int = LARGEST) -> None:
        self.most = most
        self.bytes = 0
        self.told: list[Callable[[bool], None]] = []
        """Called when a summary is looked for, with whether it is there."""
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def key(self, owner: str, model: str, document: Document, request: Request) -> str:
        """What the summary depends on, as a hash; `model` is the summarizer's `identity`."""
        # The reprs of dataclasses: whatever field is added counts at once.
        parts = (owner, model, repr(request), repr(document))
        hashed = hashlib.sha256()
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            hashed.update(f"{len(data)}:".encode())
            hashed.update(data)
        return hashed.hexdigest()

    def get(self, key: str) -> Summary | None:
        """A copy of the summary, which is now the one used last; None if it is not there."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
        for told in self.told:
            told(kept is not None)
        if kept is None:
            return None
        summary: Summary = pickle.loads(kept)  # of our own making, and never out of this process
        return summary

    def put(self, key: str, summary: Summary) -> None:
        """Keep a summary; the ones not used for the longest time make room."""
        data = pickle.dumps(summary)
        if len(data) > self.most:
            return
        with self._lock:
            self.bytes += len(data) - len(self._kept.pop(key, b""))
            self._kept[key] = data
            while self.bytes > self.most:
                _, oldest = self._kept.popitem(last=False)
                self.bytes -= len(oldest)
