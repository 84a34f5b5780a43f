"""A GGUF file's tokenizer without llama.cpp: for engines that read the weights but not the words.

Byte-pair vocabularies (GPT-2's kind, which SmolLM, Llama 3 and Qwen use) and SentencePiece's of Gemma
(`sentencepiece.py`), checked against llama.cpp's own tokenizer token by token. Special tokens are kept out of the
vocabulary that text is made of, so that no text can ever become one; markup is split off by its own pattern.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from epitome.engines import sentencepiece
from epitome.errors import EngineError
from epitome.models import gguf
from epitome.models.template import Segment

# How each family cuts text before byte pairs are merged; published with the models, in `tokenizer.json`.
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_PATTERNS: dict[str, tuple[str, ...]] = {
    "smollm": (r"\p{N}", _GPT2),
    "gpt-2": (_GPT2,),
    "llama-bpe": (_LLAMA3,),
    "qwen2": (_LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}"),),
}
_WHOLE_WORDS = {"llama-bpe"}
"""Families that take a word of the vocabulary whole, whatever the merges say."""
END_OF_TURN = (
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<end_of_turn>", "</s>",
)  # fmt: skip
"""Tokens that end an answer, whichever of them a model's file calls its end-of-text token."""
_CONTROL, _USER = 3, 4
"""Kinds of token in GGUF that are not made by merging."""


class Vocabulary:
    """Text to token ids and back, as the model of a GGUF file was trained."""

    def __init__(self, tokenizer: Any, special: dict[str, int]) -> None:
        pieces = sentencepiece.is_one(tokenizer)
        self._as_bytes: Callable[[str], bytes] = sentencepiece.as_bytes if pieces else _as_bytes
        self._tokenizer = tokenizer
        self._special = special
        self._markup = re.compile(
            "|".join(re.escape(text) for text in sorted(special, key=len, reverse=True))
        )
        self._ids = set(special.values())

    @classmethod
    def read(cls, path: Path) -> Vocabulary:
        """The vocabulary of the GGUF file at `path`.

        Raises `EngineError` for a vocabulary of another kind, or of a family not known here.
        """
        if sentencepiece.readable(path):
            return cls(*sentencepiece.read(path))
        family, tokens, merges, kinds = _read(path)
        special = {
            token: at
            for at, (token, sort) in enumerate(zip(tokens, kinds, strict=True))
            if sort in (_CONTROL, _USER)
        }
        words = {token: at for at, token in enumerate(tokens) if token not in special}
        return cls(_tokenizer(words, merges, family), special)

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """What `save` wrote."""
        from tokenizers import Tokenizer

        special = json.loads((folder / "special_tokens.json").read_text("utf-8"))
        return cls(Tokenizer.from_file(str(folder / "tokenizer.json")), special)

    def save(self, folder: Path) -> None:
        """Write it where `load` finds it: faster to read than the GGUF file."""
        self._tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        (folder / "special_tokens.json").write_text(json.dumps(self._special), "utf-8")

    def encode(self, text: str) -> list[int]:
        """Token ids of plain text: what looks like a special token is none."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def encode_markup(self, text: str) -> list[int]:
        """Token ids of a template's own markup, in which special tokens are special."""
        ids: list[int] = []
        at = 0
        for match in self._markup.finditer(text):
            if match.start() > at:
                ids += self.encode(text[at : match.start()])
            ids.append(self._special[match.group()])
            at = match.end()
        return ids + self.encode(text[at:]) if at < len(text) else ids

    def ids(self, segments: list[Segment]) -> list[int]:
        """Token ids of a rendered prompt."""
        return [
            token
            for segment in segments
            for token in (self.encode_markup(segment.text) if segment.special else self.encode(segment.text))
        ]

    def decode(self, ids: list[int]) -> str:
        """Text of `ids`: special tokens are left out, broken UTF-8 becomes U+FFFD."""
        words = (self._tokenizer.id_to_token(token) or "" for token in ids if token not in self._ids)
        return b"".join(self._as_bytes(word) for word in words).decode("utf-8", "replace")

    def words(self, ids: list[int]) -> tuple[str, ...]:
        """The text of each token by itself."""
        return tuple(self.decode([token]) for token in ids)

    def special(self, text: str) -> int | None:
        """The id of a special token."""
        return self._special.get(text)


def readable(path: Path) -> bool:
    """Whether `Vocabulary.read` knows the tokenizer of this GGUF file."""
    return sentencepiece.readable(path) or _byte_pairs(path)


def _byte_pairs(path: Path) -> bool:
    kind, family = _kind(path)
    return kind == "gpt2" and family in _PATTERNS


def for_hub(path: Path) -> Any:
    """The same vocabulary as the hub's tools know tokenizers: markup in a text is special there.

    Raises `EngineError` as `Vocabulary.read` does.
    """
    from tokenizers import AddedToken
    from tokenizers.decoders import ByteLevel

    if sentencepiece.readable(path):
        return _begun(sentencepiece.for_hub(path), path)
    family, tokens, merges, kinds = _read(path)
    tokenizer = _tokenizer({token: at for at, token in enumerate(tokens)}, merges, family)
    tokenizer.decoder = ByteLevel()
    for token, sort in zip(tokens, kinds, strict=True):
        if sort == _CONTROL:
            tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False)])
        elif sort == _USER:
            tokenizer.add_tokens([AddedToken(token, normalized=False)])
    return _begun(tokenizer, path)


def _begun(tokenizer: Any, path: Path) -> Any:
    """The tokenizer, beginning every text as the model expects it."""
    from tokenizers.processors import TemplateProcessing

    named = gguf.read(path).tokens
    if named.add_bos and named.bos:
        tokenizer.post_processor = TemplateProcessing(
            single=f"{named.bos} $A",
            pair=f"{named.bos} $A {named.bos} $B",
            special_tokens=[(named.bos, tokenizer.token_to_id(named.bos))],
        )
    return tokenizer


def _read(path: Path) -> tuple[str, list[str], list[str], list[int]]:
    """Family, tokens, merges and kinds of token."""
    kind, family = _kind(path)
    if not _byte_pairs(path):
        raise EngineError(
            f"{path.name}: its tokenizer ({kind}, {family}) is known to llama.cpp only",
            hint="--engine llamacpp",
        )
    names = ("tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.token_type")
    found = gguf.arrays(path, *names)
    tokens, merges, kinds = (found.get(name, []) for name in names)
    return family, tokens, merges, kinds


def _kind(path: Path) -> tuple[str, str]:
    values = gguf.read(path).values
    return str(values.get("tokenizer.ggml.model")), str(values.get("tokenizer.ggml.pre", "gpt-2"))


def _tokenizer(words: dict[str, int], merges: list[str], family: str) -> Any:
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split

    pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
    tokenizer = Tokenizer(BPE(vocab=words, merges=pairs, ignore_merges=family in _WHOLE_WORDS))
    cuts = [Split(Regex(pattern), behavior="isolated") for pattern in _PATTERNS[family]]
    tokenizer.pre_tokenizer = Sequence([*cuts, ByteLevel(add_prefix_space=False, use_regex=False)])
    return tokenizer


def _alphabet() -> dict[int, str]:
    """GPT-2's letter for each byte: printable ones stand for themselves, the others for U+0100 and on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {byte: chr(byte) for byte in printable}
    others = (byte for byte in range(256) if byte not in letters)
    return letters | {byte: chr(0x100 + at) for at, byte in enumerate(others)}


_BYTES = {letter: byte for byte, letter in _alphabet().items()}


def _as_bytes(word: str) -> bytes:
    return bytes(_BYTES[letter] for letter in word)
