"""A corpus as an endless stream of texts, shuffled a block at a time, that goes on from any place.

A block is read, shuffled and given out; then the next one. So memory holds one block, and where the stream stands is
where its block began and how much of it was given out: on resuming, the block is read and shuffled to the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from epitome.datasets.texts import Corpus, held_out, pieces
from epitome.documents.table import BadRow

MOST_CHARACTERS = 1 << 26
"""Characters a block may have, however few its texts are."""


@dataclass(frozen=True, slots=True)
class Text:
    """A document, or a piece of a long one."""

    id: str
    """File and number, from 1, of the document; of a further piece also its own."""
    text: str
    epoch: int


class Stream:
    """The texts of a corpus that are not held out, again and again.

    Files come in another order in each epoch. A long document is cut into pieces of at most `piece` characters, which
    are shuffled like documents.
    """

    def __init__(self, corpus: Corpus, share: float, buffer: int, piece: int, seed: int) -> None:
        self._corpus = corpus
        self._share, self._buffer, self._piece, self._seed = share, buffer, piece, seed
        self.go_to({})

    def place(self) -> dict[str, int]:
        """Where it stands: the epoch; file and document at which the block begins; texts of it given out."""
        return {
            "epoch": self._epoch,
            "file": self._began[0],
            "document": self._began[1],
            "given": self._given,
        }

    def go_to(self, place: Mapping[str, int]) -> None:
        """Go on from a place that `place` told; empty: from the beginning."""
        self._epoch = place.get("epoch", 0)
        self._began = place.get("file", 0), place.get("document", 0)
        self._documents = self._from(*self._began)
        self._block = self._read()
        self._given = place.get("given", 0)

    def next(self) -> Text:
        """The next text. The corpus must have one that is not held out (`survey`)."""
        while self._given >= len(self._block):
            if not self._block:  # the epoch is over
                self._epoch += 1
                self._ended = (0, 0)
                self._documents = self._from(0, 0)
            self._began = self._ended
            self._block = self._read()
            self._given = 0
        self._given += 1
        return self._block[self._given - 1]

    def _read(self) -> list[Text]:
        """The next block, shuffled. The first of an epoch has any size, so that other texts meet in each epoch."""
        draw = Random(f"{self._seed} {self._epoch} {self._began}")
        wanted = draw.randint(1, self._buffer) if self._began == (0, 0) else self._buffer
        block: list[Text] = []
        size = 0
        self._ended = self._began
        for file, document, texts in self._documents:
            self._ended = file, document
            block += texts
            size += sum(len(one.text) for one in texts)
            if len(block) >= wanted or size >= MOST_CHARACTERS:
                break
        draw.shuffle(block)
        return block

    def _from(self, file: int, document: int) -> Iterator[tuple[int, int, list[Text]]]:
        """Documents from there on to the end of the epoch, each with the place behind it and its texts."""
        order = list(range(len(self._corpus.files)))
        Random(f"{self._seed} {self._epoch} files").shuffle(order)
        for at in range(file, len(order)):
            past = document if at == file else 0
            name = self._corpus.files[order[at]].name
            for number, text in enumerate(self._corpus.texts(order[at]), 1):
                if number > past and not isinstance(text, BadRow) and not held_out(text, self._share):
                    yield at, number, self._texts(f"{name}:{number}", text)

    def _texts(self, id: str, text: str) -> list[Text]:
        cut = enumerate(pieces(text, self._piece))
        return [Text(f"{id}.{at}" if at else id, piece, self._epoch) for at, piece in cut]
