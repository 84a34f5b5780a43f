"""Documents named on the command line: read, summarised and shown one by one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from epitome.cli.exit import complain
from epitome.cli.progress import prompts_bar
from epitome.documents import expand, read
from epitome.errors import EpitomeError, UsageError
from epitome.types import Document, Request, Sentence, SourceSpan, Summary

if TYPE_CHECKING:
    from epitome.serve.client import Client
    from epitome.summarize.summarizer import Summarizer
    from epitome.trust.masking import Masking


@dataclass(frozen=True, slots=True)
class Shown:
    """How summaries are shown."""

    as_json: bool
    sources: bool
    plan: bool
    quiet: bool
    output: Path | None


def run_documents(
    names: Sequence[str],
    request: Request,
    shown: Shown,
    allow_private: bool,
    open_summarizer: Callable[[int], Summarizer | Client],
    masking: Masking | None = None,
) -> tuple[int, int]:
    """Summarise each source; how many were done, and how many failed."""
    reading = _Reading(names, allow_private)
    if shown.output is not None:
        reading.spare(shown.output)
    first = next(reading, None)
    if first is None:
        return 0, reading.failed
    written: list[str] = []
    with open_summarizer(len(reading.names)) as summarizer, prompts_bar(shown.quiet) as report:
        documents = chain([first], reading)
        sources = documents if masking is None else map(masking, documents)
        for result in summarizer.batch(sources, request, on_progress=report):
            if isinstance(result, UsageError):
                raise result
            if isinstance(result, EpitomeError):
                complain(result)
                reading.failed += 1
                continue
            text = json.dumps(result.as_dict(), ensure_ascii=False) if shown.as_json else _page(result, shown)
            if not shown.as_json and len(reading.names) > 1:
                text = f"# {result.source}\n{text}\n"
            written.append(text)
            if shown.output is None:
                report.clear()
                print(text, flush=True)
    if shown.output is not None:
        from epitome.store.journal import replacing

        with replacing(shown.output) as file:
            file.writelines(f"{text}\n" for text in written)
    return len(written), reading.failed


class _Reading(Iterator[Document]):
    """The documents, read one by one as they are asked for; what cannot be read is said and counted."""

    def __init__(self, sources: Sequence[str], allow_private: bool) -> None:
        self.names: list[str] = []
        self.failed = 0
        self.allow_private = allow_private
        for source in sources:
            try:
                self.names += expand([source])
            except EpitomeError as error:
                self._fail(error)
        self._left = iter(self.names)

    def __next__(self) -> Document:
        for name in self._left:
            try:
                return read(name, allow_private=self.allow_private)
            except UsageError:
                raise
            except EpitomeError as error:
                self._fail(error)
        raise StopIteration

    def spare(self, output: Path) -> None:
        """Refuse to write the summary over what it is of."""
        if any(Path(name).exists() and output.exists() and output.samefile(name) for name in self.names):
            raise UsageError(f"{output} is itself to be summarised", hint="name another output")

    def _fail(self, error: EpitomeError) -> None:
        complain(error)
        self.failed += 1


def _page(summary: Summary, shown: Shown) -> str:
    """The summary as a person reads it; notes go to standard error."""
    if not shown.quiet:
        _notes(summary)
    marked = _marks(summary)
    lines = [_marked(sentence) for sentence in summary.sentences] if marked else [summary.text]
    if shown.sources and not marked:
        for number, sentence in enumerate(summary.sentences, 1):
            verdict = "" if sentence.supported else ", doubtful"
            lines.append(f"\n[{number}] {sentence.text}\n    support {sentence.support:.2f}{verdict}")
            lines += [f"    ! {fact.kind} not in the source: {fact.text}" for fact in sentence.facts]
            lines += [f"    {place(span)}: {shortened(span.text)}" for span in sentence.sources]
    if shown.plan:
        lines.append(f"\nread {summary.read_share:.1%} of the document, in {len(summary.steps)} steps")
        lines += [f"  {step.stage} {step.start}-{step.end}: {step.text}" for step in summary.steps]
    return "\n".join(lines)


def _marks(summary: Summary) -> bool:
    """Whether it is spans of the document, each with its place."""
    from epitome.summarize.highlights import NAME

    return summary.engine == NAME


def _marked(sentence: Sentence) -> str:
    """A highlight with its place in the document."""
    (span,) = sentence.sources
    page = f", page {span.page}" if span.page is not None else ""
    return f"{span.start}-{span.end}{page}: {sentence.text}"


def _notes(summary: Summary) -> None:
    def say(line: str) -> None:
        print(f"{summary.source}: {line}" if summary.source else line, file=sys.stderr)

    if summary.kind == "extractive" and summary.sentences:
        what = "marked these spans of" if _marks(summary) else "copied these sentences from"
        say(f"extractive: {summary.model} {what} the document")
    if summary.masked is not None:
        counts = ", ".join(f"{count} {kind}" for kind, count in summary.masked.items())
        say(f"hidden from the model: {counts or 'nothing was found to hide'}")
    for warning in summary.warnings:
        say(warning)
    for unmet in summary.unmet:
        say(f"not met: {unmet.request} ({unmet.reason})")
    if summary.read_share < 0.9995:
        say(f"the model read {summary.read_share:.1%} of the document")
    unsupported = [fact.text for sentence in summary.sentences for fact in sentence.facts]
    doubtful = [
        sentence.text for sentence in summary.sentences if not sentence.supported and not sentence.facts
    ]
    for text in doubtful:
        say(f"read this beside the document, which hardly supports it: {shortened(text, 120)}")
    if unsupported:
        say(f"check these, the source does not contain them: {', '.join(unsupported)}")


def place(span: SourceSpan) -> str:
    """Where a passage stands, in words."""
    if span.page is not None:
        return f"page {span.page}"
    if span.paragraph is not None:
        return f"paragraph {span.paragraph}"
    return f"characters {span.start}-{span.end}"


def shortened(text: str, most: int = 300) -> str:
    """On one line, cut with a mark that shows it."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"
