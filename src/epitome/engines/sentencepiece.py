"""SentencePiece's byte-pair vocabulary of a GGUF file, as Gemma has it.

Such a file has scores instead of merges: the pair whose joined piece has the highest score is joined first. What is not
in the vocabulary falls back to its bytes; runs of spaces, tabs and newlines are tokens of their own. Files whose texts
begin with an added space (Llama 2) are left to llama.cpp.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from epitome.models import gguf

SPACE = "▁"
_END = "</s>"
_NORMAL, _CONTROL, _USER = 1, 3, 4
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


def readable(path: Path) -> bool:
    """Whether the file has such a vocabulary."""
    values = gguf.read(path).values
    kind, prefixed = values.get("tokenizer.ggml.model"), values.get("tokenizer.ggml.add_space_prefix", True)
    return kind == "llama" and not prefixed


def read(path: Path) -> tuple[Any, dict[str, int]]:
    """The vocabulary as the `tokenizers` library runs it, and the control tokens, which are no text to it."""
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.models import BPE
    from tokenizers.normalizers import Replace

    tokens, scores, kinds = _arrays(path)
    words = {token: at for at, token in enumerate(tokens)}
    pieces = [at for at, kind in enumerate(kinds) if kind == _NORMAL and len(tokens[at]) > 1]
    merges = [
        (tokens[at][:cut], tokens[at][cut:])
        for at in sorted(pieces, key=lambda at: -scores[at])
        for cut in range(1, len(tokens[at]))
        if tokens[at][:cut] in words and tokens[at][cut:] in words
    ]
    unknown = gguf.read(path).values.get("tokenizer.ggml.unknown_token_id", 0)
    made = Tokenizer(BPE(words, merges, unk_token=tokens[unknown], byte_fallback=True, fuse_unk=True))
    made.normalizer = Replace(" ", SPACE)
    own = [token for token, kind in zip(tokens, kinds, strict=True) if kind == _USER]
    made.add_tokens([AddedToken(token, normalized=False) for token in own])
    control = {token: words[token] for token, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL}
    return made, control


def for_hub(path: Path) -> Any:
    """The same as the hub's tools know tokenizers: markup in a text is special there."""
    from tokenizers import AddedToken
    from tokenizers.decoders import ByteFallback, Fuse, Replace, Sequence

    made, control = read(path)
    made.decoder = Sequence([Replace(SPACE, " "), ByteFallback(), Fuse()])
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    return made


def is_one(made: Any) -> bool:
    """Whether a tokenizer, perhaps read from a file, is of this kind."""
    return bool(getattr(made.model, "byte_fallback", False))


def as_bytes(piece: str) -> bytes:
    """What a piece stands for."""
    if found := _BYTE.fullmatch(piece):
        return bytes([int(found[1], 16)])
    return piece.replace(SPACE, " ").encode()


def _arrays(path: Path) -> tuple[list[str], list[float], list[int]]:
    names = ("tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type")
    found = gguf.arrays(path, *names)
    tokens, scores, kinds = (found.get(name, []) for name in names)
    if (
        _END in tokens
    ):  # Gemma's files call it a token of the user's; to llama.cpp it is control, so that no text ends
        kinds[tokens.index(_END)] = _CONTROL
    return tokens, scores, kinds
