"""One row of a table to one pair, or to what is wrong with it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from epitome.datasets.columns import Columns
from epitome.datasets.pair import Pair
from epitome.documents.languages import detect_language

LONGEST = 5_000_000
"""Characters of a document. More is a file that went wrong: the longest novels have three million."""

_BLANK = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\ufeff"
"""White space, and the mark that some files begin with."""
_HALF = re.compile(r"[\ud800-\udfff]")
_FIELDS = ("id", "title", "document", "summaries", "domain", "lang")


class _NoPairError(Exception):
    """Says what is wrong with a row."""


def as_pair(row: Mapping[str, Any], columns: Columns, place: str, *, encoded: bool = False) -> Pair | str:
    """The pair that a row holds, or the reason why it holds none.

    Texts lose the white space around them. `place` becomes the id of a row that has none of its own.
    `encoded`: values are strings, as in CSV, so that a list of golds is written in JSON.
    """
    try:
        document = _document(row, columns.document)
        summaries = _summaries(row, columns, encoded)
        labels = {name: _label(row, getattr(columns, name)) for name in ("id", "title", "domain", "lang")}
    except _NoPairError as error:
        return str(error)
    lang = labels["lang"].lower().replace("_", "-").partition("-")[0]
    known = len(lang) == 2 and lang.isascii() and lang.isalpha()
    used = {columns.document, *summaries_of(row, columns), columns.id, columns.title, columns.domain}
    used |= {columns.lang} if known or not labels["lang"] else set()
    return Pair(
        document=document,
        summaries=summaries,
        id=labels["id"] or place,
        title=labels["title"],
        domain=labels["domain"],
        lang=lang if known else detect_language(document),
        other={
            f"{name}_" if name in _FIELDS else name: value for name, value in row.items() if name not in used
        },
    )


def summaries_of(row: Mapping[str, Any], columns: Columns) -> tuple[str, ...]:
    """The gold columns of this row: one file may have rows with `summary` and rows with `summaries`."""
    if columns.recognised:
        for other in ("summaries", "summary"):
            if other in row and columns.summaries in {("summaries",), ("summary",)}:
                return (other,)
    return columns.summaries


def _document(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        value = "\n".join(value)  # sentences or paragraphs, as some sets have them
    text = _text(value, row, name)
    if not text:
        raise _NoPairError(f"the document is empty (column {name!r})")
    if len(text) > LONGEST:
        raise _NoPairError(f"the document has {len(text):,} characters, more than {LONGEST:,}")
    return text


def _summaries(row: Mapping[str, Any], columns: Columns, encoded: bool) -> tuple[str, ...]:
    names = summaries_of(row, columns)
    golds: list[str] = []
    for name in names:
        value = row.get(name)
        if encoded and isinstance(value, str):
            value = _decoded(value)
        if isinstance(value, list):
            found = [_text(part, row, name) for part in value]
            if not all(found):
                raise _NoPairError(
                    f"gold summary {found.index('') + 1} of {len(found)} is empty (column {name!r})"
                )
            golds += found
        elif len(names) == 1 or not (value is None or _is_nan(value)):
            # Side by side, a document with fewer golds than others leaves columns empty.
            golds += [gold for gold in [_text(value, row, name)] if gold]
    if not golds:
        raise _NoPairError(f"the gold summary is empty (column {', '.join(map(repr, names))})")
    return tuple(golds)


def _decoded(value: str) -> str | list[Any]:
    """The list that a cell of a CSV file holds, if it is one of texts."""
    if value.lstrip().startswith("["):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            return value
        if isinstance(found, list) and found and all(isinstance(part, str) for part in found):
            return found
    return value


def _text(value: Any, row: Mapping[str, Any], name: str) -> str:
    if value is None:
        raise _NoPairError(f"column {name!r} is {'empty' if name in row else 'missing'}")
    if _is_nan(value):
        raise _NoPairError(f"column {name!r} holds NaN")
    if not isinstance(value, str):
        raise _NoPairError(f"column {name!r} holds {type(value).__name__}, not text")
    if not value.isascii() and _HALF.search(value):
        raise _NoPairError(f"column {name!r} holds half a character (a lone surrogate)")
    return value.strip(_BLANK)


def _label(row: Mapping[str, Any], name: str) -> str:
    """A short value; numbers are fine as ids."""
    value = row.get(name) if name else None
    if value is None or _is_nan(value):
        return ""
    return _text(str(value) if isinstance(value, (int, float)) else value, row, name)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
