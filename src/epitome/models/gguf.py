"""What stands at the head of a GGUF file: enough to talk to the model without loading it.

Standard library only and no tensor is read, so that a cold start pays milliseconds. The format:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import os
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from epitome.errors import ModelError
from epitome.models.template import Tokens

_T = TypeVar("_T")

MAGIC = b"GGUF"
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_SHORT_ARRAY = 64
"""Arrays up to this length are kept (languages, end tokens); longer ones are vocabularies."""
_MOST = 1 << 24
"""More keys, tensors or dimensions than any model has: the file is broken, do not try to read them."""

# Name, elements a block, bytes a block (ggml.h, ggml-common.h). Types not listed are not size-checked.
TENSOR_TYPES: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36), 10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
}  # fmt: skip

# Byte-pair vocabularies that begin with a BOS token when the file does not say (llama.cpp, llama-vocab.cpp).
_BPE_WITH_BOS = {"llama3", "llama-v3", "llama-bpe", "falcon3"}


@dataclass(frozen=True, slots=True)
class Metadata:
    """The head of a GGUF file."""

    architecture: str
    name: str
    kind: str
    """`model`, or `adapter` for a LoRA file."""
    context: int
    """Tokens the model was trained for; 0 if the file does not say."""
    chat_template: str | None
    tokens: Tokens
    parameters: int
    tensor_types: tuple[str, ...]
    """The most used first, by elements."""
    licence: str
    languages: tuple[str, ...]
    values: dict[str, Any]
    """Every key whose value is a number, a string or a short array."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor lies in the file. `kind` is ggml's number, `shape` is row length first."""

    name: str
    shape: tuple[int, ...]
    kind: int
    start: int
    """Offset in the file."""
    size: int
    """In bytes; 0 for a kind that is not known here."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things lie in the file: enough to rewrite it with other tensors and the same keys."""

    keys_end: int
    keys: int
    file_type_at: int | None
    """Offset of the value of `general.file_type`, a 32-bit number."""
    alignment: int
    tensors: tuple[Tensor, ...]
    index_end: int
    long: tuple[tuple[int, int], ...]
    """From where to where keys with long arrays stand (a vocabulary, its merges)."""


def read(path: Path) -> Metadata:
    """The metadata of the GGUF file at `path`.

    Raises `ModelError` if the file is missing, is no GGUF, is damaged or ends before its last tensor does.
    """
    return _opened(path, _metadata)


def layout(path: Path) -> Layout:
    """Where keys and tensors lie. Raises `ModelError` as `read` does."""
    return _opened(path, lambda reader: _parse(reader)[1])


