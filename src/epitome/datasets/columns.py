"""Which column of a table holds what: named by the user, or recognised by the usual names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from epitome.errors import UsageError

Named = Mapping[str, str | Sequence[str]]
"""Our field to their column: `{"document": "article", "summary": ["gold_a", "gold_b"]}`."""

FIELDS = ("document", "summary", "summaries", "id", "title", "domain", "lang")

# The first name is ours and wins over all others. Two of the others in one table are ambiguous.
_DOCUMENT = ("document", "article", "text", "source", "body", "content", "dialogue", "dialog", "transcript")
_SUMMARY = ("summary", "highlights", "target", "tldr", "abstract", "headline", "reference", "gold")
_NUMBERED = re.compile(r"(?:summary|reference|gold|target)[ _.-]?\d+")
"""Several golds side by side: `summary_1`, `summary_2`."""
_OPTIONAL = {
    "id": ("id", "paper_id", "guid", "uid"),
    "title": ("title",),
    "domain": ("domain", "category"),
    "lang": ("lang", "language"),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one table that make a pair; an empty name where it has none."""

    document: str
    summaries: tuple[str, ...]
    """One or more columns; each holds a gold summary or a list of them."""
    id: str = ""
    title: str = ""
    domain: str = ""
    lang: str = ""
    recognised: bool = False
    """Whether the golds were told by name: then a row's own `summaries` comes before `summary`."""


def parse(options: Iterable[str]) -> dict[str, str | list[str]]:
    """The mapping that `FIELD=NAME` options mean. Raises UsageError where one makes no sense.

    >>> parse(["document=article", "summary=a", "summary=b"])
    {'document': 'article', 'summary': ['a', 'b']}
    """
    named: dict[str, str | list[str]] = {}
    for option in options:
        field, equals, name = option.partition("=")
        if not equals or not name:
            raise UsageError(f"--column {option}: not FIELD=NAME", hint="such as --column document=article")
        _known(field)
        if field in named and field not in {"summary", "summaries"}:
            raise UsageError(
                f"--column {field} is named twice", hint="only summary may be, for several golds"
            )
        before = named.get(field)
        named[field] = (
            name if before is None else [before, name] if isinstance(before, str) else [*before, name]
        )
    return named


def resolve(source: str, columns: Sequence[str], named: Named | None = None) -> Columns:
    """The columns of `source` that make a pair. Raises UsageError, listing them, where that cannot be told."""
    named = named or {}
    for field in named:
        _known(field)
    given = {field: _names(names) for field, names in named.items()}
    for names in given.values():
        for name in names:
            if name not in columns:
                raise _error(f"{source} has no column {name!r}", columns)
    golds = given.get("summaries", ()) + given.get("summary", ())
    found = Columns(
        document=_only(given, "document") or _document(source, columns),
        summaries=golds or _summaries(source, columns),
        recognised=not golds,
        **{field: _only(given, field) or _first(columns, usual) for field, usual in _OPTIONAL.items()},
    )
    used = [found.document, *found.summaries]
    for name in used:
        if used.count(name) > 1:
            raise _error(f"{source}: {name!r} cannot be both document and summary", columns)
        if list(columns).count(name) > 1:
            raise _error(f"{source} has two columns {name!r}", columns)
    return found


def _known(field: str) -> None:
    if field not in FIELDS:
        raise UsageError(f"{field!r} is no field of a pair", hint=f"one of {', '.join(FIELDS)}")


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _only(given: Mapping[str, tuple[str, ...]], field: str) -> str:
    names = given.get(field, ())
    if len(names) > 1:
        raise UsageError(f"the field {field} is one column, not {len(names)}")
    return names[0] if names else ""


def _document(source: str, columns: Sequence[str]) -> str:
    found = _usual(columns, _DOCUMENT)
    if len(found) == 1:
        return found[0]
    problem = f"which column of {source} holds the documents, {' or '.join(found)}?" if found else ""
    raise _error(problem or f"no column of {source} has a usual name for documents", columns, "document=NAME")


def _summaries(source: str, columns: Sequence[str]) -> tuple[str, ...]:
    if "summaries" in columns:
        return ("summaries",)
    found = _usual(columns, _SUMMARY)
    if len(found) == 1:
        return (found[0],)
    numbered = [name for name in columns if _NUMBERED.fullmatch(name.lower())]
    if not found and numbered:
        return tuple(sorted(numbered, key=lambda name: int(re.findall(r"\d+", name)[-1])))
    problem = f"which column of {source} holds the summaries, {' or '.join(found)}?" if found else ""
    raise _error(problem or f"no column of {source} has a usual name for summaries", columns, "summary=NAME")


def _usual(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The columns with these names, upper and lower case alike; the first name alone if it is there."""
    found = [name for name in columns if name.strip().lower() in names]
    return [name for name in found if name.strip().lower() == names[0]][:1] or found


def _first(columns: Sequence[str], names: Sequence[str]) -> str:
    """The column with the first of these names that any column has."""
    return next((column for name in names for column in columns if column.strip().lower() == name), "")


def _error(problem: str, columns: Sequence[str], option: str = "") -> UsageError:
    shown = ", ".join(name if len(name) <= 60 else f"{name[:60]}…" for name in columns[:40]) + (
        f" and {len(columns) - 40} more" if len(columns) > 40 else ""
    )
    hint = f"its columns: {shown or 'none'}"
    return UsageError(problem, hint=f"name it with --column {option}; {hint}" if option else hint)
