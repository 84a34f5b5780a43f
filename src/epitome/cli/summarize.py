"""`epitome summarize`: documents in, summaries out."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from epitome.cli.asked import bounds, one_of
from epitome.cli.exit import NOTHING_DONE, SOME_FAILED
from epitome.errors import UsageError
from epitome.types import STYLES, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from epitome.serve.client import Client
    from epitome.summarize.summarizer import Summarizer
    from epitome.trust.masking import Masking

EXAMPLES = """Examples:

    epitome summarize report.pdf

    epitome summarize news.html --style bullets --sources

    epitome summarize https://example.org/article --words 40-60

    cat notes.txt | epitome summarize - --focus "the budget"

    epitome summarize corpus.jsonl --column text -o summaries.jsonl

    epitome summarize report.pdf --examples pairs.jsonl    # shows the model how others were summed up

    epitome summarize report.pdf --model lexrank      # copies sentences, any language

    epitome summarize report.pdf --repair --sources   # what the report does not bear out is replaced or left out

    epitome summarize report.pdf --server http://summaries.example:8000   # key in EPITOME_KEY

    epitome summarize letter.docx --mask --restore    # the model sees <PERSON_1>, you read the name

    epitome summarize abstract.txt --adapter tldr     # one sentence on a paper, by an adapter that comes along"""


def summarize(
    sources: Annotated[
        list[str], typer.Argument(help="Files, folders, URLs, or - for standard input.", show_default=False)
    ],
    style: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(STYLES)}. Default: a sentence, or a paragraph for a long document."),
    ] = None,
    words: Annotated[
        str | None,
        typer.Option(
            help="MIN-MAX, or N: at most N and at least four fifths of it. Chinese: characters.", metavar="N"
        ),
    ] = None,
    sentences: Annotated[str | None, typer.Option(help="N or MIN-MAX.", metavar="N")] = None,
    focus: Annotated[str, typer.Option(help="The question or topic to keep to.")] = "",
    mention: Annotated[
        list[str] | None, typer.Option(help="A term the summary must contain; may be repeated.")
    ] = None,
    glossary: Annotated[
        Path | None, typer.Option(help="A file of terms, one a line, to be kept as they are written.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of the summary, such as en or zh. Default: the document's.")
    ] = None,
    candidates: Annotated[
        int | None,
        typer.Option(
            min=1, max=32, help="Versions to choose from. Default: 1, or what the model is meant for."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same summary.")] = 0,
    model: Annotated[
        str, typer.Option(help="A model's name, file, folder, hub id or URL; lead, textrank, lexrank.")
    ] = "default",
    adapter: Annotated[
        str,
        typer.Option(
            help="A shipped adapter (epitome models list), a PEFT folder or a GGUF LoRA; auto: the shipped one that "
            "suits the document, if any does; none: the bare model.",
        ),
    ] = "auto",
    engine: Annotated[str, typer.Option(help="auto, llamacpp, openvino, transformers or openai.")] = "auto",
    server: Annotated[
        str | None,
        typer.Option(
            help="Let the service at this address write (`epitome serve`); its key in EPITOME_KEY.",
            metavar="URL",
            show_default=False,
        ),
    ] = None,
    examples: Annotated[
        Path | None,
        typer.Option(
            help="A table of (document, summary) pairs: the likest stand before each document.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    shots: Annotated[
        int | None, typer.Option(min=1, help="Examples before each document. Default: 3.")
    ] = None,
    guide: Annotated[
        str | None,
        typer.Option(
            help="A model that selects words: only sentences with such words are read (docs/selection.md).",
            metavar="FOLDER",
            show_default=False,
        ),
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="Summarise this column of a table (JSONL, CSV, Parquet).")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows of the table.")] = None,
    read_all: Annotated[
        bool, typer.Option("--read-all", help="Read all of a long document, not the best 2,200 words of it.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Write anew, replace or leave out what the document does not support."),
    ] = False,
    min_support: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Support that a sentence needs. Default: the check's own.", show_default=False
        ),
    ] = None,
    context_aware: Annotated[
        float,
        typer.Option(
            min=0,
            max=5,
            help="Hold back what the model would say without the document: 0.5, say. Needs --engine transformers.",
        ),
    ] = 0.0,
    mask: Annotated[
        bool,
        typer.Option(
            "--mask", help="Hide names, addresses and numbers of persons from the model (docs/masking.md)."
        ),
    ] = False,
    restore: Annotated[
        bool, typer.Option("--restore", help="With --mask: put them back into the summary.")
    ] = False,
    mask_model: Annotated[
        str | None,
        typer.Option(
            help="With --mask: an installed model that finds names, spacy:NAME or a folder.",
            show_default=False,
        ),
    ] = None,
    show_sources: Annotated[
        bool, typer.Option("--sources", help="Show what each sentence rests on, and how well.")
    ] = False,
    show_plan: Annotated[
        bool, typer.Option("--show-plan", help="Show what was read, and the intermediate summaries.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Let URLs point into the private network.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress bar.")] = False,
) -> None:
    """Summarise documents on this machine and show what each sentence rests on."""
    request = Request(
        style=one_of(STYLES, style, "--style") if style is not None else None,
        words=bounds(words, "words"),
        sentences=bounds(sentences, "sentences"),
        focus=focus,
        mention=tuple(mention or ()),
        glossary=_terms(glossary),
        language=language,
        candidates=candidates,
        seed=seed,
        read_all=read_all,
        context_aware=context_aware,
        repair=repair or min_support is not None,
        min_support=min_support,
    )
    from epitome.cli.progress import fetching, note
    from epitome.documents.table import is_table

    table = Path(sources[0]) if len(sources) == 1 and is_table(sources[0]) and sources[0] != "-" else None
    tables = [source for source in sources if is_table(source) and Path(source).is_file()]
    if tables and table is None:
        raise UsageError(f"{tables[0]} is a table among other sources", hint="name one table at a time")
    if column is not None and table is None:
        raise UsageError("--column needs one table", hint="a .jsonl, .csv, .tsv or .parquet file")
    if limit is not None and table is None:
        raise UsageError("--limit counts the rows of a table, and this is none")

    masking = _masking(mask, restore, mask_model, examples)
    tell = None if quiet else note
    taught = _taught(examples, shots, tell)

    if server is not None:
        request = _remote(request, model, adapter, engine, taught)

    def open_summarizer(work: int) -> Summarizer | Client:
        if server is not None:
            from epitome.serve.client import Client

            return Client(server)
        from epitome.summarize.summarizer import Summarizer

        named: Any = {"adapter": adapter, "engine": engine, **taught}
        with fetching() as report:
            summarizer = Summarizer(model, work=work, on_note=tell, on_download=report, **named)
        return summarizer.guided(guide) if guide else summarizer

    if table is not None:
        from epitome.cli.table import run_table

        sys.exit(run_table(table, column, output, request, limit, quiet, open_summarizer, masking))
    from epitome.cli.documents import Shown, run_documents

    shown = Shown(as_json, show_sources, show_plan, quiet, output)
    done, failed = run_documents(sources, request, shown, allow_private, open_summarizer, masking)
    if failed:
        sys.exit(SOME_FAILED if done else NOTHING_DONE)


