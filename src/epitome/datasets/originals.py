"""Public sets as their authors lay them out, turned into pair rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from epitome.datasets.write import row_line
from epitome.errors import SourceError
from epitome.store.journal import replacing

Row = dict[str, Any]


def convert(form: str, source: Path, target: Path) -> None:
    """Write the original at `source` as pair rows. Raises SourceError where it is not laid out as expected."""
    try:
        with replacing(target) as file:
            count = 0
            for row in FORMS[form](source):
                file.write(row_line(row))
                count += 1
            if not count:
                raise ValueError("no rows")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{source}: not laid out as {form} is known to be ({error!r:.100})",
            hint="delete it and fetch it again, or report it",
        ) from error


def _lines(source: Path) -> Iterator[Any]:
    with source.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _scitldr(source: Path) -> Iterator[Row]:
    for row in _lines(source):
        yield {
            "id": row["paper_id"],
            "title": row["title"],
            "document": " ".join(sentence.strip() for sentence in row["source"]),
            "summaries": [gold for gold in row["target"] if gold.strip()],
            "domain": "papers",
            "lang": "en",
        }


def _legal_plain(source: Path) -> Iterator[Row]:
    for name, row in json.loads(source.read_text(encoding="utf-8")).items():
        yield {
            "id": name,
            "title": row.get("title", ""),
            "document": row["original_text"],
            "summaries": [row["reference_summary"]],
            "domain": "legal",
            "lang": "en",
        }


def _csl(source: Path) -> Iterator[Row]:
    # No header and no quoting: the tabs alone separate.
    with source.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                _, abstract, title = line.rstrip("\n").split("\t")
                yield {
                    "id": f"csl-{source.stem}-{number}",
                    "document": abstract,
                    "summaries": [title],
                    "domain": "papers",
                    "lang": "zh",
                }


def _turns(meeting: Row, spans: list[list[str]] | None = None) -> str:
    turns = [f"{turn['speaker']}: {turn['content']}" for turn in meeting["meeting_transcripts"]]
    if spans is not None:
        turns = [turn for first, last in spans for turn in turns[int(first) : int(last) + 1]]
    return "\n".join(turns)


def _qmsum_meetings(source: Path) -> Iterator[Row]:
    for number, meeting in enumerate(_lines(source), 1):
        golds = [query["answer"] for query in meeting["general_query_list"][:1]]
        title = meeting["general_query_list"][0]["query"]
        row = {"id": f"qmsum-{source.stem}-{number}", "title": title, "document": _turns(meeting)}
        yield row | {"summaries": golds, "domain": "meeting", "lang": "en"}


def _qmsum_queries(source: Path) -> Iterator[Row]:
    for number, meeting in enumerate(_lines(source), 1):
        for at, query in enumerate(meeting["specific_query_list"], 1):
            yield {
                "id": f"qmsum-{source.stem}-{number}-{at}",
                "title": query["query"],
                "document": _turns(meeting, query["relevant_text_span"]),
                "summaries": [query["answer"]],
                "domain": "meeting-query",
                "lang": "en",
            }


def _squality(source: Path) -> Iterator[Row]:
    for number, story in enumerate(_lines(source), 1):
        name = story.get("metadata", {}).get("passage_id", number)
        for question in story["questions"]:
            yield {
                "id": f"squality-{name}-{question['question_number']}",
                "title": question["question_text"],
                "document": story["document"],
                "summaries": [answer["response_text"] for answer in question["responses"]],
                "domain": "fiction",
                "lang": "en",
            }


FORMS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "scitldr": _scitldr,
    "legal-plain": _legal_plain,
    "csl": _csl,
    "qmsum-meetings": _qmsum_meetings,
    "qmsum-queries": _qmsum_queries,
    "squality": _squality,
}
