"""Words of a domain added to a base's vocabulary: the commonest that its tokenizer splits, each beginning as the mean
of its pieces.

A word of WordPiece is one more line of its list; a word of byte-level byte pairs is made by merges below all others, so
what lies on the way to it (three pieces: the first two together) becomes a token as well. A text without the new words,
and without others that begin alike, is cut as before and gives the same states.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from epitome.errors import ModelError, UsageError
from epitome.train.write import copy_tokenizer

ADDED = "added.json"
"""Beside the tokenizer while a run lasts: for each new id, the ids whose mean it begins as."""
SPACE = "\u0120"
"""A word's beginning, in the alphabet of bytes."""
SHORTEST, RAREST = 4, 5
"""Letters of the shortest word that is added, and how often the rarest stands in the corpus: shorter ones are pieces of
many words, rarer ones are met too seldom to be learnt."""
MOST_COUNTED = 2_000_000
"""Words counted at once; beyond, those met once are forgotten."""
ROUNDS = 4
"""Times that merges are added until each word is one token: those of one word may cut another differently."""


def extend(source: Path, texts: Iterable[str], most: int, target: Path) -> int:
    """Copy the tokenizer in the folder `source` to `target`, with up to `most` words of the texts added; returns how
    many ids are new.

    Raises `ModelError` for a tokenizer that is neither WordPiece nor byte-level byte pairs, `UsageError` where the
    texts have no word to add.
    """
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(str(source), local_files_only=True)
    backend: Any = getattr(tokenizer, "backend_tokenizer", None)
    said = json.loads(backend.to_str()) if backend is not None else {"model": {}}
    kind = said["model"].get("type")
    if kind != "WordPiece" and not (kind == "BPE" and "ByteLevel" in json.dumps(said["pre_tokenizer"])):
        raise ModelError(
            f"{source}: words are added to WordPiece and to byte-level byte pairs only, and this is {kind}",
            hint="leave words.add out",
        )
    words = _split_words(backend, texts, most)
    if not words:
        raise UsageError(
            f"no word that the tokenizer splits stands {RAREST} times in the texts",
            hint="leave words.add out",
        )
    first = max(backend.get_vocab().values()) + 1
    target.mkdir(parents=True, exist_ok=True)
    if kind == "WordPiece":
        made = {word: list(pieces) for word, pieces in words.items()}
        _save_words(source, target, made, first)
    else:
        made = _joined(said, words, first)
        _save_merges(tokenizer, said, target)
    known = backend.get_vocab()
    added = [[known[piece] for piece in pieces] for pieces in made.values()]
    (target / ADDED).write_text(json.dumps({"first": first, "pieces": added}), "utf-8")
    return len(added)


def _split_words(backend: Any, texts: Iterable[str], most: int) -> dict[str, tuple[str, ...]]:
    """The commonest words that have several pieces, with these; spelt in the tokenizer's own alphabet."""
    counted: Counter[str] = Counter()
    for text in texts:
        if backend.normalizer is not None:
            text = backend.normalizer.normalize_str(text)
        counted.update(piece for piece, _ in backend.pre_tokenizer.pre_tokenize_str(text))
        if len(counted) > MOST_COUNTED:
            counted = Counter({word: count for word, count in counted.items() if count > 1})
    found: dict[str, tuple[str, ...]] = {}
    for word, count in sorted(counted.items(), key=lambda one: (-one[1], one[0])):
        if len(found) >= most or count < RAREST:
            break
        letters = word.removeprefix(SPACE)
        pieces = tuple(token.value for token in backend.model.tokenize(word))
        known = getattr(backend.model, "unk_token", None) not in pieces
        if len(letters) >= SHORTEST and letters.isalpha() and len(pieces) > 1 and known:
            found[word] = pieces
    return found


def _joined(said: dict[str, Any], words: Iterable[str], first: int) -> dict[str, list[str]]:
    """New tokens in the order of their ids, each with the old ones that it is made of; `said`, the tokenizer as JSON,
    gets them and their merges."""
    from tokenizers import Tokenizer

    _settle(said)
    model = said["model"]
    vocabulary = model["vocab"]
    merges = [tuple(one.split(" ") if isinstance(one, str) else one) for one in model["merges"]]
    model["merges"] = merges
    made: dict[str, list[str]] = {}
    for _ in range(ROUNDS):
        current = Tokenizer.from_str(json.dumps(said)).model
        whole = True
        for word in words:
            left, *others = (token.value for token in current.tokenize(word))
            for right in others:
                whole = False
                both = left + right
                if both not in vocabulary:
                    vocabulary[both] = first + len(made)
                    made[both] = [*made.get(left, [left]), *made.get(right, [right])]
                merges.append((left, right))
                left = both
        model["merges"] = merges = list(dict.fromkeys(merges))
        if whole:
            break
    return made


def _settle(said: dict[str, Any]) -> None:
    """Give tokens that stand beside the vocabulary a place in it: else they are numbered anew, behind what is added."""
    for token in said["added_tokens"]:
        said["model"]["vocab"].setdefault(token["content"], token["id"])


def _save_words(source: Path, target: Path, made: Iterable[str], first: int) -> None:
    copy_tokenizer(source, target)
    words = list(made)
    if (path := target / "vocab.txt").is_file():
        lines = path.read_text("utf-8").splitlines()
        if len(lines) != first:
            raise ModelError(
                f"{source}: vocab.txt has {len(lines)} words and the tokenizer {first}",
                hint="leave words.add out",
            )
        path.write_text("".join(f"{word}\n" for word in [*lines, *words]), "utf-8")
    if (path := target / "tokenizer.json").is_file():
        said = json.loads(path.read_text("utf-8"))
        _settle(said)
        said["model"]["vocab"] |= {word: first + at for at, word in enumerate(words)}
        path.write_text(json.dumps(said, ensure_ascii=False), "utf-8")


def _save_merges(tokenizer: Any, said: dict[str, Any], target: Path) -> None:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    named = {name: text for name, text in tokenizer.special_tokens_map.items() if isinstance(text, str)}
    made = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(said)),
        clean_up_tokenization_spaces=False,
        model_max_length=tokenizer.model_max_length,
        **named,
    )
    made.chat_template = tokenizer.chat_template
    made.save_pretrained(str(target))


def widen(network: Any, folder: Path) -> None:
    """Give the network a row for each new id in `folder`: the mean of its pieces' rows, in the embeddings and, where
    they are not the same, in the layer that predicts."""
    import torch

    held = json.loads((folder / ADDED).read_text("utf-8"))
    first, pieces = held["first"], held["pieces"]
    rows = max(network.get_input_embeddings().num_embeddings, first + len(pieces))
    network.resize_token_embeddings(rows, mean_resizing=False)
    into, out = network.get_input_embeddings(), network.get_output_embeddings()
    held_by = [into.weight, *([] if out is None or out.weight is into.weight else [out.weight])]
    if out is not None and getattr(out, "bias", None) is not None:
        held_by.append(out.bias)
    with torch.no_grad():
        for weights in held_by:
            for at, old in enumerate(pieces):
                weights[first + at] = weights[old].mean(dim=0)
