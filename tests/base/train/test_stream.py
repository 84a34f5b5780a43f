"""A corpus larger than its buffer: every text once an epoch, in another order, and from any place the same again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from epitome.datasets.texts import Corpus, held_out, open_corpus
from epitome.train.pretrain.stream import Stream

SHARE = 0.1


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Three files of forty letters, the longer ones in several pieces."""
    for name in "abc":
        rows = (
            json.dumps({"text": f"Letter {at} in {name}. " + "It rained again. " * (at % 9)}) + "\n"
            for at in range(40)
        )
        (tmp_path / f"{name}.jsonl").write_text("".join(rows), "utf-8")
    return open_corpus(str(tmp_path))


def stream(corpus: Corpus, buffer: int = 16, seed: int = 3) -> Stream:
    return Stream(corpus, SHARE, buffer, 60, seed)


def wanted(corpus: Corpus) -> Counter[str]:
    """Every text that is not held out."""
    every = [str(text) for file in range(3) for text in corpus.texts(file)]
    return Counter(text for text in every if not held_out(text, SHARE))


@pytest.mark.parametrize("buffer", [1, 16, 10_000])
def test_each_epoch_has_every_text_once(corpus: Corpus, buffer: int) -> None:
    source = stream(corpus, buffer)
    found = [source.next() for _ in range(900)]
    epochs = [[one for one in found if one.epoch == epoch] for epoch in (0, 1)]
    assert [one.id for one in epochs[0]] != [one.id for one in epochs[1]]
    for epoch in epochs:
        documents: dict[str, dict[int, str]] = {}
        for one in epoch:
            file, _, place = one.id.rpartition(":")
            number, _, piece = place.partition(".")
            documents.setdefault(f"{file}:{number}", {})[int(piece or 0)] = one.text
        whole = Counter("".join(text for _, text in sorted(parts.items())) for parts in documents.values())
        assert whole == wanted(corpus)


def test_it_goes_on_from_any_place(corpus: Corpus) -> None:
    source = stream(corpus)
    places, found = [], []
    for _ in range(700):
        places.append(source.place())
        found.append(source.next())
    for at in range(0, 650, 31):
        other = stream(corpus)
        other.go_to(places[at])
        assert [other.next() for _ in range(40)] == found[at : at + 40]


def test_another_seed_is_another_order(corpus: Corpus) -> None:
    first, other = ([one.next().id for one in [stream(corpus, seed=seed)] * 50] for seed in (1, 2))
    assert first != other
