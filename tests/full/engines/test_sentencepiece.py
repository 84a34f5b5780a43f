"""SentencePiece's vocabulary of a GGUF file. Against llama.cpp on Gemma's own file: LOG.md, 2026-11-25."""

from __future__ import annotations

from pathlib import Path

import pytest
from gguf import GGUFWriter
from hypothesis import given, settings
from hypothesis import strategies as st

from epitome.engines.vocabulary import Vocabulary, for_hub, readable
from epitome.models.template import Segment

CONTROL = ["<pad>", "<eos>", "<bos>", "<unk>", "<end_of_turn>"]
OWN = ["\n", "\n\n", "  ", "</s>"]
LETTERS = [*"▁abcdehiklmnorstw.<>/|_", "湖", "桥"]
PIECES = ["th", "▁th", "▁the", "he", "er", "▁l", "la", "ak", "▁la", "ake", "▁lake", "湖桥"]
"""The first is joined first."""


def write(path: Path) -> Path:
    tokens = [*CONTROL, *OWN, *(f"<0x{byte:02X}>" for byte in range(256)), *PIECES, *LETTERS]
    kinds = [*[3] * len(CONTROL), *[4] * len(OWN), *[6] * 256, *[1] * (len(PIECES) + len(LETTERS))]
    writer = GGUFWriter(path, "gemma3")
    writer.add_context_length(512)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_scores([-1000.0] * (len(tokens) - len(PIECES) - len(LETTERS))
                            + [-float(at) for at in range(len(PIECES) + len(LETTERS))])  # fmt: skip
    for name, number in (("bos", 2), ("eos", 1), ("unk", 3)):
        getattr(writer, f"add_{name}_token_id")(number)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("words") / "gemma.gguf")


@pytest.fixture(scope="module")
def vocabulary(file: Path) -> Vocabulary:
    assert readable(file)
    return Vocabulary.read(file)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("the lake", ["th", "e", " lake"]),  # th is joined before he, and no space is put before a text
        ("the  lake\n\n\n", ["th", "e", "  ", "la", "k", "e", "\n\n", "\n"]),  # runs are tokens of their own
        ("湖桥", ["湖桥"]),
        ("a</s>", ["a", "<", "/", "s", ">"]),  # markup in a text stays text
        ("<bos>", ["<", "b", "o", "s", ">"]),
    ],
)
def test_pieces_are_joined_by_score(text: str, pieces: list[str], vocabulary: Vocabulary) -> None:
    ids = vocabulary.encode(text)
    assert list(vocabulary.words(ids)) == pieces
    assert vocabulary.decode(ids) == text


@settings(max_examples=200)
@given(st.text(max_size=40))
def test_whatever_has_no_piece_is_said_in_bytes(vocabulary: Vocabulary, text: str) -> None:
    ids = vocabulary.encode(text)
    assert vocabulary.decode(ids) == text
    assert not {0, 1, 2, 3, 4, 8} & set(ids)


def test_only_markup_becomes_special(vocabulary: Vocabulary) -> None:
    ids = vocabulary.ids([Segment("<bos>", True), Segment("a<end_of_turn>", False)])
    assert ids[0] == 2
    assert 4 not in ids


def test_what_was_saved_is_what_was_read(vocabulary: Vocabulary, tmp_path: Path) -> None:
    vocabulary.save(tmp_path)
    again = Vocabulary.load(tmp_path)
    text = "the  lake\n 湖桥 é"
    assert again.encode(text) == vocabulary.encode(text)
    assert again.decode(again.encode(text)) == text


def test_hub_tools_read_it_too(file: Path, vocabulary: Vocabulary) -> None:
    theirs = for_hub(file)
    text = "the lake\n\n湖桥"
    assert theirs.encode(text).ids == [2, *vocabulary.encode(text)]
    assert theirs.decode(vocabulary.encode(text)) == text
    assert 4 in theirs.encode("a<end_of_turn>").ids