def _remote(request: Request, model: str, adapter: str, engine: str, taught: dict[str, Any]) -> Request:
    """The request as a service takes it. Raises `UsageError` for what is the service's own affair."""
    for name, differs in (
        ("--model", model != "default"),
        ("--engine", engine != "auto"),
        ("--examples", taught),
    ):
        if differs:
            raise UsageError(f"{name} does not go with --server", hint="the service has its own model")
    return replace(request, adapter=None if adapter == "auto" else adapter)


def _masking(mask: bool, restore: bool, model: str | None, examples: Path | None) -> Masking | None:
    """How documents are masked, if they are."""
    if not mask:
        for given, name in ((restore, "--restore"), (model is not None, "--mask-model")):
            if given:
                raise UsageError(
                    f"{name} goes with --mask", hint="epitome mask --restore is for masked texts"
                )
        return None
    if examples is not None:
        raise UsageError(
            "--mask leaves examples as they are, and the model would see them",
            hint="leave out --examples, or train on masked pairs",
        )
    from epitome.trust.masking import Masker, Masking

    return Masking(Masker(model=model), restore)


def _taught(file: Path | None, shots: int | None, tell: Callable[[str], None] | None) -> dict[str, Any]:
    """What the examples are to a Summarizer."""
    if file is None and shots is None:
        return {}
    from epitome.cli.examples import number, pairs

    most = number(file, shots)
    return {} if file is None else {"examples": pairs(file, tell), "shots": most}


def _terms(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    # Not as a document: its reader would join lines.
    from epitome.documents.source import not_readable
    from epitome.documents.text import decode

    try:
        text, _ = decode(path.read_bytes(), str(path))
    except OSError as error:
        raise not_readable(path, error) from error
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))
