from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from epitome.engines.stream import Detokenizer


def decode(ids: list[int]) -> str:
    """Tokens here are bytes: the worst cut there can be."""
    return bytes(ids).decode("utf-8", "replace")


texts = st.text(
    st.characters(exclude_characters="\N{REPLACEMENT CHARACTER}", exclude_categories=["Cs"]), max_size=40
)


@st.composite
def pieces(draw: st.DrawFn) -> tuple[str, list[list[int]]]:
    """A text, and its bytes in groups as an engine may report them."""
    text = draw(texts)
    ids = list(text.encode())
    cuts = sorted(draw(st.lists(st.integers(0, len(ids)), max_size=12)))
    return text, [ids[start:end] for start, end in zip([0, *cuts], [*cuts, len(ids)], strict=True)]


@given(pieces())
def test_the_pieces_joined_are_the_text_and_no_character_is_broken(case: tuple[str, list[list[int]]]) -> None:
    text, groups = case
    detokenizer = Detokenizer(decode)
    shown = [detokenizer.push(ids) for ids in groups]
    assert all("\N{REPLACEMENT CHARACTER}" not in piece for piece in shown)
    assert "".join(shown) + detokenizer.finish() == text


@given(st.text("ab", max_size=30), st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3))
def test_it_ends_before_the_first_stop_string(text: str, stops: list[str]) -> None:
    detokenizer = Detokenizer(decode, stops)
    shown = "".join(detokenizer.push([byte]) for byte in text.encode()) + detokenizer.finish()
    # Token by token the first stop string to be complete ends it, where that one begins.
    ends = [(text.find(stop) + len(stop), text.find(stop)) for stop in stops if stop in text]
    first = min((end for end, _ in ends), default=None)
    expected = text if first is None else text[: min(start for end, start in ends if end == first)]
    assert shown == expected
    assert detokenizer.stopped == bool(ends)


def test_half_a_character_at_the_end_is_left_out() -> None:
    detokenizer = Detokenizer(decode)
    assert detokenizer.push([0x61, 0xF0, 0x9F]) == ""
    assert detokenizer.finish() == "a"


def test_what_begins_like_a_stop_string_is_held_back_until_it_is_none() -> None:
    detokenizer = Detokenizer(decode, ["\n\nText:"])
    assert detokenizer.push(list(b"End.\n")) == "End."
    assert detokenizer.push(list(b"\nTe")) == ""
    assert detokenizer.push(list(b"a")) == "\n\nTea"
