"""What the metrics compare: stemmed words in English, characters in Chinese and Japanese, words elsewhere."""

from __future__ import annotations

import re
import unicodedata

from epitome.metrics.stem import stem

CHARACTER_LANGUAGES = frozenset({"zh", "ja"})
"""Written without spaces: lengths and overlaps are counted in characters."""

# Ideographs with the iteration mark and the zero, and the two kana syllabaries without their punctuation.
CJK = (
    "\u3005\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
)
_ENGLISH = re.compile("[a-z0-9]+")
_WORDS = re.compile(r"[^\W_]+")
_CHARACTERS = re.compile(rf"[{CJK}]|(?:(?![{CJK}])[^\W_])+")


def by_character(language: str) -> bool:
    """Whether texts of this language (ISO 639-1, a region may follow) are measured in characters."""
    return re.split("[-_]", language.lower())[0] in CHARACTER_LANGUAGES


BY_WORD = "-x-words"
"""After a language code (a private-use subtag of BCP 47): Chinese in words, such as `zh-x-words`."""


def tokens(text: str, language: str = "en") -> list[str]:
    """The tokens that overlaps are counted on; punctuation never is one.

    English: lower-cased runs of a-z and 0-9, those longer than three letters stemmed, as the original ROUGE
    script and the `rouge-score` package do (an accented letter separates). Chinese and Japanese: every
    character, while Latin words and numbers between them stay whole; full-width forms count as plain ones.
    `zh-x-words`: the words that jieba's dictionary finds. Any other language: lower-cased words, not stemmed.

    >>> tokens("Cats, dogs and 3 houses")
    ['cat', 'dog', 'and', '3', 'hous']
    >>> tokens("使用GPT模型", "zh")
    ['使', '用', 'gpt', '模', '型']
    >>> tokens("使用GPT模型", "zh-x-words")
    ['使用', 'gpt', '模型']
    """
    if language[:2].lower() == "en":
        return [stem(word) if len(word) > 3 else word for word in _ENGLISH.findall(text.lower())]
    text = unicodedata.normalize("NFKC", text).lower()
    if language.endswith(BY_WORD) and language[:2].lower() == "zh":
        import rjieba

        # Lone surrogates, which some PDFs yield, are no text to it. It leaves 3.5% and gpt-4 whole.
        cut = rjieba.cut(text.encode("utf-8", "replace").decode())
        return [part for word in cut for part in _WORDS.findall(word)]
    return (_CHARACTERS if by_character(language) else _WORDS).findall(text)


def words(text: str, language: str = "en") -> list[tuple[str, int, int]]:
    """Every word (every character in Chinese and Japanese), lower-cased and not stemmed, with its offsets.

    >>> words("Ça va, R2-D2?")
    [('ça', 0, 2), ('va', 3, 5), ('r2', 7, 9), ('d2', 10, 12)]
    """
    pattern = _CHARACTERS if by_character(language) else _WORDS
    return [
        (unicodedata.normalize("NFKC", match.group()).lower(), match.start(), match.end())
        for match in pattern.finditer(text)
    ]
