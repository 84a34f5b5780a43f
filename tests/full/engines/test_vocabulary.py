"""The tokenizer built from a GGUF file, against llama.cpp's own: exactly equal, or nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine_contract import MARKUP, STORY

from epitome.engines.llamacpp import LlamaCpp
from epitome.engines.vocabulary import Vocabulary
from epitome.errors import EngineError
from epitome.models.resolve import resolve
from epitome.models.template import Segment

POOLS = [
    "abc XYZ", "0123456789", "  \t\n\r\u00a0\u2003\u3000", "'s 're 'LL n't", "éßñçğİı", "中文字符测试日本語カナ",
    "한국어",
    "العربية עברית", "हिन्दी ไทย", "😀👨‍👩‍👧‍👦🏳️‍🌈", "½²①Ⅷ", "…—–“”‘’«»", MARKUP, "\x00\x01\x7f\ufeff\u200b\u200d\ufffd",
    "\u0301\u0308", "𝒳𝕬𐍈",
]  # fmt: skip


def texts() -> Iterator[str]:
    """Prose, code, and 300 mixtures of scripts, spaces and markup."""
    yield from (
        STORY,
        STORY.upper(),
        "x = [i**2 for i in range(10)]\n\tprint(x)\r\n",
        MARKUP,
        " ",
        "\n\n\n",
        "3.14159 1,000,000",
    )
    chance = random.Random(1)
    for _ in range(300):
        yield "".join(chance.choice(chance.choice(POOLS)) for _ in range(chance.randint(1, 40)))


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    path = resolve("default").path
    assert path is not None
    return Vocabulary.read(path)


def test_every_text_has_the_tokens_that_llama_cpp_gives_it(vocabulary: Vocabulary) -> None:
    with LlamaCpp(resolve("default"), context=256) as engine:
        for text in texts():
            assert vocabulary.encode(text) == engine.encode(text), repr(text)


@settings(max_examples=300)
@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn"], include_characters="\n\t"), max_size=60
    )
)
def test_tokens_become_the_same_text_again(vocabulary: Vocabulary, text: str) -> None:
    ids = vocabulary.encode(text)
    assert vocabulary.decode(ids) == text
    assert {0, 1, 2}.isdisjoint(ids)


def test_only_markup_becomes_special(vocabulary: Vocabulary) -> None:
    ids = vocabulary.ids(
        [Segment("<|im_start|>user\n", True), Segment(MARKUP, False), Segment("<|im_end|>\n", True)]
    )
    assert (ids.count(1), ids.count(2)) == (1, 1)
    assert vocabulary.decode(ids) == f"user\n{MARKUP}\n"


def test_what_was_saved_is_what_was_read(vocabulary: Vocabulary, tmp_path: Path) -> None:
    vocabulary.save(tmp_path)
    again = Vocabulary.load(tmp_path)
    assert [again.encode(text) for text in texts()] == [vocabulary.encode(text) for text in texts()]
    assert again.special("<|im_end|>") == 2


def test_a_tokenizer_of_another_kind_is_refused(tmp_path: Path) -> None:
    from tests.base.models.files import write_gguf

    with pytest.raises(EngineError, match=r"llama\.cpp only"):
        Vocabulary.read(write_gguf(tmp_path / "sentencepiece.gguf"))
