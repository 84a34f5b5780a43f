"""The tokenizer of a Hugging Face folder, with the template's markup kept apart from what people wrote."""

from __future__ import annotations

from itertools import count, groupby, takewhile
from pathlib import Path
from threading import Lock
from typing import Any

from epitome.errors import ModelError
from epitome.models.template import Segment, Tokens


class HubTokenizer:
    """Text to token ids and back, by the tokenizer files in `folder`.

    Raises `ModelError` if there are none that can be read.
    """

    def __init__(self, folder: Path) -> None:
        from transformers import AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise ModelError(f"{folder}: its tokenizer cannot be read ({_first_line(error)})") from error
        # Whether special tokens are matched is a switch on the shared object.
        self._lock = Lock()
        template = self._tokenizer.chat_template
        self.chat_template: str | None = template.get("default") if isinstance(template, dict) else template
        self._special = self._control_tokens()
        self.tokens = self._tokens()

    def _tokens(self) -> Tokens:
        # BERT's kind ends every text with its separator.
        bos, eos = (
            self._tokenizer.bos_token or "",
            self._tokenizer.eos_token or self._tokenizer.sep_token or "",
        )
        begins = self._tokenizer("a").input_ids[:1]
        return Tokens(bos, eos, bool(bos) and begins == [self._tokenizer.bos_token_id])

    def _control_tokens(self) -> set[int]:
        """Ids that only markup may become: special ones, and added ones that the chat template writes."""
        added = self._tokenizer.added_tokens_decoder.items()
        template = self.chat_template or ""
        found = set(self._tokenizer.all_special_ids) | {
            token
            for token, word in added
            if word.special or (word.content in template and not word.content.isspace())
        }
        named = dict(self._tokenizer.special_tokens_map)
        # Plain text becomes this one too, unless it is one of the others by another name, as in GPT-2.
        if (unknown := named.pop("unk_token", None)) and unknown not in named.values():
            found.discard(self._tokenizer.unk_token_id)
        return found

    def encode(self, text: str) -> list[int]:
        """Token ids of plain text: what looks like a special token is none."""
        ids = self._encode(text, plain=True)
        if self._special.isdisjoint(ids):
            return ids
        # Added tokens that are not flagged as special are matched all the same: go round all added tokens.
        return [token for token in self._without_added_tokens(text) if token not in self._special]

    def grouped(self, text: str) -> list[tuple[int, ...]]:
        """`encode` word by word: the words into which the tokenizer cuts a text before it looks at its vocabulary."""
        with self._lock:
            found = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)
        ids: list[int] = found.input_ids
        if not self._special.isdisjoint(ids) or not found.is_fast:
            return [(token,) for token in self.encode(text)]
        numbered = zip(found.word_ids(0), ids, strict=True)
        return [tuple(token for _, token in word) for _, word in groupby(numbered, key=lambda one: one[0])]

    @property
    def sentinels(self) -> tuple[int, ...]:
        """Of T5's kind: the tokens that stand for spans, `<extra_id_0>` first."""
        known = self._tokenizer.get_vocab()
        names = takewhile(known.__contains__, (f"<extra_id_{at}>" for at in count()))
        return tuple(known[name] for name in names)

    @property
    def ordinary(self) -> tuple[int, ...]:
        """All ids but those of special tokens."""
        return tuple(sorted(set(self._tokenizer.get_vocab().values()) - self._special))

    @property
    def size(self) -> int:
        """Ids the tokenizer may give, from 0."""
        return int(max(self._tokenizer.get_vocab().values())) + 1

    def encode_markup(self, text: str) -> list[int]:
        """Token ids of a template's own markup, in which special tokens are special."""
        return self._encode(text, plain=False)

    def encode_source(self, text: str) -> list[int]:
        """Plain text as an encoder reads it: with the tokens that this model wants around any text."""
        before, after = self.around()
        return [*before, *self.encode(text), *after]

    def around(self) -> tuple[list[int], list[int]]:
        """The tokens that this model wants before and after any text."""
        around: list[int] = self._encode("", plain=True, add=True)
        ends = {self._tokenizer.eos_token_id, self._tokenizer.sep_token_id}
        tail = next((at for at, token in enumerate(around) if token in ends), len(around))
        return around[:tail], around[tail:]

    def ids(self, segments: list[Segment]) -> list[int]:
        """Token ids of a rendered prompt."""
        return [
            token
            for segment in segments
            for token in (self.encode_markup(segment.text) if segment.special else self.encode(segment.text))
        ]

    def decode(self, ids: list[int]) -> str:
        """Text of `ids`: special tokens are left out, broken UTF-8 becomes U+FFFD."""
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def words(self, ids: list[int]) -> tuple[str, ...]:
        """The text of each token by itself, its space kept."""
        raw = self._tokenizer.convert_ids_to_tokens(ids)
        texts = ((word or "", self.decode([token])) for word, token in zip(raw, ids, strict=True))
        return tuple(
            f" {text}" if word.startswith("\u2581") and not text.startswith(" ") else text
            for word, text in texts
        )

    def special(self, text: str) -> int | None:
        """The id of a special token."""
        token = self._tokenizer.convert_tokens_to_ids(text) if text else None
        return token if token in self._special else None

    def role(self, role: str) -> int | None:
        """The id of the token that is called `cls`, `sep`, `mask`, `pad` or `unk`; None if there is none."""
        token: int | None = getattr(self._tokenizer, f"{role}_token_id")
        return token

    @property
    def loses_spelling(self) -> bool:
        """Whether text comes back from ids with other spaces, and perhaps in small letters: BERT's WordPiece."""
        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        return backend is not None and type(backend.model).__name__ == "WordPiece"

    def _encode(self, text: str, *, plain: bool, add: bool = False) -> list[int]:
        with self._lock:
            ids: list[int] = self._tokenizer(
                text, add_special_tokens=add, split_special_tokens=plain, verbose=False
            ).input_ids
        return ids

    def _without_added_tokens(self, text: str) -> list[int]:
        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        if backend is None:
            return []
        if backend.normalizer is not None:
            text = backend.normalizer.normalize_str(text)
        pieces = [text]
        if backend.pre_tokenizer is not None:
            pieces = [piece for piece, _ in backend.pre_tokenizer.pre_tokenize_str(text)]
        return [token.id for piece in pieces for token in backend.model.tokenize(piece)]


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