def _opened(path: Path, parse: Callable[[_Reader], _T]) -> _T:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            if view[:4] != MAGIC:
                raise ModelError(
                    f"{path}: not a GGUF model file", hint="name a .gguf file, a folder or a hub id"
                )
            return parse(_Reader(view, len(view)))
    except IsADirectoryError as error:
        raise ModelError(
            f"{path} is a folder, and a GGUF file is needed",
            hint="a folder with safetensors runs in transformers: leave --engine out",
        ) from error
    except OSError as error:
        raise ModelError(
            f"{path}: {error.strerror or error}", hint="check the path and its permissions"
        ) from error
    except (struct.error, _DamagedError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: the model file is damaged or incomplete", hint="fetch it again") from error
    except ValueError as error:  # what mmap says of an empty file
        raise ModelError(f"{path}: the model file is empty", hint="fetch it again") from error


def arrays(path: Path, *keys: str) -> dict[str, list[Any]]:
    """The arrays under `keys` in full (a vocabulary, its merges); a key that the file lacks is left out.

    Raises `ModelError` as `read` does. A vocabulary of 49,152 takes 0.1 s (the gguf package's reader: 5 s).
    """
    read(path)  # its errors, said its way
    found: dict[str, list[Any]] = {}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        reader = _Reader(view, len(view), at=16)
        for _ in range(reader.count()):
            key, kind = reader.string(), reader.scalar("I")
            if kind != _ARRAY or key not in keys:
                reader.value(kind)
                continue
            inner, count = reader.scalar("I"), reader.count()
            found[key] = [reader.value(inner) for _ in range(count)]
    return found


def without_vocabulary(path: Path, target: Path) -> None:
    """Write a file of the same tensors and keys, with the length of the vocabulary in place of the long arrays.

    Raises `ModelError` as `read` does.
    """
    values, found = _opened(path, _parse)
    key, words = f"{values.get('general.architecture')}.vocab_size", values.get("tokenizer.ggml.tokens")
    told = [_number(key, words.count)] if key not in values and isinstance(words, _Long) else []
    with path.open("rb") as file, target.open("wb") as out:
        head = file.read(found.index_end)
        out.write(head[:16] + struct.pack("<Q", found.keys - len(found.long) + len(told)))
        out.writelines(told)
        at = 24
        for start, end in found.long:
            out.write(head[at:start])
            at = end
        out.write(head[at:])
        out.write(bytes(-out.tell() % found.alignment))
        file.seek(-found.index_end % found.alignment, os.SEEK_CUR)
        shutil.copyfileobj(file, out, 1 << 20)


def _number(key: str, value: int) -> bytes:
    """A key with a 32-bit number."""
    name = key.encode()
    return struct.pack("<Q", len(name)) + name + struct.pack("<II", 4, value)


class _DamagedError(Exception):
    pass


@dataclass(slots=True)
class _Reader:
    view: mmap.mmap
    size: int
    at: int = 0

    def scalar(self, code: str) -> Any:
        value = struct.unpack_from("<" + code, self.view, self.at)[0]
        self.at += struct.calcsize("<" + code)
        return value

    def count(self) -> int:
        number: int = self.scalar("Q")
        if number > _MOST:
            raise _DamagedError
        return number

    def string(self) -> str:
        length = self.scalar("Q")
        if self.at + length > self.size:
            raise _DamagedError
        text = self.view[self.at : self.at + length].decode("utf-8", errors="replace")
        self.at += length
        return text

    def skip_strings(self, count: int) -> None:
        # The one loop that runs once a vocabulary entry: everything local.
        view, at, unpack = self.view, self.at, struct.Struct("<Q").unpack_from
        for _ in range(count):
            at += 8 + unpack(view, at)[0]
        self.at = at

    def value(self, kind: int) -> Any:
        """The value, or for a long array the offset of its first element."""
        if kind in _SCALARS:
            return self.scalar(_SCALARS[kind])
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            raise _DamagedError
        inner, count = self.scalar("I"), self.count()
        if count <= _SHORT_ARRAY:
            return [self.value(inner) for _ in range(count)]
        start = self.at
        if inner == _STRING:
            self.skip_strings(count)
        elif inner in _SCALARS:
            self.at += count * struct.calcsize("<" + _SCALARS[inner])
        else:
            raise _DamagedError
        return _Long(start, count)


@dataclass(frozen=True, slots=True)
class _Long:
    start: int
    count: int


def _parse(reader: _Reader) -> tuple[dict[str, Any], Layout]:
    reader.at = 4
    if reader.scalar("I") not in (2, 3):
        raise _DamagedError
    tensors, keys = reader.count(), reader.count()
    values: dict[str, Any] = {}
    file_type_at = None
    long: list[tuple[int, int]] = []
    for _ in range(keys):
        start, key, kind = reader.at, reader.string(), reader.scalar("I")
        if key == "general.file_type" and kind == 4:
            file_type_at = reader.at
        values[key] = reader.value(kind)
        if isinstance(values[key], _Long):
            long.append((start, reader.at))
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment <= 0:
        raise _DamagedError
    keys_end = reader.at
    found = _tensors(reader, tensors, alignment)
    return values, Layout(keys_end, keys, file_type_at, alignment, found, reader.at, tuple(long))


def _tensors(reader: _Reader, count: int, alignment: int) -> tuple[Tensor, ...]:
    """All tensors; raises if the file ends before they do."""
    found: list[tuple[str, tuple[int, ...], int, int]] = []
    for _ in range(count):
        name, dimensions = reader.string(), reader.scalar("I")
        if dimensions > 8:
            raise _DamagedError
        shape = tuple(reader.scalar("Q") for _ in range(dimensions))
        found.append((name, shape, reader.scalar("I"), reader.scalar("Q")))
    data = -(-reader.at // alignment) * alignment
    tensors = tuple(
        Tensor(name, shape, kind, data + offset, _size(shape, kind)) for name, shape, kind, offset in found
    )
    if any(tensor.start + tensor.size > reader.size for tensor in tensors):
        raise _DamagedError
    return tensors


def _size(shape: tuple[int, ...], kind: int) -> int:
    _, block, width = TENSOR_TYPES.get(kind, ("", 1, 0))
    return math.prod(shape) // block * width


def _metadata(reader: _Reader) -> Metadata:
    values, layout = _parse(reader)
    elements: dict[str, int] = {}
    for tensor in layout.tensors:
        name = TENSOR_TYPES.get(tensor.kind, (f"type {tensor.kind}",))[0]
        elements[name] = elements.get(name, 0) + math.prod(tensor.shape)
    architecture = str(values.get("general.architecture", ""))
    context = values.get(f"{architecture}.context_length", 0)
    template = values.get("tokenizer.chat_template")
    languages = values.get("general.languages")
    return Metadata(
        architecture=architecture,
        name=str(values.get("general.name", "")),
        kind=str(values.get("general.type", "model")),
        context=context if isinstance(context, int) else 0,
        chat_template=template if isinstance(template, str) else None,
        tokens=_tokens(reader, values),
        parameters=sum(elements.values()),
        tensor_types=tuple(sorted(elements, key=lambda name: -elements[name])),
        licence=str(values.get("general.license", "")),
        languages=_codes(languages if isinstance(languages, list) else []),
        values={key: value for key, value in values.items() if not isinstance(value, _Long)},
    )


def _codes(languages: list[Any]) -> tuple[str, ...]:
    """The two-letter codes; none where the file also names languages that have only a longer one."""
    return tuple(languages) if all(len(str(code)) == 2 for code in languages) else ()


def _tokens(reader: _Reader, values: dict[str, Any]) -> Tokens:
    vocabulary = values.get("tokenizer.ggml.tokens")

    def text(which: str) -> str:
        number = values.get(f"tokenizer.ggml.{which}_token_id")
        if not isinstance(number, int) or vocabulary is None:
            return ""
        if isinstance(vocabulary, list):
            return str(vocabulary[number]) if 0 <= number < len(vocabulary) else ""
        if not 0 <= number < vocabulary.count:
            return ""
        reader.at = vocabulary.start
        reader.skip_strings(number)
        return reader.string()

    add_bos = values.get("tokenizer.ggml.add_bos_token")
    if add_bos is None:
        sentencepiece = values.get("tokenizer.ggml.model") == "llama"
        add_bos = sentencepiece or values.get("tokenizer.ggml.pre") in _BPE_WITH_BOS
    return Tokens(bos=text("bos"), eos=text("eos"), add_bos=bool(add_bos))
