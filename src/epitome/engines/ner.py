"""Models that find names in a text, run where they are installed: spaCy's pipelines, and token classification.

Nothing is ever downloaded: a model that is not on this machine is an error that says how to get it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from epitome.errors import ModelError

PERSON = frozenset(("PER", "PERSON", "PS", "NR"))
"""What models call a person: CoNLL, OntoNotes, KLUE, Chinese sets."""
LONGEST = 100_000
"""Characters that spaCy is given at once; its pipelines hold a text's whole tensors in memory."""

Finder = Callable[[str], Iterator[tuple[int, int]]]
"""From a text to the spans of persons' names."""


def person_finder(model: str) -> Finder:
    """A finder for `spacy:NAME`, or for the folder of a transformers model for token classification.

    Raises `ModelError` where it is not installed, or is no such model.
    """
    kind, colon, name = model.partition(":")
    if colon and kind == "spacy":
        return _spacy(name)
    if colon and kind == "transformers":
        return _transformers(Path(name))
    if Path(model).is_dir():
        return _transformers(Path(model))
    raise ModelError(
        f"{model}: no NER model of this machine",
        hint="spacy:NAME of an installed pipeline, or a model's folder",
    )


def _spacy(name: str) -> Finder:
    try:
        import spacy
    except ImportError as error:
        raise ModelError(
            f"spacy:{name} needs spaCy, which is not installed", hint="pip install spacy"
        ) from error
    try:
        pipeline = spacy.load(name)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"spacy:{name}: there is no such pipeline on this machine",
            hint="install its package, which is never done for you, or name its folder",
        ) from error

    def find(text: str) -> Iterator[tuple[int, int]]:
        for start, piece in _pieces(text):
            for entity in pipeline(piece).ents:
                if entity.label_.upper() in PERSON:
                    yield start + entity.start_char, start + entity.end_char

    return find


def _transformers(folder: Path) -> Finder:
    try:
        import torch
        from transformers import AutoModelForTokenClassification, AutoTokenizer
    except ImportError as error:
        raise ModelError(
            f"{folder} needs {error.name}, which is not installed", hint="pip install 'epitome[train]'"
        ) from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        network: Any = AutoModelForTokenClassification.from_pretrained(folder, local_files_only=True).eval()
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{folder}: no model for token classification ({error})") from error
    names = {int(at): _plain(str(label)) for at, label in network.config.id2label.items()}
    if not PERSON & set(names.values()):
        raise ModelError(
            f"{folder}: none of its labels is a person", hint=f"it has {', '.join(names.values())}"
        )
    if not tokenizer.is_fast:
        raise ModelError(f"{folder}: its tokenizer tells no offsets", hint="save it with tokenizer.json")

    def find(text: str) -> Iterator[tuple[int, int]]:
        rows = tokenizer(
            text, truncation=True, max_length=min(512, tokenizer.model_max_length), stride=64,
            return_overflowing_tokens=True, return_offsets_mapping=True, padding=True, return_tensors="pt",
        )  # fmt: skip
        tokens: list[tuple[int, int]] = []
        for at in range(len(rows["input_ids"])):
            row = {name: rows[name][at : at + 1] for name in ("input_ids", "attention_mask")}
            with torch.inference_mode():
                best = network(**row).logits[0].argmax(-1).tolist()
            spans = rows["offset_mapping"][at].tolist()
            tokens += [
                (a, b) for (a, b), label in zip(spans, best, strict=True) if b > a and names[label] in PERSON
            ]
        return _whole(text, sorted(tokens))

    return find


def _plain(label: str) -> str:
    """`B-PER` is `PER`."""
    return label.upper().split("-")[-1]


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """The text in pieces that end with a line, where they can."""
    start = 0
    while start < len(text):
        end = min(len(text), start + LONGEST)
        if end < len(text) and (line := text.rfind("\n", start + 1, end)) > start:
            end = line
        yield start, text[start:end]
        start = end


def _whole(text: str, tokens: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Whole names of the pieces of words that a model marks: what a space at most keeps apart is one."""
    held: tuple[int, int] | None = None
    for start, end in tokens:
        if held is not None and start - held[1] <= 1 and "\n" not in text[held[1] : start]:
            held = held[0], max(held[1], end)
            continue
        if held is not None:
            yield _words(text, *held)
        held = start, end
    if held is not None:
        yield _words(text, *held)


def _words(text: str, start: int, end: int) -> tuple[int, int]:
    """Widened to whole words of letters and digits; Chinese has none to widen to."""
    while start > 0 and text[start - 1].isalnum() and text[start - 1] < "\u2e80" and text[start] < "\u2e80":
        start -= 1
    while end < len(text) and text[end].isalnum() and text[end] < "\u2e80" and text[end - 1] < "\u2e80":
        end += 1
    return start, end
