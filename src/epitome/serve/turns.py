"""Whose document is next: each key in its turn, so that none waits behind the hundred documents of another."""

from __future__ import annotations

from collections import Counter, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """What waits, by its owner. A free place goes to the owner with the fewest under way; among equals, in turn.

    Counting what is under way, and not only taking turns, keeps an owner of long documents from filling place after
    place while those of another are short. Not safe for threads by itself.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Item]] = {}
        """Whose turn it is first, first."""
        self._under_way: Counter[str] = Counter()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def put(self, owner: str, item: Item) -> None:
        """Let it wait, behind what this owner has waiting."""
        self._waiting.setdefault(owner, deque()).append(item)

    def take(self) -> Item | None:
        """The next one, which is under way from now on until `done`; None if nothing waits."""
        if not self._waiting:
            return None
        owner = min(self._waiting, key=lambda one: self._under_way[one])
        queue = self._waiting.pop(owner)
        item = queue.popleft()
        if queue:
            self._waiting[owner] = queue  # at the end: the others come first now
        self._under_way[owner] += 1
        return item

    def done(self, owner: str) -> None:
        """One that was under way has ended."""
        self._under_way[owner] -= 1
        if not self._under_way[owner]:
            del self._under_way[owner]

    def remove(self, owner: str, item: Item) -> bool:
        """It waits no longer; False if it did not."""
        queue = self._waiting.get(owner)
        if queue is None or item not in queue:
            return False
        queue.remove(item)
        if not queue:
            del self._waiting[owner]
        return True

    def last_of_most(self, than: str) -> Item | None:
        """The newest of the owner with the most waiting, if that is more than `than` would have with one more."""
        most = max(self._waiting.values(), key=len, default=deque[Item]())
        return most[-1] if len(most) > len(self._waiting.get(than, ())) + 1 else None
