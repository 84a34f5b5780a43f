"""BERT's tokenizer (Devlin et al. 2019): cleaned, lower-cased words, cut into the longest known pieces.

The ids are those of the `tokenizers` package, which a test holds over Unicode, but for some 500 characters that are
younger than its tables, and one thing that is meant: text that looks like a special token (`[SEP]`) stays text.
"""

from __future__ import annotations

import json
import string
import unicodedata
from collections.abc import Callable
from pathlib import Path

from epitome.errors import ModelError

LONGEST_WORD = 100
"""Characters; a longer word is unknown as a whole."""
_REMEMBERED = 100_000
_BREAKS = "\t\n\r"
_CJK = (
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B920, 0x2CEAF), (0x2F800, 0x2FA1F),
)  # fmt: skip
_ASCII_PUNCTUATION = frozenset(string.punctuation)


class WordPiece:
    """Text to ids of a vocabulary; nothing is added around them.

    Raises `ModelError` if the vocabulary lacks one of `[CLS]`, `[SEP]` and `[UNK]`.
    """

    def __init__(
        self,
        vocabulary: list[str],
        *,
        lowercase: bool = True,
        strip_accents: bool | None = None,
        chinese: bool = True,
    ) -> None:
        self._ids = {piece: at for at, piece in enumerate(vocabulary)}
        missing = [name for name in ("[CLS]", "[SEP]", "[UNK]") if name not in self._ids]
        if missing:
            raise ModelError(
                f"the vocabulary lacks {', '.join(missing)}", hint="name a model of the BERT kind"
            )
        self.cls, self.sep, self._unknown = (self._ids[name] for name in ("[CLS]", "[SEP]", "[UNK]"))
        self._strip = lowercase if strip_accents is None else strip_accents
        self._clean = _Table(lambda letter: _cleaned(letter, chinese))
        self._spell = _Table(lambda letter: _spelled(letter, lowercase, self._strip))
        self._known: dict[str, list[int]] = {}

    @classmethod
    def read(cls, folder: Path) -> WordPiece:
        """The tokenizer of a Hugging Face folder with `vocab.txt`. Raises `ModelError` if it cannot be read."""
        try:
            vocabulary = (folder / "vocab.txt").read_text("utf-8").split("\n")
            settings = folder / "tokenizer_config.json"
            said = json.loads(settings.read_text("utf-8")) if settings.is_file() else {}
            return cls(
                vocabulary[:-1] if vocabulary[-1] == "" else vocabulary,
                lowercase=bool(said.get("do_lower_case", True)),
                strip_accents=said.get("strip_accents"),
                chinese=bool(said.get("tokenize_chinese_chars", True)),
            )
        except (OSError, ValueError, AttributeError) as error:
            raise ModelError(f"{folder}: its vocabulary cannot be read ({error})") from error

    def encode(self, text: str) -> list[int]:
        """The ids of a text.

        >>> WordPiece(["[UNK]", "[CLS]", "[SEP]", "un", "##fold", "!"]).encode("Unfold!")
        [3, 4, 5]
        """
        text = text.translate(self._clean)
        if self._strip:
            text = unicodedata.normalize("NFD", text)
        ids: list[int] = []
        for word in text.translate(self._spell).split(" "):
            if word:
                ids += self._known.get(word) or self._remember(word)
        return ids

    def _remember(self, word: str) -> list[int]:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[word] = pieces = self._pieces(word)
        return pieces

    def _pieces(self, word: str) -> list[int]:
        if len(word) > LONGEST_WORD:
            return [self._unknown]
        pieces: list[int] = []
        start = 0
        while start < len(word):
            before = "##" if start else ""
            for end in range(len(word), start, -1):
                if (piece := self._ids.get(before + word[start:end])) is not None:
                    break
            else:
                return [self._unknown]
            pieces.append(piece)
            start = end
        return pieces


class _Table(dict[int, str]):
    """A table for `str.translate` that works an entry out when it first meets the character."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code: int) -> str:
        self[code] = made = self._rule(chr(code))
        return made


def _cleaned(letter: str, chinese: bool) -> str:
    """Nothing for control characters, a space for white space, ideographs as words of their own."""
    if letter in _BREAKS:
        return " "
    # Unassigned characters (Cn) stay: which they are depends on the version of Unicode.
    if letter in "\0\ufffd" or unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cs"}:
        return ""
    if letter.isspace():
        return " "
    if chinese and any(low <= ord(letter) <= high for low, high in _CJK):
        return f" {letter} "
    return letter


def _spelled(letter: str, lowercase: bool, strip: bool) -> str:
    """Lower-cased and without accents as asked; punctuation as words of its own."""
    if strip and unicodedata.category(letter) == "Mn":
        return ""
    small = letter.lower() if lowercase else letter
    return "".join(f" {each} " if _is_punctuation(each) else each for each in small)


def _is_punctuation(letter: str) -> bool:
    return letter in _ASCII_PUNCTUATION or unicodedata.category(letter).startswith("P")
