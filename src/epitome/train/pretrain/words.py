"""A tokenizer trained on a corpus: WordPiece, byte-level byte pairs or Unigram, with the special tokens that a type of
network needs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from epitome.errors import UsageError
from epitome.train.pretrain.config import Words

SENTINELS = tuple(f"<extra_id_{at}>" for at in range(100))
"""As many as T5 has."""
SPECIAL: dict[str, tuple[str, ...]] = {
    "bert": ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    "t5": ("<pad>", "</s>", "<unk>", *SENTINELS),
    "bart": ("<s>", "<pad>", "</s>", "<unk>", "<mask>"),
    "llama": ("<unk>", "<s>", "</s>", "<pad>"),
}
"""In the order of their ids."""
NAMED: dict[str, dict[str, str]] = {
    "bert": {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"},
    "t5": {"pad": "<pad>", "eos": "</s>", "unk": "<unk>"},
    "bart": {
        "bos": "<s>", "pad": "<pad>", "eos": "</s>", "unk": "<unk>", "cls": "<s>", "sep": "</s>", "mask": "<mask>",
    },
    "llama": {"bos": "<s>", "pad": "<pad>", "eos": "</s>", "unk": "<unk>"},
}  # fmt: skip
AROUND = {"bert": "[CLS] $A [SEP]", "t5": "$A </s>", "bart": "<s> $A </s>", "llama": "<s> $A"}
KINDS = {"bert": "wordpiece", "t5": "unigram", "bart": "bpe", "llama": "bpe"}
"""What networks of a type have had."""
LETTERS = 1000
"""Most letters of a WordPiece alphabet, and no more than a quarter of the vocabulary; the others are unknown."""
BYTES = 256
"""Of an alphabet of bytes."""


def learn(texts: Callable[[], Iterable[str]], wanted: Words, kind: str, positions: int, folder: Path) -> int:
    """Train a tokenizer on the texts, for a network of type `kind`, and write it to `folder` as transformers reads it;
    returns how many tokens it has.

    The same texts give the same WordPiece and byte pairs; Unigram's vocabulary differs in a few pieces from one time to
    the next. Raises `UsageError` for a vocabulary too small to hold special tokens and an alphabet, and for WordPiece
    with another network than BERT.
    """
    sort = KINDS[kind] if wanted.kind == "auto" else wanted.kind
    if sort == "wordpiece" and kind != "bert":
        raise UsageError(f"words.kind=wordpiece is BERT's, and this is a {kind}", hint="bpe or unigram")
    least = len(SPECIAL[kind]) + (BYTES if sort == "bpe" else 64)
    if wanted.size < least:
        raise UsageError(
            f"words.size={wanted.size} is too small", hint=f"{kind} with {sort} needs {least} or more"
        )
    folder.mkdir(parents=True, exist_ok=True)
    if sort == "wordpiece":
        made = _wordpiece(texts, wanted)
        _save_bert(made, wanted, positions, folder)
    else:
        made = (_byte_pairs if sort == "bpe" else _unigram)(texts(), wanted, kind)
        _save(made, kind, positions, folder)
    size: int = made.get_vocab_size()
    return size


def _wordpiece(texts: Callable[[], Iterable[str]], wanted: Words) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=wanted.lowercase)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    counted: Counter[str] = Counter()
    for text in texts():
        counted.update(made.normalizer.normalize_str(text))
    common = sorted(counted, key=lambda letter: (-counted[letter], letter))
    letters = sorted(letter for letter in common[: min(LETTERS, wanted.size // 4)] if not letter.isspace())
    # The trainer numbers "##a" as it meets it, in an order of chance that decides between merges of one count.
    inside = [f"##{letter}" for letter in letters]
    trainer = trainers.WordPieceTrainer(
        vocab_size=wanted.size,
        special_tokens=[*SPECIAL["bert"], *inside],
        initial_alphabet=letters,
        limit_alphabet=len(letters),
        show_progress=False,
    )
    made.train_from_iterator(texts(), trainer)
    return made


def _byte_pairs(texts: Iterable[str], wanted: Words, kind: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=wanted.size,
        special_tokens=list(SPECIAL[kind]),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return made


def _unigram(texts: Iterable[str], wanted: Words, kind: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=wanted.size,
        special_tokens=list(SPECIAL[kind]),
        unk_token=NAMED[kind]["unk"],
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return made


def _save(made: Any, kind: str, positions: int, folder: Path) -> None:
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    around = [part for part in AROUND[kind].split() if part != "$A"]
    made.post_processor = TemplateProcessing(
        single=AROUND[kind], special_tokens=[(name, made.token_to_id(name)) for name in around]
    )
    named = {f"{name}_token": text for name, text in NAMED[kind].items()}
    PreTrainedTokenizerFast(
        tokenizer_object=made, clean_up_tokenization_spaces=False, model_max_length=positions, **named
    ).save_pretrained(str(folder))


def _save_bert(made: Any, wanted: Words, positions: int, folder: Path) -> None:
    """As BERT's own: a list of words, which `engines/bert.py` reads without transformers."""
    words = sorted(made.get_vocab().items(), key=lambda one: one[1])
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word, _ in words), "utf-8")
    said = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": wanted.lowercase,
        "model_max_length": positions,
    }
    said |= {f"{name}_token": text for name, text in NAMED["bert"].items()}
    (folder / "tokenizer_config.json").write_text(json.dumps(said, indent=1) + "\n", "utf-8")
